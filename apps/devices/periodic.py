"""What the clock asks of devices: forget addresses where nobody listens, and installations that nobody holds."""

from datetime import timedelta
from typing import Any

from apps.core import jobs
from apps.devices import services


@jobs.periodic(at="03:20")
def retire_stale_addresses(**_: Any) -> None:
    services.retire_stale_addresses()


@jobs.periodic(at="03:40", lease=timedelta(seconds=120), atomic=False)
def delete_abandoned_devices(**_: Any) -> None:
    services.delete_abandoned_devices()
