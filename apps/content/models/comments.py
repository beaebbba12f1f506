"""What people say to a post."""

from datetime import timedelta

import pgtrigger
from django.db import models
from django.db.models import F, Q

from apps.accounts.models import User
from apps.content.models.posts import Post
from apps.content.querysets import CommentQuerySet
from apps.core.audit import audited
from apps.core.models import Versioned, planned_manager

MAX_COMMENT = 2_000
EDIT_WINDOW = timedelta(minutes=15)
"""For so long after it was said a comment may still be put into other words."""


@audited(operation=pgtrigger.Update | pgtrigger.Delete, hides=("body",))
class Comment(Versioned):
    """What somebody said to a post, or in reply to such a comment: one level deep. A reply goes where its root goes.

    `reply_count` is kept exact beside the text, as the counts of a post are.
    """

    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    # The index `comment_replies` serves the key as well.
    parent = models.ForeignKey(
        "self", models.CASCADE, related_name="+", null=True, blank=True, db_index=False
    )
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    body = models.CharField(max_length=MAX_COMMENT)
    reply_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    hidden_at = models.DateTimeField(
        null=True, blank=True, help_text="Taken out of everybody's sight by staff."
    )
    deleted_at = models.DateTimeField(null=True, blank=True)
    author_out = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Its author's account does not stand: indexes leave it out (`content/marking.py`).",
    )

    objects = planned_manager(CommentQuerySet)

    class Meta:
        permissions = [("take_down_comment", "Can take down anybody's comment")]
        indexes = [
            models.Index(
                fields=["post", "created_at", "id"],
                condition=Q(parent=None, hidden_at=None, deleted_at=None, author_out=False),
                name="comment_listed",
            ),
            models.Index(fields=["parent", "created_at", "id"], name="comment_replies"),
            models.Index(
                fields=["deleted_at"],
                condition=Q(deleted_at__isnull=False),
                name="comment_tombstones",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(deleted_at=None) & ~Q(body="") | Q(deleted_at__isnull=False, body=""),
                name="comment_wordless_when_deleted",
            ),
            models.CheckConstraint(
                condition=Q(parent=None) | Q(reply_count=0) & ~Q(parent=F("id")),
                name="comment_one_level_deep",
            ),
        ]

    def __str__(self) -> str:
        return self.body[:60] or "(deleted)"
