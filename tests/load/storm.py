"""`python -m tests.load.storm`: what fifty sign-ins at once do to everybody else (reliability AU-03).

Two phones read their feed and their profile, calm and in the storm by turns; their p95 in the storm may be twice that
of the calm at most. Whoever is refused comes again when `Retry-After` says, as the app does.
"""

import json
import statistics
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.load.alone import Line, product
from tests.load.asking import Person, request
from tests.load.people import PASSWORD, address
from tests.load.servers import OURS, Field

AT_ONCE, READERS, ROUNDS, SECONDS = 50, 2, 3, 10.0
MOST = 2.0
_PATHS = ("/api/v1/feed", "/api/v1/me")


def main() -> int:
    calm: list[float] = []
    storm: list[float] = []
    came: Counter[int] = Counter()
    with product() as field:
        _read(field, 3.0)
        for _ in range(ROUNDS):
            calm += _read(field, SECONDS)
            with _storm(field, came):
                storm += _read(field, SECONDS)
    quiet, loud = p95(calm), p95(storm)
    print(
        f"calm: {len(calm)} reads, median {statistics.median(calm):.1f} ms, p95 {quiet:.1f} ms\n"
        f"storm: {len(storm)} reads, median {statistics.median(storm):.1f} ms, p95 {loud:.1f} ms\n"
        f"sign-ins of {AT_ONCE} at once in {ROUNDS * SECONDS:.0f} s: {dict(came)}\n"
        f"p95 grows {loud / quiet:.2f} times"
    )
    return int(loud / quiet >= MOST or came[200] == 0 or set(came) - {200, 503} != set())


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _read(field: Field, seconds: float) -> list[float]:
    """Read on a few connections for so long; return milliseconds."""
    found: list[float] = []

    def reader(person: Person) -> None:
        end = time.monotonic() + seconds
        with Line(field.stack.port) as line:
            while time.monotonic() < end:
                for path in _PATHS:
                    answer, took = line.ask(request("GET", path, person))
                    assert answer.status == 200, answer.body
                    found.append(took * 1_000)

    people = field.servers[OURS].people[:READERS]
    threads = [threading.Thread(target=reader, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@contextmanager
def _storm(field: Field, came: Counter[int]) -> Iterator[None]:
    over = threading.Event()
    threads = [
        threading.Thread(target=_sign_in_again_and_again, args=(field.stack.port, one, over, came))
        for one in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    try:
        # Until all of them are in the middle of it.
        time.sleep(1)
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _sign_in_again_and_again(
    port: int, number: int, over: threading.Event, came: Counter[int]
) -> None:
    for turn in range(sys.maxsize):
        if over.is_set():
            return
        # Nobody tries so often that the limit of their address answers.
        told = {"email": address(1_000 + number + AT_ONCE * (turn % 100)), "password": PASSWORD}
        body = json.dumps(told).encode()
        raw = request("POST", "/api/v1/auth/login", None, body, x_device_id=uuid.uuid4().hex)
        with Line(port) as line:
            answer, _ = line.ask(raw)
        came[answer.status] += 1
        over.wait(float(answer.headers.get("Retry-After", 0)))


if __name__ == "__main__":
    sys.exit(main())
