"""What staff do with content: find it, read it, put it right, judge what was reported."""

from apps.content.admin import comments, media, moderation, posts
from apps.core import roles

roles.grant(
    roles.MODERATION,
    *("content.view_post", "content.view_comment", "content.view_case", "content.moderate"),
    *("content.take_down_post", "content.take_down_comment"),
    *("content.view_media", "content.take_down_media"),
)

__all__ = ["comments", "media", "moderation", "posts"]
