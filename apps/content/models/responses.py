"""What readers do with a post without a word: react to it, keep it for later."""

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.content.models.posts import Post
from apps.content.querysets import BookmarkQuerySet, ReactionQuerySet
from apps.core.models import Record, planned_manager

MAX_BOOKMARKS = 2_000


class Reaction(Record):
    """How one person finds a post. Taken back, it is gone: nothing hangs on it."""

    class Kind(models.TextChoices):
        LIKE = "like"
        LOVE = "love"
        LAUGH = "laugh"
        WOW = "wow"
        SAD = "sad"

    # The constraint's index serves the key as well.
    post = models.ForeignKey(Post, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)

    objects = planned_manager(ReactionQuerySet)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["post", "user"], name="reaction_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["like", "love", "laugh", "wow", "sad"]),
                name="reaction_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Bookmark(Record):
    """A post that one person keeps for later; nobody else knows."""

    # The index and the constraint's serve the keys as well.
    post = models.ForeignKey(Post, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)

    objects = planned_manager(BookmarkQuerySet)

    class Meta:
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="bookmark_list")]
        constraints = [models.UniqueConstraint(fields=["post", "user"], name="bookmark_once")]

    def __str__(self) -> str:
        return str(self.id)
