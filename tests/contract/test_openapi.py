"""The committed OpenAPI documents: true to the code, free of warnings, and a judge of what would break clients."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client

from apps.core.http.compatibility import breaking_changes
from apps.core.management.commands import contract

VERSIONS = ("v1", "v2")


@pytest.fixture
def document() -> dict[str, Any]:
    return yaml.safe_load(Path("tests/contract/openapi-v1.yaml").read_text())


def test_what_is_committed_is_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("contract", "--check")


def test_a_stale_document_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "FOLDER", tmp_path)
    call_command("contract", "--write")
    stale = tmp_path / "openapi-v1.yaml"
    stale.write_text(stale.read_text().replace("Newest", "Oldest", 1) + "\n")

    with pytest.raises(CommandError, match="differs from the code"):
        call_command("contract", "--check")


def test_a_breaking_change_is_not_even_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "FOLDER", tmp_path)
    call_command("contract", "--write")
    frozen = tmp_path / "openapi-v1.yaml"
    document = yaml.safe_load(frozen.read_text())
    document["paths"]["/api/v1/gone"] = document["paths"]["/api/v1/feed"]
    frozen.write_text(contract.rendered(document))

    for word in ("--check", "--write"):
        with pytest.raises(CommandError, match="GET /api/v1/gone is gone"):
            call_command("contract", word)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_server_tells_the_same_document(client: Client, version: str) -> None:
    response = client.get(f"/api/{version}/schema")

    assert response.status_code == 200
    assert response["Content-Type"] == "application/vnd.oai.openapi+json"
    committed = yaml.safe_load(Path(f"tests/contract/openapi-{version}.yaml").read_text())
    assert response.json() == committed
    again = client.get(f"/api/{version}/schema", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("version", VERSIONS)
def test_the_reader_comes_from_our_own_origin(client: Client, version: str) -> None:
    page = client.get(f"/api/{version}/docs")

    assert page.status_code == 200
    assert b"http" not in page.content.replace(b"https://spec", b"")
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_every_operation_has_an_example_and_its_errors(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for name, schema in document["components"]["schemas"].items():
        if schema.get("type") == "object":
            assert set(schema["example"]) <= set(schema.get("properties", {})), name
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            if verb != "parameters":
                assert {"429", "503", "426"} <= operation["responses"].keys(), (verb, path)
                assert operation["summary"], (verb, path)


def _first(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


BREAKING = {
    "a route goes": lambda new: new["paths"].pop("/api/v1/feed"),
    "a verb goes": lambda new: new["paths"]["/api/v1/posts"].pop("post"),
    "a member of an answer goes": lambda new: _first(new, "Post")["properties"].pop("title"),
    "a member changes its type": lambda new: _first(new, "Post")["properties"]["title"].update(
        type="integer"
    ),
    "a member may be null": lambda new: _first(new, "Post")["properties"]["title"].update(
        type=["string", "null"]
    ),
    "a member may be missing": lambda new: _first(new, "Post")["required"].remove("title"),
    "an input member goes": lambda new: _first(new, "PostCreate")["properties"].pop("summary"),
    "an input member is required": lambda new: _first(new, "PostCreate").update(
        required=["title", "summary"]
    ),
    "an input is bounded tighter": lambda new: _first(new, "PostCreate")["properties"][
        "title"
    ].update(maxLength=3),
    "a header is required": lambda new: new["paths"]["/api/v1/feed"]["get"]["parameters"].append(
        {"name": "X-New", "in": "header", "required": True}
    ),
    "a parameter goes": lambda new: new["paths"]["/api/v1/feed"]["get"].update(parameters=[]),
    "a token is needed": lambda new: new["paths"]["/api/v1/feed"]["get"].update(
        security=[{"accessToken": []}]
    ),
    "the status changes": lambda new: new["paths"]["/api/v1/posts"]["post"].update(
        responses={"200": new["paths"]["/api/v1/posts"]["post"]["responses"]["201"]}
    ),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING.keys())
def test_a_change_that_would_break_a_client_is_named(document: dict[str, Any], change: Any) -> None:
    new = copy.deepcopy(document)
    change(new)

    assert breaking_changes(document, new)


HARMLESS = {
    "nothing": lambda new: None,
    "a new route": lambda new: new["paths"].update({"/api/v1/new": new["paths"]["/api/v1/feed"]}),
    "a new member of an answer": lambda new: _first(new, "Post")["properties"].update(
        extra={"type": "string"}
    ),
    "a new optional input": lambda new: _first(new, "PostCreate")["properties"].update(
        extra={"type": "string"}
    ),
    "a wider input": lambda new: _first(new, "PostCreate")["properties"]["title"].update(
        maxLength=9999
    ),
    "another description": lambda new: new["paths"]["/api/v1/feed"]["get"].update(
        description="New."
    ),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_change_that_clients_do_not_notice_is_fine(document: dict[str, Any], change: Any) -> None:
    new = copy.deepcopy(document)
    change(new)

    assert breaking_changes(document, new) == []
