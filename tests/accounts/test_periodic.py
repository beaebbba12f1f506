"""What accounts forget, and what they keep."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts import periodic
from apps.accounts.models import EmailCode, Session
from tests.accounts.conftest import Clock
from tests.phone import Phone


def test_codes_are_forgotten_a_day_after_they_expired(author: Phone, phone: Phone) -> None:
    phone.register("somebody@example.test")
    used = EmailCode.objects.get(user_id=author.user_id)
    assert used.used_at

    periodic.forget_codes()
    assert EmailCode.objects.count() == 2

    yesterday = timezone.now() - timedelta(days=1, seconds=1)
    EmailCode.objects.update(expires_at=yesterday)
    periodic.forget_codes()
    assert not EmailCode.objects.exists()


def test_sessions_are_forgotten_a_month_after_their_end(clock: Clock, author: Phone) -> None:
    tablet = Phone()
    tablet.login(author.email)
    tablet.logout()

    clock.forward(days=29)
    author.refresh()
    periodic.forget_sessions()
    assert Session.objects.count() == 2

    clock.forward(days=2)
    periodic.forget_sessions()
    assert [str(one.user_id) for one in Session.objects.all()] == [author.user_id]
    assert author.refresh().status == 200
    assert tablet.refresh().code == "session_revoked"


def test_sessions_that_were_left_alone(clock: Clock, author: Phone) -> None:
    clock.forward(days=59)
    periodic.forget_sessions()
    assert Session.objects.count() == 1

    clock.forward(days=2)
    periodic.forget_sessions()
    assert not Session.objects.exists()


def test_a_batch_at_a_time(author: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic, "BATCH", 2)
    for _ in range(4):
        author.login()
    ended = Session.objects.filter(revoked_at__isnull=False)
    assert ended.count() == 4
    ended.update(revoked_at=timezone.now() - timedelta(days=31))

    periodic.forget_sessions()

    assert Session.objects.count() == 1
    assert author.get("me").status == 200
