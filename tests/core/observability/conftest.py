"""What operators read, as they read it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from apps.core.observability import logging

type Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Return what went to standard error since the last call, under production's logging."""
    capsys.readouterr()
    logging.configure({"level": "INFO", "format": "json"})
    yield lambda: capsys.readouterr().err
    logging.clear()
    logging.configure(settings.LOGGING)


@pytest.fixture
def logged(printed: Callable[[], str]) -> Lines:
    """Return the lines written since the last call; each must be a JSON object."""
    return lambda: [json.loads(line) for line in printed().splitlines()]


@pytest.fixture
def browser() -> Client:
    """A client for pages that need nobody to be signed in; failures are answers to it, not exceptions."""
    return Client(raise_request_exception=False)
