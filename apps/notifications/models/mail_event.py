"""What mail services have reported, so that nothing is noted twice."""

from django.db import models

from apps.core.models import PlannedQuerySet, Record, planned_manager


class MailEvent(Record):
    """One bounce or complaint that was noted. It holds no address: the suppression list does, and the delivery its row.

    Kept for longer than any service repeats itself.
    """

    service = models.CharField(max_length=20)
    event_id = models.CharField(max_length=200)
    event = models.CharField(max_length=20)
    code = models.CharField(max_length=60, blank=True, default="", db_default="")
    notification_id = models.UUIDField(null=True, help_text="Of the delivery, where it was known.")
    delivery_id = models.UUIDField(null=True)

    objects = planned_manager(PlannedQuerySet)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="mail_event_age")]
        constraints = [
            models.UniqueConstraint(fields=["service", "event_id"], name="mail_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.event}"
