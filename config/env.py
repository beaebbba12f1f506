"""The only reader of environment variables: typed, and complete before anything starts.

Values are taken as they are: no `$NAME` is expanded, because secrets may begin with a dollar.
A value is read with a `local` default when production must name it itself, with a `default` when the default is right
everywhere. `refuse_incomplete` (called by `settings/production.py`) then stops the start, naming every variable that is
missing or malformed at once, and never printing a value.
"""

import os
from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_REQUIRED: Any = object()
_FLAGS = ("true", "1", "yes", "on", "false", "0", "no", "off")

_missing: set[str] = set()
_malformed: set[str] = set()


def _read[T](name: str, cast: Callable[[str], T], default: Any, local: Any) -> T:
    fallback: T = local if default is _REQUIRED else default
    found = os.environ.get(name)
    if not found:
        if default is _REQUIRED:
            _missing.add(name)
        return fallback
    try:
        return cast(found)
    except ValueError:
        _malformed.add(name)
        return fallback


def text(name: str, *, default: str | Any = _REQUIRED, local: str = "") -> str:
    return _read(name, str, default, local)


def flag(name: str, *, default: bool | Any = _REQUIRED, local: bool = False) -> bool:
    return _read(name, _flag, default, local)


def number(name: str, *, default: int | Any = _REQUIRED, local: int = 0) -> int:
    return _read(name, int, default, local)


def decimal(name: str, *, default: float | Any = _REQUIRED, local: float = 0.0) -> float:
    return _read(name, float, default, local)


def choice(name: str, options: Collection[str], *, default: str) -> str:
    return _read(name, lambda found: _chosen(found, options), default, default)


def url(name: str, *schemes: str, default: str | Any = _REQUIRED, local: str = "") -> str:
    """Read an address that has one of the schemes and names a host."""
    return _read(name, lambda found: _address(found, schemes), default, local)


def names(
    name: str, *, default: list[str] | Any = _REQUIRED, local: tuple[str, ...] = ()
) -> list[str]:
    """Read a comma-separated list; surrounding blanks and empty entries are dropped."""
    return _read(name, _names, default, list(local))


def folder(name: str) -> str:
    """Read the path of a folder and make it; empty when there is none.

    For a library that reads the variable itself: set but empty, it would mean the current folder.
    """
    path = text(name, default="")
    if path:
        os.makedirs(path, exist_ok=True)
    else:
        os.environ.pop(name, None)
    return path


def database(name: str, *, local: str) -> dict[str, Any]:
    """Read a PostgreSQL URL as the dictionary that Django's DATABASES wants."""
    return _read(name, _database, _REQUIRED, None) or _database(local)


def publish(name: str, value: str) -> None:
    """Set a variable for a library that reads the environment itself, unless the operator has set it."""
    os.environ.setdefault(name, value)


def refuse_incomplete() -> None:
    """Stop the start while anything that production needs is missing or malformed.

    Raises ImproperlyConfigured with the names of all such variables (never their values).
    """
    problems = [f"{name} is not set" for name in sorted(_missing)]
    problems += [f"{name} is malformed" for name in sorted(_malformed)]
    if problems:
        raise ImproperlyConfigured("Production is half-configured: " + "; ".join(problems) + ".")


def _flag(found: str) -> bool:
    # A misspelt "true" must not switch TLS off.
    return _chosen(found.lower(), _FLAGS) in _FLAGS[:4]


def _database(url: str) -> dict[str, Any]:
    # Asked first: of any other URL the library would print all parts, the password too.
    if not url.startswith(("postgres://", "postgresql://")):
        raise ValueError("not a PostgreSQL URL")
    parsed: dict[str, Any] = environ.Env().db_url_config(url)
    if not parsed["NAME"]:
        raise ValueError("names no database")
    return parsed


def _address(found: str, schemes: Collection[str]) -> str:
    parts = urlsplit(found)
    # Reading a port that is no number raises.
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
        raise ValueError("not such an address")
    return found


def _names(found: str) -> list[str]:
    return [entry.strip() for entry in found.split(",") if entry.strip()]


def _chosen(found: str, options: Collection[str]) -> str:
    if found not in options:
        raise ValueError(found)
    return found
