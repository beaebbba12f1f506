"""Every address of the product on the day after version 1 was removed (docs/retiring-v1.md, step 6)."""

from django.urls import include, path

from apps.core.http import retired

urlpatterns = [
    path("api/v1/", include(retired.everything)),
    path("api/v2/", include("config.api.v2", namespace="v2")),
]
handler404 = "apps.core.http.errors.page_not_found"
