"""The door for staff: what was said to whom and what became of it, and what is said to many."""

from apps.core import roles
from apps.notifications.admin import campaigns, ledger

roles.grant(
    roles.SUPPORT,
    *(
        "notifications.view_notification",
        "notifications.view_delivery",
        "notifications.view_mailevent",
    ),
    "notifications.view_campaign",
)
roles.grant(
    roles.CAMPAIGNS,
    *(f"notifications.{may}_campaign" for may in ("view", "add", "change", "delete")),
    *(f"notifications.{may}_campaign" for may in ("release", "control")),
)

__all__ = ["campaigns", "ledger"]
