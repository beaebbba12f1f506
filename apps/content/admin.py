"""What staff do with posts and comments: find them, read them, take them down. People's words are not edited here."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.content.errors import CommentNotFound, PostNotFound
from apps.content.models import Comment, Post
from apps.content.services import commenting, posts
from apps.core import roles
from apps.core.admin import ReadOnlyAdmin

roles.grant(
    roles.MODERATION,
    *("content.view_post", "content.view_comment", "content.moderate"),
    *("content.take_down_post", "content.take_down_comment"),
)


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "author", "status", "visibility", "comment_count", "published_at")
    list_filter = ("status", "visibility")
    list_select_related = ("author",)
    search_fields = ("id__exact", "author__email__exact")
    search_help_text = "A post's id or its author's email address."
    ordering = ("-id",)
    actions = ("take_down",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        posts: Any = super().get_queryset(request)
        return posts.with_author()

    @admin.action(description="Take down", permissions=["take_down"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Post]) -> None:
        taken = 0
        for post in queryset:
            try:
                posts.take_down_post(post_id=post.pk)
            except PostNotFound:
                continue
            taken += 1
        self.message_user(request, f"{taken} taken down.", messages.SUCCESS)

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.take_down_post")


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "author", "post", "created_at")
    list_select_related = ("author", "post")
    search_fields = ("id__exact", "post__id__exact", "author__email__exact")
    search_help_text = "The id of a comment or its post, or its author's email address."
    ordering = ("-id",)
    actions = ("take_down",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        return super().get_queryset(request).select_related("author", "post")

    @admin.action(description="Take down", permissions=["take_down"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        taken = 0
        for comment in queryset:
            try:
                commenting.take_down_comment(comment_id=comment.pk)
            except CommentNotFound:
                continue
            taken += 1
        self.message_user(request, f"{taken} taken down.", messages.SUCCESS)

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.take_down_comment")
