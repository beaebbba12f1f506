"""What the services remember between runs, for the owner's eyes: random passwords, last ports."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

type Entry = dict[str, Any]


class ServiceError(Exception):
    """A service can't be had; the message is for the person at the terminal."""


class State:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "services.json"

    def password(self, service: str) -> str:
        """Return the password of a service; a new one is on disk before anybody is told it."""
        entry = self._read().get(service, {})
        if "password" not in entry:
            self._write(service, entry | {"password": secrets.token_urlsafe(24)})
        return str(self._read()[service]["password"])

    def port(self, service: str) -> int | None:
        return self._read().get(service, {}).get("port")

    def remember_port(self, service: str, port: int) -> None:
        self._write(service, self._read().get(service, {}) | {"port": port})

    def _read(self) -> dict[str, Entry]:
        try:
            entries: dict[str, Entry] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        return entries

    def _write(self, service: str, entry: Entry) -> None:
        draft = self._file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._read() | {service: entry}, file, indent=2)
        draft.replace(self._file)


def last_lines(log: Path, count: int = 8) -> str:
    """Return the end of a service's log, for a message about why it did not start."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"
