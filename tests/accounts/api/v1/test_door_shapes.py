"""Whatever door somebody comes in by, and whatever they change: the answers are those that apps know."""

from typing import Any

from tests.accounts.api.v1.test_proof_shapes import frozen
from tests.accounts.conftest import Clock
from tests.accounts.identities import bring, vouching
from tests.accounts.services.test_guests import upgrade
from tests.accounts.services.test_login_code import ask, confirm
from tests.accounts.services.test_passkeys import ORIGIN, RP, challenge, made, shown
from tests.accounts.services.test_second_step import code_of, protect, second
from tests.fakes.authenticator import Authenticator
from tests.fakes.issuer import FakeIssuer
from tests.golden import golden, steady
from tests.phone import Answer, Phone


def assert_signed_in(answer: Answer) -> None:
    assert frozen(answer.json) == golden(__file__, "signed-in")


def test_by_a_mailed_code(author: Phone) -> None:
    ask(author.email)

    assert_signed_in(confirm(Phone(), author.code_mailed_to(author.email)))


def test_by_the_second_step(author: Phone, clock: Clock) -> None:
    secret, _ = protect(author, clock)
    phone = Phone()

    assert_signed_in(second(phone, phone.login(author.email), code_of(secret, clock)))


def test_by_an_identity(author: Phone, issuer: FakeIssuer) -> None:
    for provider in ("apple", "google"):
        assert_signed_in(bring(provider, vouching(issuer, provider)))


def test_by_a_passkey(author: Phone, settings: Any) -> None:
    settings.PASSKEY_RP_ID, settings.PASSKEY_ORIGINS = RP, [ORIGIN]
    key = Authenticator(RP, ORIGIN)
    kept = made(author, key).json
    listed = author.get("me/passkeys")
    renamed = author.patch(f"me/passkeys/{kept['id']}", {"name": "Old phone"})

    assert_signed_in(shown(key.get(challenge())))
    assert steady(listed.json) == golden(__file__, "passkeys")
    assert renamed.json == kept | {"name": "Old phone"}


def test_as_a_guest_and_then_as_somebody(phone: Phone) -> None:
    guest = phone.post("auth/guest", {"device": phone.device}).json
    named = upgrade(phone.keep(guest))

    assert frozen(guest) == golden(__file__, "guest-signed-in")
    assert steady(named.json) == golden(__file__, "user-unproven")


def test_what_is_changed_is_shown(author: Phone, stranger: Phone) -> None:
    changed = author.patch("me", {"display_name": "Ada"})
    author.post("me/blocks", {"user_id": stranger.user_id})
    blocks = author.get("me/blocks")
    author.post("me/email", {"email": "new@example.test"})
    moved = author.post("me/email/confirm", {"code": author.code_mailed_to("new@example.test")})

    assert steady(changed.json) == golden(__file__, "me") | {"display_name": "Ada"}
    assert steady(blocks.json) == golden(__file__, "blocks")
    assert steady(moved.json) == golden(__file__, "user") | {
        "display_name": "Ada",
        "email": "new@example.test",
    }
