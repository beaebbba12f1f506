"""The moment the product answers: where to look, and who may sign in."""

import http.client
import json
from contextlib import closing
from pathlib import Path

from apps.core.development import ports

PATIENCE = 30.0  # seconds; the first answer waits until the application is loaded
PAGES = {
    "start page": "/",
    "API docs": "/api/v1/docs",
    "admin": "/admin/",
    "mail": "/local/mail",
    "metrics": "/metrics",
}


def is_alive(port: int) -> bool:
    """Tell whether the web process answers its liveness check."""
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=PATIENCE)
    try:
        with closing(connection):
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def greeting(port: int, demo: Path) -> str:
    """Return the addresses and the demo sign-ins that `manage.py seed` has written down."""
    people = json.loads(demo.read_text()) if demo.exists() else []
    rows = [(title, f"http://{ports.LOOPBACK}:{port}{path}") for title, path in PAGES.items()]
    rows += [(person["label"], f"{person['email']}  {person['password']}") for person in people]
    width = max(len(title) for title, _ in rows) + 2
    lines = [f"  {title:<{width}}{value}" for title, value in rows]
    return "\n".join(["", *lines, "", "Ctrl-C stops everything."])
