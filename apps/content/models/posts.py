"""What people write."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.content.models.media import Media
from apps.content.querysets import PostQuerySet
from apps.core.audit import audited
from apps.core.models import Versioned, planned_manager

MAX_TITLE = 200
MAX_SUMMARY = 500
MAX_BODY = 50_000
MAX_TAGS = 10
MAX_TAG = 40


@audited(operation=pgtrigger.Update | pgtrigger.Delete, hides=("title", "summary", "body", "tags"))
class Post(Versioned):
    """Something a person wrote.

    `rev` and `updated_at` tell versions of the text apart. The counts are kept exact beside them: a comment by a reader
    must not make the author's next change look stale.
    """

    class Status(models.TextChoices):
        DRAFT = "draft"
        SCHEDULED = "scheduled"
        PUBLISHED = "published"
        ARCHIVED = "archived"

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        UNLISTED = "unlisted"
        PRIVATE = "private"

    # PROTECT: whoever purges an account decides what becomes of its words, and of counts elsewhere.
    # The index `post_author` serves the key as well.
    author = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=MAX_TITLE)
    summary = models.CharField(max_length=MAX_SUMMARY, default="", blank=True)
    body = models.CharField(max_length=MAX_BODY, default="", blank=True)
    status = models.CharField(
        max_length=10, choices=Status, default=Status.DRAFT, db_default=Status.DRAFT
    )
    visibility = models.CharField(
        max_length=10, choices=Visibility, default=Visibility.PUBLIC, db_default=Visibility.PUBLIC
    )
    language = models.CharField(
        max_length=35, default="", blank=True, help_text="BCP 47; empty when not known."
    )
    tags = ArrayField(models.CharField(max_length=MAX_TAG), default=list, blank=True)
    # The partial index `post_cover` serves the key as well.
    cover = models.ForeignKey(
        Media, models.SET_NULL, related_name="+", null=True, blank=True, db_index=False
    )
    comment_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    reaction_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    published_at = models.DateTimeField(
        null=True, blank=True, help_text="When it first was; stays when it is archived."
    )
    scheduled_for = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(
        null=True, blank=True, help_text="Taken out of sight by staff; its author still sees it."
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    author_out = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Its author's account does not stand: indexes leave it out (`content/marking.py`).",
    )

    objects = planned_manager(PostQuerySet)

    class Meta:
        permissions = [("take_down_post", "Can take down anybody's post")]
        indexes = [
            models.Index(
                fields=["-published_at", "-id"],
                condition=Q(
                    status="published",
                    visibility="public",
                    hidden_at=None,
                    deleted_at=None,
                    author_out=False,
                ),
                name="post_listed",
            ),
            models.Index(fields=["author", "-created_at", "-id"], name="post_author"),
            models.Index(
                fields=["author", "status", "-created_at", "-id"],
                condition=Q(deleted_at=None),
                name="post_author_status",
            ),
            models.Index(fields=["cover"], condition=Q(cover__isnull=False), name="post_cover"),
            models.Index(
                fields=["scheduled_for"],
                condition=Q(status="scheduled", deleted_at=None, author_out=False),
                name="post_scheduled",
            ),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="post_tombstones",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="published", published_at__isnull=False)
                | Q(status__in=["draft", "scheduled"], published_at=None)
                | Q(status="archived"),
                name="post_published_at_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(status="scheduled", scheduled_for__isnull=False)
                | ~Q(status="scheduled") & Q(scheduled_for=None),
                name="post_scheduled_for_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(visibility__in=["public", "unlisted", "private"]),
                name="post_visibility_known",
            ),
            models.CheckConstraint(condition=Q(tags__len__lte=MAX_TAGS), name="post_few_tags"),
            models.CheckConstraint(
                condition=Q(deleted_at=None) & ~Q(title="")
                | Q(deleted_at__isnull=False, title="", summary="", body="", tags=[], cover=None),
                name="post_wordless_when_deleted",
            ),
        ]

    def __str__(self) -> str:
        return self.title or "(deleted)"
