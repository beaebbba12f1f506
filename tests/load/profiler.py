"""Where the time goes: one process of ours answers one work again and again, and is looked at every millisecond.

Processor time only, sampled, so that small functions are not made to look dear. Without web server and network.
"""

import pickle
import signal
import subprocess
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import count, cycle, islice
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from tests.load.generator import UNIQUE
from tests.stack import ROOT, Stack

_EVERY = 0.001
_WARM = 200
_SHOWN = 40
_PLACES = (
    Path(sysconfig.get_path("purelib")),
    ROOT,
    Path(sysconfig.get_path("stdlib")),
)


def profile(stack: Stack, requests: list[bytes], times: int) -> str:
    """Answer the requests `times` times in a process of its own under the stack's settings; return what was seen."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.load.profiler"],
        cwd=ROOT, env=stack.environment, input=pickle.dumps((requests, times)),
        stdout=subprocess.PIPE, stderr=(stack.folder / "profile.log").open("wb"), check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(stack.log("profile")[-4_000:])
    return done.stdout.decode()


class Samples:
    """What was running whenever the timer rang: innermost, and anywhere on the stack."""

    def __init__(self) -> None:
        self.own: Counter[CodeType] = Counter()
        self.total: Counter[CodeType] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        seen: set[CodeType] = set()
        if frame:
            self.own[frame.f_code] += 1
        while frame:
            seen.add(frame.f_code)
            frame = frame.f_back
        self.total.update(seen)

    def while_running(self, work: Callable[[], None]) -> None:
        signal.signal(signal.SIGPROF, self.take)
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
        try:
            work()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def environ_of(raw: bytes, number: int) -> dict[str, Any]:
    """Return a request as a WSGI server hands it over (PEP 3333)."""
    head, _, body = raw.replace(UNIQUE, b"%016x" % number).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, address, _ = first.split(" ")
    path, _, query = address.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1", "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
        "wsgi.input": BytesIO(body), "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip
    for line in lines:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


class Process:
    """The application as `config/wsgi.py` makes it, asked without a server."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        from config.wsgi import application

        self._application = application
        self._numbers = count(time.time_ns())
        self._requests = cycle(requests)
        self._status = ""

    def answer(self, times: int) -> None:
        for raw in islice(self._requests, times):
            environ = environ_of(raw, next(self._numbers))
            response = self._application(environ, self._start)
            b"".join(response)
            if hasattr(response, "close"):
                response.close()
            if self._status >= "4":
                raise RuntimeError(self._status)

    def _start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        self._status = status


def report(samples: Samples, times: int, processor: float, wall: float) -> str:
    cost = processor / times * 1e6
    lines = [
        f"{times:,} requests: {cost:,.0f} µs of processor time and {wall / times * 1e6:,.0f} µs each",
        "",
        "own µs  by package",
        *_ranked(samples.own, cost, _package),
        "",
        "own µs  by function",
        *_ranked(samples.own, cost, _function),
        "",
        "all µs  by function, with what it calls",
        *_ranked(samples.total, cost, _function, sum(samples.own.values())),
    ]
    return "\n".join(lines)


def _ranked(
    found: Counter[CodeType], cost: float, name: Callable[[CodeType], str], of: int = 0
) -> list[str]:
    named: Counter[str] = Counter()
    for code, samples in found.items():
        named[name(code)] += samples
    whole = of or sum(named.values()) or 1
    return [
        f"{samples / whole * cost:6,.0f}  {text}" for text, samples in named.most_common(_SHOWN)
    ]


def _package(code: CodeType) -> str:
    parts = _place(code).removesuffix(".py").split("/")
    depth = {"django": 2, "rest_framework": 2, "apps": 3}.get(parts[0], 1)
    return ".".join(parts[:depth])


def _function(code: CodeType) -> str:
    return f"{code.co_qualname}  {_place(code)}:{code.co_firstlineno}"


def _place(code: CodeType) -> str:
    path = Path(code.co_filename)
    for place in _PLACES:
        if path.is_relative_to(place):
            return str(path.relative_to(place))
    return str(path)


def _main() -> None:
    requests, times = pickle.load(sys.stdin.buffer)
    process = Process(requests)
    process.answer(_WARM)
    samples = Samples()
    processor, wall = time.process_time(), time.perf_counter()
    samples.while_running(lambda: process.answer(times))
    processor, wall = time.process_time() - processor, time.perf_counter() - wall
    print(report(samples, times, processor, wall))


if __name__ == "__main__":
    _main()
