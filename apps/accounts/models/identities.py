"""Who somebody is at Apple or Google."""

from django.db import models

from apps.accounts.models.people import User
from apps.accounts.querysets import IdentityQuerySet
from apps.core.crypto import sealed
from apps.core.models import Record, planned_manager


@sealed(sealed_code="code_seal", sealed_refresh_token="refresh_token_seal")  # noqa: S106
class Identity(Record):
    """A person as another issuer knows them: its name for them never changes, their address there may."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    issuer = models.CharField(max_length=100, help_text="As its tokens spell it, with https://.")
    subject = models.CharField(max_length=255)
    client_id = models.CharField(
        max_length=255, help_text="Which of our apps the issuer last named its tokens for."
    )
    last_used_at = models.DateTimeField()
    sealed_code = models.BinaryField(
        max_length=1_024, null=True, help_text="Apple's authorization code until it is exchanged."
    )
    sealed_refresh_token = models.BinaryField(
        max_length=1_024, null=True, help_text="Apple's; needed to revoke it at deletion."
    )

    objects = planned_manager(IdentityQuerySet)

    class Meta:
        verbose_name_plural = "identities"
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def code_seal(self) -> str:
        return f"accounts_identity.sealed_code:{self.pk}"

    @property
    def refresh_token_seal(self) -> str:
        return f"accounts_identity.sealed_refresh_token:{self.pk}"
