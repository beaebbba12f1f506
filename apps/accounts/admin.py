"""What staff see of accounts, and what they may do: actions are services, secrets are not shown."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from apps.accounts.models import EmailCode, Session, User
from apps.accounts.services import standing
from apps.core.admin import BoundedPaginator, ReadOnlyAdmin

SEARCH_HELP = "A whole email address, or an id."


class ByAddressMixin:
    """Finds rows by a whole address or id: exact comparisons, so that an index answers."""

    def get_search_results(self, request: HttpRequest, queryset: Any, term: str) -> Any:
        return super().get_search_results(request, queryset, term.strip().lower())  # type: ignore[misc]


class WithUserMixin:
    """Shows whose a row is without asking for each."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user")  # type: ignore[misc]


def _staff(request: HttpRequest) -> uuid.UUID:
    assert request.user.pk  # noqa: S101 - the admin lets nobody else in
    return request.user.pk


@admin.register(User)
class UserAdmin(ByAddressMixin, admin.ModelAdmin):
    """People. What they wrote is theirs; staff decide who is let in and who is staff, and can't set a password."""

    list_display = ("email", "claimed_email", "display_name", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "is_guest")
    search_help_text = SEARCH_HELP
    search_fields = ("email__exact", "claimed_email__exact", "id__exact")
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("id", "email", "claimed_email", "display_name")}),
        ("Settings", {"fields": ("locale", "time_zone")}),
        ("Standing", {"fields": ("is_active", "is_guest", "deleted_at", "created_at")}),
        ("Staff", {"fields": ("is_staff", "is_superuser", "groups")}),
    )
    readonly_fields = (
        *("id", "email", "claimed_email", "display_name", "locale", "time_zone"),
        *("is_active", "is_guest", "deleted_at", "created_at"),
    )
    autocomplete_fields = ("groups",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    actions = ("disable", "enable", "sign_out_everywhere")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        # Who may do what is for superusers to say.
        fields = super().get_readonly_fields(request, obj)
        return (
            fields if request.user.is_superuser else (*fields, "is_staff", "is_superuser", "groups")
        )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        # Only what the form shows: the rest of the row may have changed since the page was opened.
        obj.save(update_fields=[name for name in form.changed_data if name != "groups"])

    @admin.action(description="Disable, and sign out everywhere", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        others = queryset.exclude(Q(pk=request.user.pk))
        for user_id in others.values_list("pk", flat=True):
            standing.disable(user_id=user_id, by=_staff(request))
        self.message_user(request, "They are signed out and stay so.", messages.SUCCESS)

    @admin.action(description="Enable again", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user_id in queryset.values_list("pk", flat=True):
            standing.enable(user_id=user_id, by=_staff(request))
        self.message_user(request, "They may sign in again.", messages.SUCCESS)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user_id in queryset.values_list("pk", flat=True):
            standing.sign_out_everywhere(user_id=user_id, by=_staff(request))
        self.message_user(request, "They have to sign in again.", messages.SUCCESS)


@admin.register(Session)
class SessionAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
    """Signed-in devices, without anything that tokens are made of."""

    fields = (
        *("id", "user", "platform", "app_version", "os_version", "device_model", "ip_prefix"),
        *("generation", "auth_time", "rotated_at", "last_seen_at"),
        *("idle_expires_at", "absolute_expires_at", "revoked_at", "revoked_reason"),
    )
    list_display = ("id", "user", "platform", "app_version", "last_seen_at", "revoked_reason")
    list_filter = ("platform", "revoked_reason")
    search_help_text = SEARCH_HELP
    search_fields = ("id__exact", "user__email__exact", "user__id__exact")
    ordering = ("-id",)


@admin.register(EmailCode)
class EmailCodeAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
    """Codes on their way: to whom and how they fared, never what they are."""

    fields = ("id", "user", "purpose", "tries_left", "created_at", "expires_at", "used_at")
    list_display = ("id", "user", "purpose", "tries_left", "expires_at", "used_at")
    search_help_text = SEARCH_HELP
    search_fields = ("id__exact", "user__email__exact", "user__id__exact")
    ordering = ("-id",)
