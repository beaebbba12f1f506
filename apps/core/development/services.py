"""Postgres and Valkey of a working copy: shared while anybody works, stopped by the last out."""

import fcntl
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO

from apps.core.development.postgres import Postgres
from apps.core.development.postgres_place import refuge_of
from apps.core.development.state import ServiceError, State
from apps.core.development.valkey import Valkey

type Step = Callable[[str], AbstractContextManager[None]]


LOCKS = ("users.lock", "gate.lock")


def _silently(title: str) -> AbstractContextManager[None]:
    return nullcontext()


class Services:
    """The two servers of one state folder.

    Every user holds a shared lock on `users.lock`, which the kernel frees even when the user is
    killed. Starting and stopping happen one at a time under `gate.lock`; whoever can take the
    users' lock alone is the last.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        state = State(self._folder)
        self._all = (Postgres(state), Valkey(state))

    @contextmanager
    def use(self, provided: Mapping[str, str], step: Step = _silently) -> Iterator[dict[str, str]]:
        """Hold the services whose URL is not `provided` and yield their URLs by variable name.

        Raises ServiceError when one can't be started.
        """
        needed = [service for service in self._all if not provided.get(service.variable)]
        if not needed:
            yield {}
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._open("users.lock") as users:
            try:
                with self._gate():
                    fcntl.flock(users, fcntl.LOCK_SH)
                    urls = {}
                    for service in needed:
                        with step(service.title):
                            urls[service.variable] = service.start()
                yield urls
            finally:
                self._leave(users)

    def stop_unused(self) -> bool:
        """Stop what a killed user left running; tells whether nobody uses the services any more."""
        if not self._folder.exists():
            return True
        with self._open("users.lock") as users:
            return self._leave(users)

    def forget(self) -> None:
        """Stop the services and delete all that this folder holds.

        Raises ServiceError while somebody uses them.
        """
        if not self.stop_unused():
            raise ServiceError("The services are in use; stop what runs first.")
        shutil.rmtree(refuge_of(self._folder), ignore_errors=True)
        # The lock files stay: somebody may be waiting for one.
        for path in self._folder.glob("*"):
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in LOCKS:
                path.unlink()

    def _leave(self, users: IO[str]) -> bool:
        with self._gate():
            fcntl.flock(users, fcntl.LOCK_UN)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            for service in self._all:
                service.stop()
            return True

    @contextmanager
    def _gate(self) -> Iterator[None]:
        with self._open("gate.lock") as gate:
            fcntl.flock(gate, fcntl.LOCK_EX)
            yield

    def _open(self, lock: str) -> IO[str]:
        return (self._folder / lock).open("a")
