"""What staff see of the ground floor: jobs and their fate, the schedule, stored answers. Nothing here is typed in."""

from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.timesince import timesince

from apps.core import audit, jobs, outbox, roles
from apps.core.models import AuditEvent, IdempotencyRecord, Job, Slot


class BoundedPaginator(Paginator):
    """Counts no further than anybody pages, because a table of history has no end."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows = cast(QuerySet[Model], self.object_list)
        return rows[: self.MOST].count()


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only the program writes."""

    show_full_result_count = False
    # Facets count every row once per choice.
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


roles.grant(roles.ACCOUNTS, "core.view_job")


class QueueFilter(admin.SimpleListFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(queue, queue) for queue in settings.JOB_QUEUES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(queue=self.value()) if self.value() else queryset


class NameFilter(admin.SimpleListFilter):
    """Offers the names that this version knows; asking the table for its names would read all of it."""

    title = "job"
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        jobs.discover()
        return [(name, name) for name in sorted(jobs.registry)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(name=self.value()) if self.value() else queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "queue", "age", "attempts", "error")
    list_filter = ("state", QueueFilter, NameFilter)
    search_fields = ("name__exact", "id__exact")
    ordering = ("-id",)
    exclude = ("kwargs", "context", "lease", "key")
    actions = ("replay",)

    @admin.display(description="age")
    def age(self, job: Job) -> str:
        return timesince(job.created_at, timezone.now())

    @admin.action(description="Replay dead letters", permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        count = outbox.replay(list(queryset.values_list("pk", flat=True)))
        self.message_user(request, f"{count} dead letters will be tried again.", messages.SUCCESS)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.replay_job")


@admin.register(Slot)
class SlotAdmin(ReadOnlyAdmin):
    list_display = ("name", "due_at")
    ordering = ("due_at",)


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ReadOnlyAdmin):
    """Without bodies and headers: they are answers that were meant for one person."""

    fields = list_display = ("actor", "route", "status", "created_at", "expires_at")
    ordering = ("-id",)


class AuditedModelFilter(admin.SimpleListFilter):
    title = "what"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in sorted(audit.registry)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """What staff did: found by the row that was changed, and by who changed it."""

    list_display = ("created_at", "actor", "action", "model", "object_id", "changed")
    list_filter = (AuditedModelFilter,)
    list_select_related = ("actor",)
    search_fields = ("object_id__exact", "actor__id__exact", "actor__email__exact")
    search_help_text = "The id of what was changed, or the id or address of who did it."
    ordering = ("-id",)
    fields = (
        *("created_at", "actor", "action", "model", "object_id"),
        *("before", "after", "path", "request_id"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEvent]:
        return super().get_queryset(request).select_related("actor")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        # Addresses have one spelling.
        return super().get_search_results(request, queryset, search_term.strip().lower())

    @admin.display(description="changed")
    def changed(self, event: AuditEvent) -> str:
        if event.action == AuditEvent.Action.NOTE:
            return str((event.after or {}).get("did", ""))
        return ", ".join(sorted({*(event.before or {}), *(event.after or {})}))
