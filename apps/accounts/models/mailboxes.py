"""What is known of addresses where mail did not arrive, or was not wanted."""

from django.db import models
from django.db.models import Q

from apps.accounts.querysets import MailSuppressionQuerySet
from apps.core import crypto
from apps.core.audit import audited
from apps.core.crypto import sealed
from apps.core.models import Record, planned_manager


@audited()
@sealed(sealed_address="seal")
class MailSuppression(Record):
    """One address on the suppression list, or on its way there: it bounced, or its reader called our mail spam.

    The address is sealed to this row and found by its blind index. What nobody suppresses only counts soft bounces.
    """

    address_index = models.BinaryField(max_length=32, unique=True)
    sealed_address = models.BinaryField()
    bounced_at = models.DateTimeField(
        null=True, help_text="The last time that no mail could ever be delivered there."
    )
    complained_at = models.DateTimeField(null=True, help_text="Somebody there called it spam.")
    soft_bounces = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Mail that came back for now: a full mailbox."
    )
    code = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="What the server or the mail service said last.",
    )

    objects = planned_manager(MailSuppressionQuerySet)

    class Meta:
        permissions = [("lift_mailsuppression", "Can let mail go to an address again")]
        indexes = [
            models.Index(
                fields=["updated_at"],
                condition=Q(bounced_at=None, complained_at=None),
                name="mail_suppression_counted",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def seal(self) -> str:
        """What the address is sealed to."""
        return f"accounts.mailsuppression.sealed_address:{self.pk}"

    @property
    def address(self) -> str:
        return crypto.open_sealed(bytes(self.sealed_address), row=self.seal)

    @property
    def reason(self) -> str:
        """Why nothing but account mail goes there; "" when mail goes there as ever."""
        if self.complained_at:
            return "complained"
        return "bounced" if self.bounced_at else ""
