"""Two servers shared by whoever works in a working copy: up for the first, down after the last."""

import json
import os
import signal
import socket
import subprocess
import time
from contextlib import closing
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from apps.core.development.postgres_place import refuge_of
from apps.core.development.privileges import unprivileged
from apps.core.development.services import Services
from apps.core.development.state import ServiceError
from apps.core.development.valkey import Valkey
from tests.core.development.conftest import Colleague


def ask_postgres(urls: dict[str, str], question: str) -> object:
    with psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


def ask_valkey(urls: dict[str, str], *command: str, db: int = 0) -> object:
    with redis.Redis.from_url(f"{urls['REDIS_URL']}/{db}", decode_responses=True) as client:
        return client.execute_command(*command)


def listens(url: str) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", urlsplit(url).port)) == 0


def occupied(url: str) -> closing[socket.socket]:
    return closing(socket.create_server(("127.0.0.1", urlsplit(url).port)))


def test_the_first_start_takes_seconds_and_both_answer(fresh_folder):
    began = time.monotonic()
    with Services(fresh_folder).use({}) as urls:
        assert time.monotonic() - began < 5  # 0.8 s on an idle laptop
        assert ask_postgres(urls, "SELECT current_database()") == "app"
        assert int(ask_postgres(urls, "SHOW server_version_num")) >= 180000
        assert ask_valkey(urls, "PING", db=63) is True


def test_text_sorts_alike_on_every_system(folder):
    with Services(folder).use({}) as urls:
        assert ask_postgres(urls, "SELECT datlocale FROM pg_database LIMIT 1") == "C.UTF-8"
        assert ask_postgres(urls, "SELECT lower('ÄÉ')") == "äé"


def test_passwords_are_for_the_owner_alone(folder):
    with Services(folder).use({}) as urls:
        passwords = [urlsplit(url).password for url in urls.values()]
        listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout

        assert (folder / "services.json").stat().st_mode & 0o777 == 0o600
        assert not [password for password in passwords if password in listing]
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(urls["DATABASE_URL"].replace(passwords[0], "guess"))
        with pytest.raises(redis.AuthenticationError):
            ask_valkey({"REDIS_URL": urls["REDIS_URL"].replace(passwords[1], "guess")}, "PING")


def test_only_the_last_to_leave_stops_the_services(folder, colleague):
    first, second = colleague(), colleague()
    assert first.urls == second.urls

    first.leave()
    assert ask_postgres(second.urls, "SELECT 1") == 1
    assert ask_valkey(second.urls, "PING") is True

    second.leave()
    assert not listens(second.urls["DATABASE_URL"])
    assert not listens(second.urls["REDIS_URL"])


def test_four_who_start_at_once_make_one_database(fresh_folder):
    everybody = [Colleague(fresh_folder) for _ in range(4)]

    assert len({json.dumps(each.urls) for each in everybody}) == 1
    for each in everybody:
        each.leave()
    assert sorted(path.name for path in fresh_folder.glob("pg*")) == ["pg"]
    assert not listens(everybody[0].urls["DATABASE_URL"])


def test_what_a_killed_user_left_running_is_used_and_stopped_by_the_next(folder, colleague):
    killed = colleague()
    ask_postgres(killed.urls, "CREATE TABLE note AS SELECT 'kept' AS text")
    ask_valkey(killed.urls, "SET", "note", "kept")
    server = (folder / "pg" / "postmaster.pid").read_text().splitlines()[0]

    killed.be_killed()
    with Services(folder).use({}) as urls:
        assert urls == killed.urls
        assert (folder / "pg" / "postmaster.pid").read_text().splitlines()[0] == server
        assert ask_postgres(urls, "SELECT text FROM note") == "kept"

    assert not listens(killed.urls["DATABASE_URL"])
    with Services(folder).use({}) as urls:
        assert ask_postgres(urls, "SELECT text FROM note") == "kept"
        assert ask_valkey(urls, "GET", "note") == "kept"


def test_a_killed_database_server_recovers_at_the_next_start(folder, colleague):
    unlucky = colleague()
    ask_postgres(unlucky.urls, "CREATE TABLE letter AS SELECT 'kept' AS text")
    server = int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])

    os.kill(server, signal.SIGKILL)
    unlucky.be_killed()

    with Services(folder).use({}) as urls:
        assert ask_postgres(urls, "SELECT text FROM letter") == "kept"


def test_a_lock_file_that_names_a_living_stranger_is_no_obstacle(folder):
    with Services(folder).use({}):
        lock_file = folder / "pg" / "postmaster.pid"
        _, *rest = lock_file.read_text().splitlines()

    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, **unprivileged()) as stranger:
        lock_file.write_text("\n".join([str(stranger.pid), *rest]) + "\n")

        with Services(folder).use({}) as urls:
            assert ask_postgres(urls, "SELECT 1") == 1
        assert stranger.poll() is None


def test_a_port_that_somebody_took_meanwhile_is_replaced(folder):
    with Services(folder).use({}) as before:
        pass

    with (
        occupied(before["DATABASE_URL"]),
        occupied(before["REDIS_URL"]),
        Services(folder).use({}) as after,
    ):
        assert ask_postgres(after, "SELECT 1") == 1
        assert ask_valkey(after, "PING") is True
        assert not set(after.values()) & set(before.values())


@pytest.mark.parametrize(
    ("given", "started"), [("DATABASE_URL", "REDIS_URL"), ("REDIS_URL", "DATABASE_URL")]
)
def test_what_the_environment_names_is_not_started(fresh_folder, given, started):
    with Services(fresh_folder).use({given: "somewhere else"}) as urls:
        assert list(urls) == [started]
        assert listens(urls[started])
        assert (fresh_folder / "pg").exists() == (started == "DATABASE_URL")
        assert (fresh_folder / "valkey").exists() == (started == "REDIS_URL")
    assert not listens(urls[started])


def test_with_both_named_nothing_is_touched(fresh_folder):
    with Services(fresh_folder).use({"DATABASE_URL": "theirs", "REDIS_URL": "theirs"}) as urls:
        assert urls == {}
        assert not fresh_folder.exists()


def test_a_failed_start_stops_what_it_started(fresh_folder, monkeypatch):
    monkeypatch.setattr(Valkey, "start", refuse)

    with pytest.raises(ServiceError), Services(fresh_folder).use({}):
        pytest.fail("entered without a cache")

    assert (fresh_folder / "pg" / "PG_VERSION").exists()
    assert not (fresh_folder / "pg" / "postmaster.pid").exists()


def test_a_failed_start_leaves_the_services_of_others_alone(folder, colleague, monkeypatch):
    working = colleague()
    assert ask_postgres(working.urls, "SELECT 1") == 1
    monkeypatch.setattr(Valkey, "start", refuse)

    with pytest.raises(ServiceError), Services(folder).use({}):
        pytest.fail("entered without a cache")

    assert ask_postgres(working.urls, "SELECT 1") == 1


def refuse(self: Valkey) -> str:
    raise ServiceError("no cache today")


def test_a_server_that_cannot_start_says_why(expendable_folder):
    (expendable_folder / "pg" / "PG_VERSION").write_text("9\n")

    with pytest.raises(ServiceError, match="incompatible"), Services(expendable_folder).use({}):
        pytest.fail("entered without a database")


def test_a_folder_closed_to_others_stays_closed_and_works(fresh_folder):
    fresh_folder.parent.chmod(0o700)

    with Services(fresh_folder).use({}) as urls:
        assert ask_postgres(urls, "SELECT 1") == 1
        assert fresh_folder.parent.stat().st_mode & 0o777 == 0o700
        assert refuge_of(fresh_folder).exists() == (os.geteuid() == 0)

    Services(fresh_folder).forget()
    assert not refuge_of(fresh_folder).exists()


def test_a_copy_of_a_working_copy_gets_servers_of_its_own(folder, colleague):
    original = colleague()
    assert ask_postgres(original.urls, "SELECT 1") == 1
    copy = folder.parent / "copy" / ".local"
    copy.parent.mkdir()
    subprocess.run(["cp", "-a", folder, copy], check=True)
    ask_postgres(original.urls, "CREATE TABLE original_only ()")

    with Services(copy).use({}) as urls:
        assert urls["DATABASE_URL"] != original.urls["DATABASE_URL"]
        assert urls["REDIS_URL"] != original.urls["REDIS_URL"]
        assert ask_postgres(urls, "SELECT to_regclass('original_only')") is None
    assert ask_postgres(original.urls, "SELECT count(*) FROM original_only") == 0
    assert ask_valkey(original.urls, "PING") is True


def test_a_database_that_was_dropped_is_there_again(folder):
    with Services(folder).use({}) as urls:
        maintenance = {"DATABASE_URL": urls["DATABASE_URL"].removesuffix("app") + "postgres"}
        ask_postgres(maintenance, "DROP DATABASE app")

    with Services(folder).use({}) as urls:
        assert ask_postgres(urls, "SELECT current_database()") == "app"


def test_data_is_not_deleted_while_somebody_works_with_it(expendable_folder):
    working = Colleague(expendable_folder)
    assert ask_postgres(working.urls, "SELECT 1") == 1

    with pytest.raises(ServiceError, match="in use"):
        Services(expendable_folder).forget()

    assert ask_postgres(working.urls, "SELECT 1") == 1
    working.leave()
    Services(expendable_folder).forget()
    assert not (expendable_folder / "pg").exists()
    assert not (expendable_folder / "services.json").exists()
