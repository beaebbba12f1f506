"""News from accounts: a phone signed in, a phone was signed out."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.dispatch import receiver

from apps.accounts.models import Session
from apps.accounts.signals import session_ended, session_started
from apps.devices import services

_FACTS = ("platform", "os_version", "model", "app_version", "locale", "time_zone")


@receiver(session_started)
def follow_the_session(session: Session, device: Mapping[str, Any] | None, **_: Any) -> None:
    if device and session.installation_id:
        facts = {name: device[name] for name in _FACTS if device.get(name)}
        services.follow_session(session=session, facts=facts)


@receiver(session_ended)
def silence_the_device(session_id: uuid.UUID, reason: str, **_: Any) -> None:
    services.end_of_session(session_id=session_id, reason=reason)
