"""What services have answered and the ledger does not know yet, in a file: it outlives a sender that is killed.

Whoever recovers it writes down what was said instead of saying it again. It names deliveries and nobody. Without it
(another machine, a full disk) deliveries are sent again, with the same ids.
"""

import fcntl
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.utils import timezone

from apps.notifications.delivery import due, outcomes
from apps.notifications.delivery.claiming import Claim
from apps.notifications.delivery.due import Due
from apps.notifications.delivery.outcomes import Landed
from apps.notifications.providers import line_to
from apps.notifications.providers.base import AddressDead, PushFailure, Receipt

logger = logging.getLogger("push")

_SUFFIX = ".answers"
# Bytes after which a file is left to those that wait in it, and another one begun.
_LARGEST = 1 << 20
# Seconds between two looks for files that were left behind.
PAUSE = 5.0

_lock = threading.Lock()
_looked_at = 0.0


def _folder() -> Path:
    return Path(settings.PUSH_JOURNAL)


class _File:
    """Answers of one sender, locked as long as it lives."""

    def __init__(self, provider: str) -> None:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / f"{provider}.{uuid.uuid4().hex}{_SUFFIX}"
        begun = self.path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._number = os.open(begun, flags, 0o600)
        # Locked before anybody looks at it.
        fcntl.flock(self._number, fcntl.LOCK_EX)
        begun.rename(self.path)
        self.size = 0
        self.unwritten: set[str] = set()

    def add(self, name: str, line: bytes) -> None:
        self.unwritten.add(name)
        self.size += os.write(self._number, line)

    def close(self, *, is_written: bool) -> None:
        if is_written:
            self.path.unlink(missing_ok=True)
        os.close(self._number)


class Journal:
    """The answers of one flight. The loop notes them; the thread that writes them down says so."""

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._lock = threading.Lock()
        self._files: list[_File] = []
        self._is_closed = False

    def note(self, claim: Claim, answer: Receipt | PushFailure) -> None:
        """Keep what a service said of a delivery, where saying it again would be a repeat."""
        if (entry := _entry(claim, answer)) is None:
            return
        with self._lock:
            if self._is_closed:
                return
            try:
                self._current().add(
                    claim.due.id, orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
                )
            except OSError:
                logger.warning("push journal failed", exc_info=True)

    def written(self, landed: Sequence[Landed]) -> None:
        """Forget what the ledger knows."""
        names = {claim.due.id for claim, _ in landed}
        with self._lock:
            for file in self._files:
                file.unwritten -= names
            for file in [one for one in self._files[:-1] if not one.unwritten]:
                self._files.remove(file)
                file.close(is_written=True)

    def close(self, *, is_written: bool) -> None:
        """End it; what was not written down is for whoever recovers it."""
        with self._lock:
            self._is_closed = True
            for file in self._files:
                file.close(is_written=is_written)
            self._files.clear()

    def _current(self) -> _File:
        if not self._files or self._files[-1].size > _LARGEST:
            self._files.append(_File(self._provider))
        return self._files[-1]


def _entry(claim: Claim, answer: Receipt | PushFailure) -> dict[str, Any] | None:
    entry: dict[str, Any] = {
        "told": claim.due.notification_id,
        "id": claim.due.id,
        "attempts": claim.due.attempts,
    }
    if claim.message is None:
        return None
    if isinstance(answer, Receipt):
        return entry | {"name": answer.provider_message_id, "is_final": answer.is_final}
    if isinstance(answer, AddressDead) and claim.due.device_id:
        return entry | {"dead": answer.reason, "alarming": answer.alarming, "since": answer.since}
    return None


def recover() -> None:
    """Write down what senders on this machine heard that are no more."""
    global _looked_at
    with _lock:
        if time.monotonic() - _looked_at < PAUSE:
            return
        _looked_at = time.monotonic()
    for path in _folder().glob(f"*{_SUFFIX}"):
        try:
            _recover(path)
        except OSError:
            logger.warning("push journal unreadable", exc_info=True)


def _recover(path: Path) -> None:
    with path.open("rb+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Its sender lives.
            return
        line = line_to(path.name.partition(".")[0])
        landed = list(_heard(file.read()))
        if line and landed:
            outcomes.record(line, landed)
        path.unlink(missing_ok=True)


def _heard(content: bytes) -> Iterator[Landed]:
    """Return what was heard of deliveries that nobody has tried since."""
    entries = {}
    for text in content.splitlines():
        try:
            entry = orjson.loads(text)
            entries[entry["id"]] = entry
        except (orjson.JSONDecodeError, KeyError, TypeError):
            # The last line of whoever was killed as it wrote.
            continue
    names = [(entry["told"], entry["id"]) for entry in entries.values()]
    for one in due.read(names, timezone.now()):
        entry = entries[one.id]
        if (
            one.state == "sent"
            and one.attempts == entry["attempts"]
            and not one.provider_message_id
        ):
            yield Claim(one, None), _answer(entry, one)


def _answer(entry: dict[str, Any], one: Due) -> Receipt | PushFailure:
    if "dead" not in entry:
        return Receipt(entry["name"], is_final=entry["is_final"])
    # An address that was confirmed after we sent is not the one that was found dead.
    since = datetime.fromisoformat(entry["since"]) if entry["since"] else one.sent_at
    return AddressDead(entry["dead"], alarming=entry["alarming"], since=since)
