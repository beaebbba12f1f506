"""Documents in the cache, and copies in a process: one works, the others are told what was; never nothing."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError

from apps.core import cache
from apps.core.documents import Document

AT_ONCE = 100


class Kitchen:
    """Works something out, as slowly or as badly as a test wants, and counts how often."""

    def __init__(self) -> None:
        self.dishes = 0
        self.ready = threading.Event()
        self.ready.set()
        self.fault: Exception | None = None

    def cook(self) -> int:
        self.dishes += 1
        number = self.dishes
        assert self.ready.wait(10)
        if self.fault:
            raise self.fault
        return number


def at_once(ask: Callable[[], Any], times: int = AT_ONCE) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(times)
    for _ in range(times):
        pool.submit(ask)
    return pool


def processes(kitchen: Kitchen, count: int) -> list[Document]:
    """The same document as that many processes hold it."""
    return [Document("menu", seconds=60, compute=kitchen.cook) for _ in range(count)]


def grow_stale(*held_by: Document) -> None:
    """Let the lifetime pass, in Redis and in each process."""
    cache.client().hset("document:menu", "stale_at", "1")
    for document in held_by:
        assert document._own
        document._own = (0.0, document._own[1])


def test_a_document_is_worked_out_once_for_all_processes() -> None:
    kitchen = Kitchen()
    one, another = processes(kitchen, 2)

    assert [one.get(), another.get(), one.get()] == [1, 1, 1]

    grow_stale(one, another)
    assert [another.get(), one.get()] == [2, 2]
    assert 50_000 < cache.client().pttl("document:menu") / 10 < 70_000


def test_a_hundred_at_expiry_are_told_the_old_one_while_one_works() -> None:
    kitchen = Kitchen()
    one, another = processes(kitchen, 2)
    one.get(), another.get()
    grow_stale(one, another)
    kitchen.ready.clear()
    told: list[int] = []

    with at_once(lambda: told.append(one.get())), at_once(lambda: told.append(another.get())):
        while len(told) < 2 * AT_ONCE - 1:
            pass
        assert set(told) == {1}
        kitchen.ready.set()

    assert kitchen.dishes == 2
    assert sorted(told)[-1] == 2


def test_a_hundred_without_any_wait_for_one() -> None:
    kitchen = Kitchen()
    told: list[int] = []
    one, another = processes(kitchen, 2)

    with at_once(lambda: told.append(one.get())), at_once(lambda: told.append(another.get())):
        pass

    assert told == [1] * 2 * AT_ONCE


def test_a_failure_is_answered_with_the_old_one() -> None:
    kitchen = Kitchen()
    (document,) = processes(kitchen, 1)
    document.get()
    grow_stale(document)
    kitchen.fault = DatabaseError("gone")

    assert document.get() == 1
    (newcomer,) = processes(kitchen, 1)
    assert newcomer.get() == 1

    cache.client().delete("document:menu", "document:menu:lock")
    (newcomer,) = processes(kitchen, 1)
    with pytest.raises(DatabaseError):
        newcomer.get()
    kitchen.fault = None
    assert newcomer.get() == kitchen.dishes


def test_without_redis_a_process_keeps_its_own(settings: Any) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:1/0"
    kitchen = Kitchen()
    (document,) = processes(kitchen, 1)

    assert [document.get(), document.get()] == [1, 1]

    document._own = (0.0, 1)
    kitchen.fault = DatabaseError("gone")
    assert document.get() == 1
    document._own = None
    with pytest.raises(DatabaseError):
        document.get()


def test_when_the_generation_moves_one_thread_reads_and_the_others_go_on() -> None:
    kitchen = Kitchen()
    copy: cache.ProcessCopy[int] = cache.ProcessCopy(kitchen.cook)
    cache.ProcessCopy.saw_generation("before")
    assert copy.get() == 1
    cache.ProcessCopy.saw_generation("after")
    kitchen.ready.clear()
    told: list[int] = []

    with at_once(lambda: told.append(copy.get())):
        while len(told) < AT_ONCE - 1:
            pass
        kitchen.ready.set()

    assert kitchen.dishes == 2
    assert sorted(told) == [1] * (AT_ONCE - 1) + [2]
    assert copy.get() == 2


def test_while_postgres_is_away_the_last_known_stands_and_it_is_left_alone() -> None:
    kitchen = Kitchen()
    copy: cache.ProcessCopy[int] = cache.ProcessCopy(kitchen.cook)
    cache.ProcessCopy.saw_generation("before")
    copy.get()
    cache.ProcessCopy.saw_generation("after")
    kitchen.fault = DatabaseError("gone")

    assert [copy.get() for _ in range(5)] == [1] * 5

    assert kitchen.dishes == 2
    kitchen.fault, copy._retry_at = None, 0.0
    assert copy.get() == 3
