"""What staff see of devices, and of how often which version of the app calls."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import ReadOnlyAdmin
from apps.devices.models import Device, VersionCalls


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


@admin.register(VersionCalls)
class VersionCallsAdmin(ReadOnlyAdmin):
    """Requests by day, version and deprecated route: what to look at before something is removed."""

    list_display = ("day", "platform", "app_version", "route", "calls")
    list_filter = ("platform",)
    search_fields = ("app_version__exact", "route__exact")
    search_help_text = "A whole version, or a whole route."
    ordering = ("-day", "-calls")
