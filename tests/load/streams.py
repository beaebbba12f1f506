"""What open event streams cost: memory and processor time of one stream server, the API's answers beside them, in turn
with and without, and how long after a commit each app hears of it.

.venv/bin/python -m apps.core.development exec -- .venv/bin/python -m tests.load.streams [STREAMS] [SECONDS]
"""

import json
import selectors
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from tests.load import machine
from tests.load.environment import production
from tests.stack import Stack

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
# Each person is told something of their own, in a transaction of its own; then all are hinted at in one.
_NEWS = """
import json, time
from django.db import transaction
from apps.accounts.models import User
from apps.notifications import kinds, services
people = list(User.objects.order_by("email").values_list("pk", flat=True)[:{count}])
committed = []
for place, person in enumerate(people):
    time.sleep({apart})
    with transaction.atomic():
        services.notify(kind="content_hidden", recipient_id=person, data={{"what": "post"}}, key=f"news-{{place}}")
    committed.append(time.time())
time.sleep(2)
with transaction.atomic():
    services.hint(topic=kinds.Topic.POSTS, people=people)
print(json.dumps([committed, time.time()]))
# Until all rings are out.
time.sleep(2)
"""
# News of a second, one for each.
_PACE = 100
_ROUNDS = 3
_PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
_READS = ("me", "notifications", "notifications/unread-count")


@contextmanager
def running(streams: int) -> Iterator[tuple[Stack, int, list[str]]]:
    """Run web and one stream server, and sign so many people in."""
    variables = production(WEB_WORKERS="2", STREAMS_MOST=str(streams), TRUSTED_PROXIES="1")
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), parts=("web",), **variables) as stack,
    ):
        printed = stack.manage("shell", "-v", "0", "-c", _PEOPLE.format(count=streams))
        yield stack, stack.start_stream(), json.loads(printed.strip().splitlines()[-1])


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


def latencies(stack: Stack, tokens: Sequence[str], seconds: float) -> list[float]:
    """Ask for small things again and again, one request at a time; return milliseconds."""
    took = []
    with httpx2.Client(base_url=f"{stack.url}/api/v1/", headers=_PROXIED) as client:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            token, path = tokens[len(took) % len(tokens)], _READS[len(took) % len(_READS)]
            began = time.perf_counter()
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
            took.append(1000 * (time.perf_counter() - began))
            assert answer.status_code == 200, answer.text
    # A token that was not seen before is looked up.
    return took[len(tokens) * len(_READS) :]


def arrivals(lines: Sequence[socket.socket], telling: Future[str]) -> dict[bytes, dict[int, float]]:
    """Read all streams until whoever tells has done; return when the first of each event came, by place."""
    heard: dict[bytes, dict[int, float]] = {b"notification": {}, b"hint": {}}
    with selectors.DefaultSelector() as watched:
        for place, line in enumerate(lines):
            watched.register(line, selectors.EVENT_READ, place)
        while not telling.done():
            for ready, _ in watched.select(0.1):
                data = ready.fileobj.recv(65_536)  # type: ignore[union-attr]
                assert data, "a stream ended"
                for name, moments in heard.items():
                    if b"event: %b\n" % name in data:
                        moments.setdefault(ready.data, time.time())
    return heard


def publish(stack: Stack, lines: Sequence[socket.socket]) -> None:
    """Tell each something, and all at once, and print how long it took to arrive."""
    news = _NEWS.format(count=len(lines), apart=1 / _PACE)
    with ThreadPoolExecutor(1) as other:
        telling = other.submit(stack.manage, "shell", "-v", "0", "-c", news)
        heard = arrivals(lines, telling)
    committed, hinted = json.loads(telling.result().strip().splitlines()[-1])
    own = [1000 * (moment - committed[place]) for place, moment in heard[b"notification"].items()]
    common = [1000 * (moment - hinted) for moment in heard[b"hint"].values()]
    assert len(own) == len(common) == len(lines), (len(own), len(common))
    print(f"one each, {_PACE} a second: {told(own)}, at most {max(own):.0f} ms after its commit")
    print(f"all in one commit: {told(common)}, at most {max(common):.0f} ms after it")


def told(times: list[float]) -> str:
    p95 = sorted(times)[int(0.95 * len(times))]
    return f"p50 {statistics.median(times):.2f} ms, p95 {p95:.2f} ms of {len(times):,}"


def kilobytes(process: int) -> int:
    rows = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return int(next(row for row in rows if row.startswith("Pss:")).split()[1])


def main(streams: int = 1_000, seconds: float = 10.0) -> None:
    print(machine.describe())
    with running(streams + 1) as (stack, port, tokens):
        server, asking = stack.processes["stream"].pid, tokens[:8]
        without: list[float] = []
        beside: list[float] = []
        with opened(port, tokens[-1]):
            latencies(stack, asking, 2)
            for number in range(_ROUNDS):
                without += latencies(stack, asking, seconds)
                with ExitStack() as stay:
                    before, began = kilobytes(server), time.perf_counter()
                    lines = [stay.enter_context(opened(port, one)) for one in tokens[:streams]]
                    took = time.perf_counter() - began
                    # Each is looked at once more when rings for it are heard.
                    time.sleep(3)
                    each = (kilobytes(server) - before) / streams
                    cost = machine.read({"stream": server})
                    beside += latencies(stack, asking, seconds)
                    spent = machine.read({"stream": server}).since(cost).trees["stream"]
                    # Later rounds use again what the first one took.
                    if number == 0:
                        print(
                            f"{streams:,} streams open in {took:.1f} s: {each:.1f} kB each beside"
                            f" {before / 1024:.0f} MB; idle, they take {100 * spent / seconds:.1f} % of a core"
                        )
                    if number == _ROUNDS - 1:
                        publish(stack, lines)
        print(f"reads without streams: {told(without)}")
        print(f"reads beside {streams:,}: {told(beside)}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
