"""Signed-in devices, and codes on their way, without anything that tokens and codes are made of."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.admin.people import SEARCH_HELP, ByAddressMixin, acting
from apps.accounts.models import EmailCode, Session
from apps.accounts.services import standing
from apps.core.admin import ReadOnlyAdmin


class WithUserMixin:
    """Shows whose a row is without asking for each."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user")  # type: ignore[misc]


@admin.register(Session)
class SessionAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
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
    actions = ("end",)

    @admin.action(description="End, and sign the device out", permissions=["end"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        standing.end_sessions(session_ids=ids, by=acting(request))
        self.message_user(request, "They have to sign in again.", messages.SUCCESS)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_session")


@admin.register(EmailCode)
class EmailCodeAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
    """To whom they go and how they fared, never what they are."""

    fields = ("id", "user", "purpose", "tries_left", "created_at", "expires_at", "used_at")
    list_display = ("id", "user", "purpose", "tries_left", "expires_at", "used_at")
    search_help_text = SEARCH_HELP
    search_fields = ("id__exact", "user__email__exact", "user__id__exact")
    ordering = ("-id",)
