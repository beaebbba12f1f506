"""The foundation: what people hold, what staff decide about all of it, and who still calls what."""

from apps.devices.models.configuration import ConfigEntry, Flag
from apps.devices.models.decisions import Decision
from apps.devices.models.devices import MAX_ADDRESS, Device
from apps.devices.models.usage import VersionCalls
from apps.devices.models.versions import MaintenanceNotice, VersionPolicy

__all__ = [
    "MAX_ADDRESS",
    "ConfigEntry",
    "Decision",
    "Device",
    "Flag",
    "MaintenanceNotice",
    "VersionCalls",
    "VersionPolicy",
]
