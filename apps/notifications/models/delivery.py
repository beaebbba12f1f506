"""The ledger: what became of each notification on each way to its reader."""

from django.db import models
from django.db.models import Q

from apps.core.models import Record, planned_manager
from apps.devices.models import Device
from apps.notifications.kinds import Channel
from apps.notifications.models.campaign import Campaign
from apps.notifications.models.notification import Notification
from apps.notifications.querysets import DeliveryQuerySet


class State(models.TextChoices):
    """Where a delivery stands, and by whose word."""

    QUEUED = "queued"
    SUPPRESSED = "suppressed", "suppressed: by a rule or because it reaches nobody"
    SENT = "sent", "sent: handed over, the answer is outstanding"
    ACCEPTED = "accepted", "accepted: the service has said yes"
    DELIVERED = "delivered", "delivered: the phone, or the reader's mail server, has said so"
    OPENED = "opened", "opened: somebody tapped it"
    FAILED = "failed"
    EXPIRED = "expired"


class Turn(models.IntegerChoices):
    """Whose turn comes first where there is more to send than a service takes."""

    PROMPT = 0, "prompt: somebody waits for it"
    CAMPAIGN = 1, "campaign: overtaken by everything else"


class Delivery(Record):
    """One notification on its way to one device, or by mail: a place in the queue of its provider, and what came of it.

    `attempts` is the fencing token: whoever sends records the outcome only if nobody has tried since. `next_attempt_at`
    is when the next try may begin; while the state is `sent`, when the sender is taken for dead or a receipt is due.
    What is open and due is sent by whoever looks first (`delivery/`): there is no other queue.
    The table is split by the month of the notification (`core/partitions.py`), which every key of it must therefore
    hold: look a delivery up by both ids.
    """

    State = State
    Turn = Turn
    OPEN = (State.QUEUED, State.SENT)
    BEFORE = {
        State.QUEUED: (State.QUEUED, State.SENT),
        State.SUPPRESSED: (State.QUEUED, State.SENT),
        # A sender that died is followed by another.
        State.SENT: (State.QUEUED, State.SENT),
        State.ACCEPTED: (State.SENT,),
        # A phone may speak up before the answer of the service was heard.
        State.DELIVERED: (State.QUEUED, State.SENT, State.ACCEPTED),
        State.OPENED: (State.QUEUED, State.SENT, State.ACCEPTED, State.DELIVERED),
        # What was accepted can come back: a mail bounces, or its reader calls it spam.
        State.FAILED: (State.SENT, State.ACCEPTED, State.DELIVERED),
        State.EXPIRED: (State.QUEUED, State.SENT),
    }

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    device = models.ForeignKey(
        Device, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    # Where one campaign stands is counted from its index; a campaign that ran stays.
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    channel = models.CharField(max_length=10, choices=Channel)
    state = models.CharField(
        max_length=12, choices=State, default=State.QUEUED, db_default=State.QUEUED
    )
    reason = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="The service's code, or the rule: why it was not accepted, or not yet.",
    )
    failure = models.CharField(
        max_length=25, blank=True, default="", db_default="", help_text="The class of the failure."
    )
    provider = models.CharField(
        max_length=10,
        blank=True,
        default="",
        db_default="",
        help_text="The service that it goes through: its queue.",
    )
    priority = models.PositiveSmallIntegerField(
        choices=Turn, default=Turn.PROMPT, db_default=Turn.PROMPT
    )
    provider_message_id = models.CharField(max_length=200, blank=True, default="", db_default="")
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    speaks_for = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many others this one tells of: a digest."
    )
    next_attempt_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)

    objects = planned_manager(DeliveryQuerySet)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["queued", "sent"]),
                name="delivery_open",
            ),
            # The queue of each service, campaigns last.
            models.Index(
                fields=["provider", "priority", "next_attempt_at"],
                condition=Q(state__in=["queued", "sent"]),
                name="delivery_due",
            ),
            models.Index(
                fields=["campaign", "state", "provider", "failure", "reason"],
                condition=Q(campaign__isnull=False),
                name="delivery_of_campaign",
            ),
            # What a phone was sent today, and what still waits for it.
            models.Index(fields=["device", "sent_at"], name="delivery_of_device"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notification", "device", "channel"],
                nulls_distinct=False,
                name="delivery_once",
            ),
            models.CheckConstraint(
                condition=~Q(channel="in_app") | Q(state="suppressed"),
                name="delivery_in_app_is_a_row_only_if_suppressed",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "sent"])
                | Q(next_attempt_at__isnull=False) & ~Q(provider=""),
                name="delivery_open_is_in_a_queue",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "accepted"]) | Q(sent_at__isnull=False),
                name="delivery_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(accepted_at__isnull=False),
                name="delivery_accepted_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["suppressed", "failed"]) | ~Q(reason=""),
                name="delivery_not_sent_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.state} {self.id}"
