"""What is compared must be the same work: the JSON of both, decoded, before anything is measured."""

from collections.abc import Callable
from typing import Any

# Sends method, path and body as one person; returns status and decoded JSON.
type Asker = Callable[[str, str, dict[str, Any] | None], tuple[int, Any]]

_OF_EACH_ROW = ("id", "created_at", "updated_at")


def differences(ours: Asker, twin: Asker, post: str, draft: dict[str, Any]) -> list[str]:
    """Return what the two answer differently to the same person; nothing, when they are the same."""
    found = []
    for path in ("/api/v1/feed", "/api/v1/feed?limit=7", f"/api/v1/posts/{post}"):
        found += _compare(f"GET {path}", *(_page(ask("GET", path, None)) for ask in (ours, twin)))
    answers = [_row(ask("POST", "/api/v1/posts", draft)) for ask in (ours, twin)]
    return found + _compare("POST /api/v1/posts", *answers)


def _compare(what: str, ours: tuple[int, Any], twin: tuple[int, Any]) -> list[str]:
    if ours == twin and ours[0] < 300:
        return []
    return [f"{what}\n  ours: {str(ours)[:600]}\n  twin: {str(twin)[:600]}"]


def _page(answer: tuple[int, Any]) -> tuple[int, Any]:
    """How the next page is named is each one's own; whether there is one is not."""
    status, shown = answer
    if isinstance(shown, dict) and "next" in shown:
        shown = {**shown, "next": shown["next"] is not None}
    return status, shown


def _row(answer: tuple[int, Any]) -> tuple[int, Any]:
    status, shown = answer
    return status, {
        name: type(value).__name__ if name in _OF_EACH_ROW else value
        for name, value in shown.items()
    }
