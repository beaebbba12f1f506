"""Every request that any test makes locks what guards a row before the row itself.

Two transactions that lock the same rows from opposite sides wait for each other until Postgres fails one of them. Who
holds the person first, or the post, or the inbox, meets nobody who comes from the other side.
"""

import re
from collections.abc import Iterator
from threading import local
from typing import Any

import pytest
from django.db import connection
from django.db.transaction import Atomic

from apps.core.http.views import ApiView

# Under each guard, what nobody may hold who still asks for the guard.
GUARDED = {
    "accounts_user": {
        "accounts_apikey",
        "accounts_challenge",
        "accounts_emailcode",
        "accounts_identity",
        "accounts_passkey",
        "accounts_recoverycode",
        "accounts_session",
        "accounts_totp",
        "devices_device",
    },
    "content_post": {
        "content_collaborator",
        "content_comment",
        "content_media",
        "content_reaction",
        "notifications_inbox",
    },
    "notifications_inbox": {"notifications_delivery", "notifications_notification"},
}

_SELECTED = re.compile(r'FOR (?:NO KEY )?UPDATE(?: OF ((?:"\w+"(?:, )?)++))?+(?! SKIP LOCKED)')
_CHANGED = re.compile(r'(?:^|[()])\s*(?:UPDATE|DELETE FROM)\s+"?(\w+)')
_INSERTED = re.compile(r'INSERT INTO "?(\w+)"?.*ON CONFLICT.*DO UPDATE', re.DOTALL)
_FROM = re.compile(r'FROM "?(\w+)')


class OutOfOrder(AssertionError):
    """A transaction asked for a guard while it held what is guarded."""


def locked_by(sql: str) -> Iterator[str]:
    """Yield the tables whose rows a statement locks, in order; what it skips when it is locked does not count."""
    for found in _SELECTED.finditer(sql):
        named = re.findall(r"\w+", found[1] or "")
        yield from named or _FROM.findall(sql)[:1]
    yield from _CHANGED.findall(sql)
    yield from _INSERTED.findall(sql)


class _Running(local):
    """What this thread's request has locked in the transaction that it began, inside of those that tests began."""

    is_request = False
    around = 0
    held: list[str]


_running = _Running()


def hold_to_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every request in this process fail the test when it locks from the wrong side."""
    dispatch, enter = ApiView.dispatch, Atomic.__enter__

    def entered(atomic: Atomic) -> None:
        enter(atomic)
        if len(connection.atomic_blocks) == _running.around + 1:
            _running.held = []

    def watched(view: ApiView, *args: Any, **kwargs: Any) -> Any:
        _running.is_request, _running.around = True, len(connection.atomic_blocks)
        try:
            with connection.execute_wrapper(_note):
                return dispatch(view, *args, **kwargs)
        finally:
            _running.is_request = False

    monkeypatch.setattr(Atomic, "__enter__", entered)
    monkeypatch.setattr(ApiView, "dispatch", watched)


def _note(execute: Any, sql: Any, *rest: Any) -> Any:
    if _running.is_request and len(connection.atomic_blocks) > _running.around:
        for table in locked_by(str(sql)):
            require_order(_running.held, table)
            _running.held.append(table)
    return execute(sql, *rest)


def require_order(held: list[str], wanted: str) -> None:
    """Raise OutOfOrder when a guard is wanted, for the first time, by who holds what is guarded."""
    above = GUARDED.get(wanted, set()) & set(held)
    if above and wanted not in held:
        raise OutOfOrder(f"{wanted} is locked after {', '.join(sorted(above))}.")
