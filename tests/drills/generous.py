"""Local settings, with quotas that a drill does not use up."""

from config.settings.local import *  # noqa: F403
from config.settings.local import RATE_LIMITS

RATE_LIMITS = {name: (quota * 1_000, window) for name, (quota, window) in RATE_LIMITS.items()}
