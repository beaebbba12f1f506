"""Production's settings, with quotas that one machine's load does not use up. Everything else is as in production."""

from config.settings.production import *  # noqa: F403
from config.settings.production import RATE_LIMITS

# The limits are taken and counted like any other; they only never refuse.
RATE_LIMITS = {name: (quota * 1_000, window) for name, (quota, window) in RATE_LIMITS.items()}
