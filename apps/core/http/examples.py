"""Examples for the OpenAPI document: every schema gets one, made from its own types and names."""

from typing import Any

_BY_FORMAT: dict[str, Any] = {
    "uuid": "01936d2f-8c7a-7c3e-9b1f-4a5d6e7f8091",
    "date-time": "2026-11-21T12:00:00Z",
    "email": "ada@example.test",
    "uri": "https://example.test/",
}
_BY_NAME: dict[str, Any] = {
    "title": "Harbour lights",
    "summary": "What the night ferry sees.",
    "body": "The first lamp is lit at five.",
    "text": "The first lamp is lit at five.",
    "display_name": "Ada",
    "password": "correct horse battery staple",
    "code": "314159",
    "nonce": "n-0S6_WzA2Mj-7f3bQ",
    "tags": ["harbour", "night"],
    "locale": "en",
    "language": "en",
    "time_zone": "Europe/Berlin",
    "installation_id": "6f1c2a4e9b",
    "app_version": "2.4.1",
    "os_version": "18.1",
    "model": "iPhone17,1",
    # The key of RFC 9449's examples.
    "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
    "expires_in": 600,
    "status": None,
    "next": None,
}
_MAX_DEPTH = 6


def add_examples(schemas: dict[str, Any]) -> None:
    """Give every object schema an `example` that fits it."""
    for schema in schemas.values():
        if schema.get("type") == "object" and "example" not in schema:
            schema["example"] = _example("", schema, schemas, 0)


def _example(name: str, schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    schema = _resolved(schema, schemas)
    kinds = schema.get("type", "object")
    kind = (
        kinds if isinstance(kinds, str) else next((one for one in kinds if one != "null"), "null")
    )
    if schema.get("enum"):
        return schema["enum"][0]
    if kind == "object":
        members = schema.get("properties", {}) if depth < _MAX_DEPTH else {}
        return {key: _example(key, inner, schemas, depth + 1) for key, inner in members.items()}
    if kind == "array":
        return _BY_NAME.get(name) or [_example(name, schema.get("items", {}), schemas, depth + 1)]
    return _scalar(name, kind, schema)


def _scalar(name: str, kind: str, schema: dict[str, Any]) -> Any:
    if "default" in schema:
        return schema["default"]
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    if _BY_NAME.get(name) is not None and kind == (
        "string" if isinstance(_BY_NAME[name], str) else "integer"
    ):
        return _BY_NAME[name]
    return {"integer": 1, "number": 1.0, "boolean": False, "string": name or "text"}.get(kind)


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Follow `$ref` and the one-armed `allOf`/`oneOf` that the generator writes around it."""
    for _ in range(_MAX_DEPTH):
        arms = schema.get("allOf") or schema.get("oneOf") or schema.get("anyOf")
        if "$ref" in schema:
            schema = schemas.get(schema["$ref"].rsplit("/", 1)[1], {})
        elif arms:
            schema = arms[0]
        else:
            break
    return schema
