"""Loopback ports: which are taken, and which to take."""

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int) -> bool:
    with socket.socket() as caller:
        caller.settimeout(1)
        # macOS lets us bind beside a listener on 0.0.0.0, so ask first whether somebody answers.
        if caller.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def pick(preferred: int | None) -> int:
    """Return the preferred port while it is free, else one that the kernel chooses."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


def next_free(first: int) -> int:
    """Return the first free port from `first` on.

    Raises OSError when a hundred in a row are taken.
    """
    for port in range(first, first + 100):
        if is_free(port):
            return port
    raise OSError(f"no free port between {first} and {first + 99}")
