"""The door for staff: what they see of devices, and what they decide about the apps on them."""

from apps.devices.admin import decisions, devices

__all__ = ["decisions", "devices"]
