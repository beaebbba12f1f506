"""What the clock asks of notifications."""

from datetime import timedelta
from typing import Any

from apps.core import jobs
from apps.notifications.services import bounces, campaigns, housekeeping


@jobs.periodic(every=timedelta(minutes=10))
def expire_deliveries(**_: Any) -> None:
    housekeeping.expire_deliveries()


# Before the months of the ledger go.
@jobs.periodic(at="03:00", lease=timedelta(seconds=200), atomic=False)
def keep_campaign_outcomes(**_: Any) -> None:
    campaigns.keep_outcomes()


@jobs.periodic(at="03:30", atomic=False)
def keep_delivery_months(**_: Any) -> None:
    housekeeping.keep_months()


@jobs.periodic(at="04:00", lease=timedelta(seconds=200), atomic=False)
def forget_old_notifications(**_: Any) -> None:
    housekeeping.forget_old()


@jobs.periodic(at="04:20", atomic=False)
def forget_mail_events(**_: Any) -> None:
    bounces.forget_mail_events()
