"""What notifications keep about people: their inbox, with what became of each push."""

from apps.core import personal
from apps.notifications.models import Delivery, Notification

personal.shows(
    "notifications",
    Notification,
    by="recipient",
    fields=(
        *("id", "kind", "params", "target_type", "target_id"),
        *("created_at", "seen_at", "read_at", "archived_at"),
    ),
)
personal.shows(
    "pushes",
    Delivery,
    by="notification__recipient",
    fields=("id", "notification_id", "channel", "state", "reason", "created_at", "sent_at"),
)

# Deliveries go with what they deliver.
personal.forgets(Notification, by="recipient")
