"""The web server: threads over a few processes, behind a proxy in production, on loopback alone."""

import os
from typing import Any

from django.conf import settings
from gunicorn.glogging import Logger

from apps.core.observability import logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

bind = os.environ.get("BIND") or f"127.0.0.1:{os.environ.get('PORT', '8000')}"
# gunicorn's threads, with a short way for plain requests: a fifth of the processor time per request.
worker_class = "apps.core.serving.worker.Worker"
workers = int(os.environ.get("WEB_WORKERS", "2"))
# Threads wait for the interpreter as well as for Postgres. With Postgres on the same machine 2 answer a tenth more than
# 4; a network away, or while Apple is slow to say who somebody is, 4 do.
threads = int(os.environ.get("WEB_THREADS", "4"))

# Seconds. Requests get the graceful span to finish; idle connections outlive the proxy's own, so
# that the proxy never writes into a connection that we have just closed.
timeout = 30
graceful_timeout = 20
keepalive = 75

# Who speaks for whom is judged in one place, by TRUSTED_PROXIES and SECURE_PROXY_SSL_HEADER in the settings.
forwarded_allow_ips = ""

# Bytes: more than any client of ours sends, less than a flood needs.
limit_request_line = 4094
limit_request_field_size = 8190

# The control socket would be made in the home folder, shared by every server of the account.
control_socket_disable = True

# No access log: the application logs each request itself, with the person and the request id.
accesslog = None


class logger_class(Logger):  # noqa: N801 - a setting's name
    """What the server says of itself, written like everything else."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        if settings.LOGGING:
            logging.configure(settings.LOGGING)


def child_exit(server: Any, worker: Any) -> None:
    """Take the live gauges of a process that has ended out of the metrics page."""
    if settings.METRICS_FOLDER:
        # Not at the top: it reads the environment when imported, and the settings prepare that.
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
