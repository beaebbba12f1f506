"""What is asked after the first proof: codes from an authenticator app, and those written down for when it is lost."""

from django.db import models
from django.db.models import Q

from apps.accounts.models.people import User
from apps.accounts.querysets import RecoveryCodeQuerySet, TotpQuerySet
from apps.core.crypto import sealed
from apps.core.models import Record, planned_manager


@sealed(sealed_seed="seal")
class Totp(Record):
    """An authenticator app (RFC 6238): its seed, and the last time step whose code was used.

    Unconfirmed it is a seed on its way to the app, and nothing is asked at sign-in yet.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="+")
    sealed_seed = models.BinaryField(max_length=128)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(
        default=0, db_default=0, help_text="Codes of this half minute and earlier are spent."
    )

    objects = planned_manager(TotpQuerySet)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def seal(self) -> str:
        """Where the seed opens, and nowhere else."""
        return f"accounts_totp.sealed_seed:{self.pk}"


class RecoveryCode(Record):
    """One code of the list that a person keeps for the day their phone is gone; good once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    code_hash = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    objects = planned_manager(RecoveryCodeQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "code_hash"], name="recovery_code_once"),
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(used_at=None), name="recovery_code_left"),
        ]

    def __str__(self) -> str:
        return str(self.id)
