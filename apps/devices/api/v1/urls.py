"""Where devices are found, version 1."""

from django.urls import path

from apps.devices.api.v1 import views

urlpatterns = [
    path("app/config", views.AppConfig.as_view(), name="app-config"),
    path("devices", views.DeviceList.as_view(), name="device-list"),
    path("devices/<str:installation_id>", views.DeviceDetail.as_view(), name="device-detail"),
    path(
        "devices/<str:installation_id>/push-address",
        views.PushAddress.as_view(),
        name="device-push-address",
    ),
]
