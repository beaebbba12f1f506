"""Requests to stop, counted instead of obeyed on the spot: half a start can't be undone."""

import signal
from types import FrameType

REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    def __init__(self) -> None:
        self.received: list[int] = []
        for number in REQUESTS:
            signal.signal(number, self._note)

    def __bool__(self) -> bool:
        return bool(self.received)

    @property
    def is_urgent(self) -> bool:
        """Whether somebody has asked a second time."""
        return len(self.received) > 1

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)
