"""Mutants of a file: each has one condition, number, statement or filter changed."""

import ast
import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_JOINED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# What narrows rows down: each of its conditions may be forgotten.
_NARROWING = {"Q", "filter", "exclude", "get", "update"}
# What is written down is judged elsewhere.
_TELLING = re.compile(r"(security|logger|metrics)\.")
_SQL = re.compile(r"\b(SELECT|INSERT|UPDATE)\b")
_IN_SQL = {" AND ": " OR ", " <= ": " > ", " > ": " <= ", " NOT ": " "}


@dataclass(frozen=True)
class Mutant:
    """A changed source; `name` says what was changed, and stays the same while lines move."""

    line: int
    name: str
    source: str


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a source, in the order of lines: of what functions do and of the values of names."""
    tree = ast.parse(source)
    _leave_out(tree)
    found = []
    for place, node in enumerate(_places(tree)):
        for number in range(_ways(node)):
            twin = copy.deepcopy(tree)
            there = _places(twin)[place]
            where, before = _where(there, twin), _said(there)
            name = f"{where}{before} → {_change(there, number)}"
            found.append(Mutant(node.lineno, name, ast.unparse(twin)))
    return sorted(found, key=lambda one: (one.line, one.name))


def _places(tree: ast.Module) -> list[Any]:
    """Return what may be changed, in a steady order: classes and arguments stay as they are."""
    bodies: list[ast.AST] = [one for one in tree.body if isinstance(one, ast.Assign)]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            bodies += node.body
    inside = {id(part): part for body in bodies for part in ast.walk(body)}
    return [part for part in inside.values() if hasattr(part, "lineno")]


def _where(node: ast.AST, tree: ast.Module) -> str:
    """Return what a number or a word stands in: by itself it says nothing."""
    if not isinstance(node, ast.Constant) or isinstance(node.value, str):
        return ""
    around = (one for one in ast.walk(tree) if node in ast.iter_child_nodes(one))
    return f"{_said(next(around))}: "


def _leave_out(tree: ast.Module) -> None:
    """Take out what says nothing about behaviour: annotations, docstrings, assertions for readers, what is logged."""
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if getattr(node, name, None) is not None and not isinstance(node, ast.AnnAssign):
                setattr(node, name, None)
        if isinstance(getattr(node, "body", None), list):
            kept = [one for one in node.body if not _says_nothing(one)]  # type: ignore[attr-defined]
            node.body = kept or [ast.Pass(lineno=1, col_offset=0)]  # type: ignore[attr-defined]


def _says_nothing(node: ast.stmt) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Assert) or is_text or bool(_TELLING.match(ast.unparse(node)))


def _ways(node: ast.AST) -> int:
    """Return in how many ways a place can be changed."""
    known = _CHANGES.get(type(node))
    return known[0](node) if known else 0


def _change(node: ast.AST, number: int) -> str:
    """Change a place in the given way; return what it says now."""
    return _CHANGES[type(node)][1](node, number) or _said(node)


def _compare(node: Any, _: int) -> None:
    node.ops = [_COMPARED[type(node.ops[0])]()]


def _join(node: Any, _: int) -> None:
    node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()


def _negate(node: Any, _: int) -> None:
    node.operand = ast.UnaryOp(ast.Not(), node.operand)


def _calculate(node: Any, _: int) -> None:
    node.op = _JOINED[type(node.op)]()


def _ways_of_constant(node: Any) -> int:
    if isinstance(node.value, str) and _SQL.search(node.value):
        return sum(node.value.count(word) for word in _IN_SQL)
    return int(isinstance(node.value, bool | int))


def _constant(node: Any, number: int) -> str | None:
    if isinstance(node.value, str):
        node.value, said = _changed_sql(node.value, number)
        return said
    node.value = not node.value if isinstance(node.value, bool) else node.value + 1
    return None


def _keywords(node: Any) -> list[ast.keyword]:
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return [one for one in node.keywords if one.arg is not None and called in _NARROWING]


def _drop_keyword(node: Any, number: int) -> str:
    gone = _keywords(node)[number]
    node.keywords.remove(gone)
    return f"without {gone.arg}"


def _drop_entry(node: Any, number: int) -> str:
    node.values.pop(number)
    return f"without {_said(node.keys.pop(number))}"


def _forget(node: Any, _: int) -> str:
    """Make a statement do nothing, where it stands."""
    node.__class__ = ast.Pass
    node._fields = ()  # type: ignore[misc]
    return "nothing"


def _changed_sql(text: str, number: int) -> tuple[str, str]:
    places = sorted(
        (found.start(), word) for word in _IN_SQL for found in re.finditer(re.escape(word), text)
    )
    at, word = places[number]
    nearby = " ".join(text[max(0, at - 25) : at + 30].split())
    return text[:at] + _IN_SQL[word] + text[
        at + len(word) :
    ], f"{_IN_SQL[word].strip()} in … {nearby} …"


def _said(node: ast.AST | None) -> str:
    text = " ".join(ast.unparse(node).split()) if node else "**"
    return text if len(text) <= 90 else f"{text[:88]} …"


_CHANGES: dict[type, tuple[Callable[[Any], int], Callable[[Any, int], str | None]]] = {
    ast.Compare: (lambda node: len(node.ops) == 1 and type(node.ops[0]) in _COMPARED, _compare),
    ast.BoolOp: (lambda _: 1, _join),
    ast.UnaryOp: (lambda node: isinstance(node.op, ast.Not), _negate),
    ast.BinOp: (lambda node: type(node.op) in _JOINED, _calculate),
    ast.Constant: (_ways_of_constant, _constant),
    ast.Raise: (lambda node: node.exc is not None, _forget),
    ast.Expr: (lambda node: isinstance(node.value, ast.Call), _forget),
    ast.Call: (lambda node: len(_keywords(node)), _drop_keyword),
    ast.Dict: (lambda node: len(node.keys) if len(node.keys) > 1 else 0, _drop_entry),
}


def chosen(found: list[Mutant], most: int) -> list[Mutant]:
    """Return some of the mutants, spread over the file; all of them with `most` 0."""
    step = max(1, -(-len(found) // most)) if most else 1
    return found[::step]
