"""More answers frozen: what proves a person, and how they leave. Secrets are shown by their kind."""

from typing import Any

import pyotp
import pytest

from apps.accounts.tokens.ring import new_pair
from tests.golden import golden, steady
from tests.phone import Phone

# What is new each time, wherever it stands in an answer.
_SECRETS = {"access", "refresh", "secret", "uri", "challenge", "restore", "x", "kid", "codes"}


def frozen(document: Any, inside: str = "") -> Any:
    """Replace secrets and what differs from run to run by their kind."""
    if isinstance(document, dict):
        return {name: frozen(value, name) for name, value in document.items()}
    if isinstance(document, list):
        return [frozen(value, inside) for value in document]
    if inside in _SECRETS and isinstance(document, str):
        return f"<{inside}>"
    return steady(document)


def test_a_proof(author: Phone) -> None:
    answer = author.post("me/reauthenticate", {"password": author.password})

    assert frozen(answer.json) == golden(__file__, "fresh-access")


def test_the_second_step(author: Phone) -> None:
    enrolled = author.post("me/mfa/totp").json
    confirmed = author.post("me/mfa/totp/confirm", {"code": pyotp.TOTP(enrolled["secret"]).now()})

    assert frozen(enrolled) == golden(__file__, "totp-enrolment")
    assert frozen(confirmed.json) == golden(__file__, "recovery-codes")
    renewed = author.post("me/mfa/recovery-codes")
    assert frozen(renewed.json) == golden(__file__, "recovery-codes")


def test_passkeys(author: Phone, settings: Any) -> None:
    settings.PROJECT_NAME = "Lighthouse"
    settings.PASSKEY_RP_ID, settings.PASSKEY_ORIGINS = (
        "app.example.test",
        ["https://app.example.test"],
    )
    made, shown = (
        author.post("me/passkeys/options").json,
        Phone().post("auth/passkeys/options").json,
    )
    made["public_key"]["user"]["id"] = "<id>"

    assert frozen(made) == golden(__file__, "passkey-creation")
    assert frozen(shown) == golden(__file__, "passkey-request")


@pytest.mark.usefixtures("db")
def test_public_keys(settings: Any) -> None:
    settings.TOKEN_SIGNING_KEYS = [new_pair(), *settings.TOKEN_SIGNING_KEYS]

    assert frozen(Phone().get("auth/jwks").json) == golden(__file__, "jwks")


def test_leaving(author: Phone) -> None:
    left = author.delete("me").json
    refused = author.login().json

    assert frozen(left) == golden(__file__, "deletion")
    back = author.post("me/restore", {"restore": refused["restore"], "device": author.device})
    assert frozen(back.json) == golden(__file__, "signed-in")
