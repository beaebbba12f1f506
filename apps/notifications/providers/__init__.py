"""The push services and the mail server, and the one place that chooses among them."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from apps.notifications.providers import alarm, wire
from apps.notifications.providers.apns import ApnsProvider
from apps.notifications.providers.apns_token import ApnsToken
from apps.notifications.providers.base import Provider, PushFailure, PushMessage, Receipt
from apps.notifications.providers.circuit import Breaker
from apps.notifications.providers.console import ConsoleProvider
from apps.notifications.providers.expo import MOST_MESSAGES, ExpoProvider
from apps.notifications.providers.fcm import FcmProvider
from apps.notifications.providers.pace import Pace
from apps.notifications.providers.smtp import SMTP, MailMessage, SmtpProvider

type Message = PushMessage | MailMessage


@dataclass(frozen=True, slots=True)
class Line:
    """This process's line to one service: what trouble it has there is no other service's."""

    provider: Provider[Any]
    most: int
    """Messages that this process may have with the service at a time."""
    pace: Pace
    """How many of them are on their way at a time."""
    breaker: Breaker = field(default_factory=Breaker)

    async def send(self, message: Message) -> Receipt | PushFailure:
        """Send a message, and return what the service says."""
        try:
            return await self.provider.send(message)
        except PushFailure as failure:
            return failure

    async def ask(self, provider_message_id: str) -> Receipt | PushFailure:
        """Ask what became of a message that was passed on."""
        try:
            is_final = await self.provider.passed_on(provider_message_id)
        except PushFailure as failure:
            return failure
        return Receipt(provider_message_id, is_final=is_final)


_lock = threading.Lock()
_lines: dict[str, Line] = {}


def line_to(service: str) -> Line | None:
    """Return this process's line to whoever serves addresses of a service, None when nobody does.

    Connections are made on first use. Raises ImproperlyConfigured for a name in PUSH_PROVIDERS that is no provider.
    """
    with _lock:
        if not _lines:
            _lines.update({name: _line(name) for name in (*settings.PUSH_PROVIDERS, SMTP)})
        serving = (line for line in _lines.values() if service in line.provider.serves)
        return next(serving, None)


def release() -> None:
    """Close this process's connections and forget its troubles, as if it had just started."""
    alarm.silence()
    with _lock:
        for line in _lines.values():
            wire.run(line.provider.close()).result()
        _lines.clear()


def _fcm() -> Provider[PushMessage]:
    return FcmProvider(
        credentials=settings.FCM_CREDENTIALS,
        base_url=settings.FCM_BASE_URL,
        timeouts=settings.PUSH_TIMEOUTS,
    )


def _apns() -> Provider[PushMessage]:
    token = ApnsToken(
        key=settings.APNS_KEY, key_id=settings.APNS_KEY_ID, team_id=settings.APNS_TEAM_ID
    )
    return ApnsProvider(
        token=token,
        topic=settings.APNS_TOPIC,
        urls={"production": settings.APNS_URL, "sandbox": settings.APNS_SANDBOX_URL},
        timeouts=settings.PUSH_TIMEOUTS,
        ca_file=settings.PUSH_CA_FILE,
    )


def _expo() -> Provider[PushMessage]:
    return ExpoProvider(
        access_token=settings.EXPO_ACCESS_TOKEN,
        base_url=settings.EXPO_URL,
        timeouts=settings.PUSH_TIMEOUTS,
    )


_MAKERS: dict[str, Callable[[], Provider[Any]]] = {
    "fcm": _fcm,
    "apns": _apns,
    "expo": _expo,
    "console": ConsoleProvider,
    SMTP: lambda: SmtpProvider(connections=settings.MAIL_CONNECTIONS),
}


def _line(name: str) -> Line:
    if name not in _MAKERS:
        raise ImproperlyConfigured(f"{name!r} is none of {', '.join(_MAKERS)}.")
    # A mail server counts connections, and each mail in flight has its own.
    most = settings.MAIL_CONNECTIONS if name == SMTP else settings.PUSH_IN_FLIGHT
    together = MOST_MESSAGES if name == "expo" else 1
    return Line(_MAKERS[name](), most, Pace(most, together=together))


def _release_on_change(*, setting: str, **_: Any) -> None:
    if setting.startswith(("PUSH_", "FCM_", "APNS_", "EXPO_", "MAIL_", "MAILERS")):
        release()


def _start_alone() -> None:
    """A forked child speaks on connections of its own and not on its parent's."""
    global _lock, _lines
    _lock, _lines = threading.Lock(), {}


setting_changed.connect(_release_on_change)
os.register_at_fork(after_in_child=_start_alone)
