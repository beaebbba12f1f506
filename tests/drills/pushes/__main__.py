"""The teller, `python -m tests.drills.pushes PHONES`: one delivery to each of so many phones, committed at once."""

import sys
import uuid

import django
from django.conf import settings
from django.db import transaction


def main(phones: int) -> None:
    from apps.core import crypto
    from apps.core.ids import new_id
    from apps.devices.models import Device
    from apps.notifications.services import notify
    from tests.devices.pockets import reachable
    from tests.phone import Phone

    phone = Phone(platform="android")
    answer = phone.register("reader@example.test")
    assert answer.status == 201, answer.content
    reachable(phone, "phone-0")
    first = Device.objects.get(installation_id=phone.installation_id)
    rows = []
    for number in range(1, phones):
        address = f"phone-{number}"
        row = Device(**{name: getattr(first, name) for name in _SHARED})
        row.pk, row.installation_id = new_id(), address
        row.push_address = crypto.seal(address, row=row.seal)
        row.push_index = crypto.blind_index(f"fcm\0{address}", purpose="devices.push_address")
        rows.append(row)
    Device.objects.bulk_create(rows, batch_size=1_000)
    with transaction.atomic():
        notify(
            kind="device_signed_out",
            recipient_id=uuid.UUID(phone.user_id),
            data={"device": "An old phone"},
            key="drill",
        )


_SHARED = (
    *("user_id", "session_id", "platform", "app_version", "locale", "time_zone", "last_seen_at"),
    *("push_provider", "push_address_kind", "push_environment", "push_registered_at"),
)

if __name__ == "__main__":
    django.setup()
    # The name by which a phone in this process calls us.
    settings.ALLOWED_HOSTS = ["testserver"]
    main(int(sys.argv[1]))
