"""Large answers travel compressed, in the coding the client likes; secret ones never do."""

import gzip

import brotli
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from apps.core.http.compression import chosen, compress, zstd

DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress, "zstd": zstd.decompress}


def compressed(accepted: str, body: bytes, **headers: str) -> HttpResponse:
    response = HttpResponse(body, content_type="application/json", headers=headers)
    compress(RequestFactory().get("/", headers={"Accept-Encoding": accepted}), response)
    return response


@pytest.mark.parametrize("coding", DECODERS)
def test_the_body_is_what_it_was(coding: str) -> None:
    body = b'{"a": "' + b"x" * 5000 + b'"}'

    response = compressed(coding, body)

    assert response["Content-Encoding"] == coding
    assert response["Vary"] == "Accept-Encoding"
    assert len(response.content) < 500
    assert DECODERS[coding](response.content) == body


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("identity", ""),
        ("", ""),
        ("*", ""),
        ("gzip;q=banana", ""),
    ],
)
def test_the_coding_is_one_that_the_client_accepts(accepted: str, coding: str) -> None:
    assert chosen(accepted) == coding


def test_small_secret_and_encoded_answers_stay_as_they_are() -> None:
    assert not compressed("br", b"x" * 1000).has_header("Content-Encoding")
    assert not compressed("br", b"x" * 5000, **{"Cache-Control": "no-store"}).has_header(
        "Content-Encoding"
    )
    assert compressed("br", b"x" * 5000, **{"Content-Encoding": "gzip"}).content == b"x" * 5000
