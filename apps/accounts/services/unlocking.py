"""What staff do for somebody who is stuck: their limits forgotten, their code mailed again."""

import uuid
from contextlib import suppress

import structlog
from django.db import transaction

from apps.accounts.errors import AlreadyVerified
from apps.accounts.keys import subject_of
from apps.accounts.models import User
from apps.accounts.services import registration
from apps.core import cache
from apps.core.actors import Actor
from apps.core.models import AuditEvent

security = structlog.stdlib.get_logger("security")

# What `api/limits.py` counts for one person, by their address and by their id.
_BY_ADDRESS = ("login", "code-mail", "code-try")
_BY_ID = ("proof", "code-try", "export", "second-step")


def unlock(*, user_id: uuid.UUID, by: uuid.UUID) -> None:
    """Give somebody who tried too often their tries back. Commits the line in the audit log; raises CacheDown."""
    user = User.objects.get(pk=user_id)
    keys = [cache.limit_key(name, str(user_id)) for name in _BY_ID]
    for address in filter(None, {user.email, user.claimed_email}):
        keys += [cache.limit_key(name, subject_of(address)) for name in _BY_ADDRESS]
    with transaction.atomic():
        AuditEvent.objects.note("unlocked", user, by=by)
        cache.call(lambda server: server.delete(*keys))
    security.warning("limits lifted", user=str(user_id), by=str(by))


def mail_code_again(*, user_id: uuid.UUID, by: uuid.UUID) -> bool:
    """Mail the code again that proves somebody's address; tell whether there was one to prove. Commits."""
    with suppress(AlreadyVerified), transaction.atomic():
        registration.send_code_again(actor=Actor(user_id))
        AuditEvent.objects.note("mailed the code again", User.objects.get(pk=user_id), by=by)
        return True
    return False
