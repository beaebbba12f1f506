"""What the security log tells, and that it tells it with ids alone."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import standing
from tests.phone import Phone


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level("INFO", logger="security")

    def events() -> list[str]:
        lines = [record.msg for record in caplog.records if record.name == "security"]
        return [line["event"] for line in lines if isinstance(line, dict)]

    caplog.events = events  # type: ignore[attr-defined]
    return caplog


def test_a_life_in_events(logged: Any, phone: Phone, by_staff: Any) -> None:
    phone.register("author@example.test")
    phone.verify("000000")
    phone.verify(phone.code_mailed_to("author@example.test"))
    Phone().login("author@example.test", "not the right password")
    Phone().login("nobody@example.test", "not the right password")
    lost = replace(phone)
    phone.refresh()
    phone.refresh()
    lost.refresh()
    phone.login()
    phone.logout()
    by_staff(standing.disable, phone)
    phone.login()

    assert logged.events() == [
        *("registered", "session started", "wrong code", "email verified"),
        *("sign-in failed", "sign-in failed"),
        *("token reuse", "session ended"),
        *("session started", "session ended"),
        *("account disabled", "sign-in to a disabled account"),
    ]


def test_the_ways_of_a_password_and_an_address(logged: Any, author: Phone) -> None:
    start = len(logged.events())
    new = "another horse battery staple"
    author.post("auth/password/forgot", {"email": author.email})
    code = author.code_mailed_to(author.email)
    author.post("auth/password/reset", {"email": author.email, "code": code, "password": new})
    author.login(password=new)
    author.post("me/reauthenticate", {"password": "not the right password"})
    author.post("me/reauthenticate", {"password": new})
    author.post("me/password", {"current_password": new, "password": author.password})
    author.post("me/email", {"email": "new@example.test"})
    author.post("me/email/confirm", {"code": author.code_mailed_to("new@example.test")})

    assert logged.events()[start:] == [
        *("session ended", "password reset"),
        *("session started", "proof failed", "proven again", "password changed"),
        *("address change asked", "email verified", "address changed"),
    ]
    for secret in (code, new, "new@example.test"):
        assert secret not in logged.text


def test_no_line_holds_what_was_typed(logged: Any, phone: Phone) -> None:
    phone.password = "canary in the password field"
    phone.register("canary.address@example.test", display_name="Canary Name")
    phone.verify("271828")
    Phone().login("canary.address@example.test", "another canary password")
    thief = replace(phone)
    phone.refresh(attempt="canary-nonce")
    phone.refresh()
    thief.refresh()

    written = logged.text + str([vars(record) for record in logged.records])
    assert phone.user_id in written
    for secret in ("canary", "Canary", "271828", phone.access, phone.refresh_token):
        assert secret not in written


def test_a_stranger_s_address_is_no_part_of_a_failed_sign_in(logged: Any, phone: Phone) -> None:
    phone.login("nobody@example.test", "not the right password")

    (line,) = [record.msg for record in logged.records if record.name == "security"]
    assert line["user"] is None


def test_who_is_refused_something_is_told_once(logged: Any, phone: Phone) -> None:
    phone.register("author@example.test")
    post_id = phone.post("posts", {"title": "Harbour lights"}).json["id"]
    start = len(logged.events())
    refused = phone.post(f"posts/{post_id}/publish", if_match="*")
    assert Phone().post(f"posts/{post_id}/publish", if_match="*").status == 401

    assert (refused.status, refused.code) == (403, "email_unverified")
    assert logged.events()[start:] == ["permission refused"]
    (line,) = [one.msg for one in logged.records if one.msg["event"] == "permission refused"]
    assert (line["actor"], line["code"]) == (phone.user_id, "email_unverified")


def test_a_limit_that_is_reached_is_told_once(
    logged: Any, author: Phone, stranger: Phone, settings: Any
) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"read": (1, 60)}
    start = len(logged.events())
    statuses = [author.get("me").status for _ in range(2)]
    for _ in range(11):
        last = Phone().login(stranger.email, "not the right password")

    assert statuses == [200, 429]
    assert last.status == 429
    told = logged.events()[start:]
    assert told == ["limit reached", *["sign-in failed"] * 10, "limit reached"]
    limits = [one.msg["limit"] for one in logged.records if one.msg.get("limit")]
    assert limits == ["read", "login"]


def test_what_staff_do_in_the_admin(logged: Any, author: Phone, client: Client) -> None:
    User.objects.create_superuser(email="keeper@example.test", password=author.password)
    author_row = User.objects.get(pk=author.user_id)
    User.objects.filter(pk=author_row.pk).update(is_staff=True)
    start = len(logged.events())
    for name, password in (("keeper", "wrong"), ("keeper", author.password)):
        client.post("/admin/login/", {"username": f"{name}@example.test", "password": password})
    refused = Client()
    refused.force_login(author_row)
    with_step = refused.session
    with_step["second_step"] = author.user_id
    with_step.save()
    assert refused.get("/admin/accounts/user/").status_code == 403

    told = ["admin sign-in failed", "admin sign-in", "permission refused"]
    assert logged.events()[start:] == told
