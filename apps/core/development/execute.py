"""`exec`: one command with the services up and its environment, `run` running or not."""

import os
import signal
import subprocess

from apps.core.development.project import ROOT, STATE, environment
from apps.core.development.services import Services
from apps.core.development.signals import StopRequests

TICK = 0.05


def execute(command: list[str], settings: str) -> int:
    """Run a command in the foreground and return its exit code, 128 + n when signal n ended it.

    Raises ServiceError when a service can't be started.
    """
    stop = StopRequests()
    with Services(STATE).use(os.environ) as urls:
        if stop:
            return 128 + stop.received[-1]
        # In our process group, so that an interactive shell keeps the terminal.
        child = subprocess.Popen(command, cwd=ROOT, env=environment(urls, settings))
        code = _wait(child, stop)
    return 128 - code if code < 0 else code


def _wait(child: subprocess.Popen[bytes], stop: StopRequests) -> int:
    handled = len(stop.received)
    while True:
        try:
            return child.wait(timeout=TICK)
        except subprocess.TimeoutExpired:
            for number in stop.received[handled:]:
                _forward(child, number)
            handled = len(stop.received)


def _forward(child: subprocess.Popen[bytes], number: int) -> None:
    # Ctrl-C has already reached the child: the terminal sends it to the whole group.
    if number != signal.SIGINT or not _has_terminal():
        child.send_signal(number)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY))
    except OSError:
        return False
    return True
