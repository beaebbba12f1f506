"""The machine under the bench, as /proc tells: processor time and memory by process, and what others did meanwhile."""

import os
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_LOOPS = 200_000
_TRIES = 3


class NotLinux(Exception):
    """The bench reads /proc, which only Linux has."""


@dataclass(frozen=True)
class Reading:
    """Processor seconds since boot: all that were used, and those of each tree of ours."""

    busy: float
    trees: Mapping[str, float]

    def since(self, earlier: "Reading") -> "Reading":
        spent = {name: used - earlier.trees[name] for name, used in self.trees.items()}
        return Reading(self.busy - earlier.busy, spent)


def read(roots: Mapping[str, int]) -> Reading:
    """Read the processor time of process trees, each given by its root's process id."""
    used, children = _processes()
    return Reading(_busy(), {name: _sum(root, used, children) for name, root in roots.items()})


def _busy() -> float:
    # "cpu user nice system idle iowait irq softirq steal …". Stolen time is somebody else's work on the same cores;
    # interrupts are nobody's, and mostly our own loopback.
    fields = (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, _, _, stolen, *_ = (int(field) for field in fields)
    return (user + nice + system + stolen) * _TICK


def _processes() -> tuple[dict[int, float], dict[int, list[int]]]:
    """Return the seconds that each process and its ended children used, and who is whose child."""
    used: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                parent, *ticks = _stat(int(folder.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
            used[int(folder.name)] = sum(ticks) * _TICK
            children[parent].append(int(folder.name))
    return used, children


def _stat(process: int) -> tuple[int, int, int, int, int]:
    """Return parent, utime, stime, cutime and cstime (proc(5), fields 4 and 14 to 17)."""
    # The command's name may hold blanks and parentheses; what follows it does not.
    fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    parent, user, system, ended_user, ended_system = (int(fields[n]) for n in (1, 11, 12, 13, 14))
    return parent, user, system, ended_user, ended_system


def _sum(root: int, used: Mapping[int, float], children: Mapping[int, list[int]]) -> float:
    return used.get(root, 0.0) + sum(
        _sum(child, used, children) for child in children.get(root, ())
    )


def parent_of(process: int) -> int:
    return _stat(process)[0]


def command_of(process: int) -> str:
    """Return the name of a process, empty when there is none of this number here."""
    try:
        return (_PROC / str(process) / "comm").read_text().strip()
    except FileNotFoundError:
        return ""


def megabytes_per_process(root: int) -> list[int]:
    """Return the resident memory of each child of `root`: of a web server's workers."""
    _, children = _processes()
    return [_resident(child) for child in children.get(root, ())]


def _resident(process: int) -> int:
    for line in (_PROC / str(process) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024)
    return 0


def fixed_loop() -> float:
    """Return how many seconds the same small work takes at best: longer when somebody else has the core.

    The best of a few, because whoever was just measured may still be putting things away.
    """
    return min(_loop() for _ in range(_TRIES))


def _loop() -> float:
    began = time.perf_counter()
    number = 0
    for step in range(_LOOPS):
        number += step & 7
    return time.perf_counter() - began


def describe() -> str:
    """Say in one line what this machine is."""
    if not (_PROC / "stat").exists():
        raise NotLinux("The bench reads processor time from /proc: run it on Linux.")
    model = next(
        (
            line.partition(":")[2].strip()
            for line in (_PROC / "cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        os.uname().machine,
    )
    return f"{os.cpu_count()} cores of {model}"
