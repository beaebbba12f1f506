"""What the clock asks of content."""

from datetime import timedelta
from typing import Any

from apps.content import marking
from apps.content.media import reconciling
from apps.content.services import publishing, upkeep
from apps.core import jobs


@jobs.periodic(
    every=timedelta(minutes=1), queue="default", lease=timedelta(seconds=200), atomic=False
)
def publish_due_posts(**_: Any) -> None:
    """Publish what was scheduled; hours that nobody was there for are made up for at once."""
    publishing.publish_due()


@jobs.periodic(at="03:20", lease=timedelta(seconds=240), atomic=False)
def reconcile_counts(**_: Any) -> None:
    upkeep.reconcile_counts()


@jobs.periodic(at="03:50", lease=timedelta(seconds=240), atomic=False)
def mark_what_was_missed(**_: Any) -> None:
    """Mark words whose author went or came back while they were written."""
    marking.mark_what_was_missed()


@jobs.periodic(at="04:20", lease=timedelta(seconds=200), atomic=False)
def forget_tombstones(**_: Any) -> None:
    upkeep.forget_tombstones()


@jobs.periodic(at="02:40", lease=timedelta(seconds=240), atomic=False)
def reconcile_media(**_: Any) -> None:
    """Hold rows and files against each other; what a crash left behind goes."""
    reconciling.reconcile()
