"""How many messages are on their way at a time: as few as keep a service busy, for a killed sender's are said twice."""

import math
import time
from statistics import fmean

from apps.notifications.providers import wire

FEWEST = 2
# What is on its way covers the service's own time, and the time for which an answer may wait for us.
_SLACK = wire.PATIENCE
_PERIOD, _IDLE = 0.05, 0.2
# More than was needed until now, or nobody would learn that the service takes more.
_GROWTH = 1.5
# The service's own time is that of so many answers in a row, on average, while few are on their way: nothing queues up
# there then. After so many seconds it is measured anew.
_SAMPLES, _STRETCH, _FEWER = 24, 8, 8
_BELIEVED = 10.0


class Pace:
    """Follows from the answers that come in a second, and from the time that one takes (Little's law).

    Where more at a time are answered no faster, they would only queue up at the service.
    """

    def __init__(self, highest: int, *, together: int = 1) -> None:
        # What goes in one exchange waits for no other.
        self._highest, self._fewest = highest, min(max(FEWEST, together), highest)
        self.most = self._fewest
        """Messages that may be on their way now."""
        self.rate = 0.0
        """Answers in a second while others waited for their turn, as last counted."""
        self._began = self._measured_at = self._landed_at = time.monotonic()
        self._answers, self._is_short = 0, False
        self._takes = 0.0
        # While it is measured: how many were on their way before, and the times that answers took.
        self._before: int = self._fewest
        self._samples: list[float] | None = []

    def resume(self) -> None:
        """Count anew if nothing was on its way for a while; between two batches it is a moment."""
        now = time.monotonic()
        if now - self._landed_at > _IDLE:
            self._begin(now)

    def landed(self, began: float, *, is_short: bool) -> None:
        """Note the answer to what was sent at a moment, and whether others had to wait for their turn."""
        now = self._landed_at = time.monotonic()
        if self._samples is not None:
            self._measure(now, began, self._samples)
            return
        self._answers += 1
        self._is_short |= is_short
        if now - self._began >= max(_PERIOD, 2 * self._takes):
            self._adjust(now)

    def _adjust(self, now: float) -> None:
        if self._is_short:
            self.rate = self._answers / (now - self._began)
            needed = math.ceil(_GROWTH * self.rate * (self._takes + _SLACK))
            self.most = max(self._fewest, min(needed, self._highest))
        self._begin(now)
        if now - self._measured_at > _BELIEVED and self.most > self._fewest:
            self._before, self._samples = self.most, []
            self.most = max(self._fewest, self.most // _FEWER)

    def _measure(self, now: float, began: float, samples: list[float]) -> None:
        if began < self._began:
            # It waited behind the others.
            return
        samples.append(now - began)
        if len(samples) < _SAMPLES:
            return
        # Of the quickest stretch: whoever has just begun waits for connections as well, and for much of its own.
        stretches = [samples[place : place + _STRETCH] for place in range(0, _SAMPLES, _STRETCH)]
        found = min(map(fmean, stretches))
        # Whoever has become slower is believed at once, whoever seems faster by and by: too few cost more.
        self._takes = max(found, (self._takes + found) / 2)
        self.most, self._samples, self._measured_at = self._before, None, now
        self._begin(now)

    def _begin(self, now: float) -> None:
        self._began, self._answers, self._is_short = now, 0, False
