"""Rate limits: exact under concurrency, told to the client, and a written policy while Redis is away."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.test import Client

from apps.core import cache
from apps.core.errors import TooMany
from apps.core.http import throttling
from apps.core.http.throttling import LocalLimits, limit_named, spend

SEVEN = "/api/v1/seven"


@pytest.fixture
def redis_away(settings: Any) -> Iterator[None]:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings.CACHE_URL = f"redis://127.0.0.1:{unused.getsockname()[1]}/0"
        yield


@pytest.fixture
def redis_hung(settings: Any) -> Iterator[None]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as silent:
        settings.CACHE_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        yield


def passed(attempts: int, threads: int = 16) -> int:
    def attempt(_: int) -> bool:
        try:
            spend("test", "one", quota=10, window=3600)
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(attempt, range(attempts)))


def test_five_hundred_at_once_pass_exactly_ten() -> None:
    assert passed(500) == 10


def test_every_answer_tells_what_is_left(phone: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (3, 60)}

    first, *_, last = [phone.get(SEVEN) for _ in range(3)]
    refused = phone.get(SEVEN)

    assert first["RateLimit-Policy"] == '"read";q=3;w=60'
    assert first["RateLimit"] == '"read";r=2;t=20'
    assert last["RateLimit"].startswith('"read";r=0;')
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert refused.json()["retryable"] is True
    told = int(refused["RateLimit"].rpartition("t=")[2])
    assert int(refused["Retry-After"]) >= told - 1


def test_accounts_are_counted_apart(ada: Client, grace: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (1, 60)}

    assert [ada.get(SEVEN).status_code for _ in range(2)] == [200, 429]
    assert grace.get(SEVEN).status_code == 200


def test_forged_addresses_change_nothing(phone: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (1, 60)}
    phone.get(SEVEN)

    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        assert phone.get(SEVEN, headers={header: "203.0.113.9"}).status_code == 429


def test_behind_one_proxy_its_own_entry_counts(phone: Client, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (1, 60)}

    def status(forwarded: str) -> int:
        return phone.get(SEVEN, headers={"X-Forwarded-For": forwarded}).status_code

    assert status("6.6.6.6, 203.0.113.9") == 200
    assert status("7.7.7.7, 203.0.113.9") == 429
    assert status("2001:db8::1") == 200
    assert status("2001:db8::ffff:2") == 429


@pytest.mark.usefixtures("redis_away")
def test_reads_go_on_without_redis_under_a_local_limit(phone: Client, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "read": (5, 60)}

    statuses = [phone.get(SEVEN).status_code for _ in range(7)]

    assert statuses == [200] * 5 + [429] * 2


@pytest.mark.usefixtures("redis_away")
def test_sign_in_stays_limited_without_redis() -> None:
    from apps.core.actors import ANONYMOUS
    from apps.core.http.gate import Caller, enter

    caller = Caller(ANONYMOUS, "", "198.51.100.7")
    allowed = [enter("auth", caller, None).verdict.allowed for _ in range(20)]

    assert sum(allowed) == limit_named("auth").quota // 4


@pytest.mark.usefixtures("redis_hung")
def test_a_hung_redis_costs_one_wait(phone: Client) -> None:
    assert phone.get(SEVEN).status_code == 200
    with pytest.raises(cache.CacheDown, match="left alone"):
        cache.call(lambda server: server.ping())
    assert phone.get(SEVEN).status_code == 200


def test_local_limits_forget_the_longest_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "_LOCAL_SUBJECTS", 3)
    limits = LocalLimits()
    limit = limit_named("read")

    for subject in "abcd":
        limits.take(limit, subject)

    assert [subject for _, subject in limits._arrivals] == ["b", "c", "d"]


def test_counters_expire() -> None:
    spend("test", "one", quota=10, window=60)

    assert 0 < cache.client().pttl(cache.limit_key("test", "one")) <= 60_000
