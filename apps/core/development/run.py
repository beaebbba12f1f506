"""`run`: services, migrations, demo data, then web, stream, worker and beat until Ctrl-C."""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from apps.core.development import ports
from apps.core.development.child import Child
from apps.core.development.front import Front
from apps.core.development.greeting import greeting, is_alive
from apps.core.development.project import ROOT, STATE, environment
from apps.core.development.reload import Watcher
from apps.core.development.services import Services
from apps.core.development.signals import StopRequests
from apps.core.development.state import ServiceError
from apps.core.development.supervisor import TICK, Supervisor
from apps.core.development.terminal import Terminal
from apps.core.development.warden import Warden

DEFAULT_PORT = 8000
DEMO = STATE / "demo.json"
CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "config"]
WORKER = ["worker", "-Q", "urgent,default,bulk", "--concurrency", "2", "--loglevel", "info"]
SENDER = [
    "worker",
    "-n",
    "sender@%h",
    "-Q",
    "fcm,apns,expo,smtp",
    "--pool",
    "threads",
    "--concurrency",
    "6",
    "--loglevel",
    "info",
]
# Behind the one port that people know: what of it is not web's.
ROUTES = [(r"/api/v\d+/events", "stream"), (r"(?s:.*)", "web")]
SCHEDULER = "apps.core.scheduler:PostgresScheduler"
BEAT = ["beat", "--scheduler", SCHEDULER, "--loglevel", "info"]
PROCESSES = {
    "web": [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"],
    "stream": [sys.executable, "manage.py", "stream"],
    "worker": [*CELERY, *WORKER],
    "sender": [*CELERY, *SENDER],
    "beat": [*CELERY, *BEAT],
}


def run() -> int:
    """Run the whole product and return the exit code; every process it started has ended then."""
    stop = StopRequests()
    terminal = Terminal()
    try:
        port = choose_port(os.environ, terminal)
        with (
            Services(STATE).use(os.environ, terminal.step) as urls,
            closing(Warden(STATE)) as warden,
        ):
            variables = environment(urls, "local") | {"PORT": str(port), **metrics_folder(port)}
            session = Session(port, variables, terminal, stop, warden)
            session.prepare("migrate")
            # Once for our own database; `make seed` does it again. Another's may be empty each time.
            if os.environ.get("DATABASE_URL") or not DEMO.exists():
                session.prepare("seed")
            session.supervise()
    except ServiceError as error:
        terminal.say(str(error))
        return 1
    terminal.say("stopped; nothing is left running")
    return 0


def choose_port(variables: Mapping[str, str], terminal: Terminal) -> int:
    """Return the port that PORT names, else the first free one from 8000 on.

    Raises ServiceError when the named port is taken or is none.
    """
    named = variables.get("PORT")
    if not named:
        port = ports.next_free(DEFAULT_PORT)
        if port != DEFAULT_PORT:
            terminal.say(f"port {DEFAULT_PORT} is taken; using {port}")
        return port
    if not named.isdecimal() or not 0 < int(named) < 65536:
        raise ServiceError(f"PORT={named} is not a port.")
    if not ports.is_free(int(named)):
        raise ServiceError(f"Port {named} is taken; stop what uses it or name another.")
    return int(named)


def metrics_folder(port: int) -> dict[str, str]:
    """Return the variable for an empty folder: counters of processes long gone must not add up."""
    folder = STATE / "metrics" / str(port)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(folder)}


@dataclass
class Session:
    """One run: the environment all its processes share, and who watches over them."""

    port: int
    variables: Mapping[str, str]
    terminal: Terminal
    stop: StopRequests
    warden: Warden
    _greeted: bool = False

    def prepare(self, command: str) -> None:
        """Run a management command to its end, showing its output only if it fails.

        Raises ServiceError when it fails.
        """
        if self.stop:
            return
        lines: list[str] = []
        manage = [sys.executable, "manage.py", command]
        child = Child(
            command, manage, self.variables, lambda line, _: lines.append(line), self.warden
        )
        with self.terminal.step(command):
            child.start()
            while child.is_running and not self.stop:
                time.sleep(TICK / 2)
            code = child.finish()
        if code != 0 and not self.stop:
            raise ServiceError("".join(lines) + f"manage.py {command} ended with {code}.")

    def supervise(self) -> None:
        """Keep the processes of the product running until a stop is requested."""
        if self.stop:
            return
        behind = {name: ports.pick(None) for name in ("web", "stream")}
        children = [
            Child(
                name, command, self._variables_of(behind.get(name)), self.terminal.say, self.warden
            )
            for name, command in PROCESSES.items()
        ]
        supervisor = Supervisor(
            children,
            self.stop,
            Watcher(ROOT),
            is_ready=lambda: is_alive(self.port),
            when_ready=self._greet,
            say=self.terminal.say,
        )
        with closing(Front(self.port, [(path, behind[name]) for path, name in ROUTES])):
            supervisor.run()

    def _variables_of(self, port: int | None) -> dict[str, str]:
        own = {"BIND": f"{ports.LOOPBACK}:{port}"} if port else {}
        return {**self.variables, **own}

    def _greet(self, seconds: float) -> None:
        again = " again" if self._greeted else ""
        self.terminal.say(f"ready{again} after {seconds:.1f} s")
        if not self._greeted:
            self.terminal.say(greeting(self.port, DEMO))
        self._greeted = True
