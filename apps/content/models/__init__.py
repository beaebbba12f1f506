"""The tables of the sample product: posts, and what people do with them. Deleted rows stay, without words."""

from apps.content.models.collaborators import MAX_COLLABORATORS, Collaborator
from apps.content.models.comments import EDIT_WINDOW, MAX_COMMENT, Comment
from apps.content.models.moderation import MAX_NOTE, Case, Report
from apps.content.models.posts import MAX_BODY, MAX_SUMMARY, MAX_TAG, MAX_TAGS, MAX_TITLE, Post
from apps.content.models.responses import Bookmark, Reaction

__all__ = [
    "EDIT_WINDOW",
    "MAX_BODY",
    "MAX_COLLABORATORS",
    "MAX_COMMENT",
    "MAX_NOTE",
    "MAX_SUMMARY",
    "MAX_TAG",
    "MAX_TAGS",
    "MAX_TITLE",
    "Bookmark",
    "Case",
    "Collaborator",
    "Comment",
    "Post",
    "Reaction",
    "Report",
]
