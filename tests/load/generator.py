"""The load: one process that keeps connections busy with requests made beforehand, and times every answer.

Far cheaper than what it measures: it finds the end of an answer and looks at the status, nothing else. Its own cost is
counted and reported beside the servers'.
"""

import pickle
import select
import socket
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

# Where a request holds this, each copy that is sent holds a number of its own, as wide.
UNIQUE = b"@@@unique@@@0000"
_PATIENCE = 15
_CHUNK = 1 << 18
_MARK = b"mark\n"
# As gunicorn and Django spell them; looking for any other spelling would cost as much as all the rest.
_LENGTH = b"\r\nContent-Length: "
_CHUNKED = b"\r\nTransfer-Encoding: chunked"
_CLOSE = b"\r\nConnection: close"


@dataclass(frozen=True)
class Plan:
    """What to send where, on how many connections, for how many seconds, after how many that don't count."""

    port: int
    requests: list[bytes]
    status: int
    connections: int
    seconds: float
    warmup: float


@dataclass
class Load:
    """What came of it. `latencies` are seconds, `cpu` the seconds that this process itself used."""

    seconds: float = 0.0
    cpu: float = 0.0
    latencies: array = field(default_factory=lambda: array("d"))
    failures: int = 0
    first_failure: bytes = b""


def load(plan: Plan, mark: Callable[[], None]) -> Load:
    """Run the plan in a process of its own; `mark` is called when the counted time begins and when it ends.

    Raises RuntimeError when the process fails, as it does when nothing is answered for long.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.load.generator"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    with process:
        try:
            pickle.dump(plan, process.stdin)
            process.stdin.close()
            for _ in ("begins", "ends"):
                if process.stdout.readline() == _MARK:
                    mark()
            answer = process.stdout.read()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise RuntimeError(f"The load ended with {process.returncode}; see above.")
    return pickle.loads(answer)


class Line:
    """One connection: sends, collects until an answer is whole, sends again."""

    def __init__(self, address: tuple[str, int], following: Callable[[], bytes]) -> None:
        self._address, self._following = address, following
        self._open()

    def _open(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=_PATIENCE)
        # It is read when there is something to read; with a timeout every read would ask the kernel twice.
        self.socket.settimeout(None)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self) -> None:
        self._received = b""
        self.asked_at = time.perf_counter()
        self.socket.sendall(self._following())

    def ask_again(self) -> None:
        """Send the next request, on a new connection where the server closes its own after every answer."""
        if self._received.find(_CLOSE, 0, self._head) < 0:
            self.ask()
            return
        self.socket.close()
        self._received = b""
        self.asked_at = time.perf_counter()
        self._open()
        self.socket.sendall(self._following())

    def whole_answer(self) -> bytes | None:
        """Read what is there; return the answer when it is whole."""
        data = self.socket.recv(_CHUNK)
        if not data:
            raise ConnectionError(f"closed in the middle of an answer: {self._received[:300]!r}")
        self._received = data = self._received + data if self._received else data
        self._head = head = data.find(b"\r\n\r\n")
        return data if head >= 0 and _is_whole(data, head) else None


def _is_whole(data: bytes, head: int) -> bool:
    length = data.find(_LENGTH, 0, head)
    if length >= 0:
        start = length + len(_LENGTH)
        return len(data) >= head + 4 + int(data[start : data.find(b"\r\n", start)])
    return data.find(_CHUNKED, 0, head) < 0 or data.endswith(b"\r\n0\r\n\r\n")


class Lines:
    """All connections, until the time is over."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._numbers = count(time.time_ns())
        # Each run starts elsewhere: what is counted per person must not hit the same ones every time.
        self._next = count(time.time_ns() // 1000 % len(plan.requests))
        self._poll = select.epoll()
        self._lines: dict[int, Line] = {}

    def _following(self) -> bytes:
        request = self._plan.requests[next(self._next) % len(self._plan.requests)]
        return request.replace(UNIQUE, b"%016x" % next(self._numbers))

    def run(self, mark: Callable[[], None]) -> Load:
        for _ in range(self._plan.connections):
            self._watch(Line(("127.0.0.1", self._plan.port), self._following)).ask()
        self._answer_until(time.perf_counter() + self._plan.warmup, Load())
        found = Load()
        mark()
        started, cpu = time.perf_counter(), time.process_time()
        self._answer_until(started + self._plan.seconds, found)
        found.seconds = time.perf_counter() - started
        found.cpu = time.process_time() - cpu
        mark()
        return found

    def _watch(self, line: Line) -> Line:
        self._lines[line.socket.fileno()] = line
        self._poll.register(line.socket, select.EPOLLIN)
        return line

    def _answer_until(self, deadline: float, found: Load) -> None:
        expected = b"%d" % self._plan.status
        while True:
            events = self._poll.poll(_PATIENCE)
            if not events:
                raise TimeoutError(f"nothing was answered for {_PATIENCE} s")
            for number, _ in events:
                line = self._lines[number]
                answer = line.whole_answer()
                if answer is None:
                    continue
                now = time.perf_counter()
                found.latencies.append(now - line.asked_at)
                if answer[9:12] != expected:
                    found.failures += 1
                    found.first_failure = found.first_failure or answer[:2_000]
                self._go_on(number, line)
            if time.perf_counter() >= deadline:
                return

    def _go_on(self, number: int, line: Line) -> None:
        before = line.socket
        line.ask_again()
        if line.socket is not before:
            # The kernel forgot the closed one by itself.
            del self._lines[number]
            self._watch(line)


def _say() -> None:
    sys.stdout.buffer.write(_MARK)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    # What is sent over the pipe must be known to the other side under its importable name.
    from tests.load import generator

    plan = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps(generator.Lines(plan).run(_say)))
