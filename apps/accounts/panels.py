"""The accounts' panel on the first page of the admin: do people come?"""

from datetime import UTC, datetime, timedelta

from apps.accounts import selectors
from apps.core import dashboard
from apps.core.dashboard import Chart

DAYS = 7


@dashboard.panel("Sign-ups, last 7 days")
def sign_ups() -> Chart:
    """Return the new accounts of each day (UTC), today last."""
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    counts = selectors.sign_ups_by_day(days[0])
    return Chart([(f"{day:%a}", counts.get(day, 0)) for day in days])
