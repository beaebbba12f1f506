"""Comments as staff meet them: read and taken down. People's words are not edited here."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.content.errors import CommentNotFound
from apps.content.models import Comment
from apps.content.services import commenting
from apps.core.admin import ReadOnlyAdmin


@admin.register(Comment)
class CommentAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "author", "post", "created_at")
    list_select_related = ("author", "post")
    search_fields = ("id__exact", "post__id__exact", "author__email__exact")
    search_help_text = "The id of a comment or its post, or its author's email address."
    ordering = ("-id",)
    actions = ("take_down",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        return super().get_queryset(request).select_related("author", "post", "parent")

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
