"""Every answer that any test gets is held to the OpenAPI document: declared members, of their type, and no other.

The document allows members that it does not name, so that servers may add some; here each object is closed.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.test.client import ClientHandler
from jsonschema import Draft202012Validator, FormatChecker

from tests.contract.matrix import documented
from tests.phone import Answer, OverHttp

type Schema = Mapping[str, Any]

_PATH = re.compile(r"/api/(v\d+)/")
# What describes the API, or is spoken by others.
_UNDESCRIBED = re.compile(r"/api/(v\d+/(schema|docs)|webhooks/.*)")
_PROBLEM = "application/problem+json"
_formats = FormatChecker(["uuid", "email", "ipv4"])


@_formats.checks("date-time")
def _is_moment(value: object) -> bool:
    shape = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
    return not isinstance(value, str) or bool(re.fullmatch(shape, value))


class Undeclared(AssertionError):
    """An answer that the document does not describe."""


def hold_to_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every answer, in this process or over a socket, fail the test when it is not as declared."""
    in_process, over_http = ClientHandler.__call__, OverHttp.__call__

    def handled(handler: ClientHandler, environ: dict[str, Any]) -> Any:
        response = in_process(handler, environ)
        asked = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        if not response.streaming and "Content-Encoding" not in response.headers:
            compare(asked, Answer(response.status_code, response.headers, response.content))
        return response

    def received(line: OverHttp, method: str, path: str, *rest: Any) -> Answer:
        answer = over_http(line, method, path, *rest)
        compare(f"{method} {path}", answer)
        return answer

    monkeypatch.setattr(ClientHandler, "__call__", handled)
    monkeypatch.setattr(OverHttp, "__call__", received)


def compare(asked: str, answer: Answer) -> None:
    """Raise Undeclared when the answer is not what the document says of this request; `asked` is `GET /path?query`."""
    faults = _faults(asked, answer)
    if faults:
        raise Undeclared("\n".join([f"{asked} answered {answer.status}:", *faults]))


def _faults(asked: str, answer: Answer) -> list[str]:
    verb, _, address = asked.partition(" ")
    path, _, query = address.partition("?")
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if not path.startswith("/api/") or _UNDESCRIBED.fullmatch(path) or verb in {"HEAD", "OPTIONS"}:
        return []
    if kind == _PROBLEM:
        return _of_problem(verb, path, answer)
    if not _is_ours():
        return []
    operation = _operation(verb, path)
    if operation is None:
        return ["the document does not know this operation"]
    declared = operation["responses"].get(str(answer.status))
    if declared is None:
        return ["the document does not know this status"]
    content = declared.get("content", {})
    if not content or not kind:
        return ["a body was declared, or came"] if content or answer.content else []
    if kind not in content:
        return [f"the document does not know {kind}"]
    return _validated(_reader(path, kind, content[kind]["schema"], "fields=" in query), answer)


def _of_problem(verb: str, path: str, answer: Answer) -> list[str]:
    version = _PATH.match(path)
    document = documented(version[1] if version and version[1] in {"v1", "v2"} else "v1")
    schema = document["components"]["schemas"]["Problem"]
    return _validated(_reader(path, _PROBLEM, schema, False), answer)


def _is_ours() -> bool:
    """Tell whether the product's own routes answer, and not a test's."""
    return settings.ROOT_URLCONF == "config.urls"


def _operation(verb: str, path: str) -> Any:
    """Return what the document says of an operation, None when it says nothing."""
    version = _PATH.match(path)
    if not version or version[1] not in {"v1", "v2"}:
        return None
    fitting = (verbs for pattern, verbs in _paths(version[1]) if pattern.fullmatch(path))
    return next(fitting, {}).get(verb.lower())


@cache
def _paths(version: str) -> list[tuple[re.Pattern[str], Any]]:
    """Return every path of a version; literal ones come before those with parameters."""
    paths = documented(version)["paths"]
    return [
        (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))), paths[template])
        for template in sorted(paths, key=lambda template: template.count("{"))
    ]


_readers: dict[tuple[str, int, bool], Draft202012Validator] = {}


def _reader(path: str, kind: str, schema: Schema, chosen: bool) -> Draft202012Validator:
    """Return what validates a schema; where a client chose members, none is required."""
    version = _PATH.match(path)
    key = (version[1] if version else "v1", id(schema), chosen)
    if key not in _readers:
        document = documented(key[0] if key[0] in {"v1", "v2"} else "v1")
        _readers[key] = Draft202012Validator(
            _closed(schema, document, chosen), format_checker=_formats
        )
    return _readers[key]


def _closed(schema: Any, document: Schema, chosen: bool) -> Any:
    """Put in what references name, and allow no member that is not declared."""
    if isinstance(schema, list):
        return [_closed(one, document, chosen) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _closed(document["components"]["schemas"][name], document, chosen)
    own = {name: _closed(said, document, chosen) for name, said in schema.items()}
    if isinstance(own.get("properties"), dict) and own.get("type") != "string":
        own.setdefault("additionalProperties", False)
        if chosen:
            own.pop("required", None)
    return own


def _validated(reader: Draft202012Validator, answer: Answer) -> list[str]:
    try:
        documents = [json.loads(text) for text in _documents(answer)]
    except ValueError:
        return [f"no JSON: {answer.content[:80]!r}"]
    return [
        f"/{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}"
        for document in documents
        for fault in reader.iter_errors(document)
    ]


def _documents(answer: Answer) -> list[bytes]:
    """Return the body, or what each event of it says; the last may be cut off."""
    if not answer.headers["Content-Type"].startswith("text/event-stream"):
        return [answer.content]
    events = answer.content.split(b"\n\n")[:-1]
    return [
        line.removeprefix(b"data: ")
        for event in events
        for line in event.splitlines()
        if line.startswith(b"data: {")
    ]
