"""Passkeys: made, used, thrown away (WebAuthn Level 3). One is two steps at once: the device has asked its owner."""

import base64
import json
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
import webauthn
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from apps.accounts import selectors
from apps.accounts.errors import (
    ChallengeExpired,
    GuestAccount,
    PasskeyInvalid,
    PasskeyNotFound,
    PasskeyRefused,
    PasskeyTaken,
    ProviderNotConfigured,
    TooManyPasskeys,
)
from apps.accounts.models import Challenge, Passkey, User
from apps.accounts.services import challenges, notices
from apps.accounts.services.sessions import Origin, SignedIn, begin
from apps.core.actors import Actor

security = structlog.stdlib.get_logger("security")

type Credential = Mapping[str, Any]

_REQUIRED = UserVerificationRequirement.REQUIRED
_TRANSPORTS = {transport.value for transport in AuthenticatorTransport}
# What the library raises for bytes that are no ceremony; none of it is ours to mend.
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError)


def sign_in_options() -> dict[str, Any]:
    """Return what a phone needs to ask for a passkey, whoever's it is. Commits; raises ProviderNotConfigured."""
    _refuse_unless_offered()
    with transaction.atomic():
        secret = challenges.ask(Challenge.Purpose.PASSKEY_SIGN_IN)
    options = webauthn.generate_authentication_options(
        rp_id=settings.PASSKEY_RP_ID,
        challenge=secret,
        timeout=_milliseconds(),
        user_verification=_REQUIRED,
    )
    return options_to_json_dict(options)


def sign_in(*, credential: Credential, origin: Origin) -> SignedIn:
    """Sign a device in with a passkey. Commits; announces `session_started`.

    Raises ProviderNotConfigured, PasskeyInvalid, ChallengeExpired, AccountDisabled and AccountDeleted.
    """
    _refuse_unless_offered()
    try:
        with transaction.atomic():
            secret = _challenge_in(credential)
            asked = challenges.locked(Challenge.Purpose.PASSKEY_SIGN_IN, secret, timezone.now())
            passkey = _shown(credential, secret)
            asked.delete()
            return begin(passkey.user, origin)
    except _MALFORMED as fault:
        security.warning("sign-in failed", user=None, method="passkey", fault=type(fault).__name__)
        raise PasskeyInvalid from fault


def _shown(credential: Credential, secret: bytes) -> Passkey:
    """Return the passkey that signed, its counter moved on."""
    named = challenges.from_text(str(credential["id"]))
    owned = Passkey.objects.select_related("user")
    held = owned.select_for_update(of=("user", "self"), no_key=True)
    passkey = held.filter(credential_id=named).first()
    if passkey is None:
        raise PasskeyInvalid
    verified = webauthn.verify_authentication_response(
        credential=dict(credential),
        expected_challenge=secret,
        expected_rp_id=settings.PASSKEY_RP_ID,
        expected_origin=settings.PASSKEY_ORIGINS,
        credential_public_key=bytes(passkey.public_key),
        credential_current_sign_count=passkey.sign_count,
        require_user_verification=True,
    )
    # Nobody was named before, so the authenticator has to say whose it is (§7.2, step 6).
    if challenges.from_text(str(credential["response"]["userHandle"])) != passkey.user_id.bytes:
        raise PasskeyInvalid
    Passkey.objects.filter(pk=passkey.pk).update(
        sign_count=verified.new_sign_count,
        is_backed_up=verified.credential_backed_up,
        last_used_at=timezone.now(),
        updated_at=Now(),
    )
    return passkey


def registration_options(*, actor: Actor) -> dict[str, Any]:
    """Return what a phone needs to make a passkey for the actor.

    Commits. Raises ProviderNotConfigured, GuestAccount, TooManyPasskeys.
    """
    _refuse_unless_offered()
    user = selectors.me(actor)
    if user.is_guest:
        raise GuestAccount
    own = list(Passkey.objects.of(user.pk).values_list("credential_id", flat=True))
    if len(own) >= settings.PASSKEY_CAP:
        raise TooManyPasskeys
    with transaction.atomic():
        secret = challenges.ask(Challenge.Purpose.PASSKEY_REGISTRATION, user)
    options = webauthn.generate_registration_options(
        rp_id=settings.PASSKEY_RP_ID,
        rp_name=settings.PROJECT_NAME,
        user_id=user.pk.bytes,
        user_name=user.address or str(user.pk),
        user_display_name=user.display_name or user.address or "",
        challenge=secret,
        timeout=_milliseconds(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(one)) for one in own],
    )
    return options_to_json_dict(options)


def register(*, actor: Actor, credential: Credential, name: str = "") -> Passkey:
    """Keep the public half of a passkey that the actor's phone has made, and tell them by mail. Commits.

    Raises ProviderNotConfigured, PasskeyRefused, ChallengeExpired, PasskeyTaken, TooManyPasskeys.
    """
    _refuse_unless_offered()
    try:
        with transaction.atomic():
            secret = _challenge_in(credential)
            asked = challenges.locked(
                Challenge.Purpose.PASSKEY_REGISTRATION, secret, timezone.now()
            )
            if asked.user is None or asked.user.pk != actor.id:
                raise ChallengeExpired
            passkey = _made(asked.user, credential, secret, name)
            asked.delete()
            notices.tell(asked.user, "passkey_added")
    except IntegrityError as twin:
        raise PasskeyTaken from twin
    except _MALFORMED as fault:
        raise PasskeyRefused from fault
    security.info("passkey added", user=str(actor.id))
    return passkey


def _made(user: User, credential: Credential, secret: bytes, name: str) -> Passkey:
    verified = webauthn.verify_registration_response(
        credential=dict(credential),
        expected_challenge=secret,
        expected_rp_id=settings.PASSKEY_RP_ID,
        expected_origin=settings.PASSKEY_ORIGINS,
        require_user_verification=True,
    )
    # Whom the challenge was put to is held: one registration at a time, so that the cap is one.
    if Passkey.objects.of(user.pk).count() >= settings.PASSKEY_CAP:
        raise TooManyPasskeys
    told = credential["response"].get("transports") or []
    passkey = Passkey(
        user=user,
        name=name or "Passkey",
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=sorted(_TRANSPORTS.intersection(told)),
        is_backed_up=verified.credential_backed_up,
    )
    passkey.save(force_insert=True)
    return passkey


def rename(*, actor: Actor, passkey_id: uuid.UUID, name: str) -> Passkey:
    """Call one of the actor's passkeys something else. Commits; raises PasskeyNotFound."""
    own = selectors.passkeys_of(actor).filter(pk=passkey_id)
    if not own.update(name=name, updated_at=Now()):
        raise PasskeyNotFound
    return own.get()


def remove(*, actor: Actor, passkey_id: uuid.UUID) -> None:
    """Forget one of the actor's passkeys, and tell them by mail. Commits; raises PasskeyNotFound."""
    with transaction.atomic():
        user = selectors.me(actor)
        if not selectors.passkeys_of(actor).filter(pk=passkey_id).delete()[0]:
            raise PasskeyNotFound
        notices.tell(user, "passkey_removed")
    security.warning("passkey removed", user=str(actor.id))


def _challenge_in(credential: Credential) -> bytes:
    """Return the challenge that the phone signed, before anything is known of who it is."""
    text = credential["response"]["clientDataJSON"]
    client_data = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if client_data.get("crossOrigin"):
        raise ValueError("asked from within another site")
    return challenges.from_text(client_data["challenge"])


def _refuse_unless_offered() -> None:
    if not (settings.PASSKEY_RP_ID and settings.PASSKEY_ORIGINS):
        raise ProviderNotConfigured


def _milliseconds() -> int:
    return int(settings.CHALLENGE_LIFETIME.total_seconds() * 1000)
