"""The person's own page: what they may change about themselves at any time."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.accounts import selectors
from apps.accounts.models import User
from apps.core.actors import Actor
from apps.core.errors import Stale


def change_profile(*, actor: Actor, expected_rev: int | None = None, **changes: Any) -> User:
    """Change display name, locale or time zone, and return the account as it is then.

    Commits. Raises Stale when the account is no longer at `expected_rev`.
    """
    with transaction.atomic():
        mine = User.objects.live().filter(pk=actor.id)
        if expected_rev is not None:
            mine = mine.filter(rev=expected_rev)
        if not mine.update(**changes, rev=F("rev") + 1, updated_at=Now()):
            raise Stale
        return selectors.me(actor)
