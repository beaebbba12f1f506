"""Databases full of posts, made once and kept: a run works on a copy, so that it leaves the next run what it found."""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from tests.load.environment import production
from tests.stack import ROOT, Stack

PEOPLE = 10_000


@dataclass(frozen=True)
class Size:
    """How many posts, and how many characters each body has."""

    posts: int
    body: int

    @property
    def name(self) -> str:
        return f"bench_{self.posts}_{self.body}_{_fingerprint()}"


def _fingerprint() -> str:
    """Name the tables and what is written into them: a database of older ones is not used again."""
    sources = [*sorted(ROOT.glob("apps/*/migrations/*.py")), Path(__file__).with_name("data.py")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:10]


def ensure(size: Size, tell: Callable[[str], None]) -> str:
    """Return the name of the database of this size; makes it when there is none, and drops outdated ones."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        names = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        if size.name in names:
            return size.name
        for outdated in names:
            if outdated.startswith(f"bench_{size.posts}_{size.body}_"):
                _on(connection, "DROP DATABASE {} WITH (FORCE)", outdated)
        _make(connection, size, tell)
    return size.name


def _make(connection: psycopg.Connection, size: Size, tell: Callable[[str], None]) -> None:
    began = time.perf_counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(Path(folder), parts=(), **production()) as stack,
    ):
        fill = f"from tests.load.data import fill; fill({PEOPLE}, {size.posts}, {size.body})"
        stack.manage("shell", "-v", "0", "-c", fill)
        # Under its own name only when it is whole.
        _on(connection, "ALTER DATABASE {} RENAME TO {}", stack.name, size.name)
    tell(f"{size.posts:,} posts written in {time.perf_counter() - began:.0f} s; kept for next time")


def _on(connection: psycopg.Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))  # type: ignore[arg-type]
