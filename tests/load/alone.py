"""The product by itself, as production runs it, on a small database of its own: for what is measured without a twin."""

import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Self

from apps.core.development.services import Services
from tests.load import servers
from tests.load import template as templates
from tests.load.__main__ import PLACE, tell
from tests.load.asking import Answer
from tests.load.servers import OURS, Field
from tests.load.template import Size

_SMALL = Size(2_000, 2_000)
_PATIENCE = 60


@contextmanager
def product() -> Iterator[Field]:
    """Run it, and nothing afterwards, also when a plain kill ends us."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    PLACE.mkdir(parents=True, exist_ok=True)
    with Services(PLACE).use(os.environ) as urls, tempfile.TemporaryDirectory() as folder:
        os.environ.update(urls)
        template = templates.ensure(_SMALL, tell)
        with servers.running(template, [OURS], Path(folder), tell) as field:
            yield field


class Line:
    """One connection that is kept, and times every answer."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), _PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, raw: bytes) -> tuple[Answer, float]:
        """Send a request; return what came back and after how many seconds."""
        began = time.perf_counter()
        self._socket.sendall(raw)
        response = HTTPResponse(self._socket, method=raw.split(b" ", 1)[0].decode())
        response.begin()
        answer = Answer(response.status, response.headers, response.read())
        took = time.perf_counter() - began
        if response.will_close:
            self.__exit__()
            self._open()
        return answer, took
