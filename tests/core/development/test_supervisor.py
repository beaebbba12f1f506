"""Web, worker and beat in one terminal: kept running, reloaded, and gone without a trace when it closes."""

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from apps.core.development import ports
from apps.core.development.project import ROOT
from tests.core.development.screen import PATIENCE, Screen


class Running:
    """The terminal in which a tiny product runs."""

    def __init__(self, folder: Path, third: str = "") -> None:
        os.mkfifo(folder / "alive")
        # Opened without waiting for a writer; until the first one comes it reads as empty, not as ended.
        self.alive = os.open(folder / "alive", os.O_RDONLY | os.O_NONBLOCK)
        command = [sys.executable, "-m", "tests.core.development.tiny_product", str(folder)]
        self.port = ports.pick(None)
        self.process = subprocess.Popen(
            [*command, str(self.port), third], cwd=ROOT, stdout=subprocess.PIPE
        )
        self.shows = Screen(self.process).shows

    def everybody_goes(self) -> bool:
        """Wait until no process of the product is left, not even one started by another."""
        ready, _, _ = select.select([self.alive], [], [], PATIENCE)
        return bool(ready) and os.read(self.alive, 1) == b""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    opened: list[Running] = []

    def start(third: str = "") -> Running:
        opened.append(Running(tmp_path, third))
        return opened[-1]

    yield start
    for running in opened:
        running.process.kill()
        running.process.communicate()
        assert running.everybody_goes()
        os.close(running.alive)


def test_every_line_bears_the_name_of_its_process(run):
    product = run()

    product.shows(
        r"(?m)^worker \| working as \d+$",
        r"(?m)^web    \| asked for /livez$",
        r"(?m)^dev    \| ready after \d\.\d s$",
    )


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_request_to_stop_leaves_nobody_behind(run, request_to_stop):
    product = run()
    product.shows("ready after", "working as")

    product.process.send_signal(request_to_stop)

    # Asked alone, the worker could still speak with its helper.
    product.shows(r"worker \| my helper said goodbye\n", r"dev    \| the end\n")
    assert product.process.wait(PATIENCE) == 0
    assert product.everybody_goes()


def test_a_killed_supervisor_leaves_nobody_behind(run):
    product = run()
    product.shows("ready after", "working as")

    product.process.kill()

    assert product.everybody_goes()


def test_even_processes_that_refuse_to_stop_do_not_survive_a_killed_supervisor(run):
    product = run("stubborn")
    product.shows("stubborn")

    product.process.kill()

    assert product.everybody_goes()


def test_a_second_request_ends_the_patience_with_a_stubborn_process(run):
    product = run("stubborn")
    product.shows("stubborn")
    product.process.send_signal(signal.SIGINT)
    product.shows("not yet")
    began = time.monotonic()

    product.process.send_signal(signal.SIGINT)

    product.shows("beat did not stop by itself; killing it")
    assert product.process.wait(PATIENCE) == 0
    assert time.monotonic() - began < 4  # the grace is eight seconds
    assert product.everybody_goes()


def test_a_process_that_dies_is_started_again_after_a_growing_pause(run):
    product = run("brief")

    product.shows(r"beat   \| brief\n")
    product.shows(r"beat   \| no newline\n")
    product.shows(r"dev    \| beat ended with 3; starting it again in 1 s\n")
    product.shows(r"beat   \| brief\n")
    product.shows(r"dev    \| beat ended with 3; starting it again in 2 s\n")


def test_a_killed_worker_takes_its_helpers_along(run, tmp_path):
    product = run()
    worker = int(product.shows(r"working as (\d+)\n"))

    os.kill(worker, signal.SIGKILL)

    product.shows("worker ended with -9; starting it again")
    product.shows("working as")
    with (tmp_path / f"helper-of-{worker}").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises while the helper lives


@pytest.mark.parametrize("name", ["apps/posts.py", "config/urls.py", "templates/posts/list.html"])
def test_a_changed_source_file_restarts_everything(run, tmp_path, name):
    source = tmp_path / name
    source.parent.mkdir(parents=True)
    source.write_text("before")
    product = run()
    worker = product.shows("ready after", r"working as (\d+)\n")

    source.write_text("after")

    product.shows(rf"dev    \| {name} changed; restarting\n")
    assert product.shows("ready after", r"working as (\d+)\n") != worker


def test_other_files_do_not_restart_anything(run, tmp_path):
    (tmp_path / "apps").mkdir()
    product = run()
    product.shows("ready after")

    (tmp_path / "apps" / "notes.txt").write_text("new")
    (tmp_path / "apps" / "real.py").write_text("new")

    assert product.shows(r"dev    \| (.*) changed; restarting\n") == "apps/real.py"
