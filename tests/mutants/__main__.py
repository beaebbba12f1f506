"""Judge every mutant by the tests of its file; print what lives."""

import argparse
import os
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutants.judging import Judge
from tests.mutants.making import chosen, mutants

TARGETS = Path(__file__).with_name("targets.toml")
_WARM = "tests/mutants/warm.py"


@dataclass(frozen=True)
class Target:
    """A file, the tests that judge its mutants, and the mutants that behave as the file does, with why."""

    file: str
    tests: list[str]
    equivalent: dict[str, str]


def targets(parts: list[str]) -> list[Target]:
    every = [Target(file, **said) for file, said in tomllib.loads(TARGETS.read_text()).items()]
    return [one for one in every if not parts or any(part in one.file for part in parts)]


def judge(target: Target, most: int) -> int:
    """Say how many mutants there were and which live; return 1 when one does."""
    began = time.monotonic()
    found = chosen(mutants(Path(target.file).read_text()), most)
    equal = [one for one in found if one.name in target.equivalent]
    tried = [one for one in found if one not in equal]
    one = Judge(target.file.removesuffix(".py").replace("/", "."), tried)
    pytest.main(["-q", "--no-header", "--tb=no", "--reuse-db", "-s", _WARM, *target.tests], [one])
    assert not one.objection, f"{target.file}: {one.objection}"
    killed, lived = len(tried) - len(one.living), len(one.living)
    took = time.monotonic() - began
    print(f"{target.file}: {killed} killed, {lived} lived, {len(equal)} equivalent; {took:.0f} s")
    return int(bool(lived))


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", help="parts of names of files; without any, all")
    asked.add_argument("--most", type=int, default=0, help="so many of each file, spread over it")
    given = asked.parse_args()
    wanted = targets(given.parts)
    if len(wanted) == 1:
        return judge(wanted[0], given.most)
    # One process each: what a file is replaced with must not be there for the next.
    options = [f"--most={given.most}"]
    words = [[sys.executable, "-m", "tests.mutants", one.file, *options] for one in wanted]
    return max([subprocess.run(word, env=os.environ, check=False).returncode for word in words])


if __name__ == "__main__":
    sys.exit(main())
