"""The gate every request passes: its rate limit, its session and the generation of shared copies, in one round trip.

Who only reads, and comes again within the second, passes on what was granted beforehand (`core/http/leases.py`). It is
noted who called and that the session was heard of (`core/usage.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple, Protocol

from django.conf import settings

from apps.core import cache, usage
from apps.core.actors import Actor
from apps.core.errors import Unauthenticated
from apps.core.http import throttling
from apps.core.http.leases import Holder, leases
from apps.core.http.throttling import Limit, Verdict

# KEYS: limit, generation; of the signed-in also session and whether they wrote. ARGV: four as in `throttling.TAKE`, and
# for how many milliseconds to note that they write, 0 when they don't.
# One text, which costs both sides less than a list: the verdict's four numbers, the generation, the session's leaf and
# whether they wrote lately.
_PASS = (
    throttling.TAKE
    + """
local verdict = take(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))
local known = redis.call('MGET', unpack(KEYS, 2))
if KEYS[4] and ARGV[5] ~= '0' then
  redis.call('SET', KEYS[4], '1', 'PX', ARGV[5])
end
return string.format('%d %d %.0f %.0f %s %s %s',
  verdict[1], verdict[2], verdict[3], verdict[4], known[1] or '', known[2] or '', known[3] or '')
"""
)

# While Redis is away each process counts alone; sign-in routes then get this share of their budget.
_CLOSED_SHARE = 4


class SessionClaim(Protocol):
    """What an access token says of its session; made by the app that issues tokens."""

    cache_key: str
    """Where the cache keeps the leaf that the session's tokens must carry."""
    leaf: str

    def confirm(self) -> None:
        """Check the claim against the database and tell the cache; raises Unauthenticated when it no longer holds."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and as whom the request is counted (`usage.caller`)."""

    actor: Actor
    device_id: str
    address: str
    counted_as: Sequence[str] = ()

    @property
    def subject(self) -> str:
        """Whom a limit counts: the account, else the device behind its address, else the address."""
        if self.actor.id:
            return f"user:{self.actor.id}"
        return (
            f"device:{self.address}:{self.device_id}"
            if self.device_id
            else f"address:{self.address}"
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate found: the limit's verdict, allowed or not, and why the session does not stand, if it does not."""

    verdict: Verdict
    over: Unauthenticated | None = None
    granted: int = 0
    """How many requests Redis took off the limit, this one among them."""
    is_settled: bool = False
    """Redis was asked, and the account wrote nothing lately: what was read a moment ago shows all that it did."""


class Errand(Enum):
    """What a request is up to."""

    READS = auto()
    READS_TRULY = auto()
    """It wants to know whether the account wrote lately."""
    WRITES = auto()


def enter(
    limit_name: str, caller: Caller, claim: SessionClaim | None, errand: Errand = Errand.WRITES
) -> Passage:
    """Count the request and look at its session. Refusing is left to the caller, who may have a better reason."""
    limit = throttling.limit_named(limit_name)
    key = cache.limit_key(limit.name, caller.subject)
    usage.note(caller.counted_as, claim.cache_key if claim else "")
    if errand is not Errand.READS:
        return _asked(_Question(limit, key, caller, claim, errand))
    holder = Holder(claim.cache_key, claim.leaf, key) if claim else Holder("", "", key)
    held = leases.spend(holder)
    if held:
        return Passage(Verdict(limit, True, *held))
    wanted, back = leases.wish(holder, limit.quota)
    passage = _asked(_Question(limit, key, caller, claim, errand, wanted, back))
    if passage.granted and not passage.over:
        leases.grant(holder, passage.granted, passage.verdict)
    return passage


class _Question(NamedTuple):
    """What Redis is asked; how many requests are wanted, and how many come back."""

    limit: Limit
    key: str
    caller: Caller
    claim: SessionClaim | None
    errand: Errand
    wanted: int = 1
    back: int = 0


def _asked(question: _Question) -> Passage:
    limit, key, caller, claim, errand, wanted, back = question
    keys = [key, cache.GENERATION_KEY]
    if claim and caller.actor.id:
        keys += [claim.cache_key, cache.wrote_key(caller.actor.id)]
    noted = 1_000 * settings.OWN_PAGE_SECONDS if errand is Errand.WRITES else 0
    try:
        answer: str = cache.run(_PASS, keys, (limit.emission, limit.burst, wanted, back, noted))
    except cache.CacheDown:
        cache.ProcessCopy.saw_generation(None, known=False)
        return _judged(_counted_here(limit, caller), claim, None)
    *numbers, generation, leaf, wrote = answer.split(" ")
    cache.ProcessCopy.saw_generation(generation or None)
    verdict = throttling.verdict(limit, numbers)
    return _judged(verdict, claim, leaf, granted=int(numbers[0]), is_settled=not wrote)


def _judged(
    verdict: Verdict, claim: SessionClaim | None, leaf: str | None, **found: Any
) -> Passage:
    if verdict.allowed and claim and leaf != claim.leaf:
        # The cache does not know the session, or does not know it like this.
        try:
            claim.confirm()
        except Unauthenticated as over:
            return Passage(verdict, over)
    return Passage(verdict, **found)


def _counted_here(limit: Limit, caller: Caller) -> Verdict:
    if limit.name == "auth":
        limit = Limit(limit.name, max(1, limit.quota // _CLOSED_SHARE), limit.window)
    return throttling.local.take(limit, caller.subject)
