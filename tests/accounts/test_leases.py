"""Sessions and what a reader was granted beforehand: who signs out is out at once here, elsewhere within a second."""

from typing import Any

import pytest

from apps.core.http.leases import Leases, leases
from tests.phone import Phone

ME = "me"


@pytest.fixture(autouse=True)
def _granted(settings: Any) -> None:
    settings.LEASE_SECONDS = 60


def test_who_reads_again_asks_redis_less(author: Phone, trips: list[str]) -> None:
    before = len(trips)

    assert [author.get(ME).status for _ in range(14)] == [200] * 14

    assert len(trips) - before == 4


def test_a_session_that_ends_here_is_over_at_once(author: Phone) -> None:
    assert [author.get(ME).status for _ in range(6)] == [200] * 6

    assert author.post("auth/logout").status == 204

    assert author.get(ME).status == 401


def test_a_session_that_ends_elsewhere_is_over_when_the_lease_is(
    author: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [author.get(ME).status for _ in range(4)] == [200] * 4
    # Another process is told, and this one is not.
    monkeypatch.setattr(Leases, "forget", lambda *_: None)
    assert author.post("auth/logout").status == 204
    assert author.get(ME).status == 200

    for lease in leases._held.values():
        lease.until = 0

    assert author.get(ME).status == 401


def test_another_token_passes_on_nothing_that_was_granted(author: Phone) -> None:
    assert [author.get(ME).status for _ in range(4)] == [200] * 4

    assert author.get(ME, authorization="Bearer nonsense").status == 401
