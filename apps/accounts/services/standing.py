"""What staff decide about an account: whether it is let in, and that it has to sign in anew."""

import uuid
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.accounts.models import Session, User
from apps.accounts.services import api_keys
from apps.accounts.services.sessions import end, end_all_of
from apps.accounts.signals import account_disabled, account_enabled

security = structlog.stdlib.get_logger("security")


def disable(*, user_id: uuid.UUID, by: uuid.UUID) -> None:
    """Keep a person out: no sign-in, every session and API key ends.

    Commits; announces `account_disabled` and `session_ended`.
    """
    with transaction.atomic():
        _set_active(user_id, False)
        end_all_of(user_id=user_id, reason=Session.End.ENDED_BY_STAFF)
        api_keys.revoke_all_of(user_id=user_id, by=by)
        account_disabled.send(sender=User, user_id=user_id)
    security.warning("account disabled", user=str(user_id), by=str(by))


def enable(*, user_id: uuid.UUID, by: uuid.UUID) -> None:
    """Let a person in again; their sessions stay ended. Commits; announces `account_enabled`."""
    with transaction.atomic():
        _set_active(user_id, True)
        account_enabled.send(sender=User, user_id=user_id)
    security.warning("account enabled", user=str(user_id), by=str(by))


def sign_out_everywhere(*, user_id: uuid.UUID, by: uuid.UUID) -> None:
    """End every session of a person. Commits; announces `session_ended`."""
    end_all_of(user_id=user_id, reason=Session.End.ENDED_BY_STAFF)
    security.warning("signed out by staff", user=str(user_id), by=str(by))


def role_changed(*, user_id: uuid.UUID, by: uuid.UUID) -> None:
    """Have a person sign in anew who may do more or less than before. Commits; announces `session_ended`."""
    end_all_of(user_id=user_id, reason=Session.End.ENDED_BY_STAFF)
    security.warning("role changed", user=str(user_id), by=str(by))


def end_sessions(*, session_ids: Sequence[uuid.UUID], by: uuid.UUID) -> None:
    """Sign devices out. Commits; announces `session_ended`."""
    with transaction.atomic():
        end(Session.objects.filter(pk__in=session_ids), Session.End.ENDED_BY_STAFF)
    security.warning("sessions ended by staff", count=len(session_ids), by=str(by))


def _set_active(user_id: uuid.UUID, is_active: bool) -> None:
    User.objects.filter(pk=user_id).exclude(is_active=is_active).update(
        is_active=is_active, rev=F("rev") + 1, updated_at=Now()
    )
