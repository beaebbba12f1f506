"""Hundreds of hostile files, in the child by itself and through the whole product.

None is accepted, none takes more than its share, and the workers that had them opened live on.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from apps.content.media import decoder, sandbox
from tests.content.media import hostile
from tests.content.media.camera import CONTENT_TYPE, TYPES, announcement, form, picture
from tests.drills.bench import wait_until
from tests.phone import OverHttp, Phone
from tests.stack import Stack

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


def noise(size: tuple[int, int], mode: str, **more: Any) -> bytes:
    """What can't be squeezed: the most that a lossless picture has to hold."""
    file = BytesIO()
    painted = Image.frombytes(
        mode, size, random.Random(41).randbytes(size[0] * size[1] * len(mode))
    )
    painted.save(file, "WEBP", lossless=True, quality=0, method=0, **more)
    return file.getvalue()


def see_through(size: tuple[int, int], **more: Any) -> bytes:
    shades = Image.linear_gradient("L").resize(size)
    file = BytesIO()
    Image.merge("RGBA", [shades, shades, shades, shades.rotate(180)]).save(file, "WEBP", **more)
    return file.getvalue()


# WebP is decoded whole, twice over; the others line by line.
LARGEST: dict[str, Callable[[], tuple[str, bytes]]] = {
    "JPEG, 40 megapixels": lambda: ("JPEG", picture("JPEG", (8_000, 5_000))),
    "PNG, 40 megapixels": lambda: ("PNG", picture("PNG", (8_000, 5_000))),
    "WebP": lambda: ("WEBP", picture("WEBP", (4_166, 3_000))),
    "WebP, see-through": lambda: ("WEBP", see_through((3_333, 3_000))),
    "WebP, lossless": lambda: ("WEBP", picture("WEBP", (4_166, 3_000), lossless=True)),
    "WebP, lossless, see-through": lambda: (
        "WEBP",
        see_through((3_333, 3_000), lossless=True, exact=True, quality=0, method=0),
    ),
    "WebP, lossless noise": lambda: ("WEBP", noise((2_600, 1_800), "RGB")),
    "WebP, lossless noise, see-through": lambda: ("WEBP", noise((2_200, 1_600), "RGBA")),
}


def test_the_largest_pictures_that_are_taken_fit(tmp_path: Path) -> None:
    for name, made in LARGEST.items():
        kind, content = made()
        spent = opened(content, TYPES[kind], tmp_path)
        print(f"\n{name}, {len(content):,} bytes: {spent}")
        assert (spent.megabytes <= 256, spent.cpu <= 5) == (True, True)
        assert spent.outcome == "accepted"


def test_workers_outlive_every_file(tmp_path: Path) -> None:
    """Announced, uploaded and completed over HTTP; looked at by a real worker, none of whose processes ends."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.drills.generous",
        "MEDIA_FOLDER": str(tmp_path / "media"),
    }
    with Stack(tmp_path, parts=("worker", "web"), **environment) as stack:
        with closing(OverHttp(stack.url)) as line:
            phone = Phone(line=line, mail_folder=stack.mail_folder)
            assert phone.register("hostile@example.test").status == 201
            # One that is honest: from then on the worker is complete.
            assert brought(phone, "first", picture(), "image/jpeg")
            settled(stack)
            before = processes(stack)
            at_the_door = [
                one.name
                for one in hostile.files()
                if not brought(phone, one.name, one.content, one.announced)
            ]
            assert brought(phone, "last", picture(), "image/jpeg")
            settled(stack)
        outcomes = dict(
            stack.query(
                "SELECT concat_ws(' ', state, refusal), count(*) FROM content_media GROUP BY 1"
            )
        )
        after, code = processes(stack), stack.processes["worker"].poll()

    print(f"\n{len(at_the_door)} refused at the door, then {outcomes}; worker {before} to {after}")
    assert len(at_the_door) + sum(outcomes.values()) - 2 >= 200
    assert outcomes.pop("ready") == 2
    assert all(outcome.startswith("refused") for outcome in outcomes)
    assert (after, code) == (before, None)


def brought(phone: Phone, name: str, content: bytes, media_type: str) -> bool:
    """Bring a file in; tell whether it was let in to be looked at."""
    granted = phone.post("media", announcement(content, media_type))
    if granted.status != 201:
        assert granted.code, f"{name}: {granted.content!r}"
        return False
    upload, media = granted.json["upload"], granted.json["media"]
    body = form(upload["fields"], content)
    with closing(OverHttp("")) as line:
        sent = line("POST", upload["url"], {"Content-Type": CONTENT_TYPE}, body)
    assert sent.status == 204, f"{name}: {sent.content!r}"
    assert phone.post(f"media/{media['id']}/complete").status == 200
    return True


def settled(stack: Stack) -> None:
    unseen = "SELECT count(*) FROM content_media WHERE state = 'processing'"
    wait_until(lambda: stack.query(unseen) == [(0,)], 180, "every picture is judged")


def processes(stack: Stack) -> list[int]:
    """Return the ids of the worker and of all that run for it, once no picture is open."""
    group = stack.processes["worker"].pid
    ids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return sorted(one for one in ids if group_of(one) == group)


def group_of(process: int) -> int:
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return 0
