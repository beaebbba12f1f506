"""The push services, and the one place that chooses among them."""

import os
import threading
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from apps.notifications.providers import alarm
from apps.notifications.providers.base import PushProvider
from apps.notifications.providers.circuit import Breaker
from apps.notifications.providers.console import ConsoleProvider
from apps.notifications.providers.fcm import FcmProvider

breaker = Breaker()
"""Guards this process's provider."""

_lock = threading.Lock()
_current: PushProvider | None = None


def provider() -> PushProvider:
    """Return this process's provider with its connections, made on first use.

    Raises ImproperlyConfigured for a name that is no provider.
    """
    global _current
    with _lock:
        if _current is None:
            _current = _made()
        return _current


def release() -> None:
    """Close this process's connections and forget its troubles, as if it had just started."""
    global _current
    breaker.succeeded()
    alarm.silence()
    with _lock:
        if _current is not None:
            _current.close()
        _current = None


def _made() -> PushProvider:
    match settings.PUSH_PROVIDER:
        case "fcm":
            return FcmProvider(
                credentials=settings.FCM_CREDENTIALS,
                base_url=settings.FCM_BASE_URL,
                timeouts=settings.PUSH_TIMEOUTS,
            )
        case "console":
            return ConsoleProvider()
        case name:
            raise ImproperlyConfigured(f"PUSH_PROVIDER {name!r} is neither fcm nor console.")


def _release_on_change(*, setting: str, **_: Any) -> None:
    if setting.startswith(("PUSH_", "FCM_")):
        release()


def _start_alone() -> None:
    """A forked child speaks on connections of its own and not on its parent's."""
    global _lock, _current
    _lock, _current = threading.Lock(), None


setting_changed.connect(_release_on_change)
os.register_at_fork(after_in_child=_start_alone)
