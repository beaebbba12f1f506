"""Servers as they fail: one that is not there, and one that accepts and then says nothing."""

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def frozen() -> Iterator[str]:
    """Give the address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        for connection in held:
            connection.close()


@contextlib.contextmanager
def absent() -> Iterator[str]:
    """Give an address where nobody listens, and nobody else will."""
    with socket.socket() as bound:
        # Bound and not listening: refused, and the port can't be taken by another program.
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"
