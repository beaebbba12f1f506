"""What operators see: logs, metrics, errors."""

from config import env

LOG_LEVEL = env.text("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.text("LOG_FORMAT", default="json")

# Where the processes of one machine share their counters. prometheus_client reads the variable
# itself, as soon as it is imported; empty means that every process counts for itself.
METRICS_FOLDER = env.folder("PROMETHEUS_MULTIPROC_DIR")
# Bearer token for /metrics; empty means that only loopback may read it.
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
# Where a worker answers Prometheus, on all its addresses; 0 means nowhere.
WORKER_METRICS_PORT = env.number("WORKER_METRICS_PORT", default=0)

SENTRY_DSN = env.text("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", default="local")
SENTRY_TRACES_SAMPLE_RATE = float(env.text("SENTRY_TRACES_SAMPLE_RATE", default="0"))

LOGGING_CONFIG = "apps.core.observability.logging.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
