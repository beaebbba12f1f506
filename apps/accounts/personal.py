"""What accounts keep about people: who they are, where they are signed in, whom they never want to meet."""

import uuid
from collections.abc import Iterator

from django.db.models import Q

from apps.accounts import storage
from apps.accounts.models import (
    ApiKey,
    Block,
    Challenge,
    EmailCode,
    Export,
    Identity,
    MailSuppression,
    Passkey,
    RecoveryCode,
    Session,
    Totp,
    User,
)
from apps.core import personal
from apps.core.models import IdempotencyRecord

personal.shows(
    "profile",
    User,
    by="pk",
    fields=(
        *("id", "email", "claimed_email", "display_name", "locale", "time_zone"),
        *("is_guest", "created_at", "updated_at"),
    ),
)
personal.shows(
    "sessions",
    Session,
    by="user",
    fields=(
        *("id", "platform", "app_version", "os_version", "device_model", "ip_prefix"),
        *("auth_time", "last_seen_at", "revoked_at", "revoked_reason"),
    ),
)
personal.shows("blocks", Block, by="blocker", fields=("blocked_id", "created_at"))
personal.shows("exports", Export, by="user", fields=("id", "state", "size", "created_at"))
personal.shows(
    "identities", Identity, by="user", fields=("issuer", "subject", "created_at", "last_used_at")
)
personal.shows("passkeys", Passkey, by="user", fields=("id", "name", "created_at", "last_used_at"))
personal.shows("api_keys", ApiKey, by="user", fields=("id", "name", "scopes", "expires_at"))

personal.forgets(ApiKey, by="user")
personal.forgets(Challenge, by="user")
personal.forgets(Totp, by="user")
personal.forgets(RecoveryCode, by="user")
personal.forgets(Passkey, by="user")
personal.forgets(Identity, by="user")
personal.forgets(Block, by="blocker")
personal.forgets(Block, by="blocked")
# They were ended when the account was closed, so that the cache has heard of it.
personal.forgets(Session, by="user")


@personal.erases(EmailCode)
def forget_codes(user_id: uuid.UUID) -> int:
    """Delete codes for the person, and those that somebody who was not signed in had sent to their address."""
    addressed = Q(address__in=_addresses_of(user_id))
    return EmailCode.objects.filter(Q(user=user_id) | addressed).delete()[0]


@personal.section("mail_suppressions")
def show_suppressions(user_id: uuid.UUID) -> Iterator[personal.Row]:
    """What is known of mail to the person's addresses."""
    shown = ("bounced_at", "complained_at", "soft_bounces", "code", "created_at")
    yield from MailSuppression.objects.at(*_addresses_of(user_id)).values(*shown)


@personal.erases(MailSuppression)
def forget_suppressions(user_id: uuid.UUID) -> int:
    """Delete what is known of mail to the person's addresses."""
    return MailSuppression.objects.at(*_addresses_of(user_id)).delete()[0]


@personal.erases(Export)
def forget_exports(user_id: uuid.UUID) -> int:
    """Delete the archives that were made for the person, files first."""
    ids = list(Export.objects.of(user_id).values_list("pk", flat=True)[: personal.BATCH])
    for export_id in ids:
        storage.forget(export_id)
    return Export.objects.filter(pk__in=ids).delete()[0]


@personal.erases(IdempotencyRecord)
def forget_answers(user_id: uuid.UUID) -> int:
    """Delete stored answers to requests of the person."""
    own = IdempotencyRecord.objects.filter(actor__startswith=f"{user_id}:")
    return own.filter(pk__in=own.values("pk")[: personal.BATCH]).delete()[0]


def _addresses_of(user_id: uuid.UUID) -> list[str]:
    person = User.objects.filter(pk=user_id).only("email", "claimed_email").get()
    return [address for address in (person.email, person.claimed_email) if address]
