"""People in the admin: found by address or id, let in, kept out, helped; their addresses for whoever needs them."""

import uuid
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path

from apps.accounts.admin import mail
from apps.accounts.models import User
from apps.accounts.services import deletion, second_step, standing, unlocking
from apps.core.admin import BoundedPaginator
from apps.core.cache import CacheDown

SEARCH_HELP = "A whole email address, or an id."
_ADDRESSES = {"email": "masked_email", "claimed_email": "masked_claim"}


class ByAddressMixin:
    """Finds rows by a whole address or id: exact comparisons, so that an index answers."""

    def get_search_results(self, request: HttpRequest, queryset: Any, term: str) -> Any:
        return super().get_search_results(request, queryset, term.strip().lower())  # type: ignore[misc]


def acting(request: HttpRequest) -> uuid.UUID:
    """Return who of the staff acts."""
    assert request.user.pk  # noqa: S101 - the admin lets nobody else in
    return request.user.pk


def masked(address: str | None) -> str | None:
    """Return enough of an address to recognise it by, and too little to write to."""
    if address is None:
        return None
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :]}"


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
        ("Standing", {"fields": ("is_active", "is_guest", "deleted_at", "erased_at", "created_at")}),
        ("Staff", {"fields": ("is_staff", "is_superuser", "groups")}),
    )  # fmt: skip
    readonly_fields = (
        *("id", "email", "claimed_email", "display_name", "locale", "time_zone"),
        *("is_active", "is_guest", "deleted_at", "erased_at", "created_at"),
        *("masked_email", "masked_claim"),
    )
    autocomplete_fields = ("groups",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    actions = (
        *("disable", "enable", "sign_out_everywhere", "restore", "unlock", "mail_code_again"),
        "turn_second_step_off",
    )
    change_list_template = "admin/accounts/user/change_list.html"

    def get_urls(self) -> list[Any]:
        return [
            path(
                "mail/",
                self.admin_site.admin_view(mail.gallery),
                name="accounts_mail",
            ),
            path(
                "mail/<slug:app>/<str:name>/<slug:language>/html",
                self.admin_site.admin_view(mail.html),
                name="accounts_mail_html",
            ),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def get_list_display(self, request: HttpRequest) -> Any:
        return [self._shown(request, name) for name in super().get_list_display(request)]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return [
            (title, {"fields": [self._shown(request, name) for name in options["fields"]]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def _shown(self, request: HttpRequest, name: Any) -> Any:
        return name if request.user.has_perm("accounts.see_address") else _ADDRESSES.get(name, name)

    @admin.display(description="email")
    def masked_email(self, user: User) -> str | None:
        return masked(user.email)

    @admin.display(description="email to be proven")
    def masked_claim(self, user: User) -> str | None:
        return masked(user.claimed_email)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        # Who may do what is for superusers to say.
        fields = super().get_readonly_fields(request, obj)
        return (
            fields if request.user.is_superuser else (*fields, "is_staff", "is_superuser", "groups")
        )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        # Only what the form shows: the rest of the row may have changed since the page was opened.
        obj.save(update_fields=[name for name in form.changed_data if name != "groups"])
        if form.changed_data:
            # Nothing but roles can be changed here.
            standing.role_changed(user_id=obj.pk, by=acting(request))

    @admin.action(description="Disable, and sign out everywhere", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user_id in queryset.exclude(pk=acting(request)).values_list("pk", flat=True):
            standing.disable(user_id=user_id, by=acting(request))
        self.message_user(request, "They are signed out and stay so.", messages.SUCCESS)

    @admin.action(description="Enable again", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user_id in queryset.values_list("pk", flat=True):
            standing.enable(user_id=user_id, by=acting(request))
        self.message_user(request, "They may sign in again.", messages.SUCCESS)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def sign_out_everywhere(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user_id in queryset.values_list("pk", flat=True):
            standing.sign_out_everywhere(user_id=user_id, by=acting(request))
        self.message_user(request, "They have to sign in again.", messages.SUCCESS)

    @admin.action(description="Take back a deletion by its owner", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = sum(deletion.restore_for(user_id=one, by=acting(request)) for one in ids)
        self.message_user(request, f"{count} restored.", messages.SUCCESS)

    @admin.action(description="Unlock: forget tries and limits", permissions=["change"])
    def unlock(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        try:
            for user_id in queryset.values_list("pk", flat=True):
                unlocking.unlock(user_id=user_id, by=acting(request))
        except CacheDown:
            self.message_user(request, "Redis is away; try again.", messages.ERROR)
        else:
            self.message_user(request, "They may try again.", messages.SUCCESS)

    @admin.action(description="Mail the code for their address again", permissions=["change"])
    def mail_code_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ids = list(queryset.values_list("pk", flat=True))
        count = sum(unlocking.mail_code_again(user_id=one, by=acting(request)) for one in ids)
        self.message_user(request, f"{count} mailed.", messages.SUCCESS)

    @admin.action(
        description="Turn a lost second step off, and sign out everywhere", permissions=["change"]
    )
    def turn_second_step_off(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        # Nobody helps themselves; and whoever may less can't open the account of whoever may all.
        others = queryset.exclude(pk=acting(request))
        if not request.user.is_superuser:
            others = others.filter(is_staff=False)
        ids = list(others.values_list("pk", flat=True))
        count = sum(second_step.disable_for(user_id=one, by=acting(request)) for one in ids)
        self.message_user(request, f"{count} turned off.", messages.SUCCESS)
