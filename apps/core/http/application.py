"""What the web server calls: Django's handler, with a short way for endpoints.

Around each request Django sends two signals, sets the script prefix and the urlconf, and collects closers. Nothing of
ours listens, and an endpoint needs none of it but its connection given back; so the short way is the edge alone. It is
left to Django as soon as somebody does listen: a project's own receiver, or Sentry.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import sentry_sdk
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.http import HttpResponse, HttpResponseBase

_SHORT = "/api/"


class Whole(tuple[bytes]):
    """A body in one piece: the server may write it with its head."""

    streaming = False


class Application(WSGIHandler):
    """The WSGI application (PEP 3333)."""

    _middleware_chain: Callable[[WSGIRequest], HttpResponseBase]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith(_SHORT) or _is_watched():
            return super().__call__(environ, start_response)
        try:
            response = self._middleware_chain(WSGIRequest(environ))
        finally:
            if connection.connection is not None:
                close_old_connections()
        start_response(_status(response), [*response.headers.items(), *_cookies(response)])
        return Whole((response.content,)) if isinstance(response, HttpResponse) else response


def _is_watched() -> bool:
    watchers = _others(len(request_started.receivers), len(request_finished.receivers))
    return watchers or sentry_sdk.get_client().is_active()


@lru_cache
def _others(*_: int) -> bool:
    """Tell whether anybody but Django listens; asked again when somebody joins."""
    listening = [
        one
        for signal in (request_started, request_finished)
        for some in signal._live_receivers(Application)
        for one in some
    ]
    return any(not one.__module__.startswith("django.") for one in listening)


def _status(response: HttpResponseBase) -> str:
    return f"{response.status_code} {response.reason_phrase}"


def _cookies(response: HttpResponseBase) -> Iterable[tuple[str, str]]:
    return [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
