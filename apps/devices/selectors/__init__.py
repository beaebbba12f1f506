"""The pantry: what others may ask of devices."""

from apps.devices.selectors.configuration import (
    AppConfig,
    app_config,
    config_entries,
    explained,
    flag_rules,
    maintenance_notices,
    version_policies,
)
from apps.devices.selectors.registry import (
    active_by_version,
    device_at,
    devices_of,
    push_address_of,
    reachable_devices_of,
)
from apps.devices.selectors.usage import calls_by_version, deprecated_calls

__all__ = [
    "AppConfig",
    "active_by_version",
    "app_config",
    "calls_by_version",
    "config_entries",
    "deprecated_calls",
    "device_at",
    "devices_of",
    "explained",
    "flag_rules",
    "maintenance_notices",
    "push_address_of",
    "reachable_devices_of",
    "version_policies",
]
