"""What staff see of notifications: what was said to whom, and what became of each push. Nothing is typed in here."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import ReadOnlyAdmin
from apps.notifications.models import Delivery, MailEvent, Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("kind", "recipient", "created_at", "read_at")
    list_filter = ("kind",)
    list_select_related = ("recipient",)
    search_fields = ("id__exact", "recipient__email__exact")
    search_help_text = "A notification's id, or its recipient's email address."
    ordering = ("-id",)
    # Its data are people's words and names.
    exclude = ("data",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        return super().get_queryset(request).select_related("recipient")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "channel",
        "state",
        "reason",
        "provider",
        "attempts",
        "device",
        "created_at",
    )
    list_filter = ("state", "channel")
    list_select_related = ("device",)
    search_fields = ("id__exact", "notification__id__exact", "device__installation_id__exact")
    search_help_text = "The id of a delivery or its notification, or an installation id."
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).select_related("notification", "device")


@admin.register(MailEvent)
class MailEventAdmin(ReadOnlyAdmin):
    """Bounces and complaints as mail services reported them; what follows from them is with the mail suppressions."""

    list_display = ("event", "code", "service", "created_at", "delivery_id")
    list_filter = ("event", "service")
    search_fields = ("event_id__exact", "delivery_id__exact", "notification_id__exact")
    search_help_text = (
        "The service's id of the report, or the id of a delivery or its notification."
    )
    ordering = ("-id",)
