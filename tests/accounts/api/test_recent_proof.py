"""What a stolen, unlocked phone must not do: each of it refuses whoever only refreshed (AU-11)."""

import re

import pytest

from tests.accounts.conftest import Clock
from tests.contract import matrix
from tests.phone import Phone

# The address, the password, other ways in, all data, the end.
SENSITIVE = [
    "POST me/email",
    "POST me/password",
    "POST me/mfa/totp",
    "POST me/mfa/totp/confirm",
    "DELETE me/mfa/totp",
    "POST me/mfa/recovery-codes",
    "POST me/passkeys/options",
    "POST me/passkeys",
    "PATCH me/passkeys/{id}",
    "DELETE me/passkeys/{id}",
    "POST me/export",
    "DELETE me",
]


def test_every_operation_that_says_so_is_tried() -> None:
    said = set()
    for path, verbs in matrix.documented("v1")["paths"].items():
        for verb, operation in verbs.items():
            if "/problems/reauth_required" in str(operation):
                said.add(f"{verb.upper()} {path.removeprefix('/api/v1/')}")

    assert said == set(SENSITIVE)


@pytest.mark.parametrize("name", SENSITIVE)
def test_who_only_refreshed_proves_it_again_first(author: Phone, clock: Clock, name: str) -> None:
    operation = matrix.operations()[name]
    path = re.sub(r"\{\w+\}", "01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091", operation.path)
    # As an app sends it that relies on the proof alone.
    sent = {} if operation.example is None else dict(operation.example)
    sent.pop("current_password", None)
    clock.forward(minutes=5, seconds=1)
    author.refresh()

    refused = author.send(operation.verb, path, sent or None)
    assert (refused.status, refused.code) == (403, "reauth_required")

    proof = author.post("me/reauthenticate", {"password": author.password})
    author.access = proof.json["access"]
    assert author.send(operation.verb, path, sent or None).code != "reauth_required"
