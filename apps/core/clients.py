"""The app that calls: platform, version, installation and language, and which versions staff still let in."""

import hashlib
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from apps.core.cache import ProcessCopy
from apps.core.errors import UpgradeRequired

Platform = Literal["ios", "android", "web", ""]
PLATFORMS: tuple[Platform, ...] = ("ios", "android", "web")

# Shares of all installations are counted in basis points, hundredths of a percent.
EVERYBODY = 10_000

_NUMBERS = re.compile(r"\d{1,9}")
_RELEASE = re.compile(r"\d{1,5}(\.\d{1,5}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Client:
    """What the request's headers say about the app; empty strings where they say nothing that can be understood.

    `locale` is a language tag in lower case (`Accept-Language`).
    """

    platform: Platform = ""
    version: str = ""
    device_id: str = ""
    locale: str = ""


UNKNOWN = Client()
# The client of the request that this thread answers; in a job, one that says nothing.
current: ContextVar[Client] = ContextVar("client", default=UNKNOWN)


@dataclass(frozen=True, slots=True)
class VersionPolicy:
    """What staff decided for one platform. Versions are compared number by number; empty means no bound.

    `next_minimum` already binds `next_share` basis points of the installations. `messages` are by language, "" for
    whoever reads none of them.
    """

    minimum: str = ""
    recommended: str = ""
    latest: str = ""
    store_url: str = ""
    messages: Mapping[str, str] = field(default_factory=dict)
    next_minimum: str = ""
    next_share: int = 0

    def minimum_for(self, client: Client) -> str:
        """Return the oldest version that this very installation may run; who names none is asked for less."""
        if self.next_share and self.next_minimum and client.device_id:
            salt = f"minimum:{client.platform}:{self.next_minimum}"
            if share_of(salt, client.device_id) < self.next_share:
                return self.next_minimum
        return self.minimum

    def refusal(self, client: Client) -> UpgradeRequired:
        """Make the error for a client that must update; it says where and to what."""
        minimum = self.minimum_for(client)
        return UpgradeRequired(
            in_language(self.messages, client.locale),
            extra={
                "store_url": self.store_url,
                "minimum_version": minimum,
                "latest_version": self.latest or self.recommended or minimum,
            },
        )


@lru_cache(1024)
def version_numbers(version: str) -> tuple[int, ...]:
    """Return what two versions are compared by: `2.10.1` is above `2.9`, a pre-release suffix counts for nothing."""
    numbers = [int(part) for part in _NUMBERS.findall(re.split(r"[-+]", version, maxsplit=1)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_below(version: str, bound: str) -> bool:
    return bool(version and bound) and version_numbers(version) < version_numbers(bound)


def release_of(client: Client) -> str:
    """Return the client as counters name it, such as `ios 2.4.0`; `other` is what they can't tell apart."""
    return _release(client.platform, client.version)


@lru_cache(1024)
def _release(platform: str, version: str) -> str:
    found = _RELEASE.match(version)
    return f"{platform or 'other'} {found[0] if found else 'other'}"


def share_of(salt: str, key: str) -> int:
    """Return where a key stands among all, 0 to 9,999: always the same under one salt, unrelated under another."""
    digest = hashlib.blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % EVERYBODY


def in_language(texts: Mapping[str, str], locale: str) -> str:
    """Return the text for a language tag: its own, its language's, or the one for everybody."""
    return texts.get(locale) or texts.get(locale.partition("-")[0]) or texts.get("", "")


_load: Callable[[], Mapping[str, VersionPolicy]] = dict


def decide_versions_by(load: Callable[[], Mapping[str, VersionPolicy]]) -> None:
    """Name the selector that reads the policies by platform; called once at start by the app that owns them."""
    global _load
    _load = load


version_policies: ProcessCopy[Mapping[str, VersionPolicy]] = ProcessCopy(lambda: _load())


def admit(client: Client) -> VersionPolicy | None:
    """Return the policy that applies to the client, None where there is none.

    Raises UpgradeRequired when the client's version is below the minimum for it.
    """
    policy = _policy_of(client)
    if policy and is_below(client.version, policy.minimum_for(client)):
        raise policy.refusal(client)
    return policy


def is_served(client: Client) -> bool:
    """Tell whether `admit` lets the client in."""
    policy = _policy_of(client)
    return policy is None or not is_below(client.version, policy.minimum_for(client))


def _policy_of(client: Client) -> VersionPolicy | None:
    return version_policies.get().get(client.platform) if client.version else None
