"""What accounts keep about people: who they are, where they are signed in, whom they never want to meet."""

import uuid

from apps.accounts.models import Block, EmailCode, Session, User
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

personal.forgets(EmailCode, by="user")
personal.forgets(Block, by="blocker")
personal.forgets(Block, by="blocked")
# They were ended when the account was closed, so that the cache has heard of it.
personal.forgets(Session, by="user")


@personal.erases(IdempotencyRecord)
def forget_answers(user_id: uuid.UUID) -> int:
    """Delete stored answers to requests of the person."""
    own = IdempotencyRecord.objects.filter(actor__startswith=f"{user_id}:")
    return own.filter(pk__in=own.values("pk")[: personal.BATCH]).delete()[0]
