"""What staff see of devices, and the one thing they decide here: which versions of the app are served."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import ReadOnlyAdmin
from apps.devices import services
from apps.devices.models import Device, VersionPolicy


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Push addresses are bytes to the admin, which shows no bytes."""

    list_display = (
        "__str__",
        "user",
        "platform",
        "app_version",
        "push_provider",
        "push_silenced_reason",
        "last_seen_at",
    )
    list_filter = ("platform", "push_provider", "push_silenced_reason")
    list_select_related = ("user",)
    search_fields = ("installation_id__exact", "user__email__exact", "id__exact")
    search_help_text = "An installation id, a device's id, or its holder's email address."
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Device]:
        return super().get_queryset(request).select_related("user", "session")


@admin.register(VersionPolicy)
class VersionPolicyAdmin(admin.ModelAdmin):
    """Takes effect on every web process within seconds."""

    list_display = (
        "platform",
        "minimum",
        "recommended",
        "latest",
        "store_url",
        "rev",
        "updated_at",
    )
    ordering = ("platform",)
    show_full_result_count = False
    readonly_fields = ("rev", "updated_at")

    def save_model(self, request: HttpRequest, obj: VersionPolicy, form: Any, change: bool) -> None:
        services.decide_versions(policy=obj)

    def delete_model(self, request: HttpRequest, obj: VersionPolicy) -> None:
        services.withdraw_versions(policy=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[VersionPolicy]) -> None:
        for policy in queryset:
            services.withdraw_versions(policy=policy)
