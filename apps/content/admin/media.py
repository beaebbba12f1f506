"""Pictures as staff meet them: how far each is, why it was refused, what it shows; and taken down.

Only public pictures are shown here: a private one is its owner's and nobody's who has not reported it.
"""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.csp import csp_override

from apps.content.admin.pictures import WITH_PICTURES, preview_of
from apps.content.errors import MediaNotFound
from apps.content.models import Media, Post
from apps.content.services import uploading
from apps.core.admin import ReadOnlyAdmin

_POSTS_SHOWN = 20
_IN_QUARANTINE = {Media.State.PENDING, Media.State.PROCESSING}


@admin.register(Media)
@method_decorator(csp_override(WITH_PICTURES), "changelist_view")
@method_decorator(csp_override(WITH_PICTURES), "change_view")
class MediaAdmin(ReadOnlyAdmin):
    """Every picture, the newest first."""

    list_display = ("__str__", "preview", "owner", "standing", "visibility", "takes", "created_at")
    list_filter = ("state", "visibility")
    search_fields = ("id__exact", "owner__id__exact", "owner__email__exact")
    search_help_text = "The id of a picture, or its owner's id or email address."
    ordering = ("-id",)
    fields = readonly_fields = (
        *("id", "preview", "owner", "standing", "visibility", "shown_by"),
        *("content_type", "size", "takes", "width", "height", "created_at", "updated_at"),
    )
    actions = ("take_down",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Media]:
        return super().get_queryset(request).select_related("owner")

    @admin.display(description="picture")
    def preview(self, media: Media) -> SafeString | str:
        return preview_of(media)

    @admin.display(description="state", ordering="state")
    def standing(self, media: Media) -> str:
        if media.state in _IN_QUARANTINE:
            return f"in quarantine: {media.state}"
        return f"refused: {media.refusal}" if media.refusal else media.state

    @admin.display(description="takes")
    def takes(self, media: Media) -> str:
        return filesizeformat(media.charged_bytes)

    @admin.display(description="shown by")
    def shown_by(self, media: Media) -> SafeString | str:
        rows = Post.objects.filter(cover=media).order_by("-pk").values_list("pk", "title")
        links = (
            (reverse("admin:content_post_change", args=[pk]), title or pk)
            for pk, title in rows[:_POSTS_SHOWN]
        )
        return format_html_join("", '<p><a href="{}">{}</a></p>', links) or "no post"

    @admin.action(description="Take down", permissions=["take_down"])
    def take_down(self, request: HttpRequest, queryset: QuerySet[Media]) -> None:
        taken = 0
        for media in queryset:
            try:
                uploading.take_down(media_id=media.pk)
            except MediaNotFound:
                continue
            taken += 1
        self.message_user(request, f"{taken} taken down.", messages.SUCCESS)

    def has_take_down_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.take_down_media")
