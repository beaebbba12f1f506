"""Run as a program of its own: decode one picture within limits, and write what screens use of it.

    python -I decoder.py SOURCE MEDIA_TYPE FOLDER

It imports nothing of the product: what a hostile file might get hold of is this process, which has no settings, no
credentials and no connections. The answer is one line of JSON: `refused` with a code, or the picture's measures.
"""

import json
import re
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

MEGABYTE = 1024 * 1024
MEMORY_BYTES = 256 * MEGABYTE
CPU_SECONDS = 5
OUTPUT_BYTES = 16 * MEGABYTE

MAX_PIXELS = 40_000_000
# A WebP is held whole, twice over, before anything is known of it; others are read line by line.
MAX_WEBP_PIXELS = 12_500_000
MAX_SEE_THROUGH_WEBP_PIXELS = 10_000_000
# Its file twice, and three times four bytes for each pixel: measured, beside what the process itself needs.
MAX_WEBP_BYTES = 166_000_000
MAX_SIDE = 12_000
MAX_FRAMES = 100
# The longer side, in pixels: a cell of a list, a phone's screen, a tablet's. Nothing is made larger than it was.
SIDES = {"small": 320, "medium": 1080, "large": 2048}
FORMATS = {"image/jpeg": ("JPEG", "MPO"), "image/png": ("PNG",), "image/webp": ("WEBP",)}
ALLOWED = ("JPEG", "PNG", "WEBP")

# What makes a file a document or an archive as well. Long enough not to occur in compressed data by chance.
_ALSO_SOMETHING_ELSE = re.compile(
    rb"<script[\s>]|<html[\s>]|<!doctype html|<svg[^>]{0,500}\sxmlns|<\?php|%PDF-[12]\.|PK\x05\x06.{18}\Z",
    re.IGNORECASE | re.DOTALL,
)


class Refused(Exception):
    """This picture is not taken; the argument is a stable code."""


def limit() -> None:
    """Take away from this process what decoding a picture does not need; the kernel ends whoever asks for more."""
    import resource

    limits = [
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ]
    for kind, most in limits:
        # macOS knows no limit of memory and says so; developers' own pictures are decoded there.
        with suppress(*([ValueError] if sys.platform == "darwin" else [])):
            resource.setrlimit(kind, (most, most))


def decode(source: Path, media_type: str, folder: Path) -> dict[str, Any]:
    """Write the sizes into the folder; return measures and blurhash. Raises Refused."""
    from PIL import Image, ImageFile, ImageOps

    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    _look_at(source.read_bytes())
    try:
        picture = Image.open(source, formats=ALLOWED)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("too_large") from None
    with picture:
        _judge(picture, media_type)
        # Checksums, which decoding does not look at; this uses the picture up.
        picture.verify()
    with Image.open(source, formats=ALLOWED) as picture:
        # JPEG is decoded at a fraction of its size; the rest is shrunk before anything else is done with it.
        picture.thumbnail((SIDES["large"],) * 2, reducing_gap=2.0)
        upright = ImageOps.exif_transpose(picture)
        return _write(_plain(upright), folder)


def _look_at(content: bytes) -> None:
    """Judge by the bytes alone; they are not kept while the picture is decoded."""
    if _ALSO_SOMETHING_ELSE.search(content):
        raise Refused("polyglot")
    pixels, is_see_through = _webp_measures(content[:30])
    if pixels > (MAX_SEE_THROUGH_WEBP_PIXELS if is_see_through else MAX_WEBP_PIXELS):
        raise Refused("too_large")
    if pixels and not is_see_through and 12 * pixels + 2 * len(content) > MAX_WEBP_BYTES:
        raise Refused("too_large")


def _webp_measures(head: bytes) -> tuple[int, bool]:
    """Return how many pixels a WebP says it has, and whether it has transparency; none and not for anything else."""
    is_see_through = False
    match head[8:16]:
        case b"WEBPVP8X":
            is_see_through = bool(head[20] & 0x10)
            width, height = (int.from_bytes(head[n : n + 3], "little") + 1 for n in (24, 27))
        case b"WEBPVP8L":
            bits = int.from_bytes(head[21:25], "little")
            is_see_through = bool(bits >> 28 & 1)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"WEBPVP8 ":
            width, height = (int.from_bytes(head[n : n + 2], "little") & 0x3FFF for n in (26, 28))
        case _:
            return 0, False
    return width * height, is_see_through


def _judge(picture: Any, media_type: str) -> None:
    if picture.format not in FORMATS.get(media_type, ()):
        raise Refused("type_mismatch")
    width, height = picture.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise Refused("too_large")
    frames = getattr(picture, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise Refused("too_many_frames")
    # Further pictures in a JPEG are another lens's view or a depth map: the first is the photograph.
    if frames > 1 and picture.format != "MPO":
        raise Refused("animated")


def _plain(picture: Any) -> Any:
    """Return the picture in sRGB, with or without transparency, and without anything else that came with it."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode == "CMYK":
        profile = None
    see_through = (
        picture.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in picture.info
    )
    picture = picture.convert("RGBA" if see_through else "RGB")
    picture = _in_srgb(picture, profile) if profile else picture
    picture.info = {}
    return picture


def _in_srgb(picture: Any, profile: bytes) -> Any:
    from io import BytesIO

    from PIL import ImageCms

    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        wanted = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(picture, own, wanted, outputMode=picture.mode)
    except (ImageCms.PyCMSError, OSError):
        # A profile that does not fit the picture: its colours are taken for what they mostly are.
        return picture


def _write(picture: Any, folder: Path) -> dict[str, Any]:
    from PIL import Image

    sizes = {}
    for name, side in sorted(SIDES.items(), key=lambda size: -size[1]):
        picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
        sizes[name] = picture.size
        picture.save(folder / f"{name}.webp", "WEBP", quality=78, method=2)
        _opaque(picture).save(folder / f"{name}.jpg", "JPEG", quality=80, optimize=True)
    return {"sizes": sizes, "blurhash": _blurhash(_opaque(picture))}


def _opaque(picture: Any) -> Any:
    """Return the picture as formats without transparency show it: on white."""
    from PIL import Image

    if picture.mode == "RGB":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def _blurhash(picture: Any) -> str:
    """A few characters that stand for the picture until it has arrived (https://blurha.sh)."""
    import blurhash

    tiny = picture.resize((32, 32))
    pixels = list(tiny.get_flattened_data())
    rows = [pixels[start : start + 32] for start in range(0, 32 * 32, 32)]
    return str(blurhash.encode(rows, 4, 3))


def main(source: str, media_type: str, folder: str) -> None:
    limit()
    warnings.simplefilter("error")
    try:
        answer = decode(Path(source), media_type, Path(folder))
    except Refused as refusal:
        answer = {"refused": str(refusal)}
    except MemoryError:
        answer = {"refused": "too_large"}
    # Decoders raise whatever comes to their minds; and a warning is one of theirs, made an error above.
    except Exception:
        answer = {"refused": "undecodable"}
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
