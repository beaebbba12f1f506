"""Version 1 of the wire: its table of contents."""

from django.urls import include, path

from apps.core.http.docs import documents

app_name = "v1"
urlpatterns = [
    path("", include("apps.accounts.api.v1.urls")),
    path("", include("apps.devices.api.v1.urls")),
    path("", include("apps.notifications.api.v1.urls")),
    path("", include("apps.content.api.v1.urls")),
    *documents("v1"),
]
