"""Real stream servers beside a test, on its database and its cache."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from django.db import connection

from tests.phone import Event, Inbox, OverHttp, Phone
from tests.stack import ROOT, free_port, with_path

_PATIENCE = 15


@dataclass
class Server:
    """One process of `manage.py stream`."""

    port: int
    process: subprocess.Popen[bytes]
    log: IO[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        """What it has logged."""
        return Path(self.log.name).read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)

    def metric(self, name: str) -> float:
        """Return one number of its metrics page, 0 where it has none."""
        with closing(OverHttp(self.url)) as line:
            page = line("GET", "/metrics", {}, None).content.decode()
        found = [row.rpartition(" ")[2] for row in page.splitlines() if row.startswith(f"{name} ")]
        return float(found[0]) if found else 0.0


@contextmanager
def stream_server(**environment: str) -> Iterator[Server]:
    """Start one and yield it when it answers."""
    port = free_port()
    database = with_path(os.environ["DATABASE_URL"], str(connection.settings_dict["NAME"]))
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": database,
        "BIND": f"127.0.0.1:{port}",
        "LOG_LEVEL": "INFO",
        **environment,
    }
    with tempfile.NamedTemporaryFile(suffix=".log") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifications.streams.serve"],
            cwd=ROOT,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        server = Server(port, process, log)  # type: ignore[arg-type]
        try:
            assert process.stdout
            assert process.stdout.readline() == b"open\n", server.said()
            yield server
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


@contextmanager
def following(
    phone: Phone, server: Server, inbox: Inbox | None = None
) -> Iterator[tuple[Inbox, Iterator[Event]]]:
    """Follow the phone's events at a server; the app's inbox takes in what is read of them."""
    inbox = inbox or Inbox()
    line = OverHttp(server.url, timeout=_PATIENCE)
    with closing(line), replace(phone, line=line).events(inbox) as events:
        yield inbox, events


def until(events: Iterator[Event], name: str, **data: object) -> Event:
    """Read on to an event of this name with at least this data."""
    for event in events:
        if event.name == name and data.items() <= event.data.items():
            return event
    raise AssertionError(f"The stream ended before {name} {data} came.")
