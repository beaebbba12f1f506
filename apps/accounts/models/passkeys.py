"""Keys that phones keep for a person: what signs in without a password (WebAuthn)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F

from apps.accounts.models.people import User
from apps.accounts.querysets import PasskeyQuerySet
from apps.core.models import Record, planned_manager


class Passkey(Record):
    """The public half of a key pair that an authenticator made for us."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=80, help_text="What its owner calls it.")
    credential_id = models.BinaryField(max_length=1_023, unique=True)
    public_key = models.BinaryField(max_length=2_048, help_text="COSE (RFC 9052).")
    sign_count = models.BigIntegerField(
        default=0, help_text="Grows with every use, where the authenticator counts at all."
    )
    transports = ArrayField(models.CharField(max_length=20), default=list, size=8)
    is_backed_up = models.BooleanField(default=False)
    last_used_at = models.DateTimeField(null=True)

    objects = planned_manager(PasskeyQuerySet)

    class Meta:
        indexes = [
            models.Index("user", F("id").desc(), name="passkey_of"),
        ]

    def __str__(self) -> str:
        return str(self.id)
