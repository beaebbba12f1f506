"""The door for staff: what they see of devices, and what they decide about the apps on them."""

from apps.core import roles
from apps.devices.admin import decisions, devices

roles.grant(roles.SUPPORT, "devices.view_device")

__all__ = ["decisions", "devices"]
