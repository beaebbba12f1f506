"""The lines themselves: one event loop in a process, connections that live as long as it does, many exchanges at once.

`http1.py` keeps connections and uses each for one exchange at a time, `http2.py` has many streams on one connection.
Both bound what `core/outgoing.py` bounds for the rest of the product: the time of the whole exchange, and its reply.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

# Seconds for which another thread may keep the interpreter while an answer waits for the loop; Python's own 5 ms are
# longer than many an answer takes.
PATIENCE = 0.001

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """Return the loop on which all exchanges of this process run; a thread of its own turns it."""
    global _loop
    with _lock:
        if _loop is None:
            sys.setswitchinterval(PATIENCE)
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="push", daemon=True).start()
        return _loop


def run[Result](work: Coroutine[Any, Any, Result]) -> Future[Result]:
    """Begin something on the loop."""
    return asyncio.run_coroutine_threadsafe(work, loop())


def _start_alone() -> None:
    """A forked child has no thread that would turn its parent's loop."""
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


os.register_at_fork(after_in_child=_start_alone)
