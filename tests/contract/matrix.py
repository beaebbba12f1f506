"""The access matrix as data: which operations there are, which rule each follows, and what a rule says of each cell."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent
_FOLDER = _HERE / "access"
_RULES = "rules.toml"
_VERBS = {"get", "post", "put", "patch", "delete"}

type Rule = Mapping[str, Mapping[str, str]]
"""By role (or `others`) and by state, what is expected: `yes`, a status, or `-`."""


@dataclass(frozen=True)
class Row:
    """What the data says of one operation."""

    rule: str
    of: str = ""
    body: Any = None
    passes: tuple[int, ...] = ()
    query: str = ""


@dataclass(frozen=True)
class Operation:
    """One operation as the OpenAPI document has it; `name` is `GET posts/{id}`."""

    name: str
    version: str
    shape: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def example(self) -> Any:
        return None if self.shape is None else self.shape.get("example", {})

    @property
    def verb(self) -> str:
        return self.name.split()[0]

    @property
    def path(self) -> str:
        return f"/api/{self.version}/{self.name.split()[1]}"


@cache
def operations() -> dict[str, Operation]:
    """Return every operation of every version by its name; one that two versions share is met in the older."""
    found: dict[str, Operation] = {}
    for version in ("v1", "v2"):
        document = documented(version)
        for path, verbs in document["paths"].items():
            for verb in _VERBS & verbs.keys():
                name = f"{verb.upper()} {path.removeprefix(f'/api/{version}/')}"
                headers = {"if_match": "*"} if _takes(verbs[verb], "If-Match") else {}
                shape = _body_shape(verbs[verb], document)
                found.setdefault(name, Operation(name, version, shape, headers))
    return dict(sorted(found.items()))


@cache
def documented(version: str) -> dict[str, Any]:
    text = (_HERE / f"openapi-{version}.yaml").read_text()
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _takes(operation: Mapping[str, Any], header: str) -> bool:
    return any(parameter.get("name") == header for parameter in operation.get("parameters", ()))


def _body_shape(
    operation: Mapping[str, Any], document: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """Return the schema of what the operation is sent, None when it is sent nothing."""
    if "requestBody" not in operation:
        return None
    (content,) = operation["requestBody"]["content"].values()
    return resolved(content["schema"], document)


def resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference to the schema that it names."""
    arms = schema.get("allOf") or schema.get("oneOf") or [schema]
    name = arms[0].get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


@cache
def rows_by_app() -> dict[str, dict[str, Row]]:
    """Return the rows of each app, by operation."""
    files = [file for file in sorted(_FOLDER.glob("*.toml")) if file.name != _RULES]
    return {
        file.stem: {
            name: _row({"rule": said} if isinstance(said, str) else said)
            for name, said in tomllib.loads(file.read_text()).items()
        }
        for file in files
    }


@cache
def rows() -> dict[str, Row]:
    """Return the row of every operation."""
    return {name: row for rows in rows_by_app().values() for name, row in rows.items()}


def _row(said: dict[str, Any]) -> Row:
    passes = said.pop("passes", ())
    return Row(
        passes=tuple(passes) if isinstance(passes, list) else (passes,) * bool(passes), **said
    )


@cache
def rules() -> dict[str, Rule]:
    tables = tomllib.loads((_FOLDER / _RULES).read_text())
    return {name: _rule(table) for name, table in tables.items()}


def _rule(table: str) -> Rule:
    lines = [line.split() for line in table.strip().splitlines()]
    # A rule about one thing has a heading with the states that a thing can be in.
    states = lines.pop(0) if len(lines[0]) > 2 else [""]
    return {role: dict(zip(states, cells, strict=True)) for role, *cells in lines}


def expected(row: Row, role: str) -> Mapping[str, str]:
    """Return, by state, what a role is to meet."""
    rule = rules()[row.rule]
    return rule.get(role, rule["others"])


def filled(text: str, ids: Mapping[str, str]) -> str:
    """Put ids where a path or a body names them in braces."""
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], found[0]), text)


def how_to_add(names: list[str]) -> str:
    """Say what to do about operations without a row."""
    return (
        "No row in tests/contract/access. Add one line each to the file of its app, such as\n"
        + "\n".join(f'"{name}" = "signed_in"' for name in names)
        + '\nor, about one thing, { rule = "personal", of = "session" }.'
        + f"\nRules (rules.toml): {', '.join(rules())}.\nWhat else a line may say stands at the top of"
        + " accounts.toml; kinds of things are made in cast.py."
    )
