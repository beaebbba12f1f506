"""Who somebody is, where they are signed in, and the codes that prove an address."""

import hmac
from collections.abc import Buffer
from datetime import datetime, timedelta
from enum import Enum, auto

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from apps.accounts.querysets import EmailCodeQuerySet, SessionQuerySet, UserQuerySet
from apps.core.models import Record, Versioned, planned_manager

SUPERSEDE_WINDOW = timedelta(hours=1)


class User(AbstractBaseUser, PermissionsMixin, Versioned):
    """A person, or the guest on a device who may become one.

    `email` is an address that this account has proven to be its own, so it is unique. `claimed_email` waits for its
    proof: at registration, and again when a person moves to another address. Anybody may claim any address; what they
    hold until the proof is an account of their own, and never somebody else's.
    """

    email = models.EmailField(max_length=254, unique=True, null=True, blank=True)
    claimed_email = models.EmailField("email to be proven", max_length=254, null=True, blank=True)
    display_name = models.CharField(max_length=80, blank=True, default="", db_default="")
    locale = models.CharField(
        max_length=35, default="en", db_default="en", help_text="BCP 47, such as de-AT."
    )
    time_zone = models.CharField(
        max_length=64, default="UTC", db_default="UTC", help_text="IANA, such as Europe/Vienna."
    )
    is_guest = models.BooleanField(default=False, db_default=False)
    is_staff = models.BooleanField(default=False, db_default=False)
    is_active = models.BooleanField(
        default=True, db_default=True, help_text="Taken away by staff; the account stays."
    )
    deleted_at = models.DateTimeField(
        null=True, blank=True, help_text="Deleted by its owner; purged after the grace period."
    )
    # Sessions say when somebody was last here.
    last_login = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    objects = planned_manager(UserQuerySet)

    class Meta:
        indexes = [
            models.Index(
                "claimed_email",
                F("id").desc(),
                condition=Q(claimed_email__isnull=False),
                name="user_claims",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(email=None) | Q(email=Lower("email")), name="user_email_lower"
            ),
            models.CheckConstraint(
                condition=Q(claimed_email=None) | Q(claimed_email=Lower("claimed_email")),
                name="user_claimed_email_lower",
            ),
            models.CheckConstraint(
                condition=Q(is_guest=False) | Q(email=None, claimed_email=None),
                name="user_guest_has_no_email",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or str(self.id)

    @property
    def address(self) -> str | None:
        """Where this person says they can be reached, proven or not."""
        return self.email or self.claimed_email

    @property
    def email_verified(self) -> bool:
        return self.email is not None

    @property
    def is_live(self) -> bool:
        return self.is_active and self.deleted_at is None


class Place(Enum):
    """Where in its family a leaf stands."""

    CURRENT = auto()
    PARENT = auto()
    OLDER = auto()
    SUPERSEDED = auto()
    UNKNOWN = auto()


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


class EmailCode(Record):
    """A six-digit code on its way to an address; the digits are derived from the id, the row keeps their keyed hash."""

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=20, choices=Purpose)
    address = models.EmailField(max_length=254)
    code_hash = models.BinaryField(max_length=16)
    tries_left = models.PositiveSmallIntegerField(default=5)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = planned_manager(EmailCodeQuerySet)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="email_code_expiry")]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "purpose"], condition=Q(used_at=None), name="email_code_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"

    def can_be_tried(self, now: datetime) -> bool:
        return self.used_at is None and self.tries_left > 0 and now < self.expires_at
