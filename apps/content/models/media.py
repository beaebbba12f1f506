"""Pictures: announced, uploaded past us, looked at by a worker, then ready or refused."""

from datetime import timedelta
from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.content.querysets import MediaQuerySet
from apps.core.audit import audited
from apps.core.models import Record, planned_manager

# What was announced and not uploaded within this time is forgotten; a phone may be offline for a while.
GRANT_KEPT = timedelta(days=1)
# What a worker has not come to terms with by then never will.
PROCESSING_MOST = timedelta(hours=6)
# For how long a phone can read why its picture was refused.
REFUSAL_KEPT = timedelta(days=30)


class _Generated(models.GeneratedField):
    """A generated column. No server is asked whether it knows them: PostgreSQL 18 is the floor; checks need none."""

    def _check_supported(self, databases: Any) -> list[Any]:
        return []

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.GeneratedField", args, kwargs


# Whoever knows a folder can read what lies there.
@audited(
    operation=pgtrigger.Update | pgtrigger.Delete,
    hides=("folder", "public_folder", "blurhash", "files"),
)
class Media(Record):
    """One picture of somebody's.

    Uploaded bytes lie in quarantine, where nobody reads them; what is shown are pictures that the worker made of them.
    `folder` is where those lie, with a part that can't be guessed, and names the visibility in front.
    """

    class Kind(models.TextChoices):
        IMAGE = "image"

    class State(models.TextChoices):
        PENDING = "pending"
        PROCESSING = "processing"
        READY = "ready"
        REFUSED = "refused"

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    # The index `media_owner` serves the key as well.
    owner = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.IMAGE, db_default=Kind.IMAGE)
    visibility = models.CharField(max_length=10, choices=Visibility)
    state = models.CharField(
        max_length=10, choices=State, default=State.PENDING, db_default=State.PENDING
    )
    refusal = models.CharField(
        max_length=40, null=True, blank=True, help_text="Why it was refused: a stable code."
    )
    content_type = models.CharField(max_length=40, help_text="As announced.")
    size = models.PositiveIntegerField(help_text="Bytes, as announced.")
    sha256 = models.BinaryField(max_length=32, help_text="As announced.")
    charged_bytes = models.PositiveIntegerField(
        help_text="What it takes of its owner's quota: the announced size, later what is kept."
    )
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    blurhash = models.CharField(max_length=40, null=True, blank=True)
    folder = models.CharField(max_length=120, null=True, blank=True)
    # The same for public pictures only: what an address that everybody may know is made of.
    public_folder = _Generated(
        expression=models.Case(models.When(visibility="public", then="folder")),
        output_field=models.CharField(max_length=120, null=True),
        db_persist=True,
    )
    files = models.JSONField(
        default=list,
        blank=True,
        help_text="name, type, width, height, bytes and SHA-256 of each file in the folder.",
    )

    objects = planned_manager(MediaQuerySet)

    class Meta:
        verbose_name_plural = "media"
        permissions = [("take_down_media", "Can delete anybody's picture")]
        indexes = [
            models.Index(fields=["owner", "state"], include=["charged_bytes"], name="media_owner"),
            models.Index(
                fields=["updated_at"], condition=~Q(state="ready"), name="media_unfinished"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="ready", folder__isnull=False, width__gt=0, height__gt=0)
                | ~Q(state="ready") & Q(folder=None, files=[]),
                name="media_files_when_ready",
            ),
            models.CheckConstraint(
                condition=Q(state="refused", refusal__isnull=False, charged_bytes=0)
                | ~Q(state="refused") & Q(refusal=None),
                name="media_refusal_fits_state",
            ),
            models.CheckConstraint(
                condition=Q(visibility__in=["public", "private"]), name="media_visibility_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
