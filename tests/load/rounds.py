"""Rounds: every work, every server, in turn and every second time in reverse, so that a slow minute hits all alike."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tests.load import generator, machine
from tests.load.generator import Load, Plan
from tests.load.servers import Field, Server
from tests.load.works import Work

_WARMUP = 0.5
# A window counts when others used less than this share of a core in it, and the fixed loop took at most so much
# longer than it does at its best.
_OTHERS, _SLOWER = 0.15, 1.15


@dataclass(frozen=True)
class Window:
    """A few seconds of one work on one server. `cpu` is in seconds by process tree, `others` in cores."""

    work: str
    server: str
    connections: int
    round: int
    load: Load
    cpu: dict[str, float]
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


def run(
    course: Course, field: Field, requests: dict[tuple[str, str], list[bytes]],
    tell: Callable[[str], None],
) -> list[Window]:  # fmt: skip
    """Measure the whole course; raises Failed."""
    windows = []
    for number in range(course.rounds):
        began = time.perf_counter()
        for connections in course.connections:
            for work in course.works:
                for name in _in_turn(work.on, number):
                    plan = Plan(
                        field.servers[name].port, requests[work.name, name], work.status,
                        connections, course.seconds, _WARMUP,
                    )  # fmt: skip
                    windows.append(_window(work, field, field.servers[name], plan, number))
        tell(f"round {number + 1} of {course.rounds}: {time.perf_counter() - began:.0f} s")
    return windows


def _in_turn(names: Iterable[str], number: int) -> list[str]:
    return list(names) if number % 2 == 0 else list(reversed(list(names)))


def _window(work: Work, field: Field, server: Server, plan: Plan, number: int) -> Window:
    roots = {"server": server.process, **field.services}
    readings: list[machine.Reading] = []
    loop = machine.fixed_loop()
    load = generator.load(plan, lambda: readings.append(machine.read(roots)))
    spent = machine.read(roots).since(readings[0])
    loop = max(loop, machine.fixed_loop())
    if load.failures or not load.latencies:
        answer = load.first_failure.decode(errors="replace")
        raise Failed(f"{work.name} on {server.name}: {load.failures} failed, the first:\n{answer}")
    others = spent.busy - sum(spent.trees.values()) - load.cpu
    return Window(
        work.name, server.name, plan.connections, number, load, dict(spent.trees),
        max(others, 0.0) / load.seconds, loop, machine.megabytes_per_process(server.process),
    )  # fmt: skip
