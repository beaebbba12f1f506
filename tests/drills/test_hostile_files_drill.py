"""Hundreds of hostile files, opened in the child as workers do it: none is accepted, none takes more than its share."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.content.media import decoder, sandbox
from tests.content.media import hostile
from tests.content.media.camera import TYPES, picture

pytestmark = pytest.mark.drill

# The kernel's books start with what the parent held: a small one stands between, or they would show the size of pytest.
WITNESS = f"""
import os, sys
child = os.posix_spawn(sys.argv[1], sys.argv[1:], {sandbox._ENVIRONMENT})
_, status, used = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime)
"""


@dataclass(frozen=True)
class Spent:
    """How a child ended and what the kernel says it took."""

    outcome: str
    megabytes: float
    cpu: float
    wall: float


def opened(content: bytes, media_type: str, folder: Path) -> Spent:
    """Run the decoder as the sandbox does, and ask the kernel about that very child."""
    source = folder / "source"
    source.write_bytes(content)
    began = time.monotonic()
    witness = [sys.executable, "-I", "-S", "-c", WITNESS]
    child = [sys.executable, "-I", decoder.__file__, str(source), media_type, str(folder)]
    said = subprocess.run(
        [*witness, *child], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True
    )
    *answer, books = said.stdout.decode().splitlines()
    code, kilobytes, cpu = books.split()
    outcome = f"died of {code}"
    if code == "0" and answer:
        outcome = json.loads(answer[0]).get("refused", "accepted")
    return Spent(outcome, int(kilobytes) / 1024, float(cpu), time.monotonic() - began)


def test_no_hostile_file_is_accepted_or_takes_more_than_its_share(tmp_path: Path) -> None:
    spent = {one.name: opened(one.content, one.announced, tmp_path) for one in hostile.files()}

    outcomes = [one.outcome for one in spent.values()]
    print(f"\n{len(spent)} files: { {one: outcomes.count(one) for one in sorted(set(outcomes))} }")
    for measure in ("megabytes", "cpu", "wall"):
        name = max(spent, key=lambda name: getattr(spent[name], measure))
        print(f"most {measure}: {getattr(spent[name], measure):.2f} ({name})")
    assert len(spent) >= 200
    assert [name for name, one in spent.items() if one.outcome == "accepted"] == []
    assert [name for name, one in spent.items() if one.megabytes > 256 or one.cpu > 5] == []


# WebP is decoded whole, twice over; the others line by line.
LARGEST = {"JPEG": (8_000, 5_000), "PNG": (8_000, 5_000), "WEBP": (4_000, 3_000)}


def test_the_largest_pictures_that_are_taken_fit(tmp_path: Path) -> None:
    for kind, size in LARGEST.items():
        spent = opened(picture(kind, size), TYPES[kind], tmp_path)
        print(f"\n{kind} of {size}: {spent}")
        assert (spent.megabytes <= 256, spent.cpu <= 5) == (True, True)
        assert spent.outcome == "accepted"
