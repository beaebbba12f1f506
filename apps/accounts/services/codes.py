"""Six-digit codes: one open code for each person and purpose, good once, for a few minutes and a few tries."""

import uuid
from datetime import datetime

import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from apps.accounts import keys, tasks
from apps.accounts.errors import CodeExpired
from apps.accounts.models import EmailCode, User
from apps.core import jobs
from apps.core.ids import new_id

security = structlog.stdlib.get_logger("security")


def send(
    user: User, purpose: EmailCode.Purpose, address: str, *, session_id: uuid.UUID | None = None
) -> None:
    """Replace the person's open code for this purpose by a new one and enqueue its mail, in the caller's transaction.

    With a session, the code is good from there alone.
    """
    # One code at a time; whoever only refers to the row is not held up.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    EmailCode.objects.open().filter(user=user, purpose=purpose).delete()
    code_id = new_id()
    code = EmailCode(
        id=code_id,
        user=user,
        purpose=purpose,
        address=address,
        session_id=session_id,
        code_hash=keys.code_hash(code_id, keys.digits_of(code_id)),
        tries_left=settings.EMAIL_CODE_TRIES,
        expires_at=timezone.now() + settings.EMAIL_CODE_LIFETIME,
    )
    code.save(force_insert=True)
    jobs.enqueue(tasks.send_code_email, code_id=code.pk)


def spend(
    user_id: uuid.UUID | None,
    purpose: EmailCode.Purpose,
    digits: str,
    *,
    session_id: uuid.UUID | None = None,
) -> EmailCode | None:
    """Use the open code up, in the caller's transaction; None when these are not its digits, and a try is gone.

    The caller commits in both cases, and raises CodeInvalid after that: a try that is rolled back was never counted.
    Raises CodeExpired when there is no code that could still be right.
    """
    now = timezone.now()
    code = _locked(user_id, purpose, session_id)
    if code is None or not code.can_be_tried(now):
        raise CodeExpired
    if not keys.code_matches(code.pk, digits, code.code_hash):
        EmailCode.objects.filter(pk=code.pk).update(tries_left=F("tries_left") - 1)
        security.warning("wrong code", user=str(user_id), purpose=purpose)
        return None
    _use(code, now)
    return code


def _locked(
    user_id: uuid.UUID | None, purpose: EmailCode.Purpose, session_id: uuid.UUID | None
) -> EmailCode | None:
    codes = EmailCode.objects.open().filter(purpose=purpose, session_id=session_id)
    return codes.of(user_id).select_for_update().first()


def _use(code: EmailCode, now: datetime) -> None:
    code.used_at = now
    code.save(update_fields=["used_at"])


def forget(user_id: uuid.UUID) -> None:
    """Make every open code of a person useless, in the caller's transaction."""
    EmailCode.objects.open().of(user_id).delete()
