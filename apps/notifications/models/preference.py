"""What one person wants to hear, how, and when not."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.core.models import PlannedQuerySet, Record, planned_manager
from apps.notifications.kinds import OFF_BY_DEFAULT, Category, Channel


class Preference(Record):
    """One person's choices; whoever never chose has no row, and the defaults.

    Quiet hours are by the clock of each device. They may span midnight.
    """

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, related_name="notification_preference"
    )
    choices = models.JSONField(
        default=dict, blank=True, help_text="What was chosen, by category and channel."
    )
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    muted_until = models.DateTimeField(null=True, blank=True)

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="preference_quiet_whole_or_none",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user_id)

    def allows(self, category: str, channel: str) -> bool:
        """Tell whether this person wants to hear of a category by a channel."""
        by_default = (category, channel) not in OFF_BY_DEFAULT
        return category == Category.SECURITY or self.choices.get(category, {}).get(
            channel, by_default
        )

    def has_chosen(self, category: str, channel: str) -> bool:
        """Tell whether this person has said anything about a category by a channel."""
        return channel in self.choices.get(category, {})

    def is_muted(self, now: datetime) -> bool:
        return self.muted_until is not None and self.muted_until > now

    def quiet_ends(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return when the quiet hours that are now, by the clock of a zone, end; None outside of them."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        start, end = self.quiet_from, self.quiet_until
        local = now.astimezone(zone)
        clock = local.time().replace(tzinfo=None)
        spans_midnight = start > end
        is_quiet = (clock >= start or clock < end) if spans_midnight else start <= clock < end
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=1 if spans_midnight and clock >= start else 0)
        return datetime.combine(day, end, zone)

    @property
    def categories(self) -> list[dict[str, Any]]:
        """Every category with every channel, chosen or by default."""
        return [
            {
                "category": category,
                "mandatory": category == Category.SECURITY,
                **{channel: self.allows(category, channel) for channel in Channel.values},
            }
            for category in Category.values
        ]

    @property
    def first_categories(self) -> list[dict[str, Any]]:
        """Those that the wire knew first, and apps in the field may take for all."""
        first = (Category.SOCIAL, Category.SECURITY)
        return [one for one in self.categories if one["category"] in first]

    @property
    def quiet_hours(self) -> dict[str, time | None] | None:
        if self.quiet_from is None:
            return None
        return {"begin": self.quiet_from, "end": self.quiet_until}
