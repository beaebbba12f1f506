"""`make bench`: ours beside the twin, on services and a database of its own under .local/bench."""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from apps.core.development.services import Services
from tests.load import machine, profiler, results, rounds, same, servers, table, template, works
from tests.load.asking import ask, request
from tests.load.servers import OURS, TWIN, Field
from tests.stack import ROOT

_OURS = [name for name, work in works.WORKS.items() if OURS in work.on]
PLACE = ROOT / ".local" / "bench"


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    try:
        machine.describe()
        PLACE.mkdir(parents=True, exist_ok=True)
        with Services(PLACE).use(os.environ) as urls:
            os.environ.update(urls)
            return _profile(options) if options.profile else _bench(options)
    except (machine.NotLinux, rounds.Failed) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=works.WORKS, metavar="WORK", help="these works"
    )
    parser.add_argument("--connections", nargs="+", type=int, default=[16, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="per work, server and round")
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--profile", choices=_OURS, metavar="WORK", help="where its time goes")
    parser.add_argument("--requests", type=int, default=3_000, help="so many for the profile")
    parser.add_argument("--force", action="store_true", help="print although the machine was noisy")
    return parser.parse_args(arguments)


def _bench(options: argparse.Namespace) -> int:
    chosen = [works.WORKS[name] for name in options.only or works.WORKS]
    course = rounds.Course(chosen, options.connections, options.rounds, options.seconds)
    database = template.ensure(template.Size(options.posts, 2_000), tell)
    names = {OURS, TWIN, *(name for work in chosen for name in work.on)}
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.running(database, names, Path(folder), tell) as field,
    ):
        scene = works.Scene(field)
        _must_be_same(scene)
        requests = {
            (work.name, name): work.requests(scene, field.servers[name])
            for work in chosen
            for name in work.on
        }
        tell(f"requests made: {', '.join(work.name for work in chosen)}")
        windows = rounds.run(course, field, requests, tell)
    cells = results.cells(windows, chosen)
    noisy = [cell for cell in cells if not cell.is_sound]
    if noisy and not options.force:
        names = ", ".join(f"{cell.work.name} at {cell.connections}" for cell in noisy)
        print(f"The machine was too noisy to judge {names}. Stop what else runs, or add --force.")
        return 2
    print(table.plain(cells))
    return 0


def _profile(options: argparse.Namespace) -> int:
    database = template.ensure(template.Size(options.posts, 2_000), tell)
    work = works.WORKS[options.profile]
    with (
        tempfile.TemporaryDirectory() as folder,
        servers.running(database, [OURS], Path(folder), tell) as field,
    ):
        requests = work.requests(works.Scene(field), field.servers[OURS])
        print(profiler.profile(field.stack, requests, options.requests))
    return 0


def _must_be_same(scene: works.Scene) -> None:
    ours, twin = (_asker(scene.field, name) for name in (OURS, TWIN))
    found = same.differences(ours, twin, str(scene.posts[0]), works.draft("The same to both"))
    if found:
        raise rounds.Failed("The twin answers differently:\n" + "\n".join(found))


def _asker(field: Field, name: str) -> same.Asker:
    server = field.servers[name]

    def asker(method: str, path: str, body: dict[str, Any] | None) -> tuple[int, Any]:
        raw = b"" if body is None else json.dumps(body).encode()
        answer = ask(server.port, request(method, path, server.people[0], raw))
        return answer.status, answer.json

    return asker


def tell(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
