"""A fake S3 that is as strict as the real one: one account, one bucket, every signature and every policy checked.

Objects are in memory; nobody reads, lists or writes without a signature. `trouble` makes it answer like S3 on a bad
day; `clock` moves its time. https://docs.aws.amazon.com/AmazonS3/latest/API/
"""

import base64
import hashlib
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as Xml
from xml.sax.saxutils import escape

from tests.fakes.fcm_answers import Answer
from tests.fakes.s3_forms import Form, admitted
from tests.fakes.s3_signing import Keys, Refused, Request, require_signed
from tests.fakes.serving import Handler, Server

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# What a signed address may say about the answer, and what is kept with an object.
_KEPT = {"content-type": "Content-Type", "cache-control": "Cache-Control"} | {
    "content-disposition": "Content-Disposition"
}
# So that listings go on for several pages without a thousand files.
_PAGE = 5


@dataclass(frozen=True)
class Object:
    content: bytes
    headers: dict[str, str]
    modified_at: datetime

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass
class FakeS3:
    """The bucket. A context manager: serving inside, stopped outside."""

    bucket: str = "pictures"
    keys: Keys = field(default_factory=lambda: Keys("AKIDEXAMPLE", "not-a-secret-of-anybody"))
    objects: dict[str, Object] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    trouble: Answer | None = None
    clock: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), type("_Bound", (_Handler,), {"fake": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock

    def has(self, trouble: str) -> None:
        """Answer everything like this until `works` is called: 503, slow, reset, or gone."""
        self.trouble = {
            "503": Answer(503, _error("SlowDown", "Please reduce your request rate."), _XML),
            "slow": Answer(manner="stall"),
            "reset": Answer(manner="reset"),
            "gone": Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}),
        }[trouble]

    def works(self) -> None:
        self.trouble = None

    def aged(self, age: timedelta) -> None:
        """Make every object older than it is."""
        for key, found in self.objects.items():
            self.objects[key] = replace(found, modified_at=found.modified_at - age)

    def keep(self, key: str, content: bytes, headers: dict[str, str]) -> Object:
        kept = {name: headers[key] for key, name in _KEPT.items() if key in headers}
        with self.lock:
            self.objects[key] = Object(content, kept, self.now())
        return self.objects[key]

    def found(self, key: str) -> Object:
        try:
            return self.objects[key]
        except KeyError:
            raise Refused(404, "NoSuchKey") from None


class _Handler(Handler):
    fake: FakeS3

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.fake.requests.append(f"{self.command} {self.path.partition('?')[0]}")
        self.answer(self.fake.trouble or self._answered(body))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815

    def _write(self, content: bytes) -> None:
        super()._write(b"" if self.command == "HEAD" else content)

    def _answered(self, body: bytes) -> Answer:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = parse_qsl(parts.query, keep_blank_values=True)
        request = Request(self.command, parts.path, query, headers)
        _, bucket, *rest = unquote(parts.path).split("/", 2)
        key = rest[0] if rest else ""
        try:
            if bucket != self.fake.bucket:
                raise Refused(404, "NoSuchBucket")
            if self.command == "POST" and not key and "delete" not in dict(query):
                return self._upload(headers, body)
            require_signed(request, self.fake.keys, self.fake.now())
            _require_whole(headers, body)
            return self._object(key, headers, body) if key else self._bucket(dict(query), body)
        except Refused as refusal:
            return Answer(refusal.status, _error(refusal.code, refusal.message), _XML)

    def _object(self, key: str, headers: dict[str, str], body: bytes) -> Answer:
        match self.command:
            case "PUT" if "x-amz-copy-source" in headers:
                return self._copy(key, unquote(headers["x-amz-copy-source"]))
            case "PUT":
                return Answer(200, b"", {"ETag": self.fake.keep(key, body, headers).etag})
            case "GET" | "HEAD":
                return _shown(self.fake.found(key))
            case "DELETE":
                self.fake.objects.pop(key, None)
                return Answer(204)
        raise Refused(405, "MethodNotAllowed")

    def _bucket(self, asked: dict[str, str], body: bytes) -> Answer:
        match self.command:
            case "POST":
                return self._delete(body)
            case "GET":
                return self._listed(asked)
        raise Refused(405, "MethodNotAllowed")

    def _upload(self, headers: dict[str, str], body: bytes) -> Answer:
        form = Form.read(headers.get("content-type", ""), body)
        fake = self.fake
        key = admitted(form, fake.bucket, fake.keys, fake.now())
        fake.keep(key, form.content, form.fields)
        return Answer(204, b"", {"ETag": fake.objects[key].etag})

    def _copy(self, key: str, source: str) -> Answer:
        found = self.fake.found(source.removeprefix("/").partition("/")[2])
        kept = self.fake.keep(key, found.content, {k.lower(): v for k, v in found.headers.items()})
        return Answer(200, _xml("CopyObjectResult", f"<ETag>{escape(kept.etag)}</ETag>"), _XML)

    def _delete(self, body: bytes) -> Answer:
        named = Xml.fromstring(body).iter(f"{{{_NAMESPACE}}}Key")
        for key in [str(one.text) for one in named]:
            self.fake.objects.pop(key, None)
        return Answer(200, _xml("DeleteResult", ""), _XML)

    def _listed(self, asked: dict[str, str]) -> Answer:
        after = asked.get("continuation-token", "")
        keys = [k for k in sorted(self.fake.objects) if k.startswith(asked.get("prefix", ""))]
        page = [key for key in keys if key > after][: _PAGE + 1]
        more = len(page) > _PAGE
        said = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        if more:
            page = page[:_PAGE]
            said += f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        for key in page:
            found = self.fake.objects[key]
            said += f"<Contents><Key>{escape(key)}</Key><Size>{len(found.content)}</Size>"
            said += f"<LastModified>{found.modified_at.isoformat()}</LastModified></Contents>"
        return Answer(200, _xml("ListBucketResult", said), _XML)


_XML = {"Content-Type": "application/xml"}


def _shown(found: Object) -> Answer:
    modified = format_datetime(found.modified_at, usegmt=True)
    digest = base64.b64encode(hashlib.sha256(found.content).digest()).decode()
    said = {"ETag": found.etag, "Last-Modified": modified, "x-amz-checksum-sha256": digest}
    return Answer(200, found.content, found.headers | said)


def _require_whole(headers: dict[str, str], body: bytes) -> None:
    """Compare the body with the hashes that came with it."""
    digest = hashlib.sha256(body)
    if headers.get("x-amz-content-sha256", digest.hexdigest()) != digest.hexdigest():
        raise Refused(400, "XAmzContentSHA256Mismatch")
    checksum = headers.get("x-amz-checksum-sha256")
    if checksum and checksum != base64.b64encode(digest.digest()).decode():
        raise Refused(400, "BadDigest")


def _error(code: str, message: str) -> bytes:
    said = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<Error>{said}</Error>".encode()


def _xml(name: str, inside: str) -> bytes:
    return f'<?xml version="1.0"?><{name} xmlns="{_NAMESPACE}">{inside}</{name}>'.encode()
