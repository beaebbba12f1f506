"""The way to a mailbox: whether mail may still go to its reader, and the letter that is sent."""

from collections.abc import Iterable, Mapping

from apps.accounts import selectors as accounts
from apps.notifications import keys, rendering
from apps.notifications.kinds import KINDS, Channel
from apps.notifications.models import Delivery
from apps.notifications.providers.smtp import MailMessage
from apps.notifications.rendering import letters


def suppressions(deliveries: Iterable[Delivery]) -> Mapping[str, str]:
    """Return why no mail goes to those addresses of a batch that are on the suppression list; one query."""
    mailed = (one for one in deliveries if one.channel == Channel.EMAIL)
    addresses = {one.notification.recipient.email or "" for one in mailed} - {""}
    return accounts.suppressions_of(addresses) if addresses else {}


def unreachable(delivery: Delivery, suppressed: Mapping[str, str]) -> str:
    """Say why mail does not go to its reader any more, "" while it does: only what they have proven is theirs."""
    address = delivery.notification.recipient.email
    return suppressed.get(address, "") if address else "no_address"


def message(delivery: Delivery) -> MailMessage | None:
    """Return what is sent, None when its reader has no address that they have proven."""
    notification = delivery.notification
    reader, kind = notification.recipient, KINDS[notification.kind]
    if reader.email is None:
        return None
    name, data = notification.kind, dict(notification.data)
    if delivery.speaks_for:
        name, data = name + rendering.DIGEST, {**data, "count": delivery.speaks_for + 1}
    # Whoever can't switch it off is not told how.
    link = "" if kind.is_mandatory else keys.unsubscribe_link(reader.pk, notification.category)
    return MailMessage(
        to=reader.email,
        intent=keys.intent_of(notification.pk, delivery.pk),
        written=letters.written(
            name, data, reader.locale, link=notification.link, unsubscribe=link
        ),
        unsubscribe=link,
    )
