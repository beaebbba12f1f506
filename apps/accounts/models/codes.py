"""The codes that prove an address."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q

from apps.accounts.models.people import User
from apps.accounts.querysets import EmailCodeQuerySet
from apps.core.models import Record, planned_manager


class EmailCode(Record):
    """A six-digit code on its way to an address; the digits are derived from the id, the row keeps their keyed hash."""

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        REAUTHENTICATE = "reauthenticate"
        RESET_PASSWORD = "reset_password"  # noqa: S105
        CHANGE_EMAIL = "change_email"
        SIGN_IN = "sign_in"

    user = models.ForeignKey(
        User,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text="Empty where nobody has an account: asking leaves the same trace either way.",
    )
    purpose = models.CharField(max_length=20, choices=Purpose)
    address = models.EmailField(max_length=254, blank=True)
    former_address = models.EmailField(
        max_length=254, null=True, help_text="What the address replaced, to be told of it."
    )
    subject = models.CharField(
        max_length=32,
        null=True,
        help_text="Names the address, as a keyed hash, where somebody who is not signed in asked.",
    )
    code_hash = models.BinaryField(max_length=16)
    session_id = models.UUIDField(
        null=True, help_text="The session that asked, where the code is good for no other."
    )
    tries_left = models.PositiveSmallIntegerField(default=5)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = planned_manager(EmailCodeQuerySet)

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="email_code_expiry"),
            models.Index(
                "subject",
                F("id").desc(),
                condition=Q(used_at=None, subject__isnull=False),
                name="email_code_open_at",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "purpose"], condition=Q(used_at=None), name="email_code_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

    def can_be_tried(self, now: datetime) -> bool:
        return self.used_at is None and self.tries_left > 0 and now < self.expires_at
