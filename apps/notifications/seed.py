"""Demo data: a campaign that nobody has released yet."""

from apps.accounts.models import User
from apps.notifications.models import Campaign
from apps.notifications.services import campaigns

_TITLE = "Welcome to the new harbour map"
_CONTENT = {
    "en": {"title": "The harbour has a map", "body": "See which ferry lies where, as it happens."},
    "de": {"title": "Der Hafen hat eine Karte", "body": "Sieh, welche Fähre wo liegt, im Moment."},
}


def seed() -> None:
    """Write one draft, to preview, to try, and to let go."""
    if Campaign.objects.exists():
        return
    staff = User.objects.filter(is_staff=True).order_by("pk").first()
    if staff:
        campaign = Campaign(
            title=_TITLE, kind="announcement", content=_CONTENT, minimum_version="2.0", pace=100
        )
        campaigns.compose(campaign=campaign, by=staff.pk)
