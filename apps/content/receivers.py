"""News from accounts: somebody is out, or back."""

import uuid
from typing import Any

from django.dispatch import receiver

from apps.accounts.signals import (
    account_closed,
    account_disabled,
    account_enabled,
    account_restored,
)
from apps.content import tasks
from apps.core import jobs


@receiver([account_disabled, account_enabled, account_closed, account_restored])
def mark_their_words(user_id: uuid.UUID, **_: Any) -> None:
    jobs.enqueue(tasks.mark_words, user_id=user_id, key=f"words:{user_id}")
