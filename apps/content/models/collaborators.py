"""Who works on a post beside its author."""

from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.content.models.posts import Post
from apps.content.querysets import CollaboratorQuerySet
from apps.core.models import Versioned, planned_manager

MAX_COLLABORATORS = 50


class Collaborator(Versioned):
    """One person's share in a post. It ends in a tombstone, so that their devices learn of it, and may begin anew."""

    class Role(models.TextChoices):
        VIEWER = "viewer"
        EDITOR = "editor"

    # The constraint's index and `collaborator_shares` serve the keys as well.
    post = models.ForeignKey(Post, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    role = models.CharField(max_length=10, choices=Role)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = planned_manager(CollaboratorQuerySet)

    class Meta:
        indexes = [
            models.Index(fields=["post", "created_at", "id"], name="collaborator_list"),
            models.Index(fields=["user", "-created_at", "-id"], name="collaborator_shares"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["post", "user"], name="collaborator_once"),
            models.CheckConstraint(
                condition=Q(role__in=["viewer", "editor"]), name="collaborator_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.id}"
