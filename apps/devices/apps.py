"""The second floor as Django sees it: what you hold."""

from django.apps import AppConfig


class DevicesConfig(AppConfig):
    name = "apps.devices"
    label = "devices"
    verbose_name = "Devices"

    def ready(self) -> None:
        from apps.core import clients, flags
        from apps.devices import receivers, selectors  # noqa: F401 - receivers listen once imported

        clients.decide_versions_by(selectors.version_policies)
        flags.read_rules_by(selectors.flag_rules)
