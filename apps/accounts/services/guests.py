"""Guests: somebody who uses the app before saying who they are, and may say so later without losing anything."""

from datetime import timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts import selectors
from apps.accounts.errors import AddressInUse, IdentityTaken, NotGuest
from apps.accounts.models import EmailCode, Session, User
from apps.accounts.providers import id_tokens
from apps.accounts.providers.id_tokens import Person, Provider
from apps.accounts.services import codes, deletion, passwords, social
from apps.accounts.services.sessions import Origin, SignedIn, begin
from apps.accounts.signals import user_registered
from apps.core.actors import Actor
from apps.core.errors import Unavailable

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
        name = display_name or user.display_name
        upgraded = _become(user, claimed_email=email, password=hashed, display_name=name)
        user = selectors.me(actor)
        if upgraded:
            security.info("guest upgraded", user=str(user.pk))
            codes.send(user, EmailCode.Purpose.VERIFY_EMAIL, email)
    return user if upgraded else _already(user, email, password)


def upgrade_with_identity(
    *,
    actor: Actor,
    provider: Provider,
    id_token: str,
    nonce: str,
    authorization_code: str = "",
    display_name: str = "",
) -> User:
    """Turn the guest who asks into whom Apple or Google says they are; all else stays theirs.

    Nobody is merged: an identity or a vouched address that is another account's changes nothing. Asked again with the
    same identity after a lost answer, nothing changes either. Commits; announces `email_verified`. Raises NotGuest,
    IdentityTaken, AddressInUse, ProviderNotConfigured, IdTokenInvalid, ProviderUnavailable.
    """
    person = id_tokens.read(provider, id_token, nonce)
    for _ in range(social.ATTEMPTS):
        try:
            with transaction.atomic():
                return _identified(actor, person, display_name, authorization_code)
        except IntegrityError:
            # The identity or its address became somebody's at the same moment: the second look sees whose.
            continue
    raise Unavailable


def _identified(actor: Actor, person: Person, display_name: str, authorization_code: str) -> User:
    # Before the identity: an owner who comes in between is then seen by both, or by the address's own uniqueness.
    is_in_use = person.vouched and User.objects.proven(person.email or "").exists()
    identity = social.known(person)
    if identity and identity.user_id != actor.id:
        raise IdentityTaken
    user = selectors.me(actor)
    if identity:
        return user
    if not user.is_guest:
        raise NotGuest
    if is_in_use:
        raise AddressInUse("Another account has this address. Nothing was changed in either.")
    changes = social.address_of(person) | {"display_name": display_name or user.display_name}
    if not _become(user, **changes):
        raise NotGuest
    social.keep_code(social.note(person, user), authorization_code)
    user = selectors.me(actor)
    social.tell_of_address(user)
    security.info("guest upgraded", user=str(user.pk), issuer=person.issuer)
    return user


def _become(user: User, **changes: Any) -> bool:
    """Make somebody of a guest; tell whether they still were one."""
    guests = User.objects.live().filter(pk=user.pk, is_guest=True)
    return bool(guests.update(is_guest=False, **changes, rev=F("rev") + 1, updated_at=Now()))


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
