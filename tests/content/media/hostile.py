"""Files that mean harm or are simply broken, made on the spot: none of them may become a picture."""

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from tests.content.media.camera import TYPES, picture

_MARKUP = {
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a page in capitals": b"<HTML><BODY onload=alert(1)>",
    "a script": b"<script src=//evil.example></script>",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "PHP": b"<?php system($_GET[0]); ?>",
    "PDF": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>endobj",
}
# Formats that decoders know and that are not taken.
_OTHERS = ("GIF", "BMP", "TIFF", "ICO", "PPM", "TGA", "PCX", "SGI", "JPEG2000", "DDS", "EPS", "PDF")


@dataclass(frozen=True)
class Hostile:
    name: str
    content: bytes
    announced: str


def files() -> Iterator[Hostile]:
    """Make them all; the same ones every time."""
    yield from _misnamed()
    yield from _polyglots()
    yield from _bombs()
    yield from _cut()
    yield from _broken()


def _misnamed() -> Iterator[Hostile]:
    """Announced as one thing, and another."""
    contents = {name: _saved(name) for name in _OTHERS} | _MARKUP
    contents |= {
        "FITS": b"SIMPLE  =                    T".ljust(2880),
        "gzipped FITS": gzip.compress(b"SIMPLE  =                    T".ljust(2880) * 1000),
        "nothing": b"",
        "one byte": b"\xff",
        "zeros": bytes(4096),
        "a program": b"\x7fELF\x02\x01\x01".ljust(4096, b"\0"),
        "another program": b"MZ".ljust(4096, b"\0"),
        "an archive": _zipped(),
        "a tape": _taped(),
        "a film": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "PostScript": b"%!PS\n(/etc/passwd) (r) file\n",
        "ImageMagick": b"push graphic-context\nfill 'url(https://x/|ls)'\n",
    }
    for name, content in contents.items():
        for announced in TYPES.values():
            yield Hostile(f"{name} as {announced}", content, announced)
    for kind in TYPES:
        for announced in {*TYPES.values()} - {TYPES[kind]}:
            yield Hostile(f"{kind} as {announced}", picture(kind), announced)


def _polyglots() -> Iterator[Hostile]:
    """A picture that decodes, and something else as well."""
    for kind, announced in TYPES.items():
        whole = picture(kind)
        for name, markup in _MARKUP.items():
            yield Hostile(f"{kind} with {name} behind", whole + markup, announced)
        yield Hostile(f"{kind} with an archive behind", whole + _zipped(), announced)
        for name in ("a page", "PHP"):
            yield Hostile(f"{name} before {kind}", _MARKUP[name] + whole, announced)
    for name, markup in _MARKUP.items():
        jpeg = picture("JPEG", comment=markup)
        yield Hostile(f"JPEG with {name} in its comment", jpeg, "image/jpeg")
        text = png(64, 48, between=_chunk(b"tEXt", b"Comment\0" + markup))
        yield Hostile(f"PNG with {name} in its text", text, "image/png")


def _bombs() -> Iterator[Hostile]:
    """Little to send and much to hold."""
    for width, height in (
        (65_000, 65_000),
        (12_001, 1),
        (1, 12_001),
        (8_000, 8_000),
        (2**31 - 1, 1),
    ):
        yield Hostile(f"PNG of {width} x {height}, empty", png(width, height, b""), "image/png")
    yield Hostile("PNG of 81 megapixels, whole", png(9_000, 9_000), "image/png")
    yield Hostile("PNG of no width", png(0, 48), "image/png")
    for depth in (1, 16):
        yield Hostile(f"PNG with {depth} bits, long", png(12_100, 8, depth=depth), "image/png")
    jpeg = picture()
    for sides in (b"\xff\xff\xff\xff", b"\xff\xff\x00\x01", b"\x1f\x40\x1f\x40", b"\0\0\0\0"):
        yield Hostile(f"JPEG that says {sides.hex()}", _resized(jpeg, sides), "image/jpeg")
    text = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    yield Hostile("PNG with a text bomb", png(8, 8, between=_chunk(b"zTXt", text)), "image/png")
    profile = b"icc\0\0" + zlib.compress(bytes(200_000_000), 9)
    yield Hostile(
        "PNG with a profile bomb", png(8, 8, between=_chunk(b"iCCP", profile)), "image/png"
    )
    for frames in (2, 101):
        colours = [Image.new("RGB", (8, 8), (n, n, n)) for n in range(1, frames)]
        for kind in ("PNG", "WEBP"):
            moving = picture(kind, (8, 8), save_all=True, append_images=colours)
            yield Hostile(f"{kind} of {frames} frames", moving, TYPES[kind])


def _cut() -> Iterator[Hostile]:
    """What arrived is less than it says."""
    for kind, announced in TYPES.items():
        whole = picture(kind, (640, 480), "RGB")
        for part in range(1, 10):
            content = whole[: len(whole) * part // 12]
            yield Hostile(f"{part} twelfths of {kind}", content, announced)


def _broken() -> Iterator[Hostile]:
    """Headers and bodies overwritten with noise that is the same every time."""
    noise = random.Random(41)
    for number in range(8):
        for kind, announced in TYPES.items():
            whole = picture(kind, (320, 240))
            head = bytes([whole[0] ^ (1 << number)]) + whole[1:]
            yield Hostile(f"{kind} with bit {number} of its first byte", head, announced)
            body = whole[:24] + noise.randbytes(len(whole) - 24)
            yield Hostile(f"{kind} with a noisy body, {number}", body, announced)
    for number in range(12):
        whole = bytearray(png(320, 240))
        whole[60 + number] ^= 0xFF
        yield Hostile(f"PNG with byte {60 + number} of its data", bytes(whole), "image/png")


def _saved(kind: str) -> bytes:
    return picture(kind, mode="L" if kind in {"GIF", "EPS"} else "RGB")


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.html", _MARKUP["a page"])
    return file.getvalue()


def _taped() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("../../etc/passwd"))
    return file.getvalue()


def _resized(jpeg: bytes, sides: bytes) -> bytes:
    """Change what a JPEG says of its height and width."""
    start = jpeg.index(b"\xff\xc0") + 5
    return jpeg[:start] + sides + jpeg[start + 4 :]


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def png(
    width: int, height: int, data: bytes | None = None, *, between: bytes = b"", depth: int = 8
) -> bytes:
    """Write a black and white PNG; `data` in place of its pixels, `between` before them."""
    if data is None:
        row = bytes(1 + (width * depth + 7) // 8)
        squeezed = zlib.compressobj(9)
        data = b"".join([*(squeezed.compress(row) for _ in range(height)), squeezed.flush()])
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0))
    parts = [header, between, _chunk(b"IDAT", data), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
