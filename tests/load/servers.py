"""What is measured: ours as in production, the twin, and a constant answer, all on one copy of the database."""

import json
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import jwt
import psycopg
import redis

from tests.load import machine
from tests.load.asking import Person, ask, request
from tests.load.environment import production
from tests.stack import Stack, free_port

OURS, TWIN, CONSTANT, STOCK = "ours", "twin", "constant", "stock"
PROCESSES = 2
# As config/gunicorn.py advises where Postgres is on the same machine.
THREADS = 2
CONFIG = "/api/v1/app/config"
SIGNED_IN = 256
# So many of them, the last ones, have blocked somebody: they see a feed of their own. So many before them write: they
# see what they wrote for a while, and are asked for nothing else.
BLOCKING, WRITING = 64, 64
_BLOCK = """
INSERT INTO accounts_block (id, created_at, updated_at, blocker_id, blocked_id)
SELECT gen_random_uuid(), now(), now(), blocker.id, (SELECT id FROM accounts_user ORDER BY email DESC LIMIT 1)
FROM (SELECT id FROM accounts_user ORDER BY email OFFSET %s LIMIT %s) AS blocker RETURNING id
"""


@dataclass(frozen=True)
class Server:
    """One of the contestants: where it listens, its master process, and who is signed in to it."""

    name: str
    port: int
    process: int
    people: list[Person]


@dataclass(frozen=True)
class Field:
    """All that runs. `services` are the process ids of Postgres and Redis, where they are on this machine."""

    stack: Stack
    servers: dict[str, Server]
    services: dict[str, int]


@contextmanager
def running(
    template: str, names: Collection[str], folder: Path, tell: Callable[[str], None]
) -> Iterator[Field]:
    """Run the named servers on a copy of the template, and nothing afterwards."""
    variables = production(WEB_WORKERS=str(PROCESSES), WEB_THREADS=str(THREADS))
    with Stack(folder, parts=("web",), template=template, **variables) as stack:
        people = _sign_in(stack)
        stack.query(_BLOCK, SIGNED_IN - BLOCKING, BLOCKING)
        servers = {OURS: Server(OURS, stack.port, stack.processes["web"].pid, people)}
        for name in names:
            if name != OURS:
                servers[name] = _started(stack, name, people)
        for name in _COMMANDS.keys() & servers:
            stack.wait_until_ready(name, f"http://127.0.0.1:{servers[name].port}/constant")
        tell(f"{', '.join(servers)}: {PROCESSES} processes each; {len(people)} people signed in")
        yield Field(stack, servers, services(stack))


_APPLICATION = "django.core.wsgi:get_wsgi_application()"
_COMMANDS = {
    TWIN: ("gunicorn", "--workers", str(PROCESSES), _APPLICATION),
    # The web server as ours has it.
    CONSTANT: ("gunicorn", "-c", "config/gunicorn.py", _APPLICATION),
    # The same with the worker that gunicorn brings along.
    STOCK: ("gunicorn", "-c", "config/gunicorn.py", "--worker-class", "gthread", _APPLICATION),
}


def _started(stack: Stack, name: str, people: list[Person]) -> Server:
    port = free_port()
    # The twin keeps what ours answers in its cache: how it was made no longer matters there.
    config = ask(stack.port, request("GET", CONFIG))
    stack.start(
        name, *_COMMANDS[name],
        DJANGO_SETTINGS_MODULE="tests.load.twin.settings",
        APP_CONFIG=config.body.decode() if config.status == 200 else "null",
        # Overrules the address that config/gunicorn.py names.
        GUNICORN_CMD_ARGS=f"--bind 127.0.0.1:{port}",
    )  # fmt: skip
    key = stack.environment["SECRET_KEY"]
    theirs = [replace(person, token=_simple_token(key, person.token)) for person in people]
    return Server(name, port, stack.processes[name].pid, theirs)


def _sign_in(stack: Stack) -> list[Person]:
    words = f"from tests.load.data import sign_in; sign_in({SIGNED_IN})"
    found = json.loads(stack.manage("shell", "-v", "0", "-c", words))
    return [Person(number, token, device) for number, (device, token) in enumerate(found)]


def _simple_token(key: str, ours: str) -> str:
    """Make simplejwt's access token for the person whom one of our tokens names."""
    person = jwt.decode(ours, options={"verify_signature": False})["sub"]
    now = int(time.time())
    claims = {"token_type": "access", "iat": now, "exp": now + 6 * 3600, "jti": uuid.uuid4().hex}
    return jwt.encode({**claims, "user_id": person}, key, algorithm="HS256")


def services(stack: Stack) -> dict[str, int]:
    """Return the process ids of the servers behind the URLs, without those that run elsewhere."""
    found = {}
    with psycopg.connect(stack.database_url) as connection:
        backend = connection.info.backend_pid
        if machine.command_of(backend) == "postgres":
            found["postgres"] = machine.parent_of(backend)
    with redis.Redis.from_url(stack.cache_url) as client:
        server = int(client.info("server")["process_id"])
        if machine.command_of(server).endswith("-server"):
            found["redis"] = server
    return found
