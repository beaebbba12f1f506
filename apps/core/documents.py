"""Documents in the cache: worked out by one for everybody, told a little late rather than by a stampede (D13).

    busiest = documents.Document("busiest-tags", seconds=60, compute=selectors.busiest_tags)
    busiest.get()

A document is stale after its lifetime, give or take a tenth, and gone after ten. Whoever finds it stale first works it
out anew while all others are told the old one; when that fails, so is everybody, until it is gone.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar
from weakref import WeakSet

import structlog

from apps.core import cache
from apps.core.cache import CacheDown, jittered

logger = structlog.get_logger(__name__)

# KEYS: document, lock. ARGV: lock's owner, lock's milliseconds. Redis's clock, so that web processes can't disagree.
_READ = """
local found = redis.call('HMGET', KEYS[1], 'text', 'stale_at')
local t = redis.call('TIME')
if found[1] and tonumber(found[2]) > t[1] * 1000 + math.floor(t[2] / 1000) then
  return {found[1], 0}
end
local mine = redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
return {found[1], mine and 1 or 2}
"""
# KEYS: document, lock. ARGV: lock's owner, text, milliseconds until it is stale and until it is gone.
_WRITE = """
local t = redis.call('TIME')
local stale_at = t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'text', ARGV[2], 'stale_at', string.format('%.0f', stale_at))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
"""
# KEYS: lock. ARGV: its owner.
_UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"
# The script's answers beside the text: current 0, ours to work out, somebody else's 2.
_MINE = 1

# Seconds: how long one may work before another tries, and how long whoever has nothing waits for them.
_LOCK, _PATIENCE, _PAUSE = 10, 3.0, 0.02
_LIVES = 10


class Document:
    """What `compute` returns, JSON, kept for `seconds` and shared by all processes.

    For `trusted` seconds a process tells what it found last without asking Redis. While Redis is away each process
    keeps its own.
    """

    _all: ClassVar["WeakSet[Document]"] = WeakSet()

    def __init__(
        self, name: str, *, seconds: float, compute: Callable[[], Any], trusted: float = 0.0
    ) -> None:
        self._keys = [f"document:{name}", f"document:{name}:lock"]
        self._name, self._seconds, self._compute = name, seconds, compute
        self._trusted, self._trusted_until = trusted, 0.0
        self._alone = threading.Lock()
        self._own: tuple[float, Any] | None = None
        self._all.add(self)

    def get(self) -> Any:
        """Return the document; raises what `compute` raises only when there is none to tell instead."""
        if self._own is not None and time.monotonic() < self._trusted_until:
            return self._own[1]
        # In this process one asks Redis and works; the others are told what it found last.
        if not self._alone.acquire(blocking=self._own is None):
            assert self._own is not None  # noqa: S101
            return self._own[1]
        try:
            return self._found()
        finally:
            self._alone.release()

    def _found(self) -> Any:
        owner = secrets.token_hex(8)
        try:
            text, whose = self._read(owner)
        except CacheDown:
            return self._own_document()
        if whose != _MINE:
            # Nobody wrote one in time: better twice than never.
            return self._kept(json.loads(text)) if text else self._written(owner)
        try:
            return self._written(owner)
        except Exception as failure:
            if text is None:
                self._give_up(owner)
                raise
            # The lock stays for its time: nobody tries again before.
            logger.warning("document is stale", document=self._name, error=type(failure).__name__)
            return self._kept(json.loads(text))

    def _give_up(self, owner: str) -> None:
        with suppress(CacheDown):
            cache.run(_UNLOCK, self._keys[1:], [owner])

    def _read(self, owner: str) -> tuple[str | None, int]:
        """Return the text, None when there is none, and whether it is current, ours to work out or somebody else's."""
        patience = time.monotonic() + _PATIENCE
        while True:
            text, whose = cache.run(_READ, self._keys, [owner, _LOCK * 1000])
            if text or whose == _MINE or time.monotonic() > patience:
                return text, whose
            time.sleep(_PAUSE)

    def _written(self, owner: str) -> Any:
        document = self._compute()
        lifetimes = [round(1000 * jittered(self._seconds)), round(1000 * self._seconds * _LIVES)]
        try:
            cache.run(_WRITE, self._keys, [owner, json.dumps(document), *lifetimes])
        except CacheDown:
            logger.info("document not kept", document=self._name)
        return self._kept(document)

    def _own_document(self) -> Any:
        if self._own is not None and time.monotonic() < self._own[0]:
            return self._own[1]
        try:
            return self._kept(self._compute())
        except Exception as failure:
            if self._own is None:
                raise
            logger.warning("document is stale", document=self._name, error=type(failure).__name__)
            return self._own[1]

    def _kept(self, document: Any) -> Any:
        now = time.monotonic()
        self._trusted_until = now + jittered(self._trusted)
        self._own = (now + jittered(self._seconds), document)
        return document

    @classmethod
    def forget_all(cls) -> None:
        """Drop what this process keeps, as a new process would start."""
        for document in cls._all:
            document._own = None
