"""Answers frozen as files: what a phone was built against, with ids and moments left out."""

import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def golden(beside: str, name: str) -> Any:
    """Read `golden/<name>.json` beside a test file."""
    return json.loads((Path(beside).parent / "golden" / f"{name}.json").read_text())


def steady(document: Any) -> Any:
    """Return the document with what differs from run to run replaced by its kind."""
    if isinstance(document, dict):
        return {name: steady(value) for name, value in document.items()}
    if isinstance(document, list):
        return [steady(value) for value in document]
    if isinstance(document, str):
        text = document.replace(settings.DEEP_LINKS, "<app>")
        return _MOMENT.sub("<moment>", _UUID.sub("<uuid>", text))
    return document
