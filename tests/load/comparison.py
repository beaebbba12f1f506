"""Ours beside the twin: the same answers first, then the rounds."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.load import results, rounds, same, servers
from tests.load.asking import ask, request
from tests.load.results import Cell
from tests.load.rounds import Course, Failed
from tests.load.same import Asker
from tests.load.servers import CONFIG, OURS, TWIN, Server
from tests.load.works import Scene, draft


def measure(template: str, course: Course, folder: Path, tell: Callable[[str], None]) -> list[Cell]:
    """Measure all works of the course on a copy of the template; raises Failed."""
    names = {OURS, TWIN, *(name for work in course.works for name in work.on)}
    with servers.running(template, names, folder, tell) as field:
        scene = Scene(field.stack.query)
        ours, twin = (_asker(field.servers[name]) for name in (OURS, TWIN))
        found = same.differences(ours, twin, str(scene.posts[0]), draft("The same to both"))
        if found:
            raise Failed("The twin answers differently:\n" + "\n".join(found))
        if ask(field.servers[OURS].port, request("GET", CONFIG)).status == 404:
            tell(f"config is left out: the product has no {CONFIG} yet")
            course = replace(course, works=[w for w in course.works if w.name != "config"])
        requests = {
            (work.name, name): work.requests(scene, field.servers[name])
            for work in course.works
            for name in work.on
        }
        tell(f"both answer alike; requests made: {', '.join(work.name for work in course.works)}")
        return results.cells(rounds.run(course, field, requests, tell))


def _asker(server: Server) -> Asker:
    def asker(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        raw = b"" if body is None else json.dumps(body).encode()
        answer = ask(server.port, request(method, path, server.people[0], raw))
        return answer.status, answer.json

    return asker
