"""What the clock asks of notifications."""

from datetime import timedelta
from typing import Any

from apps.core import jobs
from apps.notifications import services


@jobs.periodic(every=timedelta(minutes=10))
def expire_deliveries(**_: Any) -> None:
    services.expire_deliveries()


@jobs.periodic(at="04:00", lease=timedelta(seconds=200), atomic=False)
def forget_old_notifications(**_: Any) -> None:
    services.forget_old()
