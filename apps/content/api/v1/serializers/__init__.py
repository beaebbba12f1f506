"""The wire shapes of the sample product, version 1."""

from apps.content.api.v1.serializers.collaborators import (
    Collaborator,
    CollaboratorChange,
    SharedPost,
)
from apps.content.api.v1.serializers.comments import (
    Comment,
    CommentChange,
    CommentCreate,
    CommentFilter,
)
from apps.content.api.v1.serializers.media import Cover, Media, MediaAnnounce, MediaAnnounced
from apps.content.api.v1.serializers.people import Author
from apps.content.api.v1.serializers.posts import (
    Post,
    PostChange,
    PostCreate,
    PostFilter,
    PostSummary,
    Schedule,
)
from apps.content.api.v1.serializers.reports import Report, ReportCreate
from apps.content.api.v1.serializers.responses import Bookmark, Reaction, ReactionChange
from apps.content.api.v1.serializers.search import PostFound, SearchFor, SnippetPart

__all__ = [
    "Author",
    "Bookmark",
    "Collaborator",
    "CollaboratorChange",
    "Comment",
    "CommentChange",
    "CommentCreate",
    "CommentFilter",
    "Cover",
    "Media",
    "MediaAnnounce",
    "MediaAnnounced",
    "Post",
    "PostChange",
    "PostCreate",
    "PostFilter",
    "PostFound",
    "PostSummary",
    "Reaction",
    "ReactionChange",
    "Report",
    "ReportCreate",
    "Schedule",
    "SearchFor",
    "SharedPost",
    "SnippetPart",
]
