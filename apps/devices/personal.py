"""What devices keep about people: the installations in their hands, push addresses included."""

from apps.core import personal
from apps.devices.models import Device

personal.shows(
    "devices",
    Device,
    by="user",
    fields=(
        *("id", "installation_id", "platform", "os_version", "model", "app_version", "build"),
        *("locale", "time_zone", "push_provider", "push_registered_at", "created_at"),
        "last_seen_at",
    ),
)

personal.forgets(Device, by="user")
