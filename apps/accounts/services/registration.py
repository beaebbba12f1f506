"""Becoming somebody: an account for whoever asks, and an address once it is proven."""

from datetime import datetime

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import keys, selectors, tasks
from apps.accounts.errors import AddressTaken, AlreadyVerified, CodeExpired, CodeInvalid
from apps.accounts.models import EmailCode, User
from apps.accounts.services import passwords
from apps.accounts.services.sessions import Origin, SignedIn, begin
from apps.accounts.signals import email_verified, user_registered
from apps.core import jobs
from apps.core.actors import Actor
from apps.core.ids import new_id

security = structlog.stdlib.get_logger("security")


def register(
    *,
    email: str,
    password: str,
    origin: Origin,
    display_name: str = "",
    locale: str = "en",
    time_zone: str = "UTC",
) -> SignedIn:
    """Make an account that claims an address, sign its device in, and have the address's code sent.

    Whether somebody else has proven the address makes no difference here: an account is made all the same, and what is
    mailed is decided later (`send_code_email`). Commits; announces `user_registered` and `session_started`. Raises
    Invalid for a weak password, Unavailable when too many passwords are being hashed.
    """
    passwords.judge(password, email=email, display_name=display_name)
    user = User(
        claimed_email=email,
        password=passwords.hashed(password),
        display_name=display_name,
        locale=locale,
        time_zone=time_zone,
    )
    with transaction.atomic():
        user.save(force_insert=True)
        user_registered.send(sender=User, user=user)
        security.info("registered", user=str(user.pk))
        _send_code(user, email)
        return begin(user, origin)


def send_code_again(*, actor: Actor) -> None:
    """Replace the code on its way by a new one.

    Commits; enqueues the mail. Raises AlreadyVerified when no address waits for its proof.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(Q(pk=actor.id))
        if user.claimed_email is None:
            raise AlreadyVerified
        EmailCode.objects.open().filter(user=user, purpose=EmailCode.Purpose.VERIFY_EMAIL).delete()
        _send_code(user, user.claimed_email)


def _send_code(user: User, address: str) -> None:
    code_id = new_id()
    code = EmailCode(
        id=code_id,
        user=user,
        purpose=EmailCode.Purpose.VERIFY_EMAIL,
        address=address,
        code_hash=keys.code_hash(code_id, keys.digits_of(code_id)),
        tries_left=settings.EMAIL_CODE_TRIES,
        expires_at=timezone.now() + settings.EMAIL_CODE_LIFETIME,
    )
    code.save(force_insert=True)
    jobs.enqueue(tasks.send_code_email, code_id=code.pk)


def verify_email(*, actor: Actor, code: str) -> User:
    """Prove an address with the code that was sent there, and return the account.

    Commits, a wrong try as well: whoever wraps this must keep what precedes CodeInvalid. Announces `email_verified`.
    Raises CodeInvalid for a wrong code, CodeExpired when there is no code that could still be right, AlreadyVerified
    when nothing waits for proof, and AddressTaken when another account proved the address in the meantime.
    """
    now = timezone.now()
    with transaction.atomic():
        expected = _open_code(actor, now)
        if keys.code_matches(expected.pk, code, expected.code_hash):
            return _prove(expected, now)
        EmailCode.objects.filter(pk=expected.pk).update(tries_left=F("tries_left") - 1)
    security.warning("wrong code", user=str(actor.id))
    raise CodeInvalid


def _open_code(actor: Actor, now: datetime) -> EmailCode:
    codes = EmailCode.objects.open().filter(purpose=EmailCode.Purpose.VERIFY_EMAIL)
    code = codes.select_for_update().filter(user_id=actor.id).first()
    if code is None and selectors.me(actor).claimed_email is None:
        raise AlreadyVerified
    if code is None or not code.can_be_tried(now):
        raise CodeExpired
    return code


def _prove(code: EmailCode, now: datetime) -> User:
    code.used_at = now
    code.save(update_fields=["used_at"])
    try:
        with transaction.atomic():
            User.objects.filter(pk=code.user_id).update(
                email=code.address, claimed_email=None, rev=F("rev") + 1, updated_at=Now()
            )
    except IntegrityError as taken:
        raise AddressTaken from taken
    user = User.objects.get(pk=code.user_id)
    email_verified.send(sender=User, user=user)
    security.info("email verified", user=str(user.pk))
    return user
