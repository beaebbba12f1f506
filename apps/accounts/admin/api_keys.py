"""Keys for servers in the admin: made, shown once, taken back."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from apps.accounts.admin.people import ByAddressMixin, acting
from apps.accounts.admin.sessions import WithUserMixin
from apps.accounts.models import ApiKey
from apps.accounts.services import api_keys
from apps.core.admin import ReadOnlyAdmin


class ApiKeyForm(forms.ModelForm):
    """What staff say of a key; the key itself is made."""

    scopes = forms.MultipleChoiceField(
        choices=lambda: [
            (name, f"{name}: {what}") for name, what in settings.API_KEY_SCOPES.items()
        ],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "user", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(WithUserMixin, ByAddressMixin, ReadOnlyAdmin):
    """Keys for servers. What a key says is shown once, on the page that follows its making."""

    form = ApiKeyForm
    fields = ("name", "user", "scopes", "expires_at")
    list_display = ("name", "prefix", "user", "scopes", "expires_at", "last_used_at", "revoked_at")
    search_help_text = "The part of a key before the dot, a whole email address, or an id."
    search_fields = ("prefix__exact", "user__email__exact", "user__id__exact")
    autocomplete_fields = ("user",)
    ordering = ("-id",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_add_permission(self, request)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        made, text = api_keys.issue(
            name=obj.name,
            user_id=obj.user_id,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            by=acting(request),
        )
        obj.pk, obj.prefix = made.pk, made.prefix
        request.shown_once = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, *_: Any) -> HttpResponse:
        """Show the key in this answer and nowhere else: no redirect, no message that a session would keep."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The key of {obj.name}",
            "key": request.shown_once,  # type: ignore[attr-defined]
            "opts": self.opts,
        }
        answer = render(request, "admin/accounts/api_key_issued.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    @admin.action(description="Take back", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key_id in queryset.values_list("pk", flat=True):
            api_keys.revoke(key_id=key_id, by=acting(request))
        self.message_user(request, "Nobody gets in with them any more.", messages.SUCCESS)
