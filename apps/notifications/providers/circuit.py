"""A breaker: while a push service fails, its messages wait without trying it one by one."""

import threading
import time

_FAILURES = 3
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 60.0


class Breaker:
    """Opens after three failures in a row; once its pause is over it lets one message try, and the others wait on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._latest: Exception | None = None
        self._pause = 0.0
        self._shut_until = 0.0
        self.is_trying = False
        """Whether whoever goes ahead now goes alone."""

    def wait(self) -> float:
        """Return the seconds for which nothing should be sent, 0 to go ahead."""
        with self._lock:
            now = time.monotonic()
            if now < self._shut_until:
                return self._shut_until - now
            if self._pause:
                # This one tries; it will say how it went.
                self.is_trying = True
                self._shut_until = now + self._pause
            return 0

    def failed(self, failure: Exception) -> None:
        """Count a failure of the service, not of one message: what went together failed together, by one failure."""
        with self._lock:
            if failure is self._latest:
                return
            self._latest = failure
            self._failures += 1
            # Those that were under way when it opened say nothing new.
            if self._failures >= _FAILURES and (self.is_trying or not self._pause):
                self._shut(min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE))

    def shut(self, seconds: float) -> None:
        """Stop sending for a while, whatever happened before."""
        with self._lock:
            self._shut(seconds)

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._latest, self._pause, self._shut_until = 0, None, 0.0, 0.0
            self.is_trying = False

    def _shut(self, seconds: float) -> None:
        self._pause, self._shut_until = seconds, time.monotonic() + seconds
        self.is_trying = False
