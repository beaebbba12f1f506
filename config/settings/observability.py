"""What operators see: logs, metrics, errors."""

from config import env, project

LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
# One JSON object per line, or coloured text for people.
LOG_FORMAT = env.choice("LOG_FORMAT", ("json", "console"), default="json")

# Where the processes of one machine share their counters. prometheus_client reads the variable
# itself, as soon as it is imported; empty means that every process counts for itself.
METRICS_FOLDER = env.folder("PROMETHEUS_MULTIPROC_DIR")
# Bearer token for /metrics; empty means that only loopback may read it.
METRICS_TOKEN = env.text("METRICS_TOKEN", default="")
# Where a worker answers Prometheus, on all its addresses; 0 means nowhere.
WORKER_METRICS_PORT = env.number("WORKER_METRICS_PORT", default=0)

# What a deployment calls itself: a tag or a commit.
RELEASE = env.text("RELEASE", default=f"{project.SLUG}@{project.VERSION}")
# Empty means that errors are only logged.
SENTRY_DSN = env.url("SENTRY_DSN", "http", "https", default="")
SENTRY_ENVIRONMENT = env.text("SENTRY_ENVIRONMENT", default="production")
SENTRY_TRACES_SAMPLE_RATE = env.decimal("SENTRY_TRACES_SAMPLE_RATE", default=0.0)

LOGGING_CONFIG = "apps.core.observability.logging.configure"
LOGGING = {"level": LOG_LEVEL, "format": LOG_FORMAT}
