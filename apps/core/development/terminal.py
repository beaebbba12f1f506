"""What the person sees: steps with their timings, and every process's lines under its name."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

COLOURS = {"web": 36, "worker": 32, "sender": 34, "beat": 35, "dev": 33}
WIDTH = max(map(len, COLOURS))


class Terminal:
    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._turn = threading.Lock()  # every process has a reader of its own
        self._coloured = out.isatty() and "NO_COLOR" not in os.environ

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce something slow before it begins, and how long it took when it has succeeded."""
        self._write(f"{self._prefix('dev')}{title} … ")
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self._write("\n")
            raise
        self._write(f"{time.monotonic() - began:.1f} s\n")

    def say(self, text: str, source: str = "dev") -> None:
        self._write("".join(f"{self._prefix(source)}{line}\n" for line in text.splitlines()))

    def _prefix(self, source: str) -> str:
        name = f"{source:<{WIDTH}} | "
        return f"\x1b[{COLOURS.get(source, 0)}m{name}\x1b[0m" if self._coloured else name

    def _write(self, text: str) -> None:
        with self._turn:
            self._out.write(text)
            self._out.flush()
