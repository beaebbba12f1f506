"""What people hold: one row per installation of the app."""

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts.models import Session, User
from apps.core.crypto import sealed
from apps.core.models import Record, planned_manager
from apps.devices.models.decisions import PLATFORM_CHOICES
from apps.devices.querysets import NO_ADDRESS, DeviceQuerySet

MAX_ADDRESS = 4_096


def seal_of(device_id: uuid.UUID | str | None) -> str:
    """Return what a device's push address is sealed to."""
    return f"devices.device.push_address:{device_id}"


@sealed(push_address="seal")
class Device(Record):
    """One installation of the app: who is signed in to it, what it says of itself, and where push finds it.

    The push address is sealed to this row and found by its blind index, which is unique: an address has one owner.
    Signing out, theft and a dead address are all the same on this row, the address goes.
    """

    class Provider(models.TextChoices):
        FCM = "fcm"
        APNS = "apns"
        EXPO = "expo"

    class AddressKind(models.TextChoices):
        TOKEN = "token"  # noqa: S105
        INSTALLATION = "installation"

    class Environment(models.TextChoices):
        PRODUCTION = "production"
        SANDBOX = "sandbox"

    class Silence(models.TextChoices):
        SIGNED_OUT = "signed_out"
        REMOVED = "removed"
        ADDRESS_MOVED = "address_moved"
        ADDRESS_WITHDRAWN = "address_withdrawn"
        ADDRESS_DEAD = "address_dead"
        ADDRESS_STALE = "address_stale"
        OVER_CAP = "over_cap"

    # What is known of an installation that somebody takes over.
    AS_NEW: ClassVar = {
        **NO_ADDRESS,
        **dict.fromkeys(("os_version", "model", "app_version", "build", "locale", "time_zone"), ""),
        "push_registered_at": None,
        "push_silenced_at": None,
        "push_silenced_reason": "",
    }

    installation_id = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    session = models.ForeignKey(Session, on_delete=models.SET_NULL, null=True, related_name="+")
    platform = models.CharField(max_length=10, choices=PLATFORM_CHOICES)
    os_version = models.CharField(max_length=40, blank=True, default="", db_default="")
    model = models.CharField(max_length=80, blank=True, default="", db_default="")
    app_version = models.CharField(max_length=40, blank=True, default="", db_default="")
    build = models.CharField(max_length=40, blank=True, default="", db_default="")
    locale = models.CharField(max_length=35, blank=True, default="", db_default="")
    time_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    last_seen_at = models.DateTimeField()

    push_provider = models.CharField(
        max_length=10, choices=Provider, blank=True, default="", db_default=""
    )
    push_address_kind = models.CharField(
        max_length=15, choices=AddressKind, blank=True, default="", db_default=""
    )
    push_environment = models.CharField(
        max_length=15, choices=Environment, blank=True, default="", db_default=""
    )
    push_address = models.BinaryField(null=True, help_text="Sealed to this row.")
    push_index = models.BinaryField(
        max_length=32, null=True, unique=True, help_text="Blind index of provider and address."
    )
    push_registered_at = models.DateTimeField(
        null=True, help_text="By the phone's clock; kept when the address goes."
    )
    push_silenced_at = models.DateTimeField(null=True)
    push_silenced_reason = models.CharField(
        max_length=20, choices=Silence, blank=True, default="", db_default=""
    )

    objects = planned_manager(DeviceQuerySet)

    class Meta:
        indexes = [
            models.Index("user", F("created_at").desc(), F("id").desc(), name="device_of_user"),
            models.Index(
                fields=["push_registered_at"],
                condition=Q(push_index__isnull=False),
                name="device_push_renewal",
            ),
            models.Index(
                fields=["last_seen_at"], condition=Q(user=None), name="device_abandonment"
            ),
            # Counts by version are answered from the index alone.
            models.Index(
                fields=["last_seen_at"], include=["platform", "app_version"], name="device_activity"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(push_index=None, push_address=None, push_provider="")
                | Q(
                    push_index__isnull=False,
                    push_address__isnull=False,
                    push_registered_at__isnull=False,
                    push_silenced_at=None,
                )
                & ~Q(push_provider=""),
                name="device_push_whole_or_none",
            ),
            models.CheckConstraint(
                condition=Q(push_index=None) | Q(user__isnull=False),
                name="device_push_has_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model or self.platform} {self.installation_id}"

    @property
    def seal(self) -> str:
        """What the push address is sealed to."""
        return seal_of(self.pk)

    def write(self, **changes: Any) -> None:
        """Change these fields of the row, and when it was changed."""
        for name, value in {**changes, "updated_at": Now()}.items():
            setattr(self, name, value)
        self.save(update_fields=[*changes, "updated_at"])
