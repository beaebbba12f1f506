"""What the windows say together: only quiet ones count, and ratios are taken between neighbours."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.rounds import Window
from tests.load.servers import OURS, TWIN
from tests.load.works import Work

# As many quiet windows as a figure must rest on.
_ENOUGH = 2


@dataclass(frozen=True)
class Figures:
    """One server's side of a cell: medians over its windows, percentiles over all its answers (milliseconds)."""

    rate: float
    p50: float
    p95: float
    p99: float
    cpu: float
    postgres: float
    redis: float
    generator: float
    megabytes: int


@dataclass(frozen=True)
class Cell:
    """One work at one number of connections.

    The ratios to the twin are of requests per second and of processor time; `others` is in cores.
    """

    work: Work
    connections: int
    figures: dict[str, Figures]
    ratio: float
    cpu_ratio: float
    quiet: int
    windows: int
    others: float

    @property
    def is_sound(self) -> bool:
        return self.quiet >= min(_ENOUGH, self.windows)


def cells(windows: Sequence[Window]) -> list[Cell]:
    """Sum up. A cell without enough quiet rounds is made of all its rounds, and says so."""
    together: dict[tuple[int, str], list[Window]] = {}
    for window in windows:
        place = window.place
        together.setdefault((place.connections, place.work.name), []).append(window)
    return [_cell(same) for same in together.values()]


def _saw_one_machine(sides: Sequence[Window]) -> bool:
    """Tell whether nobody disturbed a round, and the cores were as fast for one side as for the other.

    Shared cores are faster in one minute than in the next; a ratio only asks that both sides had the same ones.
    """
    best = min(side.loop for side in sides)
    return all(side.is_quiet(best) for side in sides)


def _cell(windows: list[Window]) -> Cell:
    place = windows[0].place
    rounds: dict[int, dict[str, Window]] = {}
    for window in windows:
        rounds.setdefault(window.place.round, {})[window.place.server.name] = window
    quiet = [sides for sides in rounds.values() if _saw_one_machine(list(sides.values()))]
    counted = quiet if len(quiet) >= min(_ENOUGH, len(rounds)) else list(rounds.values())
    pairs = [(sides[OURS], sides[TWIN]) for sides in counted if {OURS, TWIN} <= sides.keys()]
    return Cell(
        place.work,
        place.connections,
        {name: _figures([sides[name] for sides in counted]) for name in place.work.on},
        _median([ours.rate / twin.rate for ours, twin in pairs]),
        _median([twin.microseconds("server") / ours.microseconds("server") for ours, twin in pairs]),
        len(quiet),
        len(rounds),
        _median([window.others for window in windows]),
    )  # fmt: skip


def _figures(windows: list[Window]) -> Figures:
    latencies = sorted(latency for window in windows for latency in window.load.latencies)
    p50, p95, p99 = (latencies[int(len(latencies) * part)] * 1_000 for part in (0.5, 0.95, 0.99))
    cpu, postgres, redis, generator = (
        _median([window.microseconds(tree) for window in windows])
        for tree in ("server", "postgres", "redis", "generator")
    )
    return Figures(
        _median([window.rate for window in windows]), p50, p95, p99, cpu, postgres, redis, generator,
        max(size for window in windows for size in window.megabytes),
    )  # fmt: skip


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0
