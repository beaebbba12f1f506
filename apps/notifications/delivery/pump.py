"""The pump: it takes what is due at a service, has it sent, and writes down what comes back."""

import threading
import time

from apps.notifications.delivery import claiming
from apps.notifications.delivery.flight import Flight
from apps.notifications.delivery.journal import recover
from apps.notifications.providers import line_to

_lock = threading.Lock()
# The services that a thread of this process works for, and whether somebody has rung since it began.
_rung: dict[str, bool] = {}


def send_due(*, queue: str, ends: float) -> bool:
    """Send what is due at the service that a queue is named for, until nothing is or `ends` has come.

    Returns whether more may be due. One thread in a process at a time: whoever comes second only has the first look
    once more.
    """
    with _lock:
        if queue in _rung:
            _rung[queue] = True
            return False
        _rung[queue] = False
    while True:
        more = True
        try:
            more = _pump(queue, ends)
        finally:
            with _lock:
                leaves = more or not _rung[queue]
                _rung[queue] = False
                if leaves:
                    del _rung[queue]
        if leaves:
            return more


def _pump(provider: str, ends: float) -> bool:
    recover()
    with Flight(provider, line_to(provider)) as flight:
        while True:
            looked_at = 0
            if time.monotonic() < ends and (room := flight.room()):
                batch = claiming.claim(provider, room)
                looked_at = batch.looked_at
                flight.send(batch.claims)
            if flight.aloft:
                flight.land()
            elif not looked_at:
                return time.monotonic() >= ends
