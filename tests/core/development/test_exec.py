"""One command with the services up: its environment, its exit code, its signals."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from apps.core.development.project import ROOT
from apps.core.development.warden import signal_group
from tests.core.development.screen import PATIENCE, Screen

EXEC = [sys.executable, "-m", "apps.core.development", "exec"]
# Named services are used as they are, so nothing has to be started here.
ENVIRONMENT = {**os.environ, "DATABASE_URL": "postgres://theirs", "REDIS_URL": "redis://theirs"}

COUNT_INTERRUPTS = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: print("interrupted", flush=True))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("waiting", flush=True)
while True: signal.pause()
"""
IN_ITS_OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def execute(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EXEC, *command], cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("flags", "settings"),
    [((), "config.settings.local"), (("--test",), "config.settings.test")],
)
def test_the_command_sees_services_and_settings(flags, settings):
    shown = execute(
        *flags, "--", "sh", "-c", "echo $DATABASE_URL $REDIS_URL $DJANGO_SETTINGS_MODULE"
    )

    assert shown.stdout == f"postgres://theirs redis://theirs {settings}\n"


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137)])
def test_the_exit_code_is_passed_on(script, code):
    assert execute("--", "sh", "-c", script).returncode == code


def test_options_of_the_command_are_its_own():
    assert execute("--", "printf", "%s", "--test").stdout == "--test"


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*command, *EXEC, "--", sys.executable, "-c", COUNT_INTERRUPTS],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=stdin,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        signal_group(process.pid, signal.SIGKILL)
        process.communicate()


def test_signals_reach_the_command_when_there_is_no_terminal(start):
    process = start()
    screen = Screen(process)
    screen.shows("waiting\n")

    process.send_signal(signal.SIGINT)
    screen.shows("interrupted\n")

    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=PATIENCE)[0] == b""
    assert process.returncode == 7


def test_ctrl_c_in_a_terminal_reaches_the_command_once(start):
    keyboard, terminal = os.openpty()
    process = start(sys.executable, "-c", IN_ITS_OWN_TERMINAL, stdin=terminal)
    screen = Screen(process)
    screen.shows("waiting\n")

    os.write(keyboard, b"\x03")
    screen.shows("interrupted\n")

    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=PATIENCE)[0] == b""
    assert process.returncode == 7
    os.close(keyboard)
    os.close(terminal)
