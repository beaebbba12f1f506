"""Workers: Celery carries doorbells, Postgres keeps the work (`core/jobs.py`)."""

from config import env
from config.settings import timeouts
from config.settings.cache import REDIS_URL

# Most urgent first: somebody waits for `urgent` with the phone in hand; `bulk` may take all night. The number is how
# many seconds a worker stays with the queue before a more urgent one gets its turn.
JOB_SLICES = {"urgent": 5, "default": 2, "bulk": 0.5}
JOB_QUEUES = tuple(JOB_SLICES)
# One for each service outside that takes very many messages: rows of a table of their own (`core/streams.py`). Whoever
# works on these works on nothing else, so that a service that hangs delays no other work.
STREAM_QUEUES = ("fcm", "apns", "expo", "smtp")
JOB_SLICES |= dict.fromkeys(STREAM_QUEUES, 10)
# Seconds that one attempt of a job may ask for at most.
JOB_LONGEST_LEASE = 240
# Workers are told at once that there is work. Without it they hear of it from the sweeper, a second later.
JOB_DOORBELL = True

CELERY_BROKER_URL = env.url("BROKER_URL", "redis", "rediss", local=f"{REDIS_URL}/1")
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": timeouts.BROKER_CONNECT,
    "socket_timeout": timeouts.BROKER_READ,
    "socket_keepalive": True,
    # Longer than any task may run, so that a message is never handed out while its task still works.
    "visibility_timeout": 300,
    "queue_order_strategy": "apps.core.doorbell:MostUrgentFirst",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# For ever: a worker that outlives a long outage of the broker is there when it ends.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# What runs when the connection breaks goes on; its lease says whose it is.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# The last resort, for attempts that do not even hear the alarm at the end of their lease.
CELERY_TASK_TIME_LIMIT = JOB_LONGEST_LEASE + 20
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
# Celery would tear down the connection pool around every task; `core/tasks.py` gives its connection back instead.
CELERY_DB_REUSE_MAX = 10**9
