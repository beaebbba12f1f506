"""What open event streams cost: memory and processor time of one stream server, and the API's answers beside them.

python -m apps.core.development exec -- .venv/bin/python -m tests.load.streams [STREAMS] [SECONDS]
"""

import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from tests.load import machine
from tests.load.environment import production
from tests.stack import Stack, free_port

# Each follows the events of an account of its own; a few of them also ask for their unread count, in turn.
_PEOPLE = """
import json
from apps.accounts.models import User
from apps.accounts.services.sessions import Origin, begin
from django.db import transaction
people = User.objects.bulk_create(
    [User(email=f"reader-{{n:05}}@example.test", display_name="Reader") for n in range({count})]
)
with transaction.atomic():
    print(json.dumps([begin(one, Origin()).access for one in people]))
"""
_PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}


@contextmanager
def running(streams: int) -> Iterator[tuple[Stack, int, list[str]]]:
    """Run web and one stream server, and sign so many people in."""
    variables = production(WEB_WORKERS="2", STREAMS_MOST=str(streams), TRUSTED_PROXIES="1")
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), parts=("web",), **variables) as stack,
    ):
        printed = stack.manage("shell", "-v", "0", "-c", _PEOPLE.format(count=streams))
        port = free_port()
        stack.start("stream", "manage", "stream", BIND=f"127.0.0.1:{port}")
        stack.wait_until_ready("stream", f"http://127.0.0.1:{port}/livez")
        yield stack, port, json.loads(printed.strip().splitlines()[-1])


def opened(port: int, token: str) -> socket.socket:
    """Follow somebody's events; return when the first is there."""
    line = socket.create_connection(("127.0.0.1", port))
    headers = {"Host": "127.0.0.1", "Authorization": f"Bearer {token}", **_PROXIED}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    line.sendall(f"GET /api/v1/events HTTP/1.1\r\n{head}\r\n".encode())
    answer = b""
    while b"\nid: " not in answer:
        part = line.recv(65_536)
        assert part, answer
        answer += part
    return line


def latencies(stack: Stack, tokens: list[str], seconds: float) -> list[float]:
    """Ask for the unread count again and again, one request at a time; return milliseconds, sorted."""
    took = []
    with httpx2.Client(base_url=stack.url, headers=_PROXIED) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            token = tokens[len(took) % len(tokens)]
            began = time.perf_counter()
            answer = client.get(
                "/api/v1/notifications/unread-count", headers={"Authorization": f"Bearer {token}"}
            )
            took.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
    return sorted(took[len(tokens) :])


def told(times: list[float]) -> str:
    p95 = times[int(0.95 * len(times))]
    return f"p50 {statistics.median(times):.2f} ms, p95 {p95:.2f} ms of {len(times):,} answers"


def kilobytes(process: int) -> int:
    rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("Pss:")).split()[1])


def main(streams: int = 1_000, seconds: float = 15.0) -> None:
    print(machine.describe())
    with running(streams + 1) as (stack, port, tokens), ExitStack() as lines:
        server, asking = stack.processes["stream"].pid, tokens[:8]
        lines.enter_context(opened(port, tokens[-1]))
        print(f"without streams   {told(latencies(stack, asking, seconds))}")
        before, began = kilobytes(server), time.perf_counter()
        for token in tokens[:streams]:
            lines.enter_context(opened(port, token))
        took = time.perf_counter() - began
        # Each is looked at once more when rings for it are heard.
        time.sleep(3)
        each = (kilobytes(server) - before) / streams
        print(
            f"{streams:,} streams open in {took:.1f} s: {each:.1f} kB each, {before / 1024:.0f} MB before"
        )
        cost = machine.read({"stream": server})
        print(f"beside {streams:,}      {told(latencies(stack, asking, seconds))}")
        spent = machine.read({"stream": server}).since(cost).trees["stream"]
        print(f"idle, they took {100 * spent / seconds:.1f} % of a core")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
