"""Judging a mutant: a fork of a process that has everything loaded puts it in place of the file and runs the tests.

Starting Django and its database for each would cost ten times as much as the tests do.
"""

import ast
import functools
import inspect
import os
import signal
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
from django.db import connection, connections

from tests.mutants.making import Mutant

# Whoever needs longer than this goes round in circles.
_PATIENCE = 300


class Judge:
    """A plugin of pytest: instead of running the tests once, run them for each mutant until the first that fails."""

    def __init__(self, module: str, mutants: list[Mutant]) -> None:
        self._module, self._mutants = module, mutants
        self.living: list[Mutant] = []
        self.objection = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        # The first test makes the database; the session must not end with it.
        warm = next(one for one in session.items if one.path.name == "warm.py")
        items = [one for one in session.items if one is not warm]
        warm.config.hook.pytest_runtest_protocol(item=warm, nextitem=items[0])
        if not self._passes(session, items, None):
            self.objection = "its tests fail as it is"
            return True
        for mutant in self._mutants:
            if self._passes(session, items, mutant):
                self.living.append(mutant)
                print(f"  lives: {mutant.line}: {mutant.name}", file=sys.__stderr__, flush=True)
        # What all others were killed by must not be something that one of them left behind.
        if not self._passes(session, items, None):
            self.objection = "a mutant left behind what its tests fail by"
        return True

    def _passes(self, session: pytest.Session, items: list[Any], mutant: Mutant | None) -> bool:
        # Nobody may use a connection from two processes.
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]
        child = os.fork()
        if child:
            return os.waitpid(child, 0)[1] == 0
        status = 1
        try:
            signal.alarm(_PATIENCE)
            said = os.dup(2)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            if mutant:
                put(sys.modules[self._module], mutant.source)
            failed = _failed(session, items)
            status = int(bool(failed))
            if failed and not mutant:
                os.write(said, f"  fails: {failed}\n".encode())
        finally:
            os._exit(status)


def _failed(session: pytest.Session, items: list[Any]) -> str | None:
    """Return which test failed first."""
    for item, following in zip(items, [*items[1:], items[0]], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return str(item.nodeid)
    return None


def put(module: ModuleType, source: str) -> None:
    """Give every function of a module the code, and every name the value, that it has in this source."""
    tree = ast.parse(source)
    codes = dict(_codes(compile(tree, module.__file__ or "", "exec")))
    for function in _functions(module):
        if function.__code__.co_qualname in codes:
            function.__code__ = codes[function.__code__.co_qualname]
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                _rename(module, name, eval(ast.unparse(value), module.__dict__))


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner.co_qualname, inner
            yield from _codes(inner)


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    own = [
        one for one in vars(module).values() if getattr(one, "__module__", "") == module.__name__
    ]
    for one in own:
        for part in (one, *(vars(one).values() if inspect.isclass(one) else ())):
            for function in _behind(part):
                if function.__module__ == module.__name__:
                    yield function


def _behind(part: Any) -> Iterator[FunctionType]:
    match part:
        case FunctionType():
            yield part
        case property():
            yield from (one for one in (part.fget, part.fset) if isinstance(one, FunctionType))
        case functools.cached_property():
            yield part.func  # type: ignore[misc]
        case _:
            inner = getattr(part, "__func__", getattr(part, "__wrapped__", None))
            if isinstance(inner, FunctionType):
                yield inner


def _rename(module: ModuleType, name: str, value: Any) -> None:
    """Give a name its new value, also where it was imported."""
    old = getattr(module, name, None)
    if repr(old) == repr(value):
        return
    for other in list(sys.modules.values()):
        if other.__name__.startswith(("apps.", "tests.")) and vars(other).get(name) is old:
            setattr(other, name, value)
