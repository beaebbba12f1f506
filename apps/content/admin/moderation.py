"""The moderation queue: what was reported, how it reads, and the four things that can be done about it.

Who complained is shown in the list of reports alone, to those who may see it; the queue does without.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.csp import csp_override

from apps.content.admin.pictures import WITH_PICTURES, preview_of
from apps.content.errors import NothingToHide
from apps.content.models import Case, Report
from apps.content.services import moderation
from apps.core.admin import ReadOnlyAdmin

_EXCERPT = 160
_NOTES_SHOWN = 20
_SHOWN = (
    *("post__title", "post__body", "post__hidden_at", "post__deleted_at"),
    *("post__cover__folder", "post__cover__public_folder"),
    *("comment__body", "comment__hidden_at", "comment__deleted_at"),
    *("person__display_name", "author__display_name", "author__is_active"),
)


@admin.register(Case)
@method_decorator(csp_override(WITH_PICTURES), "changelist_view")
@method_decorator(csp_override(WITH_PICTURES), "change_view")
class CaseAdmin(ReadOnlyAdmin):
    """What was reported, the latest first."""

    list_display = ("excerpt", "picture", "about", "whose", "report_count", "reported_at", "state")
    list_filter = ("state",)
    search_fields = ("id__exact", "post__id__exact", "comment__id__exact", "author__id__exact")
    search_help_text = "The id of a case, of what it is about, or of its author."
    ordering = ("-reported_at", "-id")
    fields = (
        *("about", "words", "picture", "whose", "reasons", "notes"),
        *("report_count", "reported_at", "state", "closed_at", "closed_by"),
    )
    readonly_fields = ("about", "words", "picture", "whose", "reasons", "notes")
    actions = ("hide", "restore", "dismiss", "suspend_author")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Case]:
        own = [field.name for field in Case._meta.concrete_fields]
        found = super().get_queryset(request)
        related = ("post__cover", "comment", "person", "author", "closed_by")
        return found.select_related(*related).only(*own, *_SHOWN, "closed_by__display_name")

    @admin.display(description="what it says")
    def excerpt(self, case: Case) -> str:
        text = self.words(case)
        return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"

    @admin.display(description="in full")
    def words(self, case: Case) -> str:
        row = case.post or case.comment
        if row is None:
            return case.person.display_name if case.person else ""
        if row.deleted_at:
            return "(deleted)"
        words = f"{case.post.title}\n\n{case.post.body}" if case.post else row.body
        return f"(hidden) {words}" if row.hidden_at else words

    @admin.display(description="picture")
    def picture(self, case: Case) -> SafeString | str:
        return preview_of(case.post.cover) if case.post and not case.post.deleted_at else ""

    @admin.display(description="about")
    def about(self, case: Case) -> SafeString:
        row = case.post or case.comment or case.person
        assert row  # noqa: S101 - a constraint says so
        address = reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, case.kind)

    @admin.display(description="whose")
    def whose(self, case: Case) -> str:
        return f"{case.author}{'' if case.author.is_active else ' (suspended)'}"

    @admin.display(description="reasons")
    def reasons(self, case: Case) -> str:
        counted = Counter(Report.objects.filter(case=case).values_list("reason", flat=True))
        return ", ".join(f"{number} {reason}" for reason, number in counted.most_common())

    @admin.display(description="what people say about it")
    def notes(self, case: Case) -> SafeString:
        said = Report.objects.filter(case=case).exclude(note="").order_by("-created_at")
        rows = said.values_list("reason", "note")[:_NOTES_SHOWN]
        return format_html_join("", "<p><b>{}</b> {}</p>", rows)

    @admin.action(description="Hide, and tell the author", permissions=["moderate"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Case]) -> None:
        self._each(request, queryset, moderation.hide, "hidden")

    @admin.action(description="Show again", permissions=["moderate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Case]) -> None:
        self._each(request, queryset, moderation.restore, "shown again")

    @admin.action(description="Dismiss", permissions=["moderate"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Case]) -> None:
        self._each(request, queryset, moderation.dismiss, "dismissed")

    @admin.action(description="Suspend the author", permissions=["suspend"])
    def suspend_author(self, request: HttpRequest, queryset: QuerySet[Case]) -> None:
        others = queryset.exclude(author=request.user.pk)
        self._each(request, others, moderation.suspend_author, "closed, with their authors out")

    def _each(
        self, request: HttpRequest, cases: QuerySet[Case], verb: Callable[..., None], done: str
    ) -> None:
        count = 0
        for case in cases:
            try:
                verb(case_id=case.pk, by=request.user.pk)
            except NothingToHide as refusal:
                self.message_user(request, refusal.title, messages.WARNING)
                continue
            count += 1
        self.message_user(request, f"{count} {done}.", messages.SUCCESS)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("content.moderate")

    def has_suspend_permission(self, request: HttpRequest) -> bool:
        return self.has_moderate_permission(request) and request.user.has_perm(
            "accounts.change_user"
        )


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """Who complained about what, for those who look into misuse."""

    list_display = ("reason", "case", "reporter", "created_at")
    list_select_related = ("case", "reporter")
    search_fields = ("id__exact", "case__id__exact", "reporter__id__exact")
    search_help_text = "The id of a report, a case or a reporter."
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("case", "reporter")
