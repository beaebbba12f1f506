"""Refreshing with real commits: many at once, a row that is busy, and an end that outlives its own refusal."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts import tokens
from apps.accounts.models import Session
from tests.core.threads import in_threads, somebody_waits, start, until
from tests.phone import Phone

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("unlimited"),
]


def row_of(phone: Phone) -> Session:
    return Session.objects.get(pk=tokens.read_access(phone.access).session_id)


def refreshed(phone: Phone) -> tuple[Phone, int]:
    twin = replace(phone)
    return twin, twin.refresh().status


def test_twelve_at_once_are_one_step_and_one_leaf(author: Phone) -> None:
    for generation in range(2, 7):
        outcomes = in_threads(12, partial(refreshed, author))

        winners = [phone for phone, status in outcomes if status == 200]
        leaves = {tokens.read_refresh(phone.refresh_token).leaf for phone in winners}
        # One rotation and five repeats of its answer; the rest is asked to wait.
        assert Counter(status for _, status in outcomes) == {200: 6, 429: 6}
        assert len(leaves) == 1
        assert row_of(author).generation == generation
        author = winners[0]
        assert author.get("me").status == 200


def test_many_first_requests_with_a_new_token(author: Phone) -> None:
    author.refresh()

    assert in_threads(8, lambda: replace(author).get("me").status) == [200] * 8
    assert row_of(author).confirmed_at is not None


def test_a_twin_that_confirms_while_one_waits(author: Phone) -> None:
    author.refresh()
    with transaction.atomic():
        Session.objects.filter(pk=row_of(author).pk).update(confirmed_at=timezone.now())
        waiting = start(lambda: replace(author).get("me").status)
        until(somebody_waits)

    assert waiting.answer() == 200


def test_a_session_that_is_busy_is_no_sign_out(author: Phone) -> None:
    with transaction.atomic():
        Session.objects.select_for_update().get(pk=row_of(author).pk)

        def impatient() -> tuple[int, str]:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '50ms'")
            try:
                answer = replace(author).refresh()
            finally:
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")
            return answer.status, answer.code

        assert start(impatient).answer() == (503, "unavailable")

    assert author.refresh().status == 200


def test_the_end_is_committed_before_the_refusal(author: Phone) -> None:
    thief = replace(author)
    author.refresh()
    author.refresh()

    assert thief.refresh().code == "session_revoked"

    assert start(lambda: row_of(author).revoked_reason).answer() == Session.End.REUSE
    assert author.get("me").code == "session_revoked"


def test_the_end_is_committed_before_access_is_refused(author: Phone) -> None:
    poisoned = replace(author)
    poisoned.refresh()
    Session.objects.filter(pk=row_of(author).pk).update(rotated_at=row_of(author).created_at)
    with pytest.MonkeyPatch.context() as patch:
        from apps.accounts.services import rotation

        patch.setattr(rotation, "GRACE", rotation.GRACE * 0)
        assert author.refresh().status == 200

    assert poisoned.get("me").code == "session_revoked"

    assert start(lambda: row_of(author).revoked_reason).answer() == Session.End.REUSE
