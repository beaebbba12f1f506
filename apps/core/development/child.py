"""One process of the product: in a group of its own, its lines passed on, its end noticed."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.core.development.project import ROOT
from apps.core.development.warden import Warden, signal_group


@dataclass
class Child:
    name: str
    command: list[str]
    environment: Mapping[str, str]
    say: Callable[[str, str], None]
    warden: Warden
    _process: subprocess.Popen[bytes] | None = None
    _reader: threading.Thread = field(default_factory=threading.Thread)
    _began: float = 0.0

    def start(self) -> None:
        ours, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                process_group=0,  # Ctrl-C reaches the supervisor alone, which stops all in order
            )
        finally:
            os.close(theirs)
        self.warden.guard(self._process.pid)
        self._began = time.monotonic()
        self._reader = threading.Thread(target=self._pass_on, args=(ours,), daemon=True)
        self._reader.start()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def age(self) -> float:
        """Seconds since the last start."""
        return time.monotonic() - self._began

    def terminate(self) -> None:
        """Send SIGTERM to the process alone: gunicorn and celery tell their own workers."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)

    def finish(self) -> int:
        """Kill what is left of the group, pass on its last lines and return the exit code."""
        if self._process is None:
            return 0
        signal_group(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self.warden.release(self._process.pid)
        self._reader.join(timeout=1)  # a process that left the group may hold the pipe open
        return code

    def _pass_on(self, pipe: int) -> None:
        with open(pipe, errors="replace") as lines:
            for line in lines:
                self.say(line, self.name)
