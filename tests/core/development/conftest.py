"""A state folder of its own for each story, and other people who use it at the same time."""

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.core.development.project import ROOT
from apps.core.development.services import Services

USE_UNTIL_STDIN_CLOSES = """
import json, sys
from pathlib import Path
from apps.core.development.services import Services
with Services(Path(sys.argv[1])).use({}) as urls:
    print(json.dumps(urls), flush=True)
    sys.stdin.read()
"""


class Colleague:
    """Somebody in another terminal, using the same services until told to leave."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", USE_UNTIL_STDIN_CLOSES, str(folder)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    @property
    def urls(self) -> dict[str, str]:
        """Wait until the services are up and return their URLs."""
        if not hasattr(self, "_urls"):
            self._urls = json.loads(self.process.stdout.readline())
        return self._urls

    def leave(self) -> None:
        self.process.communicate()

    def be_killed(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def working_copy() -> Iterator[Path]:
    """Make a folder that everybody may enter; no service outlives it."""
    with tempfile.TemporaryDirectory(prefix="working copy ") as copy:
        Path(copy).chmod(0o755)
        state = Path(copy, ".local")
        yield state
        Services(state).forget()


@pytest.fixture
def fresh_folder() -> Iterator[Path]:
    """The state folder of a new clone: it is not there yet."""
    with working_copy() as state:
        yield state


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """The state folder of a working copy where others have worked before; it rests between tests."""
    with working_copy() as state:
        with Services(state).use({}):
            pass
        yield state


@pytest.fixture
def expendable_folder(folder: Path) -> Iterator[Path]:
    """A copy of that folder, for what can't be undone."""
    with working_copy() as state:
        subprocess.run(["cp", "-a", folder, state], check=True)
        yield state


@pytest.fixture
def colleague(folder: Path) -> Iterator[Callable[[], Colleague]]:
    everybody: list[Colleague] = []

    def arrive() -> Colleague:
        everybody.append(Colleague(folder))
        return everybody[-1]

    yield arrive
    for each in everybody:
        with contextlib.suppress(ValueError):  # has left already
            each.be_killed()
