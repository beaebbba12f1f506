"""What a process shows on its terminal, read with patience but not for ever."""

import os
import re
import select
import subprocess
import time

PATIENCE = 20.0  # seconds


class Screen:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._output = process.stdout.fileno()
        self._unread = ""

    def shows(self, *patterns: str) -> str:
        """Wait until all the patterns are there, in any order, below what was waited for before.

        Returns the first group, or else the whole, of the last one.
        """
        deadline = time.monotonic() + PATIENCE
        while not all(matches := [re.search(pattern, self._unread) for pattern in patterns]):
            ready, _, _ = select.select([self._output], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self._output, 65536) if ready else b""
            assert chunk, f"no {patterns} in:\n{self._unread}"
            self._unread += chunk.decode()
        self._unread = self._unread[max(match.end() for match in matches) :]
        return matches[-1][matches[-1].lastindex or 0]
