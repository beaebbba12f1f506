"""The ground floor as Django sees it."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        # Imported for what they register: checks with Django, both with Celery's signals.
        from apps.core import checks  # noqa: F401
        from apps.core.observability import metrics, sentry  # noqa: F401

        sentry.start()
