"""Work outside the request: declare a job, ask for it in the transaction that causes it, say "not now" or "never".

    @jobs.job(queue="urgent")
    def send_receipt(*, order_id: uuid.UUID, **_: Any) -> None: ...

    with transaction.atomic():
        order.save()
        jobs.enqueue(send_receipt, order_id=order.pk)

The row is the promise: it commits or rolls back with its cause. Running is `core/outbox.py`'s business.
"""

import inspect
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from typing import Any, Literal, get_args, get_type_hints

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

from apps.core import doorbell
from apps.core.ids import new_id
from apps.core.observability.logging import current_context

type Id = str | int | bool | uuid.UUID | None
type Queue = Literal["urgent", "default", "bulk"]

# A repeated key must lock the waiting row and not merely find it: a worker could otherwise take that job between two
# commits and miss the change that the second one makes.
_INSERT = """
    INSERT INTO core_job
        (id, name, kwargs, queue, available_at, max_attempts, lease_seconds, key, context)
    VALUES (%s, %s, %s::jsonb, %s, COALESCE(%s, STATEMENT_TIMESTAMP()), %s, %s, %s, %s::jsonb)
    ON CONFLICT (key) WHERE state = 'pending' AND lease IS NULL
    DO UPDATE SET available_at = LEAST(core_job.available_at, EXCLUDED.available_at)
"""


class Retry(Exception):
    """Not now: roll the attempt back and come again after `after`, without counting it as a failure.

    A job that may be told so for ever decides itself when to raise GiveUp.
    """

    def __init__(self, *, after: timedelta, reason: str) -> None:
        super().__init__(reason)
        self.after = after


class GiveUp(Exception):
    """Never: roll the attempt back and file the job as a dead letter, with this reason."""


@dataclass(frozen=True)
class Handler:
    """A function that can be enqueued by name; calling it runs it here and now."""

    function: Callable[..., None]
    queue: Queue
    max_attempts: int
    lease: timedelta
    atomic: bool

    def __call__(self, **ids: Any) -> None:
        self.function(**ids)

    @cached_property
    def name(self) -> str:
        """`<app>.<function>`: what old and new workers must agree on, so renaming is a migration."""
        return f"{self.function.__module__.split('.')[:2][-1]}.{self.function.__name__}"

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        accepted = inspect.signature(self.function).parameters.values()
        return {one.name: one for one in accepted if one.kind is one.KEYWORD_ONLY}

    @cached_property
    def uuids(self) -> frozenset[str]:
        """Names of the ids that the function wants as UUIDs; JSON carries them as text."""
        hints = get_type_hints(self.function)
        return frozenset(n for n, hint in hints.items() if uuid.UUID in (hint, *get_args(hint)))

    def run(self, kwargs: Mapping[str, Any]) -> None:
        """Call the function with ids as they came out of the database."""
        text = {name for name in self.uuids if isinstance(kwargs.get(name), str)}
        self.function(**{n: uuid.UUID(v) if n in text else v for n, v in kwargs.items()})


@dataclass(frozen=True)
class Schedule:
    """When a periodic job is due: every so often counted from midnight UTC, or daily at a time of day (UTC)."""

    every: timedelta = timedelta(days=1)
    at: time = time()

    def next_after(self, moment: datetime) -> datetime:
        """Return the first due time later than `moment`."""
        start = datetime.combine(date(2000, 1, 1), self.at, UTC)
        return start + ((moment - start) // self.every + 1) * self.every


registry: dict[str, Handler] = {}
schedules: dict[str, Schedule] = {}


def job(
    *,
    queue: Queue = "default",
    max_attempts: int = 10,
    lease: timedelta = timedelta(seconds=60),
    atomic: bool = True,
) -> Callable[[Callable[..., None]], Handler]:
    """Register a function as a job.

    It takes ids as keyword-only parameters and ends in `**_`, so that workers of two versions can share a queue.
    `atomic` jobs run in one transaction with their own completion: their database effect happens once. A job that
    acts on the world (mail, push, files) is not atomic and happens at least once; it opens its own transactions.
    `lease` is the longest that one attempt may take; it is stopped a little earlier. Failures back off from seconds to
    ten minutes: ten attempts span about as long, twenty an hour.
    """

    def register(function: Callable[..., None]) -> Handler:
        handler = Handler(function, queue, max_attempts, lease, atomic)
        _refuse_unsound(handler)
        registry[handler.name] = handler
        return handler

    return register


def periodic(
    *,
    every: timedelta | None = None,
    at: str | None = None,
    queue: Queue = "bulk",
    max_attempts: int = 3,
    lease: timedelta = timedelta(seconds=60),
    atomic: bool = True,
) -> Callable[[Callable[..., None]], Handler]:
    """Register a job without ids that the clock asks for: `every` so often, or daily `at` "HH:MM" UTC.

    Slots missed while no clock ran are caught up once; several clocks ask once.
    """
    if (every is None) == (at is None):
        raise TypeError("A periodic job is due either every so often or at a time of day.")
    schedule = Schedule(every=every) if every else Schedule(at=time.fromisoformat(at or ""))

    def register(function: Callable[..., None]) -> Handler:
        handler = job(queue=queue, max_attempts=max_attempts, lease=lease, atomic=atomic)(function)
        if handler.parameters:
            raise TypeError(f"{handler.name}: the clock has no ids to give.")
        schedules[handler.name] = schedule
        return handler

    return register


def discover() -> None:
    """Import every app's jobs, so that they can be found by name."""
    autodiscover_modules("tasks", "periodic")


def enqueue(
    job: Handler, *, due_at: datetime | None = None, key: str | None = None, **ids: Id
) -> None:
    """Promise that `job` will run with these ids once this transaction has committed, and not before `due_at`.

    With a `key`, a job that waits under the same key is brought forward to the earlier due time instead; this
    transaction then holds that row until it ends. Raises RuntimeError outside a transaction, and TypeError for ids
    that the job does not take or JSON does not keep.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{job.name} must be enqueued in the transaction that causes it.")
    kwargs = _plain(job, ids)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                new_id(),
                job.name,
                json.dumps(kwargs),
                job.queue,
                due_at,
                job.max_attempts,
                int(job.lease.total_seconds()),
                key,
                json.dumps(current_context()),
            ],
        )
    if due_at is None or due_at <= datetime.now(UTC):
        wake(job.queue)


def wake(queue: str) -> None:
    """Have a worker look at a queue once this transaction has committed: there is work in a table of its own."""
    transaction.on_commit(partial(doorbell.ring, queue), robust=True)


def _plain(job: Handler, ids: Mapping[str, Id]) -> dict[str, str | int | bool | None]:
    required = {n for n, one in job.parameters.items() if one.default is one.empty}
    if unknown := ids.keys() - job.parameters.keys():
        raise TypeError(f"{job.name} does not take {sorted(unknown)}.")
    if missing := required - ids.keys():
        raise TypeError(f"{job.name} needs {sorted(missing)}.")
    plain = {name: str(one) if isinstance(one, uuid.UUID) else one for name, one in ids.items()}
    for name, one in plain.items():
        if one is not None and not isinstance(one, str | int):
            raise TypeError(f"{job.name}: {name} is a {type(one).__name__}; jobs carry ids.")
    return plain


def _refuse_unsound(job: Handler) -> None:
    kinds = {one.kind for one in inspect.signature(job.function).parameters.values()}
    if kinds - {inspect.Parameter.KEYWORD_ONLY} != {inspect.Parameter.VAR_KEYWORD}:
        raise TypeError(f"{job.name} must take keyword-only ids and end in **_.")
    if taken := job.parameters.keys() & {"job", "due_at", "key"}:
        raise TypeError(f"{job.name}: {sorted(taken)} are words of enqueue().")
    if not timedelta(0) < job.lease <= timedelta(seconds=settings.JOB_LONGEST_LEASE):
        raise ValueError(f"{job.name}: a lease lasts at most {settings.JOB_LONGEST_LEASE} s.")
    known = registry.get(job.name)
    if known and known.function.__module__ != job.function.__module__:
        raise ValueError(f"Two jobs are called {job.name}.")
