"""Cost that doesn't grow: the same reads on ever larger tables, each on a server of its own, in the same rounds."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.load import results, rounds, template, works
from tests.load.asking import Person, request
from tests.load.environment import production
from tests.load.people import device
from tests.load.results import Cell
from tests.load.rounds import Course
from tests.load.servers import PROCESSES, SIGNED_IN, THREADS, Field, Server, services
from tests.load.template import Size
from tests.stack import Stack, free_port, with_path

SIZES = (10_000, 100_000, 1_000_000)
LARGEST = 10_000_000
# Short ones: a page and a post cost the same, and ten million of them fit on a laptop.
_BODY = 200
# Signed out: the databases are read as they lie, so nobody can sign in to them.
_PEOPLE = [Person(number, "", device(number)) for number in range(SIGNED_IN)]


def _feed(_: works.Scene, server: Server) -> list[bytes]:
    # Who names the size is not shown the page that is worked out for everybody.
    return [request("GET", "/api/v1/feed?limit=20", person) for person in server.people]


_WORKS = (works.Work("feed", "feed page", _feed), works.WORKS["detail"])


def measure(
    sizes: Sequence[int], course: Course, folder: Path, tell: Callable[[str], None]
) -> list[Cell]:
    """Measure the reads at all sizes, by which the figures are named; raises Failed."""
    names = {str(size): template.ensure(Size(size, _BODY), tell) for size in sizes}
    settings = production(WEB_WORKERS=str(PROCESSES), WEB_THREADS=str(THREADS))
    with Stack(folder, parts=(), **settings) as stack:
        servers = {name: _start(stack, name, database) for name, database in names.items()}
        for server in servers.values():
            stack.wait_until_ready(server.name, f"http://127.0.0.1:{server.port}/readyz")
        asked = [replace(work, on=tuple(servers)) for work in _WORKS]
        requests = {
            (work.name, name): work.requests(works.Scene(_posts_of(names[name])), server)
            for work in asked
            for name, server in servers.items()
        }
        field = Field(stack, servers, services(stack))
        return results.cells(rounds.run(replace(course, works=asked), field, requests, tell))


def _start(stack: Stack, name: str, database: str) -> Server:
    port = free_port()
    stack.start(
        name, "gunicorn", "-c", "config/gunicorn.py", "config.wsgi",
        PORT=str(port), DATABASE_URL=with_path(os.environ["DATABASE_URL"], database),
    )  # fmt: skip
    return Server(name, port, stack.processes[name].pid, _PEOPLE)


def _posts_of(database: str) -> works.Query:
    def query(statement: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(with_path(os.environ["DATABASE_URL"], database)) as connection:
            return connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    return query
