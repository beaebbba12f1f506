"""The vocabulary of content: who may see and who may change what is said here and nowhere else."""

from apps.content.querysets.comments import CommentQuerySet
from apps.content.querysets.media import MediaQuerySet
from apps.content.querysets.moderation import CaseQuerySet, ReportQuerySet
from apps.content.querysets.posts import PostQuerySet
from apps.content.querysets.sharing import BookmarkQuerySet, CollaboratorQuerySet, ReactionQuerySet

__all__ = [
    "BookmarkQuerySet",
    "CaseQuerySet",
    "CollaboratorQuerySet",
    "CommentQuerySet",
    "MediaQuerySet",
    "PostQuerySet",
    "ReactionQuerySet",
    "ReportQuerySet",
]
