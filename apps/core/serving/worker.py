"""gunicorn's threaded worker, with two things changed.

Threads wait for requests themselves, all on one epoll, instead of being handed each by a thread that waits for them:
that handing over, and back, cost more than most requests do. And what is sent and spelled as phones do is read and
answered here (`wire.py`); everything else goes, byte for byte, to gunicorn's own parser and writer.

A connection belongs to one thread at a time: it is either among the resting ones, watched by epoll for one event, or in
the hands of the thread that took it from there.
"""

import errno
import os
import select
import threading
import time
from contextlib import suppress
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers.base import Worker as BaseWorker
from gunicorn.workers.gthread import ThreadWorker

from apps.core.serving import wire
from apps.core.serving.connection import PATIENCE, Asked, Connection, Refused
from apps.core.serving.wire import Bounds, Headers, Unusual

_CHUNK = 65_536
# Bytes of a request that are kept while it arrives; what is larger goes to gunicorn, which hands it on as it comes.
_HEAD, _BODY = 32 * 1024, 256 * 1024
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_ONCE = select.EPOLLIN | select.EPOLLONESHOT
# Seconds for which a worker that stops keeps resting connections, whose next request may be on its way.
_LINGER = 2.0


class Worker(ThreadWorker):
    """`worker_class` of config/gunicorn.py. Linux only: it waits by epoll."""

    def init_process(self) -> None:
        self._poll = select.epoll()
        self._resting: dict[int, Connection] = {}
        self._open: set[Connection] = set()
        # The sockets themselves: gunicorn's own around them forget theirs when they are closed.
        self._listeners = {listener.fileno(): listener.sock for listener in self.sockets}
        # Those that accept nobody for now, and the one that somebody has just come by.
        self._full: list[Any] = []
        self._crowded: Any = None
        self._door = threading.Lock()
        self._bounds = Bounds(self.cfg.limit_request_line, 32_768, 2 * 1024 * 1024)
        self._base = {
            **wsgi.base_environ(self.cfg),
            "wsgi.multithread": True, "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "",
        }  # fmt: skip
        # Not ThreadWorker's, which makes a pool and a queue that nothing here uses.
        BaseWorker.init_process(self)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop when all that was asked is answered; the main thread hears of the signal by `PIPE`."""
        self.alive = False

    def handle_quit(self, sig: int, frame: Any) -> None:
        BaseWorker.handle_quit(self, sig, frame)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Say what could not be read, or that something failed."""
        super().handle_error(req, Refused(client), addr, exc)

    def run(self) -> None:
        stop = os.eventfd(0, os.EFD_NONBLOCK)
        self._stop = stop
        self._poll.register(stop, select.EPOLLIN)
        for listener in self._listeners.values():
            listener.setblocking(False)
            self._poll.register(listener, _ONCE)
        for number in range(self.cfg.threads):
            threading.Thread(target=self._serve, name=f"web-{number}", daemon=True).start()
        while self.alive and self.is_parent_alive():
            self._tick(1.0)
        self._finish()
        os.eventfd_write(stop, 1)

    def _tick(self, seconds: float) -> None:
        """Look after what no thread has in its hands, and wait for so long or for a signal."""
        self.notify()
        if select.select([self.PIPE[0]], [], [], seconds)[0]:
            os.read(self.PIPE[0], 4_096)
        now = time.monotonic()
        for connection in [one for one in self._resting.copy().values() if one.deadline < now]:
            # Else a thread has taken it in the meantime.
            if self._resting.pop(connection.number, None) is connection:
                (self._close if connection.is_idle else self._rest)(connection)
        if len(self._open) < self.worker_connections:
            while self._full:
                self._watch(self._full.pop())

    def _finish(self) -> None:
        """Let what was begun end, for as long as the settings allow."""
        for listener in self._listeners.values():
            self._poll.unregister(listener)
            with suppress(OSError):
                # Who has connected by now is served, too: closing resets what nobody has accepted.
                for _ in range(self.cfg.backlog):
                    self._take_in(listener)
            with self._door:
                listener.close()
        now = time.monotonic()
        while self._open and time.monotonic() < now + self.cfg.graceful_timeout:
            for connection in self._resting.copy().values():
                connection.deadline = min(connection.deadline, now + _LINGER)
            self._tick(0.1)

    # What each thread does

    def _serve(self) -> None:
        is_over = False
        while not is_over:
            try:
                is_over = self._take_turn()
            except Exception:
                # A thread that died would be missed when there is none left.
                self.log.exception("Error beside requests")

    def _take_turn(self) -> bool:
        """Wait for what comes next and do it; return whether it was the end."""
        if self._crowded and len(self._open) < self.worker_connections:
            with suppress(OSError):
                self._take_in(self._crowded)
        for number, _ in self._poll.poll(maxevents=1):
            if number == self._stop:
                return True
            if number in self._listeners:
                self._accept(self._listeners[number])
            elif connection := self._resting.pop(number, None):
                self._attend(connection)
        return False

    def _accept(self, listener: Any) -> None:
        try:
            if len(self._open) < self.worker_connections:
                self._take_in(listener)
        except OSError as failure:
            # Another process was faster, the client gave up or, to be tried again later, there is no descriptor left.
            (self._full.append if failure.errno in _EXHAUSTED else self._watch)(listener)
            return
        (self._watch if len(self._open) < self.worker_connections else self._full.append)(listener)

    def _take_in(self, listener: Any) -> None:
        """Accept one connection; raises OSError when nobody waits for it.

        Epoll puts a listener behind all connections that wait for an answer. So where one has just come, each thread
        looks for another before it goes on: else a crowd would come in one by one, each after a turn of all others.
        """
        self._crowded = None
        with self._door:
            client, address = listener.accept()
            connection = Connection(self.cfg, client, address, listener.getsockname(), self._base)
            self._open.add(connection)
        self._crowded = listener
        self._resting[connection.number] = connection
        self._poll.register(connection.number, _ONCE)

    def _watch(self, listener: Any) -> None:
        # One that was closed meanwhile accepts nobody: we are stopping.
        with suppress(OSError, ValueError):
            self._poll.modify(listener.fileno(), _ONCE)

    def _attend(self, connection: Connection) -> None:
        try:
            stays = self._converse(connection)
        except OSError:
            stays = False
        except BaseException as failure:
            self.handle_error(None, connection.sock, connection.client, failure)
            stays = False
        (self._rest if stays else self._close)(connection)

    def _rest(self, connection: Connection) -> None:
        self._resting[connection.number] = connection
        with suppress(OSError):
            # Unless its time was over, and it is closed already.
            self._poll.modify(connection.number, _ONCE)

    def _close(self, connection: Connection) -> None:
        self._open.discard(connection)
        # Closed at once, what a client still sends would make it lose the answer; here all of it was read.
        connection.close(graceful=connection.parser is not None)

    def _converse(self, connection: Connection) -> bool:
        """Answer what has arrived; return whether the connection stays."""
        if connection.parser is not None:
            return self._with_care(connection)
        try:
            data = connection.sock.recv(_CHUNK)
        except BlockingIOError:
            return True
        if not data:
            return False
        connection.deadline = time.monotonic() + PATIENCE
        connection.received += data
        try:
            return self._answer_received(connection)
        except Unusual:
            return self._with_care(connection)

    def _answer_received(self, connection: Connection) -> bool:
        while connection.received:
            request = connection.whole_request(self._bounds)
            if request is None:
                return True
            if not self._answer(connection, request.environ, request.keeps):
                return False
        connection.deadline = time.monotonic() + self.cfg.keepalive
        return True

    def _answer(self, connection: Connection, environ: dict[str, Any], keeps: bool) -> bool:
        said: tuple[str, Headers] = ("", [])
        self.nr += 1
        if self.nr >= self.max_requests:
            self.alive = False

        def start_response(status: str, headers: Headers, exc_info: Any = None) -> None:
            nonlocal said
            said = (status, headers)

        method = environ["REQUEST_METHOD"]
        response = self.wsgi(environ, start_response)
        # Asked now: a signal may have come meanwhile.
        keeps = keeps and self.alive
        try:
            if getattr(response, "streaming", True):
                return self._stream(connection, environ, response, said, keeps)
            data = wire.answer(*said, b"".join(response), method=method, keeps=keeps)
        finally:
            if hasattr(response, "close"):
                response.close()
        self._send(connection, data)
        return keeps

    def _send(self, connection: Connection, data: bytes) -> None:
        try:
            sent = connection.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            connection.sock.setblocking(True)
            connection.sock.sendall(data[sent:])
            connection.sock.setblocking(False)

    def _stream(
        self, connection: Connection, environ: Any, response: Any, said: Any, keeps: bool
    ) -> bool:
        """Send what comes in pieces, or from a file, as gunicorn does."""
        writer = wsgi.Response(Asked(environ["REQUEST_METHOD"], keeps), connection.sock, self.cfg)
        writer.start_response(*said)
        connection.sock.setblocking(True)
        try:
            if isinstance(response, environ["wsgi.file_wrapper"]):
                writer.write_file(response)
            else:
                for piece in response:
                    writer.write(piece)
            writer.close()
        except Exception:
            if not writer.headers_sent:
                raise
            # A second answer would be taken for the rest of the first; a connection that breaks says what happened.
            self.log.exception("Error in the middle of an answer")
            return False
        connection.sock.setblocking(False)
        return not writer.should_close()

    def _with_care(self, connection: Connection) -> bool:
        """Leave a request, and from then on its connection, to gunicorn."""
        connection.hand_over()
        while self.handle(connection):
            if not connection.has_more:
                connection.sock.setblocking(False)
                connection.deadline = time.monotonic() + self.cfg.keepalive
                return True
        return False
