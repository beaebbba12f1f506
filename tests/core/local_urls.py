"""The product's addresses as they are on a developer's machine."""

from django.urls import include, path

from config import urls

urlpatterns = [*urls.urlpatterns, path("local/", include("apps.core.development.urls"))]
handler404 = urls.handler404
