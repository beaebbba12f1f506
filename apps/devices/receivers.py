"""News from accounts: a phone signed in, a phone was signed out, people moved between groups."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver

from apps.accounts.models import Session, User
from apps.accounts.signals import session_ended, session_started
from apps.devices.services import decisions, registry

_FACTS = ("platform", "os_version", "model", "app_version", "locale", "time_zone")


@receiver(session_started)
def follow_the_session(session: Session, device: Mapping[str, Any] | None, **_: Any) -> None:
    if device and session.installation_id:
        facts = {name: device[name] for name in _FACTS if device.get(name)}
        registry.follow_session(session=session, facts=facts)


@receiver(session_ended)
def silence_the_device(session_id: uuid.UUID, reason: str, **_: Any) -> None:
    registry.end_of_session(session_id=session_id, reason=reason)


@receiver(m2m_changed, sender=User.groups.through)
@receiver(post_save, sender=Group)
@receiver(post_delete, sender=Group)
def tell_of_the_groups(**_: Any) -> None:
    decisions.tell_everybody()
