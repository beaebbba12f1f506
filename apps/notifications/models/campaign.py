"""What staff tell many people at once: what is said, to whom, when, and how far it has come."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.core.audit import audited
from apps.core.models import PlannedQuerySet, Versioned, planned_manager
from apps.devices.models.decisions import (
    PLATFORM_CHOICES,
    PercentageField,
    VersionField,
    is_locale,
)
from apps.notifications.kinds import KINDS
from apps.notifications.querysets import CampaignQuerySet

_MOST_DAYS = 730
# Pushes in a second: more than any service takes of one sender.
_FASTEST = 10_000

_is_image = RegexValidator(r"\Ahttps://", "An address that begins with https://")


class State(models.TextChoices):
    """How far a campaign has come."""

    DRAFT = "draft"
    AWAITING = "awaiting", "awaiting a second pair of eyes"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"


@audited()
class Campaign(Versioned):
    """One message of staff to everybody who fits. Written while it is a draft; what was released never changes.

    `content` is by language: `{"en": {"title": …, "body": …}}`. Whoever reads a language that it does not hold gets the
    product's own. An empty filter lets everybody in.
    """

    State = State
    # After it nothing is sent any more.
    OVER = (State.FINISHED, State.STOPPED)
    BEFORE = {
        State.DRAFT: (State.AWAITING, State.SCHEDULED),
        State.AWAITING: (State.DRAFT,),
        State.SCHEDULED: (State.DRAFT, State.AWAITING),
        State.RUNNING: (State.SCHEDULED, State.PAUSED),
        State.PAUSED: (State.RUNNING,),
        State.FINISHED: (State.RUNNING,),
        State.STOPPED: (State.SCHEDULED, State.RUNNING, State.PAUSED),
    }

    title = models.CharField(max_length=100, help_text="For staff; nobody else reads it.")
    kind = models.CharField(max_length=40)
    content = models.JSONField(default=dict, blank=True)
    link = models.CharField(
        max_length=300, blank=True, default="", help_text="What a tap opens in the app."
    )
    image = models.CharField(
        max_length=500,
        blank=True,
        default="",
        validators=[_is_image],
        help_text="A picture, by its https address.",
    )

    platforms = ArrayField(
        models.CharField(max_length=10, choices=PLATFORM_CHOICES), blank=True, default=list
    )
    minimum_version = VersionField(help_text="From this version on.")
    below_version = VersionField(help_text="Up to this version, without it.")
    locales = ArrayField(
        models.CharField(max_length=35, validators=[is_locale]),
        blank=True,
        default=list,
        help_text="Language tags in lower case, with commas: de means de-at as well.",
    )
    seen_within_days = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(_MOST_DAYS)]
    )
    unseen_for_days = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(_MOST_DAYS)]
    )
    groups = ArrayField(
        models.CharField(max_length=150),
        blank=True,
        default=list,
        help_text="Names of groups of people, with commas.",
    )
    flag = models.CharField(
        max_length=64,
        blank=True,
        default="",
        help_text="Where this flag is on: its groups, its share.",
    )
    percentage = PercentageField(default=100, help_text="Of the installations that fit the above.")

    send_on = models.DateField(null=True, blank=True, help_text="Empty: as soon as it is released.")
    send_at = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        default="UTC",
        help_text="By whose clock, such as Europe/Vienna; empty: by each reader's own.",
    )
    pace = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(_FASTEST)],
        help_text="Pushes in a second; empty: as fast as they go.",
    )

    # What follows is written by the program alone.
    state = models.CharField(
        max_length=10,
        choices=State,
        default=State.DRAFT,
        db_default=State.DRAFT,
        editable=False,
    )
    composed_by = ArrayField(
        models.UUIDField(), default=list, editable=False, help_text="Everybody who wrote at it."
    )
    released_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    released_at = models.DateTimeField(null=True, editable=False)
    starts_at = models.DateTimeField(
        null=True, editable=False, help_text="The first moment at which anybody is told."
    )
    started_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)
    last_device = models.UUIDField(
        null=True, editable=False, help_text="Of the installations that there were at the start."
    )
    planned_at = models.DateTimeField(
        null=True, editable=False, help_text="When all its chunks were there."
    )
    paced_until = models.DateTimeField(
        null=True, editable=False, help_text="When, at its pace, the last push so far goes."
    )
    outcomes = models.JSONField(
        default=list, editable=False, help_text="The ledger as it was counted last."
    )
    counted_at = models.DateTimeField(null=True, editable=False)
    counted_in_ms = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = planned_manager(CampaignQuerySet)

    class Meta:
        permissions = [
            ("release_campaign", "Can release campaigns"),
            ("control_campaign", "Can pause, resume and stop campaigns"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="kept_once_released",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Q(old__released_at__isnull=False),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(send_on=None, send_at=None)
                | Q(send_on__isnull=False, send_at__isnull=False),
                name="campaign_time_whole_or_none",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "awaiting"], released_at=None)
                | ~Q(state__in=["draft", "awaiting"])
                & Q(released_at__isnull=False, starts_at__isnull=False, released_by__isnull=False),
                name="campaign_released_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def missing(self) -> str:
        """What keeps it from being released, in a sentence; "" when everything is said in every language begun."""
        for language, name in settings.LANGUAGES:
            words = self.content.get(language, {})
            title, body = words.get("title", ""), words.get("body", "")
            if bool(title) != bool(body):
                return f"{name} has a title or a text, and not the other."
            if not title and language == settings.LANGUAGE_CODE:
                return f"It says nothing in {name}, which everybody gets who reads nothing else."
        return ""

    @property
    def is_local(self) -> bool:
        """Everybody is told by the clock of their own phone."""
        return self.send_on is not None and not self.time_zone

    @property
    def carried(self) -> dict[str, Any]:
        """What each notification carries, so that it needs nothing else to be read: every language at once."""
        words = {language: said for language, said in self.content.items() if said.get("title")}
        return {"words": words, "link": self.link, "image": self.image}

    @property
    def is_writable(self) -> bool:
        return self.state == State.DRAFT

    @property
    def apart(self) -> timedelta:
        """How long after one push the next one goes."""
        return timedelta(seconds=1 / self.pace) if self.pace else timedelta()

    def moment_in(self, zone: str) -> datetime:
        """Return the moment at which somebody in a zone is told, by that clock."""
        assert self.send_on  # noqa: S101 - asked of campaigns with a time only
        assert self.send_at  # noqa: S101
        return datetime.combine(self.send_on, self.send_at, ZoneInfo(zone)).astimezone(UTC)

    def clean(self) -> None:
        """Refuse a kind whose words are not staff's, a zone that is none, and half a time."""
        if self.kind not in KINDS or not KINDS[self.kind].is_composed:
            raise ValidationError({"kind": "There is no such kind of campaign."})
        if self.time_zone and self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": "There is no such zone."})
        if (self.send_on is None) != (self.send_at is None):
            raise ValidationError({"send_at": "Say both the day and the hour, or neither."})


class CampaignChunk(models.Model):
    """A range of installations, by id, and what was written for those of them that fit: all of it, or nothing yet.

    The upper end is part of it, the lower end is not.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        DONE = "done"

    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, related_name="chunks", db_index=False
    )
    due_at = models.DateTimeField(help_text="When the clocks show the hour that was asked for.")
    after = models.UUIDField()
    up_to = models.UUIDField()
    state = models.CharField(max_length=10, choices=State, default=State.PLANNED)
    told = models.PositiveIntegerField(default=0, help_text="People.")
    queued = models.PositiveIntegerField(default=0, help_text="Pushes.")
    suppressed = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        indexes = [
            models.Index(
                fields=["campaign", "due_at", "after"],
                condition=Q(state="planned"),
                name="chunk_planned",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "due_at", "after"], name="chunk_once"),
            models.CheckConstraint(
                condition=Q(state="planned", done_at=None) | Q(state="done", done_at__isnull=False),
                name="chunk_done_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} after {self.after}: {self.state}"
