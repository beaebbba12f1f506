"""The HTTP client for services outside: each exchange ends by its deadline, each reply fits its bound.

The timeouts of an HTTP library bound one read and not the whole: a server that sends a byte every few seconds would
hold a worker for ever. Here the deadline reaches down to the socket: it covers connecting, TLS and the headers too.
"""

import re
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

_MAX_REPLY = 64 * 1024
_CONNECTIONS = httpx2.Limits(max_connections=32, max_keepalive_connections=8, keepalive_expiry=60)


class NoReply(Exception):
    """Nothing usable came back in time; whether the request was acted upon is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Deadline(threading.local):
    at = float("inf")

    def bound(self, timeout: float | None, error: type[Exception]) -> float | None:
        left = self.at - time.monotonic()
        if left <= 0:
            raise error("deadline")
        return left if timeout is None else min(timeout, left)


_deadline = _Deadline()


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _deadline.bound(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _deadline.bound(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        timeout = _deadline.bound(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.SyncBackend):
    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        return _Stream(super().connect_tcp(*args, **kwargs))


class _Transport(httpx2.HTTPTransport):
    def __init__(self) -> None:
        context = httpx2.create_ssl_context()
        super().__init__(verify=context)
        # The library offers no way to name the network below its own pool.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS.max_connections,
            max_keepalive_connections=_CONNECTIONS.max_keepalive_connections,
            keepalive_expiry=_CONNECTIONS.keepalive_expiry,
            network_backend=_Backend(),
        )


class BoundedClient:
    """Long-lived connections to a service that is not trusted to be brief. Safe for threads."""

    def __init__(self, *, connect: float, read: float) -> None:
        self._whole = connect + read
        self._client = httpx2.Client(
            transport=_Transport(),
            timeout=httpx2.Timeout(read, connect=connect),
            # A compressed reply could be small on the wire and enormous in memory.
            headers={"Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,
        )

    def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Send and read the whole reply within the sum of both timeouts.

        Raises NoReply when there is none, when it is cut short, too slow or longer than 64 KiB.
        """
        return self._exchange("POST", url, content=content, headers=headers)

    def get(self, url: str) -> Reply:
        """Ask and read the whole reply, under the same bounds; raises NoReply."""
        return self._exchange("GET", url)

    def _exchange(self, method: str, url: str, **message: Any) -> Reply:
        _deadline.at = time.monotonic() + self._whole
        try:
            with self._client.stream(method, url, **message) as response:
                body = bytearray()
                for chunk in response.iter_raw():
                    body += chunk
                    if len(body) > _MAX_REPLY:
                        raise NoReply("reply_too_long")
                return Reply(response.status_code, response.headers, bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as failure:
            raise NoReply(_words(failure)) from failure
        finally:
            _deadline.at = float("inf")

    def close(self) -> None:
        self._client.close()


def _words(failure: Exception) -> str:
    """`ReadTimeout` as `read_timeout`."""
    return re.sub(r"\B(?=[A-Z])", "_", type(failure).__name__).lower()
