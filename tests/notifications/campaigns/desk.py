"""What staff write before a test begins, and the crowd that they write to."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import User
from apps.core.ids import new_id
from apps.devices.models import Device
from apps.notifications.models import Campaign, Delivery
from apps.notifications.services import campaigns
from tests.outbox import drain

CONTENT = {
    "en": {"title": "The harbour is open", "body": "Come and look."},
    "de": {"title": "Der Hafen ist offen", "body": "Komm vorbei."},
}
STEPS = {
    f"notifications.{name}_campaign" for name in ("begin", "plan", "write", "settle", "follow")
}


def composer(name: str = "composer") -> User:
    return User.objects.get_or_create(email=f"{name}@example.test", defaults={"is_staff": True})[0]


def composed(by: User | None = None, **fields: Any) -> Campaign:
    """Write a draft; return it."""
    words: dict[str, Any] = {"title": "Open day", "kind": "announcement", "content": CONTENT}
    campaign = Campaign(**(words | fields))
    campaign.full_clean()
    campaigns.compose(campaign=campaign, by=(by or composer()).pk)
    return campaign


def released(**fields: Any) -> Campaign:
    """Write a campaign and release it; nothing of it has begun."""
    campaign = composed(**fields)
    campaigns.release(campaign_id=campaign.pk, by=composer().pk)
    campaign.refresh_from_db()
    return campaign


def written(**fields: Any) -> Campaign:
    """Write a campaign, release it, and let it run until all of it is in the ledger."""
    campaign = released(**fields)
    drain(sending=False)
    campaign.refresh_from_db()
    return campaign


def person(name: str, **fields: Any) -> User:
    return User.objects.create(
        email=f"{name.lower().replace(' ', '-')}@crowd.test", display_name=name, **fields
    )


def installation(owner: User | None, **fields: Any) -> Device:
    """Make a phone that push finds, of somebody who holds it."""
    pk = new_id()
    said: dict[str, Any] = {
        "platform": "ios",
        "app_version": "2.0.0",
        "locale": "en-GB",
        "time_zone": "Europe/Vienna",
        "last_seen_at": timezone.now(),
        "push_provider": "fcm",
        "push_index": pk.bytes,
        "push_address": b"sealed",
        "push_registered_at": timezone.now(),
    }
    device = Device(pk=pk, installation_id=str(pk), user=owner, **(said | fields))
    device.save(force_insert=True)
    return device


def crowd(count: int, **fields: Any) -> list[Device]:
    """Make so many people with a phone each."""
    return [
        installation(person(f"p{number}-{uuid.uuid4().hex[:6]}"), **fields)
        for number in range(count)
    ]


def told(campaign: Campaign) -> list[uuid.UUID]:
    """Return the installations that a campaign has a push for, however often."""
    return list(
        Delivery.objects.filter(campaign=campaign, channel="push")
        .order_by("device_id")
        .values_list("device_id", flat=True)
    )


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)
