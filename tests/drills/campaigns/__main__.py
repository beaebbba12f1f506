"""The crowd and those who speak to it:

python -m tests.drills.campaigns seed PHONES      so many people, sessions and phones, by COPY
python -m tests.drills.campaigns release          a campaign to all of the newest version; prints its id
python -m tests.drills.campaigns pause|stop ID    what staff do to it
python -m tests.drills.campaigns tell SECONDS     ten people a second are told something of their own
"""

import secrets
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import django
from django.db import connection, transaction
from django.utils import timezone

NEWEST, OLDER = "2.10.0", "2.9.9"
# Every so manieth phone has not been updated.
SOME = 50


def seed(phones: int) -> None:
    from apps.accounts.models import Session, User
    from apps.core.bulk import copy_rows
    from apps.core.ids import new_id
    from apps.devices.models import Device

    ids = [[str(new_id()) for _ in range(phones)] for _ in range(3)]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for model, rows in ((User, _people), (Session, _sessions), (Device, _devices)):
            copy_rows(model, rows(*ids), total=phones, tell=lambda *_: None)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user, accounts_session, devices_device")


def _people(users: list[str], *_: Any) -> Iterator[dict[str, str]]:
    for user in users:
        yield {"id": user, "email": f"{user}@crowd.test", "password": "!", "is_superuser": "f"}


def _sessions(users: list[str], sessions: list[str], _: Any) -> Iterator[dict[str, str]]:
    now = timezone.now()
    late = str(now + timedelta(days=30))
    for user, session in zip(users, sessions, strict=True):
        yield {
            "id": session,
            "user_id": user,
            "installation_id": session,
            "leaf_hash": r"\x00",
            **dict.fromkeys(("platform", "app_version", "os_version", "device_model"), ""),
            "ip_prefix": "",
            "generation": "1",
            "supersedes": "0",
            "reissues": "0",
            "supersedes_lately": "0",
            "revoked_reason": "",
            "rotated_at": str(now),
            "auth_time": str(now),
            "last_seen_at": str(now),
            "idle_expires_at": late,
            "absolute_expires_at": late,
        }


def _devices(users: list[str], sessions: list[str], ids: list[str]) -> Iterator[dict[str, str]]:
    from apps.core import crypto
    from apps.devices.models import Device

    now = str(timezone.now())
    for number, (user, session, pk) in enumerate(zip(users, sessions, ids, strict=True)):
        sealed = crypto.seal(f"phone-{number}", row=Device(pk=uuid.UUID(pk)).seal)
        yield {
            "id": pk,
            "installation_id": pk,
            "user_id": user,
            "session_id": session,
            "platform": "android",
            "locale": "de-AT",
            "time_zone": "Europe/Vienna",
            "app_version": NEWEST if number % SOME else OLDER,
            "last_seen_at": now,
            "push_provider": "fcm",
            "push_address_kind": "token",
            "push_address": rf"\x{sealed.hex()}",
            "push_index": rf"\x{secrets.token_hex(32)}",
            "push_registered_at": now,
        }


def release() -> None:
    from apps.accounts.models import User
    from apps.notifications.models import Campaign
    from apps.notifications.services import campaigns

    staff, _ = User.objects.get_or_create(email="staff@example.test")
    words = {"title": "The harbour is open", "body": "Come and look: boats, lights, and soup."}
    campaign = Campaign(
        title="Drill",
        kind="announcement",
        content={"en": words, "de": words},
        minimum_version="2.10",
    )
    campaigns.compose(campaign=campaign, by=staff.pk)
    campaigns.release(campaign_id=campaign.pk, by=staff.pk)
    print(campaign.pk)


def control(verb: str, campaign_id: str) -> None:
    from apps.notifications.services import campaigns

    getattr(campaigns, verb)(campaign_id=uuid.UUID(campaign_id))


def tell(seconds: float) -> None:
    from apps.devices.models import Device
    from apps.notifications.services import notify

    # Those who get nothing of the campaign: what is measured is the queue and not their own cap.
    others = Device.objects.filter(app_version=OLDER).values_list("user_id", flat=True)
    people, ends, number = list(others[:1_000]), time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        with transaction.atomic():
            notify(
                kind="content_hidden",
                recipient_id=people[number % len(people)],
                data={"what": "post"},
                key=f"meanwhile-{number}",
            )
        number += 1
        time.sleep(0.1)


def main(verb: str, *more: str) -> None:
    if verb in {"seed", "tell"}:
        {"seed": seed, "tell": tell}[verb](int(more[0]))
    elif verb == "release":
        release()
    else:
        control(verb, *more)


if __name__ == "__main__":
    django.setup()
    main(*sys.argv[1:])
