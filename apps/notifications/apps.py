"""The third floor as Django sees it: what reaches you."""

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    label = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        # Its checks, receivers and streams register themselves.
        from apps.notifications import checks, receivers, tasks  # noqa: F401
