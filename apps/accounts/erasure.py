"""Erasing a person: every app forgets what it keeps, a receipt goes out, and what stays is an id.

Each batch commits by itself and finds only what is left, so a worker that is killed in between loses nothing and its
successor goes on. The account comes last: until then it says that there is something to do.
"""

import time
import uuid
from datetime import timedelta

import structlog
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import emails
from apps.accounts.models import Identity, User
from apps.accounts.providers import apple
from apps.core import crypto, jobs, personal

security = structlog.stdlib.get_logger("security")

# Well within the lease of the job; who has kept more than that is erased in several goes.
_SECONDS = 60


def erase(user_id: uuid.UUID) -> None:
    """Erase what is kept about a person, if it is time.

    Raises jobs.Retry when there is more than fits into one go.
    """
    user = User.objects.to_be_erased(timezone.now()).filter(pk=user_id).first()
    if user is None:
        return
    if not _leave_apple(user_id):
        return
    _forget_rows(user_id)
    if user.email:
        _send_receipt(user)
    _leave_a_tombstone(user)
    security.warning("account erased", user=str(user_id))


def _leave_apple(user_id: uuid.UUID) -> bool:
    """Take back what Apple gave us for the person, as the store demands; False while Apple is away."""
    for identity in Identity.objects.filter(user=user_id, sealed_refresh_token__isnull=False):
        try:
            token = crypto.open_sealed(
                bytes(identity.sealed_refresh_token or b""), row=identity.refresh_token_seal
            )
            apple.revoke(token, identity.client_id)
        except apple.AppleAway as away:
            # The clock asks again within the hour (`periodic.py`), for as long as it takes.
            security.warning("erasure waits for Apple", user=str(user_id), reason=str(away))
            return False
        except (apple.AppleRefuses, crypto.Undecipherable) as refusal:
            # It will never be otherwise, and nobody's data is kept for it.
            reason = type(refusal).__name__
            security.error("Apple's token was not revoked", user=str(user_id), reason=reason)
        identity.sealed_refresh_token = None
        identity.save(update_fields=["sealed_refresh_token"])
    return True


def _forget_rows(user_id: uuid.UUID) -> None:
    ends = time.monotonic() + _SECONDS
    for eraser in personal.erasers():
        for _ in eraser.run(user_id):
            if time.monotonic() > ends:
                raise jobs.Retry(after=timedelta(0), reason="there is more to erase")


def _send_receipt(user: User) -> None:
    """Send it while there is an address. After a crash it may go out twice, under one message id."""
    try:
        emails.send_erased(user)
    except jobs.GiveUp as bounced:
        # Nobody reads mail there: no reason to keep the address.
        security.warning("no receipt of an erasure", user=str(user.pk), reason=str(bounced))


def _leave_a_tombstone(user: User) -> None:
    """Make the row nobody's. It stays because the tombstones of posts and comments point to it."""
    with transaction.atomic():
        user.groups.clear()
        user.user_permissions.clear()
        User.objects.filter(pk=user.pk).update(
            email=None,
            claimed_email=None,
            email_vouched_by="",
            display_name="",
            password=make_password(None),
            locale="en",
            time_zone="UTC",
            is_staff=False,
            is_superuser=False,
            erased_at=Now(),
            rev=F("rev") + 1,
            updated_at=Now(),
        )
