"""The alarm: what only a person can mend, said once an hour and not once a message."""

import logging
import threading
import time

logger = logging.getLogger("push")

_QUIET_SECONDS = 3600.0
_lock = threading.Lock()
_last: dict[str, float] = {}


def alarm(reason: str) -> None:
    """Log an error for operators, unless this process did so for the same reason within the hour."""
    now = time.monotonic()
    with _lock:
        if now - _last.get(reason, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return
        _last[reason] = now
    logger.error("push needs a person", extra={"reason": reason})


def silence() -> None:
    """Forget what was said, as a new process would."""
    with _lock:
        _last.clear()
