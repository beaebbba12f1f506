"""The back door: what accounts have workers do."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

from django.utils import timezone

from apps.accounts import emails, erasure, exporting, revocation
from apps.accounts.models import ApiKey, EmailCode, Export, Identity, Session, User
from apps.accounts.providers import apple
from apps.core import cache, crypto, jobs


@jobs.job(queue="urgent", max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_code_email(*, code_id: uuid.UUID, **_: Any) -> None:
    """Send a code to the address that it is for, unless it was replaced, used or expired in the meantime.

    Nor to whom staff keep out. Where another account has proven the address, its owner is told that there is an
    account already, and no code is sent: whoever asked must not be able to tell the difference, nor get in between.
    """
    code = EmailCode.objects.open().select_related("user").filter(pk=code_id).first()
    if code is None or code.user is None or code.expires_at <= timezone.now():
        return
    if not code.user.is_active:
        return
    owner = User.objects.proven(code.address).exclude(pk=code.user.pk).first()
    if owner:
        emails.send_account_exists(code, owner)
    else:
        emails.send_code(code, code.user)


@jobs.job(queue="urgent", max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_reuse_notice(*, session_id: uuid.UUID, **_: Any) -> None:
    """Tell a person that one of their devices was signed out because its token was used twice."""
    session = Session.objects.select_related("user").filter(pk=session_id).first()
    if session and session.user.email and session.user.is_live:
        emails.send_reuse_notice(session)


@jobs.job(max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_farewell(*, user_id: uuid.UUID, **_: Any) -> None:
    """Tell a person that their account will be erased and until when they may have it back."""
    user = User.objects.filter(pk=user_id, deleted_at__isnull=False, erased_at=None).first()
    if user and user.email:
        emails.send_farewell(user)


@jobs.job(queue="bulk", max_attempts=20, lease=timedelta(seconds=120), atomic=False)
def erase_account(*, user_id: uuid.UUID, **_: Any) -> None:
    """Erase all that is kept about a person, unless they came back in time."""
    erasure.erase(user_id)


@jobs.job(queue="urgent", max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_password_notice(*, user_id: uuid.UUID, notice_id: uuid.UUID, **_: Any) -> None:
    """Tell a person that their password was changed, by them or by somebody in their mailbox."""
    user = User.objects.filter(pk=user_id).first()
    if user and user.email:
        emails.send_password_notice(user, notice_id)


@jobs.job(queue="urgent", max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_address_notice(*, code_id: uuid.UUID, **_: Any) -> None:
    """Tell the address that somebody moved away from."""
    code = EmailCode.objects.select_related("user").filter(pk=code_id).first()
    if code and code.user and code.former_address:
        emails.send_address_notice(code, code.user)


@jobs.job(queue="bulk", max_attempts=5, lease=timedelta(seconds=240), atomic=False)
def build_export(*, export_id: uuid.UUID, **_: Any) -> None:
    """Make the archive that somebody asked for."""
    exporting.build(export_id, announce=partial(_announce_export, export_id))


def _announce_export(export_id: uuid.UUID) -> None:
    jobs.enqueue(send_export_ready, export_id=export_id)


@jobs.job(max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_export_ready(*, export_id: uuid.UUID, **_: Any) -> None:
    """Tell a person that their archive is ready."""
    export = Export.objects.select_related("user").filter(pk=export_id).first()
    if export and export.user.email and export.user.is_live:
        emails.send_export_ready(export.user, export_id)


@jobs.job(queue="urgent", max_attempts=8, lease=timedelta(seconds=30), atomic=False)
def send_security_notice(
    *, user_id: uuid.UUID, notice_id: str, intent_id: uuid.UUID, **_: Any
) -> None:
    """Tell a person that something about the safety of their account has changed."""
    user = User.objects.live().filter(pk=user_id).first()
    if user and user.email:
        emails.send_security_notice(user, notice_id, intent_id)


@jobs.job(max_attempts=6, lease=timedelta(seconds=30), atomic=False)
def exchange_apple_code(*, identity_id: uuid.UUID, **_: Any) -> None:
    """Exchange an authorization code for the refresh token that is taken back when the account is erased."""
    identity = Identity.objects.filter(pk=identity_id).first()
    if identity is None or identity.sealed_code is None:
        return
    # A newer code may take its place meanwhile, and has a job of its own.
    this_code = Identity.objects.filter(pk=identity.pk, sealed_code=identity.sealed_code)
    code = crypto.open_sealed(bytes(identity.sealed_code), row=identity.code_seal)
    try:
        token = apple.exchange(code, identity.client_id)
    except apple.AppleRefuses as refusal:
        this_code.update(sealed_code=None)
        raise jobs.GiveUp(f"Apple refuses the code: {refusal}") from None
    sealed = crypto.seal(token, row=identity.refresh_token_seal)
    this_code.update(sealed_code=None, sealed_refresh_token=sealed)


@jobs.job(queue="urgent", atomic=False)
def publish_revocation(*, session_id: uuid.UUID, **_: Any) -> None:
    """Make sure that the cache knows of an end, also when it was away at that moment."""
    _publish(session_id, Session)


@jobs.job(queue="urgent", atomic=False)
def publish_key_revocation(*, key_id: uuid.UUID, **_: Any) -> None:
    """The same for a key that staff have taken back."""
    _publish(key_id, ApiKey)


def _publish(row_id: uuid.UUID, kind: type[Session] | type[ApiKey]) -> None:
    try:
        revocation.publish(row_id)
    except cache.CacheDown as down:
        row = kind.objects.filter(pk=row_id).first()
        over = timezone.now() - timedelta(seconds=cache.SESSION_SECONDS)
        if row and row.revoked_at and row.revoked_at < over:
            raise jobs.GiveUp("every leaf that was remembered has been forgotten") from down
        raise jobs.Retry(after=timedelta(seconds=1), reason="cache down") from down
