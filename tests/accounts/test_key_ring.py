"""The ring of keys: secrets and pairs side by side, turned under load without anybody noticing."""

import random
import threading
from collections import Counter
from dataclasses import replace
from functools import partial
from io import StringIO
from typing import Any

import jwt
import pytest
from django.conf import settings as project
from django.core.management import call_command

from apps.accounts import tokens
from apps.accounts.errors import TokenInvalid
from apps.accounts.tokens.ring import new_pair
from apps.core.checks import check_signing_pairs
from tests.accounts.test_tokens import header_of, refused, resigned
from tests.core.threads import start
from tests.phone import Phone

pytestmark = pytest.mark.usefixtures("unlimited")

SECRET = project.TOKEN_SIGNING_KEYS[0]
PAIR = new_pair()


def published(phone: Phone) -> list[dict[str, str]]:
    answer = phone.get("auth/jwks")
    assert answer.status == 200
    return answer.json["keys"]


def test_a_secret_has_nothing_to_publish(author: Phone) -> None:
    assert header_of(author.access)["alg"] == "HS256"
    assert published(author) == []


def test_whoever_reads_the_public_keys_can_verify(author: Phone, settings: Any) -> None:
    settings.TOKEN_SIGNING_KEYS = [PAIR, SECRET]
    assert author.get("me").status == 200
    author.refresh()

    (key,) = published(author)
    claims = jwt.decode(
        author.access, jwt.PyJWK(key), algorithms=["EdDSA"], audience=project.SIMPLE_JWT["AUDIENCE"]
    )

    assert header_of(author.access) == {"alg": "EdDSA", "typ": "JWT", "kid": key["kid"]}
    assert claims["sub"] == author.user_id
    assert key.keys() == {"kid", "kty", "crv", "alg", "use", "x"}
    assert author.get("me").status == 200
    assert author.refresh().status == 200


def test_a_key_stands_for_one_algorithm(author: Phone, settings: Any) -> None:
    """The public half is public: it must never serve as the secret of an HMAC."""
    settings.TOKEN_SIGNING_KEYS = [PAIR, SECRET]
    author.refresh()
    (key,) = published(author)
    genuine, kid = author.access, header_of(author.access)["kid"]

    for secret in (key["x"], PAIR, SECRET):
        assert (
            refused(author, resigned(genuine, key=secret, header={"kid": kid})) == "token_invalid"
        )


def test_no_single_bit_of_a_pair_s_token_can_be_changed(author: Phone, settings: Any) -> None:
    settings.TOKEN_SIGNING_KEYS = [PAIR, SECRET]
    author.refresh()
    chance = random.Random(20261121)
    genuine = author.access.encode()
    for _ in range(300):
        changed = bytearray(genuine)
        changed[chance.randrange(len(genuine))] ^= 1 << chance.randrange(7)
        with pytest.raises(TokenInvalid):
            tokens.read_access(changed.decode())


def test_a_retired_key_opens_nothing(author: Phone, settings: Any) -> None:
    settings.TOKEN_SIGNING_KEYS = [PAIR]

    assert author.get("me").code == "token_invalid"
    assert author.refresh().code == "token_invalid"


def turns(*fresh_keys: str) -> list[list[str]]:
    """The rings of a rotation to each of these keys, step by step as operators are told to take it."""
    rings = [[SECRET]]
    for fresh in fresh_keys:
        old = rings[-1][0]
        rings += [[old, fresh], [fresh, old], [fresh]]
    return rings


@pytest.mark.django_db(transaction=True)
def test_turning_the_ring_under_load_refuses_nobody(author: Phone, settings: Any) -> None:
    rings = turns(PAIR, "a secret of its own, long enough for HS256 to take", new_pair())
    phones = [author, *(Phone() for _ in range(3))]
    for phone in phones[1:]:
        phone.login(author.email)
    statuses = Counter[str]()
    rounds = threading.Barrier(len(phones) + 1)

    def live(phone: Phone) -> None:
        for _ in range(2 * len(rings)):
            statuses[f"{phone.get('me').status} {phone.refresh().status}"] += 1
            rounds.wait(30)

    workers = [start(partial(live, phone)) for phone in phones]
    for ring in rings:
        # In the middle of everybody's work. A round later nobody holds what the step before has signed.
        settings.TOKEN_SIGNING_KEYS = ring
        rounds.wait(30)
        rounds.wait(30)
    for worker in workers:
        worker.answer()

    assert statuses == {"200 200": len(phones) * 2 * len(rings)}


def test_a_new_pair_for_the_settings(settings: Any) -> None:
    said = StringIO()
    call_command("new_signing_key", stdout=said)

    settings.TOKEN_SIGNING_KEYS = [said.getvalue().strip()]
    assert check_signing_pairs() == []
    settings.TOKEN_SIGNING_KEYS = ["ed25519:c2hvcnQ="]
    assert [fault.id for fault in check_signing_pairs()] == ["core.E004"]


def test_another_phone_s_session_under_another_key(author: Phone, settings: Any) -> None:
    old = replace(author)
    settings.TOKEN_SIGNING_KEYS = [PAIR, SECRET]
    author.refresh()

    assert old.get("me").status == author.get("me").status == 200
