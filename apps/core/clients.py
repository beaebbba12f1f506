"""The app that calls: platform, version and installation, and which versions staff still let in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from apps.core.cache import ProcessCopy
from apps.core.errors import UpgradeRequired

Platform = Literal["ios", "android", "web", ""]
PLATFORMS: tuple[Platform, ...] = ("ios", "android", "web")

_NUMBERS = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Client:
    """What the request's headers say about the app; empty strings where they say nothing that can be understood."""

    platform: Platform = ""
    version: str = ""
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class VersionPolicy:
    """What staff decided for one platform. Versions are compared number by number; empty means no bound."""

    minimum: str = ""
    recommended: str = ""
    latest: str = ""
    store_url: str = ""
    message: str = ""


def version_numbers(version: str) -> tuple[int, ...]:
    """Return what two versions are compared by: `2.10.1` is above `2.9`, a pre-release suffix counts for nothing."""
    numbers = [int(part) for part in _NUMBERS.findall(re.split(r"[-+]", version, maxsplit=1)[0])]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_below(version: str, bound: str) -> bool:
    return bool(version and bound) and version_numbers(version) < version_numbers(bound)


_load: Callable[[], Mapping[str, VersionPolicy]] = dict


def decide_versions_by(load: Callable[[], Mapping[str, VersionPolicy]]) -> None:
    """Name the selector that reads the policies by platform; called once at start by the app that owns them."""
    global _load
    _load = load


version_policies: ProcessCopy[Mapping[str, VersionPolicy]] = ProcessCopy(lambda: _load())


def admit(client: Client) -> VersionPolicy | None:
    """Return the policy that applies to the client, None where there is none.

    Raises UpgradeRequired when the client's version is below the minimum of its platform.
    """
    if not client.platform or not client.version:
        return None
    policy = version_policies.get().get(client.platform)
    if policy and is_below(client.version, policy.minimum):
        raise UpgradeRequired(
            policy.message,
            extra={
                "store_url": policy.store_url,
                "minimum_version": policy.minimum,
                "latest_version": policy.latest or policy.recommended or policy.minimum,
            },
        )
    return policy
