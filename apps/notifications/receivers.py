"""News from accounts: a device was signed out, perhaps because its token was used twice."""

import uuid
from typing import Any

from django.dispatch import receiver

from apps.accounts.models import Session
from apps.accounts.signals import session_ended
from apps.notifications.services import notify
from apps.notifications.streaming import bell


@receiver(session_ended)
def end_streams(user_id: uuid.UUID, **_: Any) -> None:
    """Have the person's streams look whether it was theirs."""
    bell.ring_for([user_id])


@receiver(session_ended)
def warn_of_theft(session_id: uuid.UUID, user_id: uuid.UUID, reason: str, **_: Any) -> None:
    """Tell the owner on the devices that remain."""
    if reason != Session.End.REUSE:
        return
    session = Session.objects.get(pk=session_id)
    notify(
        kind="device_signed_out",
        recipient_id=user_id,
        data={"device": session.name},
        key=str(session_id),
    )
