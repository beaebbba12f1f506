"""Where notifications are found, version 1."""

from django.urls import path

from apps.notifications.api.v1 import events, views

urlpatterns = [
    path("events", events.Events.as_view(), name="events"),
    path("notifications", views.Inbox.as_view(), name="notification-list"),
    path("notifications/unread-count", views.Unread.as_view(), name="notification-unread-count"),
    path("notifications/seen", views.Seen.as_view(), name="notification-seen"),
    path("notifications/archive", views.Archive.as_view(), name="notification-archive"),
    path("notifications/opened", views.Opened.as_view(), name="notification-opened"),
    path(
        "notifications/preferences",
        views.Preferences.as_view(),
        name="notification-preferences",
    ),
    path("notifications/read", views.Read.as_view(), name="notification-read"),
]
