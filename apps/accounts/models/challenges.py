"""What we asked and await the answer to: one row for each question, gone when it was answered."""

from datetime import datetime

from django.db import models

from apps.accounts.models.people import User
from apps.accounts.querysets import ChallengeQuerySet
from apps.core.models import Record, planned_manager


class Challenge(Record):
    """A random secret that a phone has to show again with its answer; the row keeps its hash.

    It is good for one purpose, for minutes, and for one right answer.
    """

    class Purpose(models.TextChoices):
        SECOND_STEP = "second_step"
        PASSKEY_SIGN_IN = "passkey_sign_in"
        PASSKEY_REGISTRATION = "passkey_registration"

    purpose = models.CharField(max_length=20, choices=Purpose)
    user = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Who may answer; nobody in particular before a sign-in.",
    )
    secret_hash = models.BinaryField(max_length=32, unique=True)
    tries_left = models.PositiveSmallIntegerField(default=5, db_default=5)
    expires_at = models.DateTimeField(db_index=True)

    objects = planned_manager(ChallengeQuerySet)

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

    def can_be_tried(self, now: datetime) -> bool:
        return self.tries_left > 0 and now < self.expires_at
