"""Notices that source files have changed, by asking for their modification times once a second."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("apps", "config", "templates")
SUFFIXES = (".py", ".html")
INTERVAL = 1.0
SETTLING = 0.3  # an editor or a checkout writes several files in a row


class Watcher:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen = dict(self._times())
        self._changed: set[str] = set()
        self._next = time.monotonic() + INTERVAL

    def changed(self) -> list[str]:
        """Return what has changed since the last answer, once it has stopped changing."""
        if time.monotonic() < self._next:
            return []
        times = dict(self._times())
        fresh = {path for path, _ in times.items() ^ self._seen.items()}
        self._seen = times
        self._changed |= fresh
        self._next = time.monotonic() + (SETTLING if fresh else INTERVAL)
        if fresh:
            return []
        settled, self._changed = self._changed, set()
        return sorted(settled)

    def _times(self) -> Iterator[tuple[str, int]]:
        for folder in FOLDERS:
            for directory, _, names in os.walk(self._root / folder):
                for name in names:
                    if name.endswith(SUFFIXES):
                        path = Path(directory, name)
                        try:
                            yield str(path.relative_to(self._root)), path.stat().st_mtime_ns
                        except FileNotFoundError:
                            continue  # gone between the listing and the look
