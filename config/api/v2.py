"""Version 2 of the wire: its table of contents. An app whose wire has not changed since v1 is listed by its v1 urls."""

from django.urls import include, path

from apps.core.http.docs import documents

app_name = "v2"
urlpatterns = [
    path("", include("apps.accounts.api.v1.urls")),
    path("", include("apps.devices.api.v1.urls")),
    path("", include("apps.notifications.api.v1.urls")),
    path("", include("apps.content.api.v2.urls")),
    *documents("v2"),
]
