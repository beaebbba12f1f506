"""The endpoints of comments in the words of version 1: those of version 2, with other shapes."""

from datetime import UTC, datetime

from apps.content.api.v1 import serializers
from apps.content.api.v2 import views as newer
from apps.core.http.operations import Deprecation, Page, redeclared

_SINCE, _SUNSET = datetime(2026, 11, 22, tzinfo=UTC), datetime(2027, 11, 22, tzinfo=UTC)
_LIST = Deprecation(_SINCE, _SUNSET, "/api/v2/posts/{id}/comments")
_ONE = Deprecation(_SINCE, _SUNSET, "/api/v2/posts/{id}/comments/{comment_id}")


class PostComments(newer.PostComments):
    """What was said to one post."""

    get = redeclared(
        newer.PostComments.get,
        response=Page(serializers.Comment, order=("created_at", "id")),
        deprecated=_LIST,
    )
    post = redeclared(
        newer.PostComments.post,
        request=serializers.CommentCreate,
        response=serializers.Comment,
        deprecated=_LIST,
    )


class CommentDetail(newer.CommentDetail):
    """One comment."""

    get = redeclared(newer.CommentDetail.get, response=serializers.Comment, deprecated=_ONE)
    patch = redeclared(
        newer.CommentDetail.patch,
        request=serializers.CommentChange,
        response=serializers.Comment,
        deprecated=_ONE,
    )
