"""Rounds: every work, every server, in turn and every second time in reverse, so that a slow minute hits all alike."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.load import generator, machine
from tests.load.generator import Load, Plan
from tests.load.servers import Field, Server
from tests.load.works import Work

# Seconds: before the first round, and before each window.
_WARM, _WARMUP = 1.0, 0.5
# A window counts when others used less than this share of a core in it, and the fixed loop took at most so much
# longer than beside the other side of its round.
_OTHERS, _SLOWER = 0.15, 1.15


@dataclass(frozen=True)
class Place:
    """Where in the course a window stands."""

    work: Work
    server: Server
    connections: int
    round: int


@dataclass(frozen=True)
class Window:
    """A few seconds of one work on one server. `cpu` is in seconds by process tree, `others` in cores."""

    place: Place
    load: Load
    cpu: Mapping[str, float]
    others: float
    loop: float
    megabytes: list[int]

    @property
    def answered(self) -> int:
        return len(self.load.latencies)

    @property
    def rate(self) -> float:
        return self.answered / self.load.seconds

    def microseconds(self, tree: str) -> float:
        """Return the processor time of one process tree per request."""
        used = self.load.cpu if tree == "generator" else self.cpu.get(tree, 0.0)
        return used / self.answered * 1e6

    def is_quiet(self, best_loop: float) -> bool:
        return self.others < _OTHERS and self.loop < best_loop * _SLOWER


class Failed(Exception):
    """A server did not answer as the work expects: its numbers would mean nothing."""


@dataclass(frozen=True)
class Course:
    """How much is measured."""

    works: Sequence[Work]
    connections: Sequence[int]
    rounds: int
    seconds: float

    def at(self, connections: int) -> list[Work]:
        """Return what is measured at so many connections: a bounded work once, at the first."""
        first = connections == self.connections[0]
        return [work for work in self.works if first or not work.most]


def run(
    course: Course, field: Field, requests: dict[tuple[str, str], list[bytes]],
    tell: Callable[[str], None],
) -> list[Window]:  # fmt: skip
    """Measure the whole course; raises Failed."""
    for work in course.works:
        for name in work.on:
            _warm(work, field.servers[name], requests[work.name, name])
    windows = []
    for number in range(course.rounds):
        began = time.perf_counter()
        for connections in course.connections:
            for work in course.at(connections):
                for name in _in_turn(work.on, number):
                    place = Place(work, field.servers[name], connections, number)
                    windows.append(_window(place, course.seconds, field, requests[work.name, name]))
        tell(f"round {number + 1} of {course.rounds}: {time.perf_counter() - began:.0f} s")
    return windows


def _warm(work: Work, server: Server, requests: list[bytes]) -> None:
    """Let imports, caches and prepared statements of first requests be over."""
    plan = Plan(server.port, requests, work.status, work.most or 8, _WARM, 0)
    generator.load(plan, lambda: None)


def _in_turn(names: Sequence[str], number: int) -> Sequence[str]:
    return names if number % 2 == 0 else names[::-1]


def _window(place: Place, seconds: float, field: Field, requests: list[bytes]) -> Window:
    work, server = place.work, place.server
    connections = min(place.connections, work.most or place.connections)
    plan = Plan(server.port, requests, work.status, connections, seconds, _WARMUP)
    roots = {"server": server.process, **field.services}
    readings: list[machine.Reading] = []
    loop = machine.fixed_loop()
    load = generator.load(plan, lambda: readings.append(machine.read(roots)))
    spent = readings[1].since(readings[0])
    loop = max(loop, machine.fixed_loop())
    if not load.latencies:
        raise Failed(
            f"{work.name} on {server.name}: no answer in {seconds:g} s; take more --seconds."
        )
    if load.failures:
        answer = load.first_failure.decode(errors="replace")
        raise Failed(f"{work.name} on {server.name}: {load.failures} failed, the first:\n{answer}")
    others = max(0.0, spent.busy - sum(spent.trees.values()) - load.cpu) / load.seconds
    sizes = machine.megabytes_per_process(server.process)
    return Window(place, load, spent.trees, others, loop, sizes)
