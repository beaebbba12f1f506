"""What the clock asks of devices: write down what was noted, forget addresses where nobody listens and who is gone."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from apps.core import jobs
from apps.core.cache import CacheDown
from apps.devices.services import push_addresses, registry, usage


@jobs.periodic(every=timedelta(minutes=1), atomic=False)
def write_down_last_seen(**_: Any) -> None:
    # While Redis is away nothing is noted; the next minute comes by itself.
    with suppress(CacheDown):
        usage.write_down_last_seen()


@jobs.periodic(every=timedelta(minutes=1), atomic=False)
def write_down_calls(**_: Any) -> None:
    with suppress(CacheDown):
        usage.write_down_calls()


@jobs.periodic(at="03:10")
def forget_old_calls(**_: Any) -> None:
    usage.forget_old_calls()


@jobs.periodic(at="03:20")
def retire_stale_addresses(**_: Any) -> None:
    push_addresses.retire_stale_addresses()


@jobs.periodic(at="03:40", lease=timedelta(seconds=120), atomic=False)
def delete_abandoned_devices(**_: Any) -> None:
    registry.delete_abandoned_devices()
