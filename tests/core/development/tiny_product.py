"""A product of three small processes under the real supervisor: FOLDER PORT [stubborn].

Every process, and a process that the worker starts, holds the pipe `FOLDER/alive` open for writing: its reader sees
the end of it when, and only when, all of them are gone.
"""

import os
import sys
from contextlib import closing
from pathlib import Path

from apps.core.development.child import Child
from apps.core.development.greeting import is_alive
from apps.core.development.reload import Watcher
from apps.core.development.services import Services
from apps.core.development.signals import StopRequests
from apps.core.development.supervisor import Supervisor
from apps.core.development.terminal import Terminal
from apps.core.development.warden import Warden

ALIVE = "import os, signal, subprocess, sys; alive = open(sys.argv[1] + '/alive', 'w');"

WEB = (
    ALIVE
    + """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *arguments):
        print('asked for', self.path, flush=True)
HTTPServer(('127.0.0.1', int(sys.argv[2])), Handler).serve_forever()
"""
)
WORKER = (
    ALIVE
    + """
import fcntl
with open(f'{sys.argv[1]}/helper-of-{os.getpid()}', 'w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    inherited = [alive.fileno(), lock.fileno()]
    echo = ['sh', '-c', 'if read line; then echo "$line"; fi; exec sleep 600']
    helper = subprocess.Popen(echo, stdin=-1, stdout=-1, pass_fds=inherited)
def stop(*_):
    helper.stdin.write(b'goodbye\\n')
    helper.stdin.flush()
    print('my helper said', helper.stdout.readline().decode(), end='', flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print('working as', os.getpid(), flush=True)
signal.pause()
"""
)
STUBBORN = (
    ALIVE
    + """
import contextlib
def refuse(*_):
    with contextlib.suppress(BrokenPipeError):
        os.write(1, b'not yet\\n')
signal.signal(signal.SIGTERM, refuse)
os.write(1, b'stubborn\\n')
while True: signal.pause()
"""
)
BRIEF = (
    ALIVE
    + """
print('brief', flush=True)
print('no newline', end='')
sys.exit(3)
"""
)


def main(folder: str, port: str, third: str) -> None:
    stop = StopRequests()
    terminal = Terminal()
    scripts = {
        "web": WEB,
        "worker": WORKER,
        "beat": {"stubborn": STUBBORN, "brief": BRIEF}.get(third),
    }
    state = Path(folder, ".local")
    both = {"DATABASE_URL": "unused", "REDIS_URL": "unused"}
    with Services(state).use(both), closing(Warden(state)) as warden:
        children = [
            Child(
                name, [sys.executable, "-c", script, folder, port], os.environ, terminal.say, warden
            )
            for name, script in scripts.items()
            if script
        ]
        Supervisor(
            children,
            stop,
            Watcher(Path(folder)),
            is_ready=lambda: is_alive(int(port)),
            when_ready=lambda seconds: terminal.say(f"ready after {seconds:.1f} s"),
            say=terminal.say,
        ).run()
    terminal.say("the end")


if __name__ == "__main__":
    main(*sys.argv[1:])
