"""Feature flags: who gets what, evaluated here from rules that this process holds. Words as in OpenFeature.

    if flags.is_on("new-editor", actor): ...

A flag is on for an installation, not for a moment: the same installation gets the same answer until staff change the
rules. Outside a request there is no installation; the account then stands for it, and may fall on the other side of a
percentage. So ask in the request, and hand the answer on.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from apps.core import clients
from apps.core.actors import Actor
from apps.core.cache import ProcessCopy
from apps.core.clients import EVERYBODY, Client, is_below, share_of

_MOST_SEGMENTS = 4_096


class Reason(StrEnum):
    """Why a flag is on or off."""

    DISABLED = "DISABLED"
    STATIC = "STATIC"
    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    DEFAULT = "DEFAULT"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Evaluation:
    value: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Context:
    """For whom a flag is evaluated: the app that asks, and who is signed in to it."""

    client: Client
    user_id: uuid.UUID | None = None

    @property
    def targeting_key(self) -> str:
        """What percentages are stable for: the installation, else the account."""
        return self.client.device_id or (str(self.user_id) if self.user_id else "")


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag's rules: every condition that is set must hold. `allowed` ids get it whatever the others say.

    `members` are the people of the targeted groups, None when no group is targeted; `share` is in basis points.
    """

    key: str
    enabled: bool = True
    platforms: frozenset[str] = frozenset()
    minimum_version: str = ""
    below_version: str = ""
    locales: frozenset[str] = frozenset()
    members: frozenset[uuid.UUID] | None = None
    share: int = EVERYBODY
    allowed: frozenset[str] = frozenset()
    is_exposed: bool = True

    @property
    def is_personal(self) -> bool:
        """Two installations of one version and language may get different answers."""
        return bool(self.allowed) or self.members is not None or self.share < EVERYBODY

    @property
    def is_targeted(self) -> bool:
        return bool(
            self.platforms
            or self.minimum_version
            or self.below_version
            or self.locales
            or self.members is not None
        )

    def evaluate(self, context: Context) -> Evaluation:
        """Say whether the flag is on, and why."""
        if not self.enabled:
            return Evaluation(False, Reason.DISABLED)
        if self.allowed and self._allows(context):
            return Evaluation(True, Reason.TARGETING_MATCH)
        outside = self.members is not None and context.user_id not in self.members
        if outside or not self.fits(context.client):
            return Evaluation(False, Reason.DEFAULT)
        if self.share >= EVERYBODY:
            return Evaluation(True, Reason.TARGETING_MATCH if self.is_targeted else Reason.STATIC)
        key = context.targeting_key
        if not key:
            return Evaluation(False, Reason.TARGETING_KEY_MISSING)
        return Evaluation(share_of(self.key, key) < self.share, Reason.SPLIT)

    def _allows(self, context: Context) -> bool:
        ids = {context.client.device_id, str(context.user_id or "")} - {""}
        return not ids.isdisjoint(self.allowed)

    def fits(self, client: Client) -> bool:
        """Tell whether the conditions on platform, version and language hold; what is not said does not match."""
        if self.platforms and client.platform not in self.platforms:
            return False
        if self.locales and not self.locales & {client.locale, client.locale.partition("-")[0]}:
            return False
        if not (self.minimum_version or self.below_version):
            return True
        return bool(client.version) and (
            not is_below(client.version, self.minimum_version)
            and (not self.below_version or is_below(client.version, self.below_version))
        )


# Bits of the flags that are on for everybody of a platform, version and language, and those that ask who it is.
type _Segment = tuple[int, tuple[tuple[int, Flag], ...]]


class Ruleset:
    """All flags. What depends on platform, version and language alone is worked out once for each such segment."""

    def __init__(self, flags: Iterable[Flag] = ()) -> None:
        self.flags = {flag.key: flag for flag in flags}
        self._segments: dict[tuple[str, str, str], _Segment] = {}

    def evaluate(self, key: str, context: Context) -> Evaluation:
        flag = self.flags.get(key)
        return flag.evaluate(context) if flag else Evaluation(False, Reason.FLAG_NOT_FOUND)

    def bits(self, context: Context) -> int:
        """Return which flags are on, one bit each in the order of `flags`."""
        client = context.client
        segment = self._segments.get((client.platform, client.version, client.locale))
        bits, personal = segment or self._worked_out(client)
        for bit, flag in personal:
            if flag.evaluate(context).value:
                bits |= bit
        return bits

    def _worked_out(self, client: Client) -> _Segment:
        if len(self._segments) >= _MOST_SEGMENTS:
            # Versions and languages are what clients say: somebody is making them up.
            self._segments.clear()
        bits, personal = 0, []
        for place, flag in enumerate(self.flags.values()):
            if flag.enabled and flag.is_personal and (flag.allowed or flag.fits(client)):
                personal.append((1 << place, flag))
            elif flag.enabled and not flag.is_personal and flag.fits(client):
                bits |= 1 << place
        segment = self._segments[client.platform, client.version, client.locale] = (
            bits,
            tuple(personal),
        )
        return segment


_load: Callable[[], Ruleset] = Ruleset


def read_rules_by(load: Callable[[], Ruleset]) -> None:
    """Name the selector that reads the rules; called once at start by the app that owns them."""
    global _load
    _load = load


rules: ProcessCopy[Ruleset] = ProcessCopy(lambda: _load())


def is_on(key: str, actor: Actor, *, client: Client | None = None) -> bool:
    """Tell whether a flag is on for the actor on a client, the running request's unless another is named.

    A flag that nobody has made is off.
    """
    context = Context(client or clients.current.get(), actor.id)
    return rules.get().evaluate(key, context).value
