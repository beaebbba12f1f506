"""Where strangers' files are opened: a child with little memory and little time, and nothing worth stealing."""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

_PROGRAM = Path(__file__).with_name("decoder.py")
# The child may compute for 5 s. Waiting longer than this means that the machine is busy, not that the picture is bad.
_WALL_SECONDS = 20
# One arena: the allocator would reserve address space for each thread, out of the little there is.
_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1"}


class Refused(Exception):
    """The file is no picture that is taken; the argument is a stable code."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What was made of a picture: each size with its width and height in pixels, and its blurhash."""

    sizes: dict[str, tuple[int, int]]
    blurhash: str


def decode(source: Path, media_type: str, folder: Path) -> Decoded:
    """Have the sizes written into the folder.

    Raises Refused, and TimeoutExpired when the machine was too busy to tell.
    """
    child = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", str(_PROGRAM), str(source), media_type, str(folder)],
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=_WALL_SECONDS,
        check=False,
    )
    answer = _understood(child.stdout) if child.returncode == 0 else {}
    if "refused" in answer:
        raise Refused(answer["refused"])
    if not answer:
        # Killed by a limit, or by the file.
        logger.warning("decoder died", extra={"returncode": child.returncode})
        raise Refused("undecodable")
    sizes = {name: (width, height) for name, (width, height) in answer["sizes"].items()}
    return Decoded(sizes, answer["blurhash"])


def _understood(line: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(line)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
