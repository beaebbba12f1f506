"""What reaches people: the row in the inbox, and one row for each device that is told about it."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.core.models import Record, planned_manager
from apps.devices.models import Device
from apps.notifications.querysets import DeliveryQuerySet, NotificationQuerySet


class Category(models.TextChoices):
    """What people choose by."""

    SOCIAL = "social"


@dataclass(frozen=True, slots=True)
class Kind:
    """What all notifications of one kind share; their words are in `templates/notifications/<kind>.<language>.txt`."""

    category: Category
    life: timedelta
    """A push that could not be delivered for so long is not worth delivering any more."""
    urgent: bool = True
    """Wakes the phone up."""
    replaces_older: bool = False
    """On the phone, the newest about a target takes the place of older ones."""


KINDS = {
    "comment_created": Kind(Category.SOCIAL, life=timedelta(days=1)),
}


class Notification(Record):
    """Something that one person should know, as it lies in their inbox.

    What it says is rendered when it is read, in the reader's language: the row keeps the kind and its parameters.
    """

    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    category = models.CharField(max_length=20, choices=Category)
    params = models.JSONField(default=dict)
    target_type = models.CharField(max_length=20, blank=True, default="", db_default="")
    target_id = models.UUIDField(null=True)
    dedupe = models.CharField(
        max_length=100, help_text="Names the cause: one cause, one notification of a kind."
    )
    seen_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    # The reader's, where the queryset brought it along: `with_language()`.
    language: str

    objects = planned_manager(NotificationQuerySet)

    class Meta:
        indexes = [
            models.Index(
                "recipient",
                F("created_at").desc(),
                F("id").desc(),
                condition=Q(archived_at=None),
                name="notification_inbox",
            ),
            models.Index(
                fields=["recipient", "created_at", "id"],
                condition=Q(archived_at=None, read_at=None),
                name="notification_unread",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "dedupe"], name="notification_once"
            ),
            models.CheckConstraint(
                condition=Q(read_at=None) | Q(seen_at__isnull=False),
                name="notification_read_is_seen",
            ),
            models.CheckConstraint(
                condition=Q(target_type="", target_id=None)
                | ~Q(target_type="") & Q(target_id__isnull=False),
                name="notification_target_whole_or_none",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def link(self) -> str:
        """Where the app opens when somebody taps."""
        return f"{settings.DEEP_LINKS}{self.target_type}/{self.target_id}" if self.target_id else ""

    @property
    def needs_nobody(self) -> bool:
        """Read or put away: no phone has to ring for it any more."""
        return self.read_at is not None or self.archived_at is not None


class Delivery(Record):
    """One notification on its way to one device: the state that its job finds and leaves behind.

    `attempts` is the fencing token: whoever sends records the outcome only if nobody has tried since. `next_attempt_at`
    is when the next try may begin, and while the state is `sending`, when the one that sends is taken for dead.
    """

    class Channel(models.TextChoices):
        PUSH = "push"

    class State(models.TextChoices):
        QUEUED = "queued"
        SUPPRESSED = "suppressed"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        EXPIRED = "expired"

    OPEN = (State.QUEUED, State.SENDING)

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.PUSH)
    state = models.CharField(
        max_length=12, choices=State, default=State.QUEUED, db_default=State.QUEUED
    )
    reason = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Why it was not sent, or not yet.",
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_attempt_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    provider_message_id = models.CharField(max_length=200, blank=True, default="", db_default="")

    objects = planned_manager(DeliveryQuerySet)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["queued", "sending"]),
                name="delivery_open",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "device", "channel"], name="delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | ~Q(state="sent") & Q(sent_at=None),
                name="delivery_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["suppressed", "failed"]) | ~Q(reason=""),
                name="delivery_not_sent_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state} {self.id}"
