"""`run` before and after the processes: the port it takes, the greeting it gives, what it forgets."""

import io
import json
import socket
import subprocess
import sys
from contextlib import closing

import pytest

from apps.core.development import ports, run
from apps.core.development.greeting import greeting
from apps.core.development.project import ROOT
from apps.core.development.state import ServiceError
from apps.core.development.terminal import Terminal


@pytest.fixture
def shown() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def occupied():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_a_taken_default_port_gives_way_to_the_next_and_says_so(monkeypatch, shown, occupied):
    monkeypatch.setattr(run, "DEFAULT_PORT", occupied)

    port = run.choose_port({}, Terminal(shown))

    assert port > occupied
    assert ports.is_free(port)
    assert shown.getvalue() == f"dev    | port {occupied} is taken; using {port}\n"


def test_a_free_default_port_is_taken_without_a_word(monkeypatch, shown):
    free = ports.pick(None)
    monkeypatch.setattr(run, "DEFAULT_PORT", free)

    assert run.choose_port({}, Terminal(shown)) == free
    assert shown.getvalue() == ""


def test_a_port_asked_for_is_taken_or_refused_never_replaced(shown, occupied):
    free = ports.pick(None)

    assert run.choose_port({"PORT": str(free)}, Terminal(shown)) == free
    with pytest.raises(ServiceError, match=f"{occupied} is taken"):
        run.choose_port({"PORT": str(occupied)}, Terminal(shown))


@pytest.mark.parametrize("nonsense", ["web", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused(shown, nonsense):
    with pytest.raises(ServiceError, match="not a port"):
        run.choose_port({"PORT": nonsense}, Terminal(shown))


def test_run_refuses_a_taken_port_before_anything_starts(occupied, monkeypatch):
    monkeypatch.setenv("PORT", str(occupied))

    refused = subprocess.run(
        [sys.executable, "-m", "apps.core.development", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert refused.returncode == 1
    assert (
        refused.stdout == f"dev    | Port {occupied} is taken; stop what uses it or name another.\n"
    )


def test_the_greeting_shows_where_to_look_and_who_may_sign_in(tmp_path):
    demo = tmp_path / "demo.json"
    person = {"label": "staff", "email": "staff@example.test", "password": "correct horse"}
    demo.write_text(json.dumps([person]))

    lines = greeting(8123, demo).splitlines()

    assert "  admin       http://127.0.0.1:8123/admin/" in lines
    assert "  staff       staff@example.test  correct horse" in lines


def test_the_greeting_needs_no_demo_data(tmp_path):
    assert "http://127.0.0.1:8123/\n" in greeting(8123, tmp_path / "demo.json")


def test_metrics_of_an_earlier_run_are_forgotten(monkeypatch, tmp_path):
    monkeypatch.setattr(run, "STATE", tmp_path)
    leftover = tmp_path / "metrics" / "8000" / "counter_1.db"
    leftover.parent.mkdir(parents=True)
    leftover.touch()

    assert run.metrics_folder(8000) == {"PROMETHEUS_MULTIPROC_DIR": str(leftover.parent)}
    assert list(leftover.parent.iterdir()) == []


def test_a_step_tells_its_time_only_when_it_has_succeeded(shown):
    terminal = Terminal(shown)

    with terminal.step("migrate"):
        pass
    with pytest.raises(ServiceError), terminal.step("seed"):
        raise ServiceError("no")

    assert shown.getvalue() == "dev    | migrate … 0.0 s\ndev    | seed … \n"
