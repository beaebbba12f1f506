"""What the clock asks of accounts: forget codes and sessions that nobody needs any more."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import Challenge, EmailCode, MailSuppression, Session
from apps.accounts.services import deletion, exports, guests
from apps.core import jobs

CODES_KEPT = timedelta(days=1)
# Long enough to answer "was that me?" about a device that was signed out.
SESSIONS_KEPT = timedelta(days=30)
SOFT_BOUNCES_KEPT = timedelta(days=90)
BATCH = 1_000


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def forget_codes(**_: Any) -> None:
    """Delete codes that expired a day ago, used or not."""
    _delete(EmailCode.objects.filter(expires_at__lt=timezone.now() - CODES_KEPT))


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def forget_sessions(**_: Any) -> None:
    """Delete sessions that ended or expired a month ago.

    A token of theirs that turns up later is refused as one of an unknown session.
    """
    before = timezone.now() - SESSIONS_KEPT
    _delete(Session.objects.ended_before(before))
    _delete(Session.objects.expired_before(before))


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def erase_deleted_accounts(**_: Any) -> None:
    """Have accounts erased whose owners deleted them and did not come back."""
    deletion.erase_due_accounts()


@jobs.periodic(at="03:10", lease=timedelta(seconds=200), atomic=False)
def let_guests_go(**_: Any) -> None:
    """Delete guests who can't come back."""
    while guests.let_go():
        pass


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def forget_challenges(**_: Any) -> None:
    """Delete questions that nobody answered in time."""
    _delete(Challenge.objects.expired_before(timezone.now()))


@jobs.periodic(at="03:20", lease=timedelta(seconds=200), atomic=False)
def forget_soft_bounces(**_: Any) -> None:
    """Delete addresses that were never suppressed and have not bounced for long."""
    before = timezone.now() - SOFT_BOUNCES_KEPT
    _delete(MailSuppression.objects.only_counted_before(before))


@jobs.periodic(every=timedelta(hours=1), lease=timedelta(seconds=200), atomic=False)
def forget_exports(**_: Any) -> None:
    """Delete archives whose time is over."""
    while exports.forget_expired():
        pass


def _delete(old: QuerySet[Any]) -> None:
    # Each batch commits by itself: a long transaction would hold back vacuum and whoever signs in meanwhile.
    batch = old.model.objects.filter(pk__in=old.values("pk")[:BATCH])
    while batch.delete()[0]:
        pass
