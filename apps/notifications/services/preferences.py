"""Somebody says what they want to hear, how, and when not."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from apps.accounts.models import User
from apps.core.actors import Actor
from apps.notifications.kinds import Channel
from apps.notifications.models import Preference

type Choice = Mapping[str, Any]


def set_preferences(
    *,
    actor: Actor,
    categories: Sequence[Choice] = (),
    **changes: Any,
) -> Preference:
    """Change what the actor named and leave the rest as it is. Commits.

    `categories` name channels to switch on or off; `quiet_hours` begin and end by the clock of each device, None is
    none; `muted_until` is a moment or None. What is queued already is judged by the new wishes.
    """
    with transaction.atomic():
        preference = _locked(actor)
        for choice in categories:
            channels = {name: on for name, on in choice.items() if name != "category"}
            preference.choices.setdefault(choice["category"], {}).update(channels)
        if "quiet_hours" in changes:
            hours = changes.pop("quiet_hours") or {}
            preference.quiet_from, preference.quiet_until = hours.get("begin"), hours.get("end")
        for name, value in changes.items():
            setattr(preference, name, value)
        preference.updated_at = Now()
        preference.save()
    return preference


def unsubscribe(*, user_id: uuid.UUID, category: str) -> None:
    """Stop mail of a category to whom a link of ours names. Commits; repeats and links of the erased change nothing."""
    with transaction.atomic():
        if User.objects.filter(pk=user_id, erased_at=None).exists():
            off = {"category": category, Channel.EMAIL: False}
            set_preferences(actor=Actor(user_id), categories=[off])


def _locked(actor: Actor) -> Preference:
    assert actor.id  # noqa: S101 - the route lets in nobody else
    locked = Preference.objects.select_for_update().filter(user=actor.id)
    preference = locked.first()
    if preference is None:
        Preference.objects.bulk_create([Preference(user_id=actor.id)], ignore_conflicts=True)
        preference = locked.get()
    return preference
