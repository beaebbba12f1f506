"""What would break a client: the differences between two OpenAPI documents that a shipped app can't survive."""

from collections.abc import Iterator
from typing import Any

_VERBS = ("get", "post", "put", "patch", "delete")
_MAX_DEPTH = 12


def breaking_changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return one sentence for each change that a client built against `before` would trip over.

    Asking for less, accepting more and answering more are fine; the reverse of each is not.
    """
    return list(dict.fromkeys(_Comparison(before, after).run()))


class _Comparison:
    def __init__(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        self.before, self.after = before, after

    def run(self) -> Iterator[str]:
        for path, item in self.before["paths"].items():
            for verb in _VERBS:
                if verb not in item:
                    continue
                successor = self.after["paths"].get(path, {}).get(verb)
                if successor is None:
                    yield f"{verb.upper()} {path} is gone"
                else:
                    yield from self._operation(f"{verb.upper()} {path}", item[verb], successor)

    def _operation(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        held = {
            (parameter.get("name"), parameter.get("in")) for parameter in old.get("parameters", [])
        }
        kept = {
            (parameter.get("name"), parameter.get("in")) for parameter in new.get("parameters", [])
        }
        for parameter, _ in sorted(held - kept, key=str):
            yield f"{name} no longer takes {parameter}"
        required_before = {p.get("name") for p in old.get("parameters", []) if p.get("required")}
        for parameter in new.get("parameters", []):
            if parameter.get("required") and parameter["name"] not in required_before:
                yield f"{name} now requires {parameter['name']}"
        if new.get("security") and {} in old.get("security", [{}]) and {} not in new["security"]:
            yield f"{name} now needs a token"
        yield from self._request(name, old, new)
        yield from self._responses(name, old, new)

    def _request(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        asked, asks = _body(old.get("requestBody")), _body(new.get("requestBody"))
        if asks is None:
            return
        if asked is None:
            if new["requestBody"].get("required"):
                yield f"{name} now requires a body"
            return
        yield from self._schema(f"{name} body", asked, asks, incoming=True)

    def _responses(self, name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        for status, response in old["responses"].items():
            if not status.startswith("2"):
                continue
            successor = new["responses"].get(status)
            if successor is None:
                yield f"{name} no longer answers {status}"
                continue
            told, tells = _body(response), _body(successor)
            if told is not None:
                yield from self._schema(f"{name} {status}", told, tells or {}, incoming=False)

    def _schema(
        self, where: str, old: Any, new: Any, *, incoming: bool, depth: int = 0
    ) -> Iterator[str]:
        old, new = _resolved(old, self.before), _resolved(new, self.after)
        if depth > _MAX_DEPTH or not old:
            return
        yield from _types(where, old, new, incoming=incoming)
        yield from _enums(where, old, new, incoming=incoming)
        yield from _members(where, old, new, incoming=incoming)
        if incoming:
            yield from _bounds(where, old, new)
        for name, member in old.get("properties", {}).items():
            if name in new.get("properties", {}):
                inner = new["properties"][name]
                yield from self._schema(
                    f"{where}.{name}", member, inner, incoming=incoming, depth=depth + 1
                )
        if "items" in old and "items" in new:
            yield from self._schema(
                f"{where}[]", old["items"], new["items"], incoming=incoming, depth=depth + 1
            )


def _types(where: str, old: Any, new: Any, *, incoming: bool) -> Iterator[str]:
    before, after = _kinds(old), _kinds(new)
    narrower, wider = (after, before) if incoming else (before, after)
    lost = wider - narrower
    if before and after and lost:
        yield f"{where} {'no longer accepts' if incoming else 'may now be'} {', '.join(sorted(lost))}"
    if old.get("format") != new.get("format") and before & after:
        yield f"{where} changed its format from {old.get('format')} to {new.get('format')}"


def _enums(where: str, old: Any, new: Any, *, incoming: bool) -> Iterator[str]:
    before, after = set(map(str, old.get("enum", []))), set(map(str, new.get("enum", [])))
    if incoming and after and (not before or before - after):
        yield f"{where} no longer accepts {', '.join(sorted(before - after)) or 'any value'}"
    if not incoming and before and after - before:
        yield f"{where} may now be {', '.join(sorted(after - before))}"


def _members(where: str, old: Any, new: Any, *, incoming: bool) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    required_before, required_after = set(old.get("required", [])), set(new.get("required", []))
    for name in before.keys() - after.keys():
        yield f"{where} no longer has {name}"
    changed = required_after - required_before if incoming else required_before - required_after
    for name in sorted(changed & (after.keys() if incoming else before.keys() & after.keys())):
        yield f"{where} {'now requires' if incoming else 'may now lack'} {name}"


def _bounds(where: str, old: Any, new: Any) -> Iterator[str]:
    for bound, tighter in (
        ("maxLength", min),
        ("maximum", min),
        ("maxItems", min),
        ("minLength", max),
        ("minimum", max),
    ):
        before, after = old.get(bound), new.get(bound)
        if (
            after is not None
            and after != before
            and (before is None or tighter(before, after) == after)
        ):
            yield f"{where} has a tighter {bound}"


def _kinds(schema: Any) -> set[str]:
    kinds = schema.get("type", [])
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    return found | {kind for arm in schema.get("oneOf", []) for kind in _kinds(arm)}


def _body(holder: Any) -> Any:
    content = (holder or {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def _resolved(schema: Any, document: dict[str, Any]) -> dict[str, Any]:
    for _ in range(_MAX_DEPTH):
        arms = schema.get("allOf") or [
            arm for arm in schema.get("oneOf", []) if arm.get("type") != "null" and "$ref" in arm
        ]
        if "$ref" in schema:
            schema = document["components"]["schemas"].get(schema["$ref"].rsplit("/", 1)[1], {})
        elif len(arms) == 1:
            schema = arms[0]
        else:
            return schema
    return schema
