"""`make bench`: ours beside the twin, on services and a database of its own under .local/bench."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from apps.core.development.services import Services
from apps.core.development.state import ServiceError
from tests.load import comparison, document, growth, machine, profiler, rounds, servers, table
from tests.load import template as templates
from tests.load.results import Cell
from tests.load.rounds import Course
from tests.load.servers import OURS
from tests.load.template import Size
from tests.load.works import WORKS, Scene
from tests.stack import ROOT

PLACE = ROOT / ".local" / "bench"
_BODY = 2_000
_NOISY = 2


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    # Whoever ends us with a plain kill still gets everything stopped and the copy dropped.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        machine.describe()
        PLACE.mkdir(parents=True, exist_ok=True)
        with Services(PLACE).use(os.environ) as urls, tempfile.TemporaryDirectory() as folder:
            os.environ.update(urls)
            return _run(options, Path(folder))
    except (machine.NotLinux, rounds.Failed, ServiceError, RuntimeError) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def _options(arguments: list[str]) -> argparse.Namespace:
    ours = [name for name, work in WORKS.items() if OURS in work.on]
    parser = argparse.ArgumentParser(
        prog="make bench",
        description="Without options: everything, into docs/performance.md. With --only, --profile or --growth: that.",
    )
    parser.add_argument(
        "--only", nargs="+", choices=WORKS, metavar="WORK", help="these works, to the terminal"
    )
    parser.add_argument(
        "--profile", choices=ours, metavar="WORK", help="where the time of one goes"
    )
    parser.add_argument("--growth", action="store_true", help="the cost on ever larger tables")
    parser.add_argument("--all", action="store_true", help="--growth up to ten million posts")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="per work, side and round")
    parser.add_argument("--connections", nargs="+", type=int, default=[16, 64])
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--requests", type=int, default=3_000, help="so many for --profile")
    parser.add_argument("--force", action="store_true", help="believe a noisy machine")
    parser.epilog = f"Works: {', '.join(WORKS)}."
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, folder: Path) -> int:
    if options.profile:
        return _profile(options, folder)
    if options.only:
        return _compare(options, folder, options.only, write=False)
    if options.growth or options.all:
        return _grow(options, folder)
    return _compare(options, folder, list(WORKS), write=True) or _grow(options, folder)


def _compare(options: argparse.Namespace, folder: Path, names: list[str], *, write: bool) -> int:
    course = Course([WORKS[n] for n in names], options.connections, options.rounds, options.seconds)
    template = templates.ensure(Size(options.posts, _BODY), tell)
    cells = comparison.measure(template, course, folder, tell)
    if _is_refused(cells, options):
        return _NOISY
    for count, same in table.by_connections(cells):
        print(f"\n{count} connections\n{table.plain(table.speed(same))}")
        print(f"\n{table.plain(table.cost(same))}")
    if write:
        tell(f"written to {document.write_ratios(cells, course, options.posts)}")
    return 0


def _grow(options: argparse.Namespace, folder: Path) -> int:
    sizes = [*growth.SIZES, *([growth.LARGEST] if options.all else [])]
    course = Course([], options.connections[:1], options.rounds, options.seconds)
    cells = growth.measure(sizes, course, folder, tell)
    if _is_refused(cells, options):
        return _NOISY
    print(f"\n{table.plain(table.growth(cells))}")
    tell(f"written to {document.write_growth(cells)}")
    return 0


def _profile(options: argparse.Namespace, folder: Path) -> int:
    template = templates.ensure(Size(options.posts, _BODY), tell)
    with servers.running(template, [OURS], folder, tell) as field:
        work = WORKS[options.profile]
        requests = work.requests(Scene(field.stack.query), field.servers[OURS])
        print(profiler.profile(field.stack, requests, options.requests))
    return 0


def _is_refused(cells: Sequence[Cell], options: argparse.Namespace) -> bool:
    noisy = [cell for cell in cells if not cell.is_sound]
    if not noisy or options.force:
        return False
    names = ", ".join(
        f"{cell.work.name} at {cell.connections} ({cell.quiet} of {cell.windows} rounds quiet,"
        f" others used {cell.others:.2f} cores)"
        for cell in noisy
    )
    print(
        f"The machine was too noisy to judge {names}. Stop what else runs, take more --rounds, or see"
        " the figures all the same with --force.",
        file=sys.stderr,
    )
    return True


def tell(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
