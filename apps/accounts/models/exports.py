"""Archives of what is kept about somebody, made for them."""

from django.db import models
from django.db.models import Q

from apps.accounts.models.people import User
from apps.accounts.querysets import ExportQuerySet
from apps.core.models import Record, planned_manager


class Export(Record):
    """One archive: asked for, made by a worker, kept for some days. Where it lies is derived from the id."""

    class State(models.TextChoices):
        PENDING = "pending"
        READY = "ready"

    # The constraint's index serves what is asked of one person.
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(
        max_length=10, choices=State, default=State.PENDING, db_default=State.PENDING
    )
    size = models.PositiveBigIntegerField(null=True, help_text="Bytes.")
    expires_at = models.DateTimeField(
        db_index=True, help_text="Until then it may be read, or, while it is pending, still made."
    )

    objects = planned_manager(ExportQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="pending"), name="export_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state="pending", size=None) | Q(state="ready", size__isnull=False),
                name="export_ready_has_size",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"
