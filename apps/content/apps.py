"""Registers the sample product: posts, and what people say to them."""

from django.apps import AppConfig


class ContentConfig(AppConfig):
    name = "apps.content"
    label = "content"

    def ready(self) -> None:
        # Its checks register themselves; receivers listen once imported.
        from apps.content import checks, receivers  # noqa: F401
