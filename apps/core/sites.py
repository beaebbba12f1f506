"""The admin as staff meet it: our name on it, a first page that answers "is it healthy?", and a guarded sign-in."""

from typing import Any

import structlog
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from apps.core import audit, dashboard, second_step, signin

security = structlog.stdlib.get_logger("security")


class StaffSite(AdminSite):
    site_title = site_header = settings.PROJECT_NAME
    index_title = "Is it healthy?"

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[Any] | None = None,
        **options: Any,
    ) -> None:
        """Register as usual; the history of every model is the audit log, and there is no second one."""
        # Imported here, as Django does: models are not there yet when this site is configured.
        from django.contrib.admin.options import ModelAdmin

        from apps.core.history import AuditedAdmin

        given = admin_class or ModelAdmin
        watched: Any = type(given.__name__, (AuditedAdmin, given), {"__doc__": given.__doc__})
        super().register(model_or_iterable, watched, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Wrap every page: what it changes is written down with the name of who changed it."""
        return super().admin_view(audit.attributed(view), cacheable)

    def get_urls(self) -> list[Any]:
        return [path("second-step/", self.second_step, name="second-step"), *super().get_urls()]

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in who is staff, whose account still is one, and who has passed the second step."""
        return self._knows(request) and second_step.is_passed(request)

    def _knows(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and bool(getattr(request.user, "is_live", True))

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def second_step(self, request: HttpRequest) -> HttpResponse:
        """Ask staff who have given their password for a code."""
        if not self._knows(request):
            return redirect("admin:login")
        if second_step.is_passed(request):
            return redirect("admin:index")
        site = self.each_context(request) | {"title": "Second step"}
        return second_step.page(request, site, reverse("admin:index"))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show every app's panels above the list of models."""
        return super().index(request, {"panels": dashboard.panels(), **(extra_context or {})})

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Sign in, unless this address or this account was tried too often."""
        if request.method == "GET" and self._knows(request) and not self.has_permission(request):
            return redirect(f"{reverse('admin:second-step')}?{request.GET.urlencode()}")
        wait = signin.wait_before(request) if request.method == "POST" else 0
        if wait:
            response = render(request, "429.html", status=429)
            response["Retry-After"] = str(wait)
            return response
        response = super().login(request, extra_context)
        if request.method == "POST":
            is_in = response.status_code == 302
            tell = security.info if is_in else security.warning
            by = str(request.user.pk) if is_in else None
            tell("admin sign-in" if is_in else "admin sign-in failed", by=by)
        return response


class StaffConfig(AdminConfig):
    default_site = "apps.core.sites.StaffSite"
