"""Six-digit codes: one open code for each person and purpose, good once, for a few minutes and a few tries."""

import uuid
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from apps.accounts import keys, selectors, tasks
from apps.accounts.errors import CodeExpired
from apps.accounts.models import EmailCode, MailSuppression, User
from apps.core import jobs
from apps.core.ids import new_id

security = structlog.stdlib.get_logger("security")

type Purpose = EmailCode.Purpose


def send(
    user: User, purpose: Purpose, address: str, *, session_id: uuid.UUID | None = None
) -> None:
    """Replace the person's open code for this purpose by a new one and enqueue its mail, in the caller's transaction.

    With a session, the code is good from there alone.
    """
    _replace(Q(user=user), purpose, user=user, address=address, session_id=session_id)


def send_to(address: str, purpose: Purpose) -> None:
    """The same for somebody who is not signed in: for the account at an address.

    Where there is none, the same is written, and the worker finds nobody to mail it to: neither the answer, nor its
    time, nor what a try at the code answers later says whether there is an account. A code to sign in is only for an
    account that has proven the address: who merely claims it may be somebody else, whose password would stay good.
    """
    user, subject = selectors.account_at(address), keys.subject_of(address)
    if user and user.email is None and purpose == EmailCode.Purpose.SIGN_IN:
        user = None
    earlier = Q(subject=subject) | Q(user=user.pk if user else new_id())
    kept = address if user else ""
    _replace(earlier, purpose, user=user, address=kept, subject=subject)


def _replace(earlier: Q, purpose: Purpose, **code: Any) -> None:
    EmailCode.objects.open().filter(earlier, purpose=purpose).delete()
    code_id = new_id()
    made = EmailCode(
        id=code_id,
        purpose=purpose,
        code_hash=keys.code_hash(code_id, keys.digits_of(code_id)),
        tries_left=settings.EMAIL_CODE_TRIES,
        expires_at=timezone.now() + settings.EMAIL_CODE_LIFETIME,
        **code,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        # Asked for twice at once: the twin's code is on its way, and one is enough.
        return
    jobs.enqueue(tasks.send_code_email, code_id=made.pk)


def spend(
    user_id: uuid.UUID | None, purpose: Purpose, digits: str, *, session_id: uuid.UUID | None = None
) -> EmailCode | None:
    """Use the open code up, in the caller's transaction; None when these are not its digits, and a try is gone.

    The transaction holds the code and its owner from then on.
    The caller commits in both cases, and raises CodeInvalid after that: a try that is rolled back was never counted.
    Raises CodeExpired when there is no code that could still be right.
    """
    return _spend(EmailCode.objects.of(user_id).filter(session_id=session_id), purpose, digits)


def spend_at(address: str, purpose: Purpose, digits: str) -> tuple[EmailCode, User] | None:
    """The same for a code that `send_to` made; returns whose it is as well."""
    code = _spend(EmailCode.objects.filter(subject=keys.subject_of(address)), purpose, digits)
    return (code, code.user) if code and code.user else None


def _spend(codes: QuerySet[EmailCode], purpose: Purpose, digits: str) -> EmailCode | None:
    now = timezone.now()
    open_codes = codes.filter(purpose=purpose, used_at=None)
    # The owner first: whoever resets or deletes them holds them and wants the code.
    User.objects.held().only("pk").filter(pk__in=open_codes.values("user")).first()
    locked = open_codes.select_related("user").select_for_update(of=("self",))
    code = locked.order_by("-id").first()
    if code is None or not code.can_be_tried(now):
        raise CodeExpired
    if not keys.code_matches(code.pk, digits, code.code_hash):
        EmailCode.objects.filter(pk=code.pk).update(tries_left=F("tries_left") - 1)
        user = str(code.user_id) if code.user_id else None
        security.warning("wrong code", user=user, purpose=purpose)
        return None
    code.used_at = now
    code.save(update_fields=["used_at"])
    MailSuppression.objects.arrives(code.address)
    return code


def forget(user_id: uuid.UUID) -> None:
    """Make every open code of a person useless, in the caller's transaction."""
    EmailCode.objects.open().of(user_id).delete()
