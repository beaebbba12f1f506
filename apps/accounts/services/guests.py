"""Guests: somebody who uses the app before saying who they are, and may say so later without losing anything."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import selectors
from apps.accounts.errors import NotGuest
from apps.accounts.models import EmailCode, Session, User
from apps.accounts.services import codes, deletion, passwords
from apps.accounts.services.sessions import Origin, SignedIn, begin
from apps.accounts.signals import user_registered
from apps.core.actors import Actor

security = structlog.stdlib.get_logger("security")

# A guest whose session is over can't come back; what they left is kept for this long at least.
KEPT = timedelta(days=30)
_AT_ONCE = 500


def start(*, origin: Origin, locale: str = "en", time_zone: str = "UTC") -> SignedIn:
    """Make a guest's account and sign their device in: its session is the only way to this account.

    Commits; announces `user_registered` and `session_started`.
    """
    user = User(is_guest=True, locale=locale, time_zone=time_zone)
    user.set_unusable_password()
    with transaction.atomic():
        user.save(force_insert=True)
        user_registered.send(sender=User, user=user)
        security.info("guest started", user=str(user.pk))
        return begin(user, origin)


def upgrade(*, actor: Actor, email: str, password: str, display_name: str = "") -> User:
    """Turn the guest who asks into somebody with an address, which they claim, and a password; all else stays theirs.

    As at registration, it makes no difference whether another account has proven the address, and nothing of that
    account is touched. Asked again with the same words after a lost answer, nothing changes. Commits.
    Raises Invalid for a weak password, NotGuest, Unavailable.
    """
    user = selectors.me(actor)
    if not user.is_guest:
        return _already(user, email, password)
    passwords.judge(password, email=email, display_name=display_name or user.display_name)
    hashed = passwords.hashed(password)
    with transaction.atomic():
        guests = User.objects.live().filter(pk=user.pk, is_guest=True)
        upgraded = guests.update(
            is_guest=False,
            claimed_email=email,
            password=hashed,
            display_name=display_name or F("display_name"),
            rev=F("rev") + 1,
            updated_at=Now(),
        )
        user = selectors.me(actor)
        if upgraded:
            security.info("guest upgraded", user=str(user.pk))
            codes.send(user, EmailCode.Purpose.VERIFY_EMAIL, email)
    return user if upgraded else _already(user, email, password)


def _already(user: User, email: str, password: str) -> User:
    if user.address != email or not passwords.matches(password, user):
        raise NotGuest
    return user


def let_go() -> int:
    """Delete guests whose sessions are over and forgotten, as if they had asked for it; return how many. Commits."""
    sessions = Session.objects.filter(user=OuterRef("pk"))
    guests = User.objects.live().filter(is_guest=True, created_at__lt=timezone.now() - KEPT)
    gone = guests.exclude(Exists(sessions)).values_list("pk", flat=True)[:_AT_ONCE]
    for user_id in gone:
        deletion.delete_account(actor=Actor(id=user_id))
    return len(gone)
