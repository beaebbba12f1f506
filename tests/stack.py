"""The product as it runs in production: web, worker and beat as processes, on a database of their own.

For the journey and the drills; needs DATABASE_URL and REDIS_URL (`make` sets them).
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
# The embedded Valkey has 64 numbered databases, a stock Redis 16: the last two of either are nobody else's.
_START_SECONDS = 60
_STOP_SECONDS = 15


class Stack:
    """A context manager: everything runs inside, and nothing is left outside.

    `folder` takes logs and mail. `parts` are started; the database is a copy of `template` where one is named.
    `environment` is added to that of every process.
    """

    def __init__(
        self,
        folder: Path,
        *,
        parts: Sequence[str] = ("worker", "sender", "beat", "web"),
        template: str = "",
        **environment: str,
    ) -> None:
        self.folder = folder
        self.parts = parts
        self.template = template
        self.name = f"stack_{os.getpid()}"
        self.mail_folder = folder / "mail"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.events_url = ""
        self.database_url = with_path(os.environ["DATABASE_URL"], self.name)
        self.cache_url, self.broker_url = _redis_numbers(os.environ["REDIS_URL"])
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "DATABASE_URL": self.database_url,
            "CACHE_URL": self.cache_url,
            "BROKER_URL": self.broker_url,
            "PORT": str(self.port),
            "MAIL_FOLDER": str(self.mail_folder),
            "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
            "PUSH_JOURNAL": str(folder / "push-journal"),
            **environment,
        }

    def __enter__(self) -> Self:
        for name in ("mail", "metrics"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for url in (self.cache_url, self.broker_url):
            with redis.Redis.from_url(url) as server:
                server.flushdb()
        self._database("DROP DATABASE IF EXISTS {} WITH (FORCE)", self._creation)
        try:
            self.manage("migrate", "--verbosity", "0")
            for name in self.parts:
                self.start(name)
            if "web" in self.parts:
                self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes.values():
            _signal(process, signal.SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            _signal(process, signal.SIGKILL)
            process.wait()
        self._database("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def start(self, name: str, *command: str, **environment: str) -> None:
        """Start one of `web`, `worker`, `sender`, `beat`, or another Python module, in a process group of its own."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *(command or COMMANDS[name])],
                cwd=ROOT, env=self.environment | environment,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def start_stream(self) -> int:
        """Start a stream server beside web; return its port when it answers."""
        port = free_port()
        self.events_url = f"http://127.0.0.1:{port}"
        self.start("stream", "manage", "stream", BIND=f"127.0.0.1:{port}")
        self.wait_until_ready("stream", f"{self.events_url}/livez")
        return port

    def kill(self, name: str) -> None:
        """Kill one with all its children, as a lost machine would."""
        process = self.processes[name]
        _signal(process, signal.SIGKILL)
        process.wait()

    def manage(self, *words: str) -> str:
        """Run a management command; returns what it prints, raises with its errors when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"manage.py {words[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Look into the database from outside the product."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    def _database(self, *statements: str) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
            for statement in statements:
                connection.execute(sql.SQL(statement).format(sql.Identifier(self.name)))  # type: ignore[arg-type]

    def wait_until_ready(self, name: str = "web", url: str = "") -> None:
        """Return when a server answers; raises RuntimeError with its log when it does not."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(url or f"{self.url}/readyz", timeout=2):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if time.monotonic() > deadline or self.processes[name].poll() is not None:
                    log = self.log(name)[-4000:]
                    raise RuntimeError(f"{name} does not answer:\n{log}") from None
                time.sleep(0.05)

    @property
    def _creation(self) -> str:
        # Copying files beats writing every page to the log, once there are many.
        copied = f' TEMPLATE "{self.template}" STRATEGY FILE_COPY' if self.template else ""
        return f"CREATE DATABASE {{}}{copied}"


COMMANDS = {
    "web": ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
    "worker": [
        "celery", "-A", "config", "worker", "-Q", "urgent,default,bulk", "--concurrency", "2",
        "--loglevel", "info",
    ],
    "sender": [
        "celery", "-A", "config", "worker", "-n", "sender@%h", "-Q", "fcm,apns,expo,smtp",
        "--pool", "threads", "--concurrency", "6", "--loglevel", "info",
    ],
    "beat": [
        "celery", "-A", "config", "beat", "--scheduler", "apps.core.scheduler:PostgresScheduler",
        "--loglevel", "info",
    ],
}  # fmt: skip


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def with_path(url: str, path: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def _redis_numbers(url: str) -> tuple[str, str]:
    with redis.Redis.from_url(url) as server:
        count = int(server.config_get("databases")["databases"])
    return with_path(url, str(count - 2)), with_path(url, str(count - 1))
