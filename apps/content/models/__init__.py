"""The tables of the sample product: posts, and what people do with them. Deleted rows stay, without words."""

from apps.content.models.collaborators import MAX_COLLABORATORS, Collaborator
from apps.content.models.comments import EDIT_WINDOW, MAX_COMMENT, Comment
from apps.content.models.documents import Document
from apps.content.models.media import GRANT_KEPT, PROCESSING_MOST, REFUSAL_KEPT, Media
from apps.content.models.moderation import MAX_NOTE, Case, Report
from apps.content.models.posts import MAX_BODY, MAX_SUMMARY, MAX_TAG, MAX_TAGS, MAX_TITLE, Post
from apps.content.models.responses import MAX_BOOKMARKS, Bookmark, Reaction

__all__ = [
    "EDIT_WINDOW",
    "GRANT_KEPT",
    "MAX_BODY",
    "MAX_BOOKMARKS",
    "MAX_COLLABORATORS",
    "MAX_COMMENT",
    "MAX_NOTE",
    "MAX_SUMMARY",
    "MAX_TAG",
    "MAX_TAGS",
    "MAX_TITLE",
    "PROCESSING_MOST",
    "REFUSAL_KEPT",
    "Bookmark",
    "Case",
    "Collaborator",
    "Comment",
    "Document",
    "Media",
    "Post",
    "Reaction",
    "Report",
]
