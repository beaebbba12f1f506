"""The suppression list in the admin: why no mail goes to an address, and letting it go there again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.admin.people import acting, masked
from apps.accounts.models import MailSuppression
from apps.accounts.services import mailboxes
from apps.core.admin import ReadOnlyAdmin
from apps.core.crypto import Undecipherable


class StandingFilter(admin.SimpleListFilter):
    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("bounced", "Bounced"), ("complained", "Complained"), ("counted", "Only counted")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "bounced":
                return queryset.filter(bounced_at__isnull=False)
            case "complained":
                return queryset.filter(complained_at__isnull=False)
            case "counted":
                return queryset.filter(bounced_at=None, complained_at=None)
        return queryset


@admin.register(MailSuppression)
class MailSuppressionAdmin(ReadOnlyAdmin):
    list_display = (
        *("masked_address", "bounced_at", "complained_at"),
        *("soft_bounces", "code", "created_at"),
    )
    list_filter = (StandingFilter,)
    # Asked below: the address is not in a column.
    search_fields = ("id__exact",)
    search_help_text = "A whole email address, or an id."
    ordering = ("-id",)
    exclude = ("address_index", "sealed_address")
    readonly_fields = ("masked_address",)
    actions = ("lift",)

    def get_search_results(self, request: HttpRequest, queryset: Any, term: str) -> Any:
        term = term.strip().lower()
        if "@" not in term:
            return super().get_search_results(request, queryset, term)
        return queryset.filter(pk__in=MailSuppression.objects.at(term)), False

    @admin.display(description="address")
    def masked_address(self, row: MailSuppression) -> str | None:
        try:
            return masked(row.address)
        except Undecipherable:
            return "(its key is gone)"

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.lift_mailsuppression")

    @admin.action(description="Let mail go there again", permissions=["lift"])
    def lift(self, request: HttpRequest, queryset: QuerySet[MailSuppression]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = sum(mailboxes.lift(suppression_id=one, by=acting(request)) for one in ids)
        self.message_user(request, f"{count} lifted.", messages.SUCCESS)
