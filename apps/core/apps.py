"""The ground floor as Django sees it."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        from apps.core.observability import metrics, sentry  # noqa: F401 - connects to workers' signals

        sentry.start()
