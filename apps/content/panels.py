"""The panel of content: is somebody waiting for a judgement?"""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.timesince import timesince

from apps.content import selectors
from apps.core import dashboard
from apps.core.dashboard import Row

# Nobody works off more in a day; counting further would tell nothing.
MANY = 1_000


@dashboard.panel("Moderation")
def moderation() -> Sequence[Row]:
    """Return how many cases are open, and since when nobody has added to the one that waits longest."""
    waiting = selectors.open_cases(most=MANY)
    if not waiting:
        return [Row("open cases", "none")]
    number = f"{MANY} or more" if len(waiting) == MANY else str(len(waiting))
    return [
        Row("open cases", number, "warn"),
        Row("oldest", timesince(min(waiting), timezone.now())),
    ]
