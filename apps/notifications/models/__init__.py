"""What reaches people: the row in the inbox, one row for each way out, and what each person wants to hear."""

from apps.notifications.models.campaign import Campaign, CampaignChunk
from apps.notifications.models.delivery import Delivery
from apps.notifications.models.mail_event import MailEvent
from apps.notifications.models.notification import Inbox, Notification
from apps.notifications.models.preference import Preference

__all__ = [
    "Campaign",
    "CampaignChunk",
    "Delivery",
    "Inbox",
    "MailEvent",
    "Notification",
    "Preference",
]
