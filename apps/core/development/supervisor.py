"""Keeps the processes of the product running: starts, restarts, reloads and stops them together."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.core.development.child import Child
from apps.core.development.reload import Watcher
from apps.core.development.signals import StopRequests

TICK = 0.1
GRACE_SECONDS = 8.0
RELOAD_GRACE_SECONDS = 5.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
SETTLED_SECONDS = 30.0  # whoever lived this long did not fail at its start


@dataclass
class Supervisor:
    children: list[Child]
    stop: StopRequests
    watcher: Watcher
    is_ready: Callable[[], bool]
    when_ready: Callable[[float], None]  # told the seconds since the start
    say: Callable[[str], None]
    _pauses: dict[str, float] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)  # when a child that died is started again
    _start: int = 0  # which start of all children this is

    def run(self) -> None:
        """Keep the children running until a stop is requested; none of them is left afterwards."""
        try:
            self._start_all()
            while not self.stop:
                time.sleep(TICK)
                self._revive()
                if changed := self.watcher.changed():
                    self._reload(changed)
        finally:
            self._stop_all(GRACE_SECONDS)

    def _start_all(self) -> None:
        self._pauses.clear()
        self._due.clear()
        self._start += 1
        for child in self.children:
            child.start()
        # Beside the loop: an answer may take as long as the product needs to load.
        threading.Thread(target=self._announce, args=(self._start,), daemon=True).start()

    def _announce(self, start: int) -> None:
        began = time.monotonic()
        while start == self._start and not self.stop:
            if self.is_ready():
                self.when_ready(time.monotonic() - began)
                return
            time.sleep(TICK)

    def _revive(self) -> None:
        for child in self.children:
            due = self._due.get(child.name)
            if due is None and not child.is_running:
                self._schedule(child, child.finish())
            elif due is not None and time.monotonic() >= due:
                del self._due[child.name]
                child.start()

    def _schedule(self, child: Child, code: int) -> None:
        pause = (
            FIRST_PAUSE
            if child.age > SETTLED_SECONDS
            else self._pauses.get(child.name, FIRST_PAUSE)
        )
        self._pauses[child.name] = min(2 * pause, LONGEST_PAUSE)
        self._due[child.name] = time.monotonic() + pause
        self.say(f"{child.name} ended with {code}; starting it again in {pause:.0f} s")

    def _reload(self, changed: list[str]) -> None:
        others = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        self.say(f"{changed[0]}{others} changed; restarting")
        self._stop_all(RELOAD_GRACE_SECONDS)
        self._start_all()

    def _stop_all(self, grace: float) -> None:
        started = [child for child in self.children if child.name not in self._due]
        for child in started:
            child.terminate()
        deadline = time.monotonic() + grace
        requests = len(self.stop.received)
        while any(child.is_running for child in started) and time.monotonic() < deadline:
            if len(self.stop.received) > requests:
                break  # asked again: no more patience
            time.sleep(TICK / 2)
        for child in started:
            if child.is_running:
                self.say(f"{child.name} did not stop by itself; killing it")
            child.finish()
