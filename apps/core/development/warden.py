"""The last guard: ends what a supervisor left running that was killed without a chance to clean up.

It reads `+<process group>` and `-<process group>` lines; the end of the pipe, which the kernel
closes whatever happens, means that the supervisor is gone.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from apps.core.development.project import ROOT
from apps.core.development.services import Services

GRACE_SECONDS = 3.0


class Warden:
    """The supervisor's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        theirs, self._pipe = os.pipe()
        command = [sys.executable, "-m", __spec__.name, str(folder)]
        # A session of its own: Ctrl-C in the terminal must not reach it.
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=theirs, start_new_session=True)
        os.close(theirs)

    def guard(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        os.close(self._pipe)
        self._process.wait()

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # a dead guard is no reason to stop working
            os.write(self._pipe, line.encode())


def signal_group(group: int, number: int) -> bool:
    """Send a signal, or 0 for none, to a process group; tells whether anybody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True


def watch(folder: Path) -> None:
    """Guard until the supervisor is gone, end its children, and stop services nobody else uses."""
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    left = [group for group in groups if signal_group(group, signal.SIGTERM)]
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [group for group in left if signal_group(group, 0)]
    for group in left:
        signal_group(group, signal.SIGKILL)
    Services(folder).stop_unused()


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
