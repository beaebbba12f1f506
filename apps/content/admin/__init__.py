"""What staff do with content: find it, read it, put it right, judge what was reported."""

from apps.content.admin import comments, moderation, posts
from apps.core import roles

roles.grant(
    roles.MODERATION,
    *("content.view_post", "content.view_comment", "content.view_case", "content.moderate"),
    *("content.take_down_post", "content.take_down_comment"),
)

__all__ = ["comments", "moderation", "posts"]
