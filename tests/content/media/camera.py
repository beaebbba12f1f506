"""Pictures made on the spot, and their way through the wire into the product."""

import hashlib
import json
import uuid
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from PIL import Image

from apps.content.models import Media, Post
from tests.outbox import drain
from tests.phone import Answer, OverHttp, Phone

BOUNDARY = "----a-phone's-boundary"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def picture(
    kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **more: Any
) -> bytes:
    """Paint a gradient and save it as a file of this kind; `more` goes to Pillow's writer."""
    painted = Image.linear_gradient("L").resize(size).convert(mode)
    file = BytesIO()
    painted.save(file, kind, **more)
    return file.getvalue()


def announcement(
    content: bytes, content_type: str = "image/jpeg", **changes: Any
) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "content_type": content_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **changes,
    }


def announced(phone: Phone, content: bytes, *types: str, **changes: Any) -> dict[str, Any]:
    """Announce a picture; return its grant and its state."""
    answer = phone.post("media", announcement(content, *types, **changes))
    assert answer.status in {200, 201}, answer.content
    return answer.json


def form(
    fields: dict[str, str], content: bytes, *, name: str = "file", filename: str = "a.jpg"
) -> bytes:
    """Write the fields and then the file as multipart/form-data, as phones' libraries do."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    )
    head += "Content-Type: application/octet-stream\r\n\r\n"
    return b"".join([*parts, head.encode(), content, f"\r\n--{BOUNDARY}--\r\n".encode()])


def sent(upload: dict[str, Any], content: bytes, **form_options: Any) -> Answer:
    """POST a file where its grant says, without any account."""
    return posted(upload["url"], form(upload["fields"], content, **form_options))


def posted(url: str, body: bytes, *, method: str = "POST", kind: str = CONTENT_TYPE) -> Answer:
    """Send a body to where files are taken."""
    return _asked(method, url, {"Content-Type": kind}, body)


def fetched(url: str, method: str = "GET", **headers: str) -> Answer:
    """Ask for an address as a browser without an account would."""
    return _asked(method, url, headers, None)


def _asked(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
    """Ask whoever keeps files: the product itself, or a store elsewhere."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if settings.MEDIA_STORAGE == "local":
        return Phone().line(method, path, {"Host": parts.netloc, **headers}, body)
    with closing(OverHttp(f"{parts.scheme}://{parts.netloc}")) as line:
        return line(method, path, headers, body)


def uploaded(phone: Phone, content: bytes, *types: str, **changes: Any) -> str:
    """Announce, upload and complete a picture; return its id."""
    grant = announced(phone, content, *types, **changes)
    assert sent(grant["upload"], content).status == 204
    media_id: str = grant["media"]["id"]
    answer = phone.post(f"media/{media_id}/complete")
    assert answer.status == 200, answer.content
    return media_id


def ready(
    phone: Phone, content: bytes | None = None, *types: str, **changes: Any
) -> dict[str, Any]:
    """Bring a picture all the way; return it as its owner sees it."""
    media_id = uploaded(phone, content or picture(), *types, **changes)
    drain()
    media = phone.get(f"media/{media_id}").json
    assert media["state"] == "ready", media
    return media


def shown_by(post_id: str) -> str:
    """Put a picture that is ready on a post, without its way through the wire; return its id."""
    post = Post.objects.get(pk=post_id)
    if post.cover_id is None:
        media = described(owner_id=post.author_id)
        media.save(force_insert=True)
        Post.objects.filter(pk=post_id).update(cover=media)
        return str(media.pk)
    return str(post.cover_id)


def described(**changes: Any) -> Media:
    """Describe a public picture that is ready, with no files behind it."""
    media_id = uuid.uuid4()
    known: dict[str, Any] = {
        "id": media_id,
        "visibility": "public",
        "state": "ready",
        "content_type": "image/jpeg",
        "size": 100,
        "charged_bytes": 100,
        "sha256": b"s" * 32,
        "width": 640,
        "height": 480,
        "blurhash": "L#HV9woffQof00WBfQWBxuj[fQj[",
        "folder": f"public/{media_id}/{'0' * 32}",
    }
    return Media(**known | changes)


@dataclass(frozen=True)
class Refusal:
    """What a store says no with."""

    status: int
    code: str


def refusal(answer: Answer) -> Refusal:
    text = answer.content.decode()
    code = text.split("<Code>")[1].split("</Code>")[0] if "<Code>" in text else json.dumps(text)
    return Refusal(answer.status, code)
