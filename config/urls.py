"""Every address of the product."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from apps.accounts.api import files
from apps.core import pages
from apps.core.observability import health, metrics
from apps.notifications.api import unsubscribe, webhooks

urlpatterns = [
    path("", pages.start, name="start"),
    path("livez", health.livez),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics_page),
    path("api/v1/", include("config.api.v1", namespace="v1")),
    path("api/v2/", include("config.api.v2", namespace="v2")),
    path("api/webhooks/mail/<str:service>", webhooks.mail, name="mail-webhook"),
    path("unsubscribe/<str:token>", unsubscribe.page, name="unsubscribe"),
    path("exports/<str:ticket>", files.export_file, name="export-file"),
    path(settings.MEDIA_PATH[1:], include("apps.content.api.files")),
    path("admin", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
]
if settings.LOCAL:
    urlpatterns.append(path("local/", include("apps.core.development.urls")))

handler400 = "apps.core.http.errors.bad_request"
handler403 = "apps.core.http.errors.denied"
handler404 = "apps.core.http.errors.page_not_found"
handler500 = "apps.core.http.errors.server_error"
