"""Keys by which servers come in, on somebody's behalf."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models.people import User
from apps.accounts.querysets import ApiKeyQuerySet
from apps.core.audit import audited
from apps.core.models import Record, planned_manager


@audited()
class ApiKey(Record):
    """What one server shows in place of a person's token: it acts as an account, within its scopes and no further.

    The key is `prefix.secret`. The prefix finds the row; of the secret, which has full entropy, the row keeps the
    SHA-256.
    """

    name = models.CharField(max_length=80, help_text="Which server holds it, and for what.")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    prefix = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=40), help_text="What it may do.")
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(
        null=True, editable=False, help_text="To within ten minutes."
    )
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = planned_manager(ApiKeyQuerySet)

    class Meta:
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(condition=~Q(scopes=[]), name="api_key_has_scopes"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def stands(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at
