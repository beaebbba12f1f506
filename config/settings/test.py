"""Base, with speed, strictness, and numbers of its own on shared services."""

from config import env
from config.settings.base import *
from config.settings.base import (
    CACHES,
    DATABASES,
    INSTALLED_APPS,
    LOCAL_STATE,
    REDIS_URL,
    STORAGES,
)

# Judges migrations in `make check`.
INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]

# Parallel test processes (gw0, gw1, …) share one Redis: each takes two numbers, apart from those of `make run`.
_worker = int(env.text("PYTEST_XDIST_WORKER", default="gw0").removeprefix("gw"))
CACHE_URL = f"{REDIS_URL}/{2 + 2 * _worker}"
CACHES["default"]["LOCATION"] = CACHE_URL
CELERY_BROKER_URL = f"{REDIS_URL}/{3 + 2 * _worker}"

# Stories about staff begin inside; the step itself has its own (`tests/core/test_second_step.py`).
STAFF_SECOND_STEP = False
# A test that writes wants to read it at once.
SHARED_PAGE_SECONDS = 0.0
# One that ends a session elsewhere wants it to be over at once.
LEASE_SECONDS = 0.0
USAGE_SECONDS = 0.0

RAISE_ON_LAZY_LOAD = True
STATIC_ROOT = None
# Jobs wait in the table until a test drains them (`tests/outbox.py`).
JOB_DOORBELL = False
# Tests call from more threads than a web process has.
PASSWORD_HASHES_WAITING = 100
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_FOLDER = LOCAL_STATE / "test-media" / str(_worker)
MEDIA_ORIGIN = "http://localhost"
PUSH_JOURNAL = env.text(
    "PUSH_JOURNAL", default=str(LOCAL_STATE / "test-push-journal" / str(_worker))
)
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
LOGGING = {"level": "WARNING", "format": "json"}
# A transaction that a test holds open while it looks around is not a fault.
DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 20
# Seconds that a test can wait.
STREAM_HEARTBEAT = 2.0
STREAM_SEND = 2.0
STREAM_UNRUNG = 0.5
