"""Signing in with Apple or Google: the person is whom their issuer names, and their address is only an address."""

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts import tasks
from apps.accounts.errors import AddressInUse
from apps.accounts.models import EmailCode, Identity, User
from apps.accounts.providers import apple, id_tokens
from apps.accounts.providers.id_tokens import Person, Provider
from apps.accounts.services import codes, notices
from apps.accounts.services.entering import admit, entered
from apps.accounts.services.sessions import Origin, SignedIn
from apps.accounts.signals import email_verified, user_registered
from apps.core import crypto, jobs
from apps.core.errors import Unavailable

security = structlog.stdlib.get_logger("security")

ATTEMPTS = 3


def sign_in(
    *,
    provider: Provider,
    id_token: str,
    nonce: str,
    origin: Origin,
    authorization_code: str = "",
    **profile: str,
) -> SignedIn:
    """Sign a device in to the account of an identity, which is made or linked when it is seen for the first time.

    Commits; announces what it makes. Raises ProviderNotConfigured, IdTokenInvalid, ProviderUnavailable, AddressInUse,
    MfaRequired, AccountDisabled and AccountDeleted.
    """
    person = id_tokens.read(provider, id_token, nonce)
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic():
                identity = known(person) or _first_seen(person, profile)
                keep_code(identity, authorization_code)
                outcome = admit(identity.user, origin)
        except IntegrityError:
            # Seen for the first time twice at once: the other one has made the account.
            continue
        return entered(outcome)
    raise Unavailable


def known(person: Person) -> Identity | None:
    """Return the identity, noting that it was used; None when it was never seen.

    The caller's transaction holds it and its owner from then on.
    """
    known = Identity.objects.known_as(person.issuer, person.subject)
    owned = known.select_related("user").select_for_update(of=("user",), no_key=True)
    identity = owned.first()
    # It may have gone while its owner was waited for.
    noted = identity and known.update(last_used_at=timezone.now(), client_id=person.client_id)
    return identity if noted else None


def _first_seen(person: Person, profile: dict[str, str]) -> Identity:
    return note(person, _account_for(person) or _new_account(person, profile))


def note(person: Person, user: User) -> Identity:
    """Make an identity a way into this account; raises IntegrityError when it has become one of any."""
    identity = Identity(
        user=user,
        issuer=person.issuer,
        subject=person.subject,
        client_id=person.client_id,
        last_used_at=timezone.now(),
    )
    identity.save(force_insert=True)
    return identity


def _account_for(person: Person) -> User | None:
    """Return the account that an identity seen for the first time is linked to: one that has proven the same address.

    An address that counts as proven on another issuer's word does not do: the two issuers would merge people, and
    either could let somebody in to what the other's person keeps here.
    """
    if not person.vouched or not person.email:
        return None
    owner = User.objects.proven(person.email).held().first()
    if owner is None:
        return None
    if owner.email_vouched_by not in {"", person.issuer}:
        raise AddressInUse
    security.warning("identity linked", user=str(owner.pk), issuer=person.issuer)
    notices.tell(owner, "identity_linked")
    return owner


def _new_account(person: Person, profile: dict[str, str]) -> User:
    user = User(**profile, **address_of(person))
    user.set_unusable_password()
    user.save(force_insert=True)
    user_registered.send(sender=User, user=user)
    security.info("registered", user=str(user.pk))
    tell_of_address(user)
    return user


def address_of(person: Person) -> dict[str, str | None]:
    """Return what an account holds of this person's address: a proof where the issuer vouches, else a claim."""
    if person.vouched and person.email:
        return {"email": person.email, "email_vouched_by": person.issuer}
    return {"claimed_email": person.email}


def tell_of_address(user: User) -> None:
    """Announce the address that came with an identity, or have the code mailed that proves it."""
    if user.email:
        email_verified.send(sender=User, user=user)
    elif user.claimed_email:
        codes.send(user, EmailCode.Purpose.VERIFY_EMAIL, user.claimed_email)


def keep_code(identity: Identity, code: str) -> None:
    """Have Apple's code exchanged, where there is one, for what signs the person out there when they leave."""
    if not (code and apple.is_configured()):
        return
    sealed = crypto.seal(code, row=identity.code_seal)
    Identity.objects.filter(pk=identity.pk).update(sealed_code=sealed)
    jobs.enqueue(tasks.exchange_apple_code, identity_id=identity.pk)
