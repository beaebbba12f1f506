"""The way to a mailbox: whether mail may still go to its reader, and the letter that is sent."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime

import orjson

from apps.accounts import selectors as accounts
from apps.notifications import keys, rendering
from apps.notifications.delivery.due import Due
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.providers.smtp import MailMessage
from apps.notifications.rendering import letters


def suppressions(batch: Iterable[Due]) -> Mapping[str, str]:
    """Return why no mail goes to those addresses of a batch that are on the suppression list; one query."""
    addresses = {due.email or "" for due in batch if due.channel == Channel.EMAIL} - {""}
    return accounts.suppressions_of(addresses) if addresses else {}


def unreachable(due: Due, suppressed: Mapping[str, str]) -> str:
    """Say why mail does not go to its reader any more, "" while it does: only what they have proven is theirs."""
    return suppressed.get(due.email, "") if due.email else "no_address"


def message(due: Due, now: datetime) -> MailMessage | None:
    """Return what is sent, None when its reader has no address that they have proven."""
    if due.email is None:
        return None
    name, data = due.kind, orjson.loads(due.data_text)
    said = letters.said_in(name, data, due.locale)
    if due.speaks_for:
        name, said = name + rendering.DIGEST, {**said, "count": due.speaks_for + 1}
    reader = uuid.UUID(due.recipient_id)
    # Whoever can't switch it off is not told how.
    link = "" if KINDS[due.kind].is_mandatory else keys.unsubscribe_link(reader, due.category)
    return MailMessage(
        to=due.email,
        intent=keys.intent_of(uuid.UUID(due.notification_id), uuid.UUID(due.id)),
        written=letters.written(name, said, due.locale, link=due.link_in(data), unsubscribe=link),
        unsubscribe=link,
    )
