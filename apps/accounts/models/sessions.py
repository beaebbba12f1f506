"""Where somebody is signed in: one row for each device, and the rules of the tokens that grow from it."""

import hmac
from collections.abc import Buffer
from datetime import datetime, timedelta
from enum import Enum, auto

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.accounts.models.people import User
from apps.accounts.querysets import SessionQuerySet
from apps.core.audit import audited
from apps.core.models import Record, planned_manager

SUPERSEDE_WINDOW = timedelta(hours=1)


class Place(Enum):
    """Where in its family a leaf stands."""

    CURRENT = auto()
    PARENT = auto()
    OLDER = auto()
    SUPERSEDED = auto()
    UNKNOWN = auto()


@audited(operation=pgtrigger.Update | pgtrigger.Delete, hides=("device_model", "ip_prefix"))
class Session(Record):
    """One signed-in device: the family of all tokens that grew from one sign-in (reliability C3).

    The refresh token that is good now is the *leaf*; rotation makes it the parent of the next. Leaves are derived,
    never stored: the row keeps their SHA-256. `supersedes` counts the leaves that were replaced because their delivery
    failed.
    """

    class End(models.TextChoices):
        SIGNED_OUT = "signed_out"
        ENDED_ELSEWHERE = "ended_elsewhere"
        REPLACED = "replaced"
        OVER_CAP = "over_cap"
        REUSE = "reuse"
        PASSWORD_CHANGED = "password_changed"  # noqa: S105
        ACCOUNT_CLOSED = "account_closed"
        ENDED_BY_STAFF = "ended_by_staff"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    installation_id = models.CharField(max_length=64, blank=True, default="")
    platform = models.CharField(max_length=10, blank=True, default="")
    app_version = models.CharField(max_length=40, blank=True, default="")
    os_version = models.CharField(max_length=40, blank=True, default="")
    device_model = models.CharField(max_length=80, blank=True, default="")
    ip_prefix = models.CharField(
        max_length=43, blank=True, default="", help_text="The network, not the address."
    )
    device_key = models.CharField(
        max_length=43,
        blank=True,
        default="",
        db_default="",
        help_text="Thumbprint (RFC 7638) of the key whose proof comes with every refresh; empty: none.",
    )

    generation = models.PositiveIntegerField(default=1)
    supersedes = models.PositiveIntegerField(default=0)
    leaf_hash = models.BinaryField(max_length=32)
    parent_hash = models.BinaryField(max_length=32, null=True)
    attempt_hash = models.BinaryField(
        max_length=32, null=True, help_text="Names the attempt that made the leaf."
    )
    reissues = models.PositiveSmallIntegerField(default=0)
    rotated_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(
        null=True, help_text="When the leaf first proved to have arrived."
    )
    supersedes_lately = models.PositiveSmallIntegerField(default=0)
    supersedes_since = models.DateTimeField(null=True)

    auth_time = models.DateTimeField(help_text="When the person last proved who they are.")
    last_seen_at = models.DateTimeField()
    idle_expires_at = models.DateTimeField(help_text="Never later than the absolute expiry.")
    absolute_expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=20, choices=End, blank=True, default="")

    objects = planned_manager(SessionQuerySet)

    class Meta:
        indexes = [
            models.Index(
                "user", F("id").desc(), condition=Q(revoked_at=None), name="session_of_user"
            ),
            models.Index(
                fields=["idle_expires_at"], condition=Q(revoked_at=None), name="session_expiry"
            ),
            models.Index(
                fields=["revoked_at"], condition=Q(revoked_at__isnull=False), name="session_ended"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "installation_id"],
                condition=Q(revoked_at=None) & ~Q(installation_id=""),
                name="session_one_per_installation",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_reason="")
                | Q(revoked_at__isnull=False) & ~Q(revoked_reason=""),
                name="session_end_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(idle_expires_at__lte=F("absolute_expires_at")),
                name="session_idle_within_absolute",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'device'} {self.id}"

    @property
    def name(self) -> str:
        """What a list of devices calls it."""
        return self.device_model or self.platform

    def stands(self, now: datetime) -> bool:
        """Neither ended nor expired."""
        return self.revoked_at is None and now < self.idle_expires_at

    def place_of(self, generation: int, leaf_hash: bytes) -> Place:
        """Say where a leaf stands; the beginning of its hash is enough to tell."""
        if generation > self.generation:
            # Issued, but not by this database: it was restored from a backup.
            return Place.UNKNOWN
        if generation == self.generation:
            return Place.CURRENT if _begins(self.leaf_hash, leaf_hash) else Place.SUPERSEDED
        if generation == self.generation - 1:
            return Place.PARENT if _begins(self.parent_hash, leaf_hash) else Place.SUPERSEDED
        return Place.OLDER

    def grow(self, now: datetime, *, leaf_hash: bytes, attempt_hash: bytes | None) -> None:
        """Rotate: the leaf becomes the parent of the next generation, which nobody has confirmed yet."""
        self.generation += 1
        self.parent_hash = self.leaf_hash
        self._carry(now, leaf_hash, attempt_hash)

    def replace_leaf(self, now: datetime, *, leaf_hash: bytes, attempt_hash: bytes | None) -> None:
        """Supersede: the leaf never arrived, another takes its place; from here on it is poison."""
        self.supersedes += 1
        if self.supersedes_since is None or now - self.supersedes_since >= SUPERSEDE_WINDOW:
            self.supersedes_since, self.supersedes_lately = now, 0
        self.supersedes_lately += 1
        self._carry(now, leaf_hash, attempt_hash)

    def _carry(self, now: datetime, leaf_hash: bytes, attempt_hash: bytes | None) -> None:
        self.leaf_hash, self.attempt_hash = leaf_hash, attempt_hash
        self.rotated_at, self.confirmed_at, self.reissues = now, None, 0
        self.stay_until(now)

    def stay_until(self, now: datetime) -> None:
        """Count idleness from now on; the absolute end stays where it is."""
        self.last_seen_at = now
        self.idle_expires_at = min(now + settings.SESSION_IDLE_LIFETIME, self.absolute_expires_at)


def _begins(known: Buffer | None, shown: bytes) -> bool:
    return known is not None and hmac.compare_digest(bytes(known)[: len(shown)], shown)
