"""Judge every mutant by the tests of its file, on a copy of the tree; print what lives."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.making import Mutant, chosen, mutants

ROOT = Path(__file__).parents[2]
TARGETS = Path(__file__).with_name("targets.toml")
# Of what is not there, nothing is tested.
_LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "htmlcov")
# Whoever needs longer than this goes round in circles.
_PATIENCE = 300


@dataclass(frozen=True)
class Target:
    """A file, the tests that judge its mutants, and the mutants that behave as the file does, with why."""

    file: str
    tests: list[str]
    equivalent: dict[str, str]


def targets(parts: list[str]) -> list[Target]:
    every = [Target(file, **said) for file, said in tomllib.loads(TARGETS.read_text()).items()]
    return [one for one in every if not parts or any(part in one.file for part in parts)]


def judge(target: Target, most: int, copy: Path) -> list[str]:
    """Return the names of the mutants that live, and say how many there were."""
    file = copy / target.file
    source, began = file.read_text(), time.monotonic()
    assert _passes(target, copy), f"{target.file}: its tests fail as it is"
    came: Counter[str] = Counter()
    living = []
    try:
        for mutant in chosen(mutants(source), most):
            if mutant.name in target.equivalent:
                came["equivalent"] += 1
            elif _lives(mutant, file, target, copy):
                came["lived"] += 1
                living.append(f"{target.file}:{mutant.line}: {mutant.name}")
                print(f"  lives: {living[-1]}", flush=True)
            else:
                came["killed"] += 1
    finally:
        file.write_text(source)
    took = time.monotonic() - began
    counts = ", ".join(f"{came[word]} {word}" for word in ("killed", "lived", "equivalent"))
    print(f"{target.file}: {counts}; {took:.0f} s", flush=True)
    return living


def _lives(mutant: Mutant, file: Path, target: Target, copy: Path) -> bool:
    file.write_text(mutant.source)
    return _passes(target, copy)


def _passes(target: Target, copy: Path) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "--reuse-db"]
    with subprocess.Popen(
        [*command, *target.tests],
        cwd=copy,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            return running.wait(_PATIENCE) == 0
        except subprocess.TimeoutExpired:
            running.kill()
            return False


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", help="parts of names of files; without any, all")
    asked.add_argument("--most", type=int, default=0, help="so many of each file, spread over it")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=_LEFT_OUT)
        (copy / ".local").mkdir()
        living = [one for target in targets(given.parts) for one in judge(target, given.most, copy)]
    print(f"{len(living)} mutants live")
    return int(bool(living))


if __name__ == "__main__":
    sys.exit(main())
