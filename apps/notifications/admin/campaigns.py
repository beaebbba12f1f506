"""Campaigns in the admin: written, tried, released, and watched while they run."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import path, reverse

from apps.core.admin import BoundedPaginator
from apps.core.errors import DomainError
from apps.notifications.admin import watching
from apps.notifications.admin.composing import WORDS, CampaignForm, TestForm
from apps.notifications.models import Campaign
from apps.notifications.selectors import audience
from apps.notifications.services import campaigns

_DONE = {
    "submit": "It waits for a second pair of eyes.",
    "release": "It is on its way.",
    "take_back": "It is a draft again.",
    "pause": "Nobody more is told until it goes on.",
    "resume": "It goes on.",
    "stop": "Nobody more is told.",
}
_PERMISSION = {"submit": "change", "test": "change", "release": "release", "take_back": "release"}


@admin.register(Campaign)
class CampaignAdmin(admin.ModelAdmin):
    """A draft can be written at; whatever else is done to a campaign is a button, and in its history."""

    form = CampaignForm
    list_display = ("title", "state", "kind", "starts_at", "finished_at", "created_at")
    list_filter = ("state", "kind")
    search_fields = ("title__istartswith", "id__exact")
    search_help_text = "How a title begins, or an id."
    ordering = ("-id",)
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    formfield_overrides = {ArrayField: {"widget": forms.Textarea(attrs={"rows": 1})}}
    change_form_template = "admin/notifications/campaign.html"
    actions = None
    audience_fields = (
        *("platforms", "minimum_version", "below_version", "locales"),
        *("seen_within_days", "unseen_for_days", "groups", "flag", "percentage"),
    )

    class Media:
        js = ("core/audience.js",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).select_related("released_by")

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        words = WORDS if self.has_change_permission(request, obj) else ()
        return (
            (None, {"fields": ("title", "kind")}),
            (
                "What it says",
                {"fields": (*(one for pair in words for one in pair), "link", "image")},
            ),
            ("To whom", {"fields": self.audience_fields, "classes": ("audience",)}),
            ("When", {"fields": ("send_on", "send_at", "time_zone", "pace")}),
        )

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or obj.is_writable)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or obj.is_writable)

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        campaigns.compose(campaign=obj, by=_acting(request))

    def delete_model(self, request: HttpRequest, obj: Campaign) -> None:
        campaigns.discard(campaign_id=obj.pk)

    def response_add(self, request: HttpRequest, obj: Campaign, *args: Any) -> HttpResponse:
        """Stay with it: it is seen as people will see it, and tried, before it goes anywhere."""
        self.message_user(request, "Saved as a draft.", messages.SUCCESS)
        return _back_to(obj.pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        campaign = self.get_object(request, object_id)
        shown = watching.context(campaign, self._verbs(request, campaign)) if campaign else {}
        return super().change_view(
            request, object_id, form_url, {**shown, **(extra_context or {}), "test": TestForm()}
        )

    def _verbs(self, request: HttpRequest, campaign: Campaign) -> list[str]:
        """Return what can be done to it now, by whoever looks at it."""
        return [verb for verb in watching.verbs_of(campaign) if self._may(request, verb)]

    def _may(self, request: HttpRequest, verb: str) -> bool:
        return request.user.has_perm(f"notifications.{_PERMISSION.get(verb, 'control')}_campaign")

    def get_urls(self) -> list[Any]:
        count, act = (self.admin_site.admin_view(view) for view in (self.count, self.act))
        return [
            path("audience/", count, name="notifications_campaign_audience"),
            path("<uuid:id>/do/<slug:verb>/", act, name="notifications_campaign_do"),
            *super().get_urls(),
        ]

    def count(self, request: HttpRequest) -> HttpResponse:
        """Say how many installations fit what stands in the form, saved or not."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = self.get_form(request)(request.POST)
        form.is_valid()
        if wrong := {*form.errors} & {*self.audience_fields}:
            return JsonResponse({"wrong": sorted(wrong)})
        return JsonResponse({"count": str(audience.count_audience(form.instance))})

    def act(self, request: HttpRequest, id: uuid.UUID, verb: str) -> HttpResponse:
        """Do what a button says, if it can still be done."""
        campaign = self.get_object(request, str(id))
        if campaign is None or request.method != "POST" or verb not in {*_DONE, "test"}:
            raise Http404
        if not (self.has_view_permission(request, campaign) and self._may(request, verb)):
            raise PermissionDenied
        try:
            said = self._do(request, verb, id)
        except DomainError as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
        else:
            self.message_user(request, said, messages.SUCCESS)
        return _back_to(id)

    def _do(self, request: HttpRequest, verb: str, campaign_id: uuid.UUID) -> str:
        """Do it; return what to say when it is done."""
        if verb == "test":
            to = request.POST.get("to", "").replace(",", " ").split()
            by = _acting(request)
            return str(campaigns.send_test(campaign_id=campaign_id, to=to, by=by))
        if verb == "release":
            campaigns.release(campaign_id=campaign_id, by=_acting(request))
        else:
            getattr(campaigns, verb)(campaign_id=campaign_id)
        return _DONE[verb]


def _acting(request: HttpRequest) -> uuid.UUID:
    assert request.user.pk  # noqa: S101 - the admin lets nobody else in
    return request.user.pk


def _back_to(campaign_id: uuid.UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:notifications_campaign_change", args=[campaign_id]))
