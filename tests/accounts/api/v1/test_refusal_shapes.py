"""Every refusal that accounts document, provoked and frozen: apps choose by it what to tell a person."""

import json
import re
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts import keys
from apps.accounts.models import EmailCode
from apps.accounts.providers import keysets
from apps.accounts.services import blocking, passwords, standing
from tests.accounts.conftest import Clock
from tests.accounts.identities import bring, vouching
from tests.accounts.services.test_device_proof import DeviceKey
from tests.accounts.services.test_guests import begin, upgrade, upgrade_with
from tests.accounts.services.test_passkeys import ORIGIN, RP, challenge, made, shown
from tests.accounts.services.test_second_step import protect
from tests.contract import matrix
from tests.devices.rules import policy
from tests.fakes.authenticator import Authenticator
from tests.fakes.issuer import FakeIssuer
from tests.golden import golden, steady
from tests.phone import PASSWORD, Answer, Phone

NEW, NOBODY = "another horse battery staple", "01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091"
WRONG = "not the right password"


@pytest.fixture
def roomy(unlimited: None) -> None:
    """The caller's own limits are another test's."""


def hold(story: str, *answers: Answer) -> None:
    """Compare refusals, by code, with those that a story is to meet."""
    met = {answer.code: _bare(answer.json) for answer in answers}
    assert met == golden(__file__, "refusals")[story]


def _bare(problem: dict[str, Any]) -> Any:
    """Leave out what differs from run to run, and the type, which starts with the product's own address."""
    said = {name: value for name, value in problem.items() if name not in {"request_id", "type"}}
    return steady(said | {name: f"<{name}>" for name in ("challenge", "restore") if name in said})


def test_every_documented_refusal_is_frozen() -> None:
    documented = set()
    for verbs in matrix.documented("v1")["paths"].values():
        for operation in verbs.values():
            if "accounts" in operation["tags"]:
                documented |= set(re.findall(r"/problems/(\w+)", json.dumps(operation)))
    # A race: `core/http/test_idempotency.py` has it.
    documented -= {"idempotency_in_progress"}

    assert {code for story in golden(__file__, "refusals").values() for code in story} == documented


def test_passwords_and_codes(author: Phone, phone: Phone, roomy: None) -> None:
    phone.register(author.email)
    taken = keys.digits_of(EmailCode.objects.get(user_id=phone.user_id).pk)
    author.post("me/reauthenticate/code")
    forgotten = {"email": author.email, "code": "000000", "password": NEW}

    hold(
        "passwords and codes",
        Phone().login(author.email, WRONG),
        Phone().register("new@example.test", password="short"),
        author.post("me/password", {"current_password": WRONG, "password": NEW}),
        author.post("me/reauthenticate", {}),
        author.post("me/reauthenticate", {"code": "000000"}),
        Phone().post("auth/password/reset", forgotten),
        author.post("auth/verify-email/resend"),
        phone.verify(taken),
    )


def test_sessions(author: Phone, stranger: Phone, by_staff: Callable[..., None]) -> None:
    gone = Phone()
    gone.login(author.email)
    gone.logout()
    bound = Phone()
    device = bound.device | {"public_key": DeviceKey().public}
    bound.keep(
        bound.post(
            "auth/login", {"email": author.email, "password": PASSWORD, "device": device}
        ).json
    )
    by_staff(standing.disable, stranger)

    hold(
        "sessions",
        Phone().get("me"),
        Phone().post("auth/refresh", {"refresh": "x.y.z"}),
        gone.refresh(),
        bound.refresh(),
        author.delete(f"me/sessions/{NOBODY}"),
        stranger.login(),
    )


def test_the_own_account(author: Phone, clock: Clock) -> None:
    missing = author.get(f"me/export/{NOBODY}")
    late = author.patch("me", {"display_name": "Ada"}, if_match='"0"')
    unrestored = Phone().post("me/restore", {"restore": "nothing"})
    clock.forward(minutes=6)
    author.refresh()
    unproven = author.post("me/export")
    author.login()
    author.delete("me")

    hold("the own account", missing, late, unrestored, unproven, author.login())


def test_the_second_step(author: Phone, clock: Clock, roomy: None) -> None:
    off = author.post("me/mfa/recovery-codes")
    unasked = author.post("me/mfa/totp/confirm", {"code": "000000"})
    author.post("me/mfa/totp")
    wrong = author.post("me/mfa/totp/confirm", {"code": "000000"})
    protect(author, clock)
    again = author.post("me/mfa/totp")
    late = Phone().post("auth/mfa/challenge", {"challenge": "nothing", "code": "000000"})

    hold("the second step", off, unasked, wrong, again, late, author.login())


def test_passkeys(author: Phone, stranger: Phone, settings: Any, roomy: None) -> None:
    closed = Phone().post("auth/passkeys/options")
    settings.PASSKEY_RP_ID, settings.PASSKEY_ORIGINS = RP, [ORIGIN]
    own = Authenticator(RP, ORIGIN)
    assert made(author, own).status == 201
    lied = shown(own.get(challenge(), origin="https://evil.test"))
    settings.PASSKEY_CAP = 1

    hold(
        "passkeys",
        closed,
        lied,
        made(stranger, origin="https://evil.test"),
        made(stranger, credential_id=own.credential_id),
        author.post("me/passkeys/options"),
        author.delete(f"me/passkeys/{NOBODY}"),
    )


def test_guests_and_identities(
    author: Phone,
    phone: Phone,
    issuer: FakeIssuer,
    monkeypatch: pytest.MonkeyPatch,
    roomy: None,
) -> None:
    monkeypatch.setattr(keysets, "_PAUSE_SECONDS", 0)
    guest, other = begin(phone), vouching(issuer, "google", "002", email="other@example.test")
    issuer.plan((500, b"{}"))
    away = bring("google", other)
    assert bring("google", other).status == 200

    hold(
        "guests and identities",
        away,
        guest.post("me/mfa/totp"),
        guest.post("me/email", {"email": "new@example.test"}),
        guest.post("me/reauthenticate/code"),
        upgrade(author, "new@example.test"),
        upgrade_with(guest, vouching(issuer, "google")),
        upgrade_with(guest, other),
        bring("google", vouching(issuer, "google", aud="somebody.else")),
    )


def test_blocks(author: Phone, stranger: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = author.post("me/blocks", {"user_id": str(uuid.uuid4())})
    monkeypatch.setattr(blocking, "MOST_BLOCKS", 0)

    hold("blocks", absent, author.post("me/blocks", {"user_id": stranger.user_id}))


def test_what_any_operation_may_say(
    author: Phone, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    unkeyed = author.post("auth/logout", idempotency_key="a b")
    author.post("me/email", {"email": "new@example.test"}, idempotency_key="one")
    reused = author.post("me/email", {"email": "newer@example.test"}, idempotency_key="one")
    monkeypatch.setattr(passwords, "_room", room := threading.BoundedSemaphore(1))
    with room:
        busy = Phone().login(author.email)
    policy(minimum="3.0.0", latest="3.0.0")
    old = author.get("me")
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"read": (1, 3_600)}
    author.get("me")

    hold("any operation", unkeyed, reused, busy, old, author.get("me"))
