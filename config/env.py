"""The only reader of environment variables: typed, and complete before anything starts.

A value is read with a `local` default when production must name it itself, with a `default` when the default is right
everywhere. `refuse_incomplete` (called by `settings/production.py`) then stops the start, naming every variable that is
missing or malformed at once, and never printing a value.
"""

import os
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

_REQUIRED: Any = object()

_env = environ.Env()
_missing: set[str] = set()
_malformed: set[str] = set()


def _read(name: str, cast: str, default: Any, local: Any) -> Any:
    fallback = local if default is _REQUIRED else default
    if not os.environ.get(name):
        if default is _REQUIRED:
            _missing.add(name)
        return fallback
    try:
        return getattr(_env, cast)(name)
    except (ValueError, ImproperlyConfigured):
        _malformed.add(name)
        return fallback


def text(name: str, *, default: str | Any = _REQUIRED, local: str = "") -> str:
    return _read(name, "str", default, local)


def flag(name: str, *, default: bool | Any = _REQUIRED, local: bool = False) -> bool:
    return _read(name, "bool", default, local)


def number(name: str, *, default: int | Any = _REQUIRED, local: int = 0) -> int:
    return _read(name, "int", default, local)


def names(
    name: str, *, default: list[str] | Any = _REQUIRED, local: tuple[str, ...] = ()
) -> list[str]:
    """Read a comma-separated list; surrounding blanks and empty entries are dropped."""
    found = _read(name, "list", default, list(local))
    return [entry.strip() for entry in found if entry.strip()]


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
    """Read a database URL as the dictionary that Django's DATABASES wants."""
    url = text(name, local=local)
    try:
        parsed = _env.db_url_config(url)
    except (ValueError, ImproperlyConfigured):
        _malformed.add(name)
        parsed = _env.db_url_config(local)
    if parsed.get("ENGINE") != "django.db.backends.postgresql":
        _malformed.add(name)
    return parsed


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
