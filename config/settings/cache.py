"""The cache: a Redis of its own, because eviction is a property of the server, not of a database number."""

import re

from config import env
from config.settings import timeouts

# One server for both on a developer's machine; a database number in it gives way to ours.
REDIS_URL = re.sub(
    r"/\d*$", "", env.url("REDIS_URL", "redis", "rediss", default="redis://127.0.0.1:6379")
)
CACHE_URL = env.url("CACHE_URL", "redis", "rediss", local=f"{REDIS_URL}/0")

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {
            # Never pickle: whoever can write to the cache must not be able to run code here.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            "SOCKET_CONNECT_TIMEOUT": timeouts.CACHE_CONNECT,
            "SOCKET_TIMEOUT": timeouts.CACHE_READ,
        },
    }
}
CACHE_TIMEOUTS = (timeouts.CACHE_CONNECT, timeouts.CACHE_READ)
CACHE_BREAKER_SECONDS = timeouts.CACHE_BREAKER
# How long what Redis granted a reader holds in a process, which is how long another process may not notice that a
# session ended: below the second that is promised (`core/http/leases.py`). 0 asks Redis each time.
LEASE_SECONDS = 0.75
# How long a process collects who called before it tells Redis (`core/usage.py`).
USAGE_SECONDS = 1.0
