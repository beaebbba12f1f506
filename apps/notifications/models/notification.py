"""What somebody was told, and how much of it they have not read."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value

from apps.accounts.models import User
from apps.core.models import PlannedQuerySet, Record, planned_manager
from apps.core.snapshots import TransactionField, stamped
from apps.notifications.kinds import Category
from apps.notifications.querysets import NotificationQuerySet

_IN_INBOX = Q(archived_at=None, listed=True)


class Notification(Record):
    """Something that one person should know, as it lies in their inbox.

    What it says is rendered when it is read, in the reader's language: the row keeps the kind and its data.
    """

    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=40)
    category = models.CharField(max_length=20, choices=Category)
    data = models.JSONField(default=dict)
    target_type = models.CharField(max_length=20, blank=True, default="", db_default="")
    target_id = models.UUIDField(null=True)
    key = models.CharField(
        max_length=100, help_text="Names the cause: one cause, one notification of a kind."
    )
    listed = models.BooleanField(
        default=True,
        db_default=True,
        help_text="In the inbox; not where its owner wants only the push.",
    )
    seen_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    changed_in = TransactionField()

    # The reader's, where the queryset brought it along: `with_language()`.
    language: str

    objects = planned_manager(NotificationQuerySet)

    class Meta:
        triggers = [stamped("changed_in")]
        indexes = [
            models.Index(fields=["recipient", "changed_in"], name="notification_changes"),
            models.Index(
                "recipient",
                F("created_at").desc(),
                F("id").desc(),
                condition=_IN_INBOX,
                name="notification_inbox",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["recipient", "kind", "key"], name="notification_once"),
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
        """Where the app opens when somebody taps; a campaign says it in its data."""
        return link_of(self.data, self.target_type, self.target_id)

    @property
    def needs_nobody(self) -> bool:
        """Read or put away: no phone has to ring for it any more."""
        return self.read_at is not None or self.archived_at is not None


def link_of(data: Mapping[str, Any], target_type: str, target_id: uuid.UUID | str | None) -> str:
    """Return what a notification with this data and target opens."""
    if link := data.get("link"):
        return str(link)
    return f"{settings.DEEP_LINKS}{target_type}/{target_id}" if target_id else ""


class Inbox(models.Model):
    """How much of it somebody has not read: counted as it changes, so that asking costs one row.

    `removed_in` is the last transaction that took something out of the inbox without a trace; `hints` has, for each
    topic, the last one that changed what the person may see of it. Both are for `streaming/`.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    unread = models.PositiveIntegerField(default=0, db_default=0)
    removed_in = TransactionField(null=True)
    hints = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        verbose_name_plural = "inboxes"

    def __str__(self) -> str:
        return f"{self.user_id} {self.unread}"
