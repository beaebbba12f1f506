"""What operators see: logs, metrics, errors."""

from config import env

LOG_LEVEL = env.text("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.text("LOG_FORMAT", default="json")

# Prometheus needs this to be said before it is imported when several processes share one page.
METRICS_FOLDER = env.text("PROMETHEUS_MULTIPROC_DIR", default="")
# Bearer token for /metrics; empty means that only loopback may read it.
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")

SENTRY_DSN = env.text("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", default="local")
SENTRY_TRACES_SAMPLE_RATE = float(env.text("SENTRY_TRACES_SAMPLE_RATE", default="0"))

LOGGING_CONFIG = "apps.core.observability.logging.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
