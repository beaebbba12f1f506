"""The child that opens strangers' files: what it refuses, and what of an accepted picture nobody sees again."""

import struct
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from apps.content.media import sandbox
from tests.content.media.camera import picture
from tests.content.media.hostile import png

CANARY = b"48.2082N-16.3738E"


def decoded(folder: Path, content: bytes, media_type: str) -> sandbox.Decoded:
    source = folder / "source"
    source.write_bytes(content)
    return sandbox.decode(source, media_type, folder)


def webp(kind: bytes, measures: bytes) -> bytes:
    """Announce a WebP, with nothing in it."""
    return b"RIFF\0\0\0\0WEBP" + kind + bytes(4) + measures


def changed(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


FRAMES = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
HOSTILE = {
    "a page": (b"<!doctype html><script>alert(1)</script>", "image/jpeg", "polyglot"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "polyglot"),
    "a page behind a picture": (picture() + b"<script >1</script>", "image/jpeg", "polyglot"),
    "PDF behind a picture": (picture("PNG") + b"%PDF-1.7", "image/png", "polyglot"),
    "another kind": (picture("PNG"), "image/jpeg", "type_mismatch"),
    "GIF": (picture("GIF", mode="L"), "image/png", "undecodable"),
    "FITS": (b"SIMPLE  =                    T".ljust(2880), "image/png", "undecodable"),
    "cut off": (picture(size=(640, 480))[:900], "image/jpeg", "undecodable"),
    "a header of four gigapixels": (png(65_000, 65_000, b""), "image/png", "too_large"),
    "one very long line": (png(12_001, 1, b""), "image/png", "too_large"),
    "a large WebP": (
        webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 5000, 4000)),
        "image/webp",
        "too_large",
    ),
    "a large lossless WebP": (
        webp(b"VP8L", b"\x2f" + struct.pack("<I", 4999 | 3999 << 14) + b"\0"),
        "image/webp",
        "too_large",
    ),
    "a large lossless WebP that is see-through": (
        webp(b"VP8L", b"\x2f" + struct.pack("<I", 3999 | 2599 << 14 | 1 << 28) + b"\0"),
        "image/webp",
        "too_large",
    ),
    "a large WebP with more to it": (
        webp(b"VP8X", b"\0\0\0\0" + struct.pack("<I", 4999)[:3] + struct.pack("<I", 3999)[:3]),
        "image/webp",
        "too_large",
    ),
    "a WebP that fits by its pixels and not with its file": (
        webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 4000, 3100)) + bytes(10_500_000),
        "image/webp",
        "too_large",
    ),
    "a byte changed on its way": (changed(png(320, 240), 64), "image/png", "undecodable"),
    "moving PNG": (
        picture("PNG", save_all=True, append_images=FRAMES),
        "image/png",
        "animated",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_plain_picture_is_refused(name: str, tmp_path: Path) -> None:
    content, media_type, code = HOSTILE[name]
    with pytest.raises(sandbox.Refused, match=f"^{code}$"):
        decoded(tmp_path, content, media_type)


def test_a_lossless_webp_near_the_limit_is_decoded(tmp_path: Path) -> None:
    content = picture("WEBP", size=(3600, 2700), lossless=True, quality=0, method=0)

    assert decoded(tmp_path, content, "image/webp").sizes["large"] == (2048, 1536)


def test_where_a_picture_was_taken_is_told_to_nobody(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[29] = CANARY.decode()
    text = PngInfo()
    text.add_text("Comment", CANARY.decode())
    jpeg = picture(size=(64, 32), exif=exif, comment=CANARY, xmp=b"<x>" + CANARY + b"</x>")
    for content, media_type in (
        (jpeg, "image/jpeg"),
        (picture("PNG", exif=exif, pnginfo=text), "image/png"),
        (picture("WEBP", exif=exif, xmp=CANARY), "image/webp"),
    ):
        assert CANARY in content
        made = decoded(tmp_path, content, media_type)
        # It lay on its side, as cameras hold it.
        width, height = made.sizes["large"]
        assert width < height
        files = [path for path in tmp_path.iterdir() if path.name != "source"]
        assert len(files) == 6
        assert not [path.name for path in files if CANARY in path.read_bytes()]
