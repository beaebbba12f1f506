"""What a hostile or broken client sends gets a problem document, never a 500, and is never read as something else."""

import json
from typing import Any

import pytest
from django.test import Client

from apps.core.models import Job

URL = "/api/v1/things"


def post(
    phone: Client, body: bytes | str, content_type: str = "application/json", **headers: str
) -> Any:
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    return phone.generic("POST", URL, raw, content_type=content_type, headers=headers)


HOSTILE_BODIES = {
    "NUL": r'{"name": "a\u0000b"}',
    "NUL deep in a JSON field": r'{"name": "a", "nested": {"x": [{"y": "\u0000"}]}}',
    "NUL in a key": r'{"name": "a", "nested": {"\u0000": 1}}',
    "lone surrogate": r'{"name": "\ud800"}',
    "lone surrogate deep": r'{"name": "a", "nested": ["\udfff"]}',
    "surrogate bytes": '{"name": "\ud800"}',
    "non-character": '{"name": "\ufffe"}',
    "invalid UTF-8": b'{"name": "\xff"}',
    "deep arrays": "[" * 5000 + "]" * 5000,
    "deep objects": '{"nested":' + '{"a":' * 5000 + "1" + "}" * 5001,
    "many nodes": '{"name": "a", "nested": [' + "1," * 30_000 + "1]}",
    "long key": '{"name": "a", "nested": {"' + "k" * 300 + '": 1}}',
    "duplicate key": '{"name": "a", "name": "b"}',
    "duplicate key deep": '{"name": "a", "nested": {"x": 1, "x": 2}}',
    "NaN": '{"name": "a", "nested": NaN}',
    "Infinity": '{"name": "a", "nested": -Infinity}',
    "huge float": '{"name": "a", "nested": 1e999}',
    "4,000-digit integer": '{"name": "a", "nested": ' + "9" * 4000 + "}",
    "beyond 64 bits": '{"name": "a", "nested": 9223372036854775808}',
    "not JSON": "name=a",
    "truncated": '{"name": "a"',
    "trailing": '{"name": "a"} {}',
    "empty": "",
    "byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "a list": "[]",
    "a string": '"a"',
    "null": "null",
    "wrong type": '{"name": {"a": 1}}',
    "name as list": '{"name": []}',
    "no offset": '{"name": "a", "at": "2026-01-01T00:00:00"}',
    "year 9999": '{"name": "a", "at": "9999-12-31T23:59:59Z"}',
    "leap second": '{"name": "a", "at": "2016-12-31T23:59:60Z"}',
    "number as time": '{"name": "a", "at": 12}',
    "bidi in a name": '{"name": "a", "label": "abc\u202edef"}',
    "zero width in a name": '{"name": "a", "label": "a\u200bb"}',
    "line break in a name": r'{"name": "a", "label": "a\nb"}',
}


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES.keys())
def test_a_hostile_body_is_a_400_and_writes_nothing(ada: Client, body: bytes | str) -> None:
    response = post(ada, body)

    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert not Job.objects.exists()


def test_the_bounds_themselves_are_accepted(ada: Client) -> None:
    deepest = '{"name": "a", "nested": ' + "[" * 31 + "]" * 31 + "}"
    widest = json.dumps({"name": "a", "nested": [2**63 - 1, -(2**63), 1.5, "😀", None, True]})

    assert post(ada, deepest).status_code == 201
    assert post(ada, widest).status_code == 201


def test_brackets_inside_strings_do_not_count(ada: Client) -> None:
    assert post(ada, json.dumps({"name": "a", "nested": "[" * 50 + '\\"{{'})).status_code == 201


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json; charset=utf-8", 201),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=klingon", 415),
        ("text/plain", 415),
        ("multipart/form-data", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_only_json_in_utf_8_is_read(ada: Client, content_type: str, status: int) -> None:
    assert post(ada, '{"name": "a"}', content_type).status_code == status


def test_a_body_in_a_content_coding_is_refused(ada: Client) -> None:
    assert post(ada, b"\x1f\x8b", **{"Content-Encoding": "gzip"}).status_code == 415


def test_a_body_one_byte_too_large_is_a_413(ada: Client, settings: Any) -> None:
    settings.MAX_BODY_BYTES = 64
    fitting = '{"name": "%s"}' % ("a" * 52)

    assert len(fitting) == 64
    assert post(ada, fitting).status_code == 201
    too_large = post(ada, fitting + " ")
    assert too_large.status_code == 413
    assert too_large.json()["code"] == "body_too_large"


def test_a_body_without_a_length_is_never_read_as_empty(ada: Client) -> None:
    response = ada.generic(
        "POST", URL, b"", CONTENT_LENGTH="", headers={"Transfer-Encoding": "chunked"}
    )

    assert response.status_code == 411


def test_a_length_that_is_no_number_is_refused(ada: Client) -> None:
    assert ada.generic("POST", URL, b"{}", CONTENT_LENGTH="²").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=101", "limit=" + "9" * 23, "limit=1.0", "limit=٣", "limit=", "limit=a",
        "limit=5&limit=6", "cursor=", "cursor=a", "cursor=%00", "cursor=AAAA", "cursor=" + "A" * 2000,
        "cursor=😀", "fields=", "fields=nothing", "fields=id,", "fields=id(x)", "fields=a(((((b", "fields=id)",
        "fields=%00", "unknown=1", "limit=%ff", "x=%ed%a0%80", "limit=1%00",
    ],
)  # fmt: skip
def test_a_hostile_query_is_a_400(phone: Client, query: str) -> None:
    response = phone.get(f"{URL}?{query}")

    assert response.status_code == 400, (query, response.content)
    assert response["Content-Type"] == "application/problem+json"


def test_long_addresses_and_headers_are_refused(phone: Client) -> None:
    assert phone.get(URL + "?x=" + "a" * 5000).status_code == 414
    assert phone.get(URL, headers={"X-Long": "a" * 17_000}).status_code == 431


def test_a_path_with_a_nul_is_refused_and_one_that_is_not_utf_8_leads_nowhere(
    phone: Client,
) -> None:
    assert phone.get("/api/v1/a%00b").status_code == 400
    assert phone.get("/api/v1/%ff").status_code == 404


@pytest.mark.parametrize(
    "header", ["X-Client-Version", "X-Client-Platform", "X-Device-Id", "Accept-Language"]
)
@pytest.mark.parametrize(
    "value", ["", "😀".encode().decode("latin-1"), "a" * 500, "'; DROP TABLE", "-1"]
)
def test_junk_in_client_headers_is_ignored(phone: Client, header: str, value: str) -> None:
    assert phone.get("/api/v1/seven", headers={header: value}).status_code == 200
