"""Requests granted beforehand: who comes again within the second passes without another trip to Redis.

What a process grants itself is taken off the limit first, so that all processes together never exceed it; what is not
used goes back with the next trip. Whoever comes back in time is granted twice as many, up to a share of the quota.

A lease also stands for what Redis said of the session, so it is short: `LEASE_SECONDS` is how long a process may not
notice that another one ended a session. What this process ends itself, it notices at once (`forget`).
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings

from apps.core.http.throttling import Verdict

# At most so many at once, and no more than such a part of a quota: what a caller may miss when a process goes away.
_MOST, _SHARE = 16, 20
_HOLDERS = 4_000


class Holder(NamedTuple):
    """Whose lease it is: the session under its name in the cache, its leaf, and the limit's key."""

    session: str
    leaf: str
    limit: str


@dataclass(slots=True)
class _Lease:
    """`remaining` is what is left of the quota beside the lease, `full_at` when it is whole if all is used."""

    size: int
    left: int
    remaining: int
    full_at: float
    until: float


class Leases:
    """What this process was granted, for as many holders as fit; the longest unseen go first."""

    def __init__(self) -> None:
        self._held: OrderedDict[Holder, _Lease] = OrderedDict()
        self._lock = threading.Lock()

    def spend(self, holder: Holder) -> tuple[int, float] | None:
        """Use one granted request; return what is left of the quota and the seconds until it is whole.

        None when nothing is left or it is too old.
        """
        now = time.monotonic()
        with self._lock:
            lease = self._held.get(holder)
            if lease is None or not lease.left or now >= lease.until:
                return None
            lease.left -= 1
            return lease.remaining + lease.left, max(lease.full_at - now, 0.0)

    def wish(self, holder: Holder, quota: int) -> tuple[int, int]:
        """Return how many requests to take off the limit for this holder, and how many to give back."""
        most = min(_MOST, quota // _SHARE)
        if settings.LEASE_SECONDS <= 0 or most < 2:
            return 1, 0
        with self._lock:
            lease = self._held.pop(holder, None)
        if lease is None:
            return 1, 0
        is_back_in_time = time.monotonic() < lease.until
        return (min(2 * lease.size, most) if is_back_in_time else 1), lease.left

    def grant(self, holder: Holder, taken: int, verdict: Verdict) -> None:
        """Hold what was taken off the limit; the first of it is used by the request that asked."""
        if settings.LEASE_SECONDS <= 0:
            return
        now = time.monotonic()
        rest = taken - 1
        lease = _Lease(
            taken,
            rest,
            verdict.remaining - rest,
            now + verdict.reset_after,
            now + settings.LEASE_SECONDS,
        )
        with self._lock:
            beside = self._held.pop(holder, None)
            if beside:
                # Two asked at once.
                lease.left += beside.left
            self._held[holder] = lease
            if len(self._held) > _HOLDERS:
                self._held.popitem(last=False)

    def forget(self, session: str) -> None:
        """Grant nothing more to a session, by its name in the cache."""
        with self._lock:
            for holder in [holder for holder in self._held if holder.session == session]:
                del self._held[holder]

    def clear(self) -> None:
        with self._lock:
            self._held.clear()


leases = Leases()
