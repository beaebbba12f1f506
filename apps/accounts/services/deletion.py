"""Leaving: an account is deleted by its owner, taken back in time, or erased."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import keys, selectors, tasks
from apps.accounts.errors import RestoreExpired
from apps.accounts.models import Session, User
from apps.accounts.services import api_keys, codes
from apps.accounts.services.sessions import Origin, SignedIn, begin, end_all_of
from apps.accounts.signals import account_closed, account_restored
from apps.core import jobs
from apps.core.actors import Actor
from apps.core.errors import NotFound

security = structlog.stdlib.get_logger("security")

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Deletion:
    """When an account was deleted, and until when it may be taken back."""

    deleted_at: datetime
    purged_after: datetime


def delete_account(*, actor: Actor) -> Deletion:
    """Delete the actor's account: signed out everywhere at once, erased when the time to come back is over.

    Commits; enqueues the mail, and for guests, who have no way back, the erasure. Announces `account_closed` and
    `session_ended`. Raises NotFound.
    """
    now = timezone.now()
    with transaction.atomic():
        user = selectors.me(actor)
        mine = User.objects.live().filter(pk=user.pk)
        if not mine.update(deleted_at=now, rev=F("rev") + 1, updated_at=Now()):
            # Another device of theirs was faster.
            raise NotFound
        codes.forget(user.pk)
        end_all_of(user_id=user.pk, reason=Session.End.ACCOUNT_CLOSED)
        api_keys.revoke_all_of(user_id=user.pk)
        account_closed.send(sender=User, user_id=user.pk)
        jobs.enqueue(tasks.erase_account if user.is_guest else tasks.send_farewell, user_id=user.pk)
    security.warning("account deleted", user=str(user.pk))
    return Deletion(now, now if user.is_guest else now + settings.DELETION_GRACE)


def restore_account(*, restore: str, origin: Origin) -> SignedIn:
    """Take an account back with the proof that a sign-in to it gave, and sign the device in.

    Commits; announces `account_restored` and `session_started`. Raises RestoreExpired, AccountDisabled.
    """
    proof = keys.read_restore_proof(restore)
    if proof is None:
        raise RestoreExpired
    with transaction.atomic():
        user = _take_back(*proof)
        security.warning("account restored", user=str(user.pk))
        return begin(user, origin)


def restore_for(*, user_id: uuid.UUID, by: uuid.UUID) -> bool:
    """Take an account back for a person who asked staff for it; tell whether there was one to take back. Commits."""
    user = User.objects.filter(pk=user_id, deleted_at__isnull=False).first()
    if user is None or user.deleted_at is None:
        return False
    try:
        with transaction.atomic():
            _take_back(user.pk, user.deleted_at)
    except RestoreExpired:
        return False
    security.warning("account restored by staff", user=str(user_id), by=str(by))
    return True


def _take_back(user_id: uuid.UUID, deleted_at: datetime) -> User:
    in_time = User.objects.filter(
        pk=user_id,
        deleted_at=deleted_at,
        deleted_at__gt=timezone.now() - settings.DELETION_GRACE,
        is_guest=False,
        erased_at=None,
    )
    if not in_time.update(deleted_at=None, rev=F("rev") + 1, updated_at=Now()):
        raise RestoreExpired
    account_restored.send(sender=User, user_id=user_id)
    return User.objects.get(pk=user_id)


def erase_due_accounts() -> int:
    """Enqueue the erasure of accounts whose owners did not come back in time; return how many. Commits."""
    due = User.objects.to_be_erased(timezone.now()).order_by("deleted_at")
    with transaction.atomic():
        ids = list(due.values_list("pk", flat=True)[:_AT_ONCE])
        for user_id in ids:
            jobs.enqueue(tasks.erase_account, user_id=user_id, key=f"erase:{user_id}")
    return len(ids)
