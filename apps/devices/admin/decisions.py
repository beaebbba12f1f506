"""What staff decide: flags, values, versions, maintenance. Each can be tried on an installation, and taken back."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from apps.core.admin import BoundedPaginator
from apps.core.clients import PLATFORMS
from apps.core.errors import NotFound
from apps.devices.admin.preview import Preview
from apps.devices.models import ConfigEntry, Decision, Flag, MaintenanceNotice, VersionPolicy
from apps.devices.services import decisions


class DecisionAdmin(admin.ModelAdmin):
    """Takes effect on every web process with its next request; the history takes back any change."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    readonly_fields = ("rev", "updated_at")
    change_list_template = "admin/devices/decision_list.html"
    object_history_template = "admin/devices/decision_history.html"

    def save_model(self, request: HttpRequest, obj: Decision, form: Any, change: bool) -> None:
        decisions.decide(decision=obj)

    def delete_model(self, request: HttpRequest, obj: Decision) -> None:
        decisions.withdraw(decision=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for decision in queryset:
            decisions.withdraw(decision=decision)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        revert = self.admin_site.admin_view(self.revert)
        preview = self.admin_site.admin_view(self.preview)
        return [
            path("preview/", preview, name=f"{name}_preview"),
            path("<uuid:id>/revert/<uuid:event_id>/", revert, name=f"{name}_revert"),
            *super().get_urls(),
        ]

    def revert(self, request: HttpRequest, id: uuid.UUID, event_id: uuid.UUID) -> HttpResponse:
        """Go back to what was decided before a change."""
        decision = self.get_object(request, str(id))
        if decision is None or request.method != "POST":
            raise Http404
        if not self.has_change_permission(request, decision):
            raise PermissionDenied
        try:
            decisions.revert(decision=decision, event_id=event_id)
        except NotFound as missing:
            raise Http404 from missing
        except ValidationError as refusal:
            self.message_user(request, " ".join(refusal.messages), messages.ERROR)
        else:
            self.message_user(request, f"{decision} is as it was before.", messages.SUCCESS)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_history"
        return HttpResponseRedirect(reverse(name, args=[id]))

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what an installation would get."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = Preview(request.GET or None)
        context = {
            **self.admin_site.each_context(request),
            "title": "What would this installation get?",
            "opts": self.opts,
            "form": form,
            "found": form.found() if form.is_valid() else None,
        }
        return TemplateResponse(request, "admin/devices/preview.html", context)


class FlagForm(forms.ModelForm):
    platforms = forms.MultipleChoiceField(
        choices=[(platform, platform) for platform in PLATFORMS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None: all.",
    )


@admin.register(Flag)
class FlagAdmin(DecisionAdmin):
    form = FlagForm
    list_display = ("key", "enabled", "percentage", "platforms", "note", "updated_at")
    list_filter = ("enabled", "is_exposed")
    search_fields = ("key", "note")
    ordering = ("key",)
    fieldsets = (
        (None, {"fields": ("key", "note", "enabled", "is_exposed")}),
        (
            "For whom",
            {
                "fields": (
                    *("platforms", "minimum_version", "below_version"),
                    *("locales", "groups", "percentage", "allowed"),
                )
            },
        ),
        (None, {"fields": ("rev", "updated_at")}),
    )
    formfield_overrides = {ArrayField: {"widget": forms.Textarea(attrs={"rows": 2})}}


@admin.register(ConfigEntry)
class ConfigEntryAdmin(DecisionAdmin):
    list_display = ("key", "kind", "value", "note", "updated_at")
    list_filter = ("kind",)
    search_fields = ("key", "note")
    ordering = ("key",)


@admin.register(VersionPolicy)
class VersionPolicyAdmin(DecisionAdmin):
    list_display = (
        *("platform", "minimum", "next_minimum", "next_minimum_percentage"),
        *("recommended", "latest", "updated_at"),
    )
    ordering = ("platform",)


@admin.register(MaintenanceNotice)
class MaintenanceNoticeAdmin(DecisionAdmin):
    list_display = ("message", "platform", "starts_at", "ends_at")
    ordering = ("-starts_at",)
