"""Access tokens: what is one, and that nothing else is."""

import base64
import json
import random
import uuid
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings as project

from apps.accounts import tokens
from apps.accounts.errors import TokenInvalid
from tests.accounts.conftest import Clock
from tests.phone import Phone

KEY = project.TOKEN_SIGNING_KEYS[0]


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def header_of(token: str) -> dict[str, Any]:
    return jwt.get_unverified_header(token)


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def resigned(
    token: str, *, key: str = KEY, header: dict[str, Any] | None = None, **changed: Any
) -> str:
    claims = {
        name: value for name, value in (claims_of(token) | changed).items() if value is not None
    }
    kid = header_of(token)["kid"]
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid, **(header or {})})


def signed_by_us(header: dict[str, Any], body: str) -> str:
    """Put a signature under any header, as a library that follows the header would."""
    algorithm = jwt.api_jws.PyJWS().get_algorithm_by_name(header["alg"])
    message = f"{encoded(header)}.{body}"
    signature = algorithm.sign(message.encode(), algorithm.prepare_key(KEY))
    return f"{message}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def refused(phone: Phone, token: str) -> str:
    """Use a token; return the code of the refusal."""
    phone.access = token
    answer = phone.get("me")
    assert answer.status == 401, (answer.status, token)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.code


@pytest.fixture
def author(author: Phone, unlimited: None) -> Phone:
    return author


def test_what_an_access_token_says(author: Phone) -> None:
    claims, header = claims_of(author.access), header_of(author.access)

    assert header == {"alg": "HS256", "typ": "JWT", "kid": header["kid"]}
    assert claims.keys() == {
        *("sub", "sid", "gen", "leaf", "scope", "typ", "jti", "iat", "exp", "iss", "aud"),
        "auth_time",
    }
    assert (claims["sub"], claims["typ"], claims["gen"]) == (author.user_id, "access", 1)
    assert claims["exp"] - claims["iat"] == 600
    assert len(claims["leaf"]) == 16
    assert len(author.access) < 700


def test_it_never_says_enough_to_refresh(author: Phone) -> None:
    secret = tokens.leaf_in(tokens.read_refresh(author.refresh_token))
    shown = base64.urlsafe_b64decode(claims_of(author.access)["leaf"])

    assert len(secret) == 32
    assert shown not in secret


def test_resigning_alone_changes_nothing(author: Phone) -> None:
    """The other tests' way of forging is sound: with nothing forged, the token is good."""
    author.access = resigned(author.access)

    assert author.get("me").status == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "another-api"},
        {"iss": "somebody-else"},
        {"typ": "refresh"},
        *({claim: None} for claim in ("sub", "sid", "gen", "leaf", "typ", "jti", "iat", "exp")),
        *({claim: None} for claim in ("aud", "iss")),
        {"sub": "not-a-uuid"},
        {"sid": 7},
        {"gen": "x"},
        {"gen": {}},
        {"exp": "never"},
        {"iat": "now"},
    ],
    ids=str,
)
def test_every_claim_is_checked(author: Phone, changed: dict[str, Any]) -> None:
    assert refused(author, resigned(author.access, **changed)) == "token_invalid"


def test_a_second_too_late(clock: Clock, author: Phone) -> None:
    author.refresh()
    clock.forward(seconds=599)
    assert author.get("me").status == 200
    clock.forward(seconds=1)

    assert refused(author, author.access) == "token_expired"


def test_clocks_may_differ_by_seconds_and_not_by_minutes(author: Phone) -> None:
    issued = claims_of(author.access)["iat"]
    author_access = author.access

    assert refused(author, resigned(author_access, iat=issued + 60)) == "token_invalid"
    author.access = resigned(author_access, iat=issued + 3)
    assert author.get("me").status == 200


def test_no_algorithm_but_ours(author: Phone) -> None:
    head, body, signature = author.access.split(".")
    none = encoded({**header_of(author.access), "alg": "none"})

    assert refused(author, f"{none}.{body}.") == "token_invalid"
    assert refused(author, f"{none}.{body}.{signature}") == "token_invalid"
    for other in ("HS384", "HS512"):
        forged = signed_by_us({**header_of(f"{head}.{body}.{signature}"), "alg": other}, body)
        assert refused(author, forged) == "token_invalid"


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "unknown"},
        {"kid": "../../dev/null"},
        {"kid": None},
        {"crit": ["exp"]},
    ],
    ids=str,
)
def test_headers_choose_no_other_key(author: Phone, header: dict[str, Any]) -> None:
    head, body = header_of(author.access), author.access.split(".")[1]
    author.access = signed_by_us(head, body)
    assert author.get("me").status == 200

    assert refused(author, signed_by_us({**head, **header}, body)) == "token_invalid"


@pytest.mark.parametrize("link", ["jku", "x5u", "jwk", "x5c"])
def test_keys_are_never_fetched_or_taken_from_the_token(author: Phone, link: str) -> None:
    theirs = "the attacker's own signing key, long enough"
    forged = resigned(author.access, key=theirs, header={link: "https://attacker.example/keys"})

    assert refused(author, forged) == "token_invalid"


def test_a_refresh_token_is_no_access_token(author: Phone) -> None:
    assert refused(author, author.refresh_token) == "token_invalid"


def test_no_single_bit_can_be_changed(author: Phone) -> None:
    chance = random.Random(20261121)
    genuine = author.access.encode()
    for _ in range(1_000):
        position, bit = chance.randrange(len(genuine)), 1 << chance.randrange(7)
        changed = bytearray(genuine)
        changed[position] ^= bit
        with pytest.raises(TokenInvalid):
            tokens.read_access(changed.decode())


def test_a_signature_has_one_spelling(author: Phone) -> None:
    """Its last character holds two bits that mean nothing; base64 decoders ignore them."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    *_, last = author.access
    same = alphabet[alphabet.index(last) ^ 1]
    decode = base64.urlsafe_b64decode
    signature = author.access.rpartition(".")[2]
    assert decode(signature + "=") == decode(signature[:-1] + same + "=")

    assert refused(author, author.access[:-1] + same) == "token_invalid"


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "...", "a.b.c", "=.=.=", "ey.ey.ey", "\u00e4.\u00e4.\u00e4", " " * 10),
        encoded("[" * 190) + ".e30." + "A" * 43,
        "x" * 100_000,
        "e30.e30." + "A" * 43,
    ],
    ids=range(12),
)
def test_junk(text: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_access(text)
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(text)


def test_deep_json_in_a_header() -> None:
    deep = base64.urlsafe_b64encode(b"[" * 150_000).decode()

    with pytest.raises(TokenInvalid):
        tokens.read_access(f"{deep}.e30.{'A' * 43}")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Basic QWRhOg==", "Token x", "Bearer a b", "\u00e4"]
)
def test_other_authorizations(phone: Phone, header: str) -> None:
    answer = phone.get("me", authorization=header)

    assert (answer.status, answer.code) == (401, "token_invalid")


def test_nobody_is_nobody(phone: Phone) -> None:
    answer = phone.get("me")

    assert (answer.status, answer.code) == (401, "unauthenticated")


def test_the_scheme_has_no_case(author: Phone) -> None:
    assert author.get("me", authorization=f"bEARER  {author.access}").status == 200


def test_somebody_else_s_session_in_one_s_own_name(author: Phone, stranger: Phone) -> None:
    """Signed by us, so it can't happen; were it to, the session row would still not be theirs."""
    theirs = claims_of(author.access)

    answer = stranger.get(
        "me", authorization=f"Bearer {resigned(stranger.access, sid=str(uuid.uuid4()))}"
    )

    assert answer.code == "session_revoked"
    assert theirs["sid"] != claims_of(stranger.access)["sid"]


def test_lifetimes_are_settings(settings: Any, author: Phone) -> None:
    settings.ACCESS_TOKEN_LIFETIME = timedelta(seconds=5)

    assert author.refresh().json["expires_in"] == 5
