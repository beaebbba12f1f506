"""What notifications keep about people: their inbox, with what became of each push, and their wishes."""

from apps.core import personal
from apps.notifications.models import Campaign, Delivery, Inbox, Notification, Preference

personal.shows(
    "notifications",
    Notification,
    by="recipient",
    fields=(
        *("id", "kind", "data", "target_type", "target_id"),
        *("created_at", "seen_at", "read_at", "archived_at"),
    ),
)
personal.shows(
    "pushes",
    Delivery,
    by="notification__recipient",
    fields=(
        "id",
        "notification_id",
        "channel",
        "state",
        "reason",
        "created_at",
        "sent_at",
        "opened_at",
    ),
)

personal.shows(
    "notification_preferences",
    Preference,
    by="user",
    fields=("choices", "quiet_from", "quiet_until", "muted_until"),
)

# Deliveries go with what they deliver.
personal.forgets(Notification, by="recipient")
personal.forgets(Inbox, by="user")
personal.forgets(Preference, by="user")
# Who let it go out: an id.
personal.keeps(Campaign)
