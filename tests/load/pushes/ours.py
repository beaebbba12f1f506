"""Our side: what a sender does when it is rung, in one process, on deliveries that wait in the ledger.

`python -m tests.load.pushes.ours fill fcm 5000` makes so many readers with a phone each, and tells each of them
something that all rules are asked about; `send fcm` sends it and prints how long that took.
"""

import json
import sys
import time
from datetime import timedelta
from typing import Any

import django


def fill(provider: str, count: int) -> None:
    from django.db import connection, transaction
    from django.utils import timezone

    from apps.accounts.models import Session, User
    from apps.accounts.services import sessions
    from apps.accounts.services.sessions import Origin
    from apps.core import crypto
    from apps.core.ids import new_id
    from apps.devices.models import Device
    from apps.notifications.models import Delivery, Notification

    first = User.objects.create(email="first@example.test", display_name="Reader", locale="en")
    with transaction.atomic():
        sessions.begin(first, Origin(installation_id="first", platform="ios", app_version="2.4.0"))
    session = Session.objects.get(user=first)
    rows: dict[Any, list[Any]] = {
        model: [] for model in (User, Session, Device, Notification, Delivery)
    }
    now = timezone.now()
    for number in range(1, count + 1):
        where = {"fcm": f"phone-{number}" + "x" * 140, "apns": f"{number:064x}"}[provider]
        user = _copy(first, email=f"reader-{number}@example.test")
        signed_in = _copy(session, user=user)
        one = Device(
            user=user, session=signed_in, installation_id=f"phone-{number}", platform="ios",
            last_seen_at=now, push_provider=provider, push_address_kind="token",
            push_environment="production", push_registered_at=now,
        )  # fmt: skip
        one.push_address = crypto.seal(where, row=one.seal)
        one.push_index = crypto.blind_index(f"{provider}\0{where}", purpose="devices.push_address")
        told = Notification(
            recipient=user, kind="post_shared", category="social", key="bench",
            data={"name": "Sam", "title": f"Harbour lights {number}"},
            target_type="post", target_id=new_id(),
        )  # fmt: skip
        delivery = Delivery(
            notification=told, device=one, channel="push", provider=provider,
            next_attempt_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        for row in (user, signed_in, one, told, delivery):
            rows[type(row)].append(row)
    for model, made in rows.items():
        model.objects.bulk_create(made, batch_size=1_000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


def _copy(row: Any, **changes: Any) -> Any:
    from apps.core.ids import new_id

    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    made = type(row)(**values)
    made.pk = new_id()
    made._state.adding = True
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def send(provider: str) -> None:
    from apps.notifications.delivery import send_due
    from apps.notifications.models import Delivery

    began, burnt = time.perf_counter(), time.process_time()
    send_due(queue=provider, ends=time.monotonic() + 300)
    seconds, cpu = time.perf_counter() - began, time.process_time() - burnt
    sent = Delivery.objects.filter(state="accepted").count()
    print(json.dumps({"sent": sent, "seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    django.setup()
    verb, provider, *rest = sys.argv[1:]
    if verb == "fill":
        fill(provider, int(rest[0]))
    else:
        send(provider)
