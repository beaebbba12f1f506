"""Streams: work that is not jobs, because its rows lie in a table of their own and are taken many at a time.

A job is one row, one claim and one attempt. Where the work is very many small exchanges with a service outside, the
app's own table is the queue of record: `jobs.wake(queue)` rings after the commit, whoever hears it runs the stream, and
the sweeper and the metrics ask it what is due, as they ask the outbox.

    @streams.stream("fcm", "apns", backlog=selectors.due_by_provider)
    def send_due(*, queue: str, ends: float) -> bool: ...
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Run(Protocol):
    def __call__(self, *, queue: str, ends: float) -> bool:
        """Do what is due in a queue until shortly after `ends` on the monotonic clock; return whether more may be."""
        ...


class Backlog(Protocol):
    def __call__(
        self, queues: Sequence[str], *, most: int | None = None
    ) -> Mapping[str, tuple[int, float]]:
        """Return how much is due in each queue, counted up to `most`, and for how many seconds the oldest has been."""
        ...


@dataclass(frozen=True)
class Stream:
    run: Run
    backlog: Backlog


registry: dict[str, Stream] = {}


def stream(*queues: str, backlog: Backlog) -> Callable[[Run], Run]:
    """Register what works these queues off."""

    def register(run: Run) -> Run:
        registry.update(dict.fromkeys(queues, Stream(run, backlog)))
        return run

    return register


def backlogs(*, most: int | None = None) -> dict[str, tuple[int, float]]:
    """Ask every stream what is due in its queues."""
    found: dict[str, tuple[int, float]] = {}
    for backlog in {one.backlog for one in registry.values()}:
        mine = [queue for queue, one in registry.items() if one.backlog is backlog]
        found |= backlog(mine, most=most)
    return {queue: found[queue] for queue in registry}
