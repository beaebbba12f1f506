"""The ground floor's panel: is the work outside requests being done?"""

from collections.abc import Sequence

from apps.core import dashboard, outbox
from apps.core.dashboard import Row, Tone
from apps.core.outbox import Backlog

# Seconds that due work may wait before somebody should look: a sweep comes every second, a retry within minutes.
SLOW, STUCK = 30, 300


@dashboard.panel("Jobs")
def jobs() -> Sequence[Row]:
    """Return the depth and the age of each queue, and what needs a person."""
    backlogs = outbox.stats()
    dead = sum(backlog.dead for backlog in backlogs.values())
    return [
        *(Row(queue, *_waiting(backlog)) for queue, backlog in backlogs.items()),
        Row("dead letters", dead, "bad" if dead else ""),
    ]


def _waiting(backlog: Backlog) -> tuple[str, Tone]:
    if not backlog.due:
        return "nothing due", ""
    age = round(backlog.oldest_age)
    return (
        f"{backlog.due} due, oldest {age} s",
        "bad" if age > STUCK else "warn" if age > SLOW else "",
    )
