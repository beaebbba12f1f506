"""Posts as staff meet them: found, written for somebody, put right, taken down; each by the verbs that phones use."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.csp import csp_override

from apps.content.admin.pictures import WITH_PICTURES, preview_of
from apps.content.errors import PostNotFound
from apps.content.models import Post
from apps.content.services import posts
from apps.core.actors import Actor
from apps.core.admin import BoundedPaginator

_WORDS = ("title", "summary", "body", "visibility", "language", "tags")


class PostForm(forms.ModelForm):
    class Meta:
        model = Post
        fields = ("author", *_WORDS)
        widgets = {
            "summary": AdminTextareaWidget(attrs={"rows": 3}),
            "body": AdminTextareaWidget(attrs={"rows": 24}),
        }


@admin.register(Post)
@method_decorator(csp_override(WITH_PICTURES), "change_view")
class PostAdmin(admin.ModelAdmin):
    """What people wrote. Whoever may change a post is written down with what they changed."""

    form = PostForm
    list_display = ("__str__", "author", "status", "visibility", "comment_count", "published_at")
    list_filter = ("status", "visibility")
    list_select_related = ("author",)
    search_fields = ("id__exact", "author__email__exact")
    search_help_text = "A post's id or its author's email address."
    ordering = ("-id",)
    actions = ("take_down",)
    autocomplete_fields = ("author",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator

    def get_fields(self, request: HttpRequest, obj: Post | None = None) -> Any:
        return ("author", *_WORDS) if obj is None else ("author", *_WORDS, "picture", *self._facts)

    def get_readonly_fields(self, request: HttpRequest, obj: Post | None = None) -> Any:
        # Whose words they are is said once, when they are written.
        return () if obj is None else ("author", "picture", *self._facts)

    _facts = (
        *("id", "status", "published_at", "scheduled_for", "hidden_at", "deleted_at"),
        *("comment_count", "reaction_count", "rev", "created_at", "updated_at"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Post]:
        found: Any = super().get_queryset(request)
        return found.with_author()

    @admin.display(description="cover")
    def picture(self, post: Post) -> SafeString | str:
        return preview_of(post.cover)

    def has_change_permission(self, request: HttpRequest, obj: Post | None = None) -> bool:
        # A tombstone has no words to change.
        stands = obj is None or obj.deleted_at is None
        return stands and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Post | None = None) -> bool:
        # Taken down, a post leaves a tombstone; deleted, devices would keep it.
        return False

    def save_model(self, request: HttpRequest, obj: Post, form: Any, change: bool) -> None:
        words = {name: form.cleaned_data[name] for name in _WORDS if name in form.changed_data}
        if change:
            # Only what was changed here: the rest of the row may have changed since the page was opened.
            posts.correct_post(post_id=obj.pk, **words)
            return
        made, _ = posts.create_post(actor=Actor(id=obj.author_id), id=obj.pk, **words)
        obj.pk = made.pk

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
