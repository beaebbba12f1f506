"""The mail services whose reports we read, and the one place that chooses among them."""

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from apps.notifications.providers.mail_reports.base import MailService
from apps.notifications.providers.mail_reports.sendgrid import SendGridReports
from apps.notifications.providers.mail_reports.standard import StandardReports


@lru_cache(4)
def _standard(secrets: tuple[str, ...]) -> MailService:
    return StandardReports(secrets)


@lru_cache(4)
def _sendgrid(key: str) -> MailService:
    return SendGridReports(key)


_MAKERS: dict[str, Callable[[], MailService]] = {
    "standard": lambda: _standard(tuple(settings.MAIL_WEBHOOK_SECRETS)),
    "sendgrid": lambda: _sendgrid(settings.SENDGRID_WEBHOOK_KEY),
}
NAMES = frozenset(_MAKERS)


def service_named(name: str) -> MailService | None:
    """Return who reads a service's reports, None for one that MAIL_WEBHOOKS does not name.

    Raises ValueError for a secret that is none.
    """
    return _MAKERS[name]() if name in settings.MAIL_WEBHOOKS and name in NAMES else None
