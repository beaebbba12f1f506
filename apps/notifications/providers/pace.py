"""How many messages are on their way at a time: as few as keep a service busy, for a killed sender's are said twice."""

import math
import time

FEWEST = 2
# Seconds that an answer may wait for us, which is as long as one thread may keep the interpreter: what is on its way
# covers this and the service's own time.
_SLACK = 0.005
_PERIOD = 0.05
# More than was needed until now, or nobody would learn that the service takes more.
_GROWTH = 1.5
# After so many seconds the service's own time is measured anew, with few on their way: nothing queues up there then.
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
        self._began = self._measured_at = time.monotonic()
        self._answers, self._is_short = 0, False
        self._fastest = math.inf
        # While it is measured anew: how many were on their way before, how many have been measured.
        self._before, self._samples = 0, 0

    def resume(self) -> None:
        """Count anew: nothing was on its way for a while."""
        self._begin(time.monotonic())

    def landed(self, began: float, *, is_short: bool) -> None:
        """Note the answer to what was sent at a moment, and whether others had to wait for their turn."""
        now = time.monotonic()
        if self._before:
            self._measure(now, began)
            return
        self._answers += 1
        self._is_short |= is_short
        self._fastest = min(self._fastest, now - began)
        if now - self._began >= max(_PERIOD, 2 * self._fastest):
            self._adjust(now)

    def _adjust(self, now: float) -> None:
        if self._is_short:
            rate = self._answers / (now - self._began)
            needed = math.ceil(_GROWTH * rate * (self._fastest + _SLACK))
            self.most = max(self._fewest, min(needed, self._highest))
        self._begin(now)
        if now - self._measured_at > _BELIEVED and self.most > self._fewest:
            self._before, self.most = self.most, self._fewest
            self._fastest, self._samples = math.inf, 0

    def _measure(self, now: float, began: float) -> None:
        if began < self._began:
            # It waited behind the others.
            return
        self._fastest = min(self._fastest, now - began)
        self._samples += 1
        if self._samples >= self._fewest:
            self.most, self._before, self._measured_at = self._before, 0, now
            self._begin(now)

    def _begin(self, now: float) -> None:
        self._began, self._answers, self._is_short = now, 0, False
