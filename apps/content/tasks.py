"""The back door of content: what is done after the transaction that caused it."""

import uuid
from datetime import timedelta
from typing import Any

from apps.content import marking
from apps.content.media import processing
from apps.core import jobs


@jobs.job(queue="default", lease=timedelta(seconds=90), atomic=False)
def process_media(*, media_id: uuid.UUID, **_: Any) -> None:
    processing.process(media_id)


@jobs.job(queue="bulk", atomic=False)
def delete_media_files(*, media_id: uuid.UUID, **_: Any) -> None:
    processing.delete_files(media_id)


@jobs.job(queue="default", lease=timedelta(seconds=240), atomic=False)
def mark_words(*, user_id: uuid.UUID, **_: Any) -> None:
    """Let indexes leave out what somebody wrote who is out, or have it back."""
    marking.mark_words_of(user_id)
