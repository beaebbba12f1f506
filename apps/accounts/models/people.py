"""Who somebody is."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from apps.accounts.querysets import UserQuerySet
from apps.core.audit import audited
from apps.core.models import Versioned, planned_manager


@audited(hides=("display_name",))
class User(AbstractBaseUser, PermissionsMixin, Versioned):
    """A person, or the guest on a device who may become one.

    `email` is an address that this account has proven to be its own, so it is unique. `claimed_email` waits for its
    proof after registration. Anybody may claim any address; what they hold until the proof is an account of their own,
    and never somebody else's.
    """

    email = models.EmailField(max_length=254, unique=True, null=True, blank=True)
    claimed_email = models.EmailField("email to be proven", max_length=254, null=True, blank=True)
    email_vouched_by = models.CharField(
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="The issuer on whose word the address counts as proven; empty: by a code of ours.",
    )
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
    erased_at = models.DateTimeField(
        null=True, blank=True, help_text="All that is left is the id, for what points here."
    )
    sign_outs = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How often all of theirs was ended; a browser's session is good until the next time.",
    )
    # Sessions say when somebody was last here.
    last_login = None

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]

    objects = planned_manager(UserQuerySet)

    class Meta:
        permissions = [("see_address", "Can see whole email addresses")]
        indexes = [
            models.Index(
                "claimed_email",
                F("id").desc(),
                condition=Q(claimed_email__isnull=False),
                name="user_claims",
            ),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False, erased_at=None),
                name="user_to_be_erased",
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(is_guest=True, is_active=True, deleted_at=None),
                name="user_guest_since",
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
            models.CheckConstraint(
                condition=Q(erased_at=None)
                | Q(deleted_at__isnull=False, email=None, claimed_email=None, display_name=""),
                name="user_erased_is_nobody",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or str(self.id)

    def get_session_auth_hash(self) -> str:
        return self._browser_hash()

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._browser_hash(secret)

    def _browser_hash(self, secret: str | None = None) -> str:
        """Return what Django keeps in a browser's session and compares at each request."""
        stands_for = f"{self.sign_outs}:{self.password}"
        return salted_hmac(
            "accounts.browser", stands_for, secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def address(self) -> str | None:
        """Where this person says they can be reached, proven or not."""
        return self.email or self.claimed_email

    @property
    def email_verified(self) -> bool:
        return self.email is not None

    @property
    def kept_until(self) -> datetime | None:
        """Until when its owner may have a deleted account back."""
        return self.deleted_at and self.deleted_at + settings.DELETION_GRACE

    @property
    def is_live(self) -> bool:
        return self.is_active and self.deleted_at is None


@audited(key="user_id")
class UserGroup(User.groups.through):  # type: ignore[name-defined]
    """In which groups a member of staff is: Django's own table, watched."""

    class Meta:
        proxy = True
        default_permissions = ()


@audited(key="user_id")
class UserPermission(User.user_permissions.through):  # type: ignore[name-defined]
    """What a member of staff may do beyond their groups."""

    class Meta:
        proxy = True
        default_permissions = ()
