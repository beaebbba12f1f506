"""What content's tests share."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection


@pytest.fixture
def statements(db: None) -> Iterator[list[str]]:
    """The SQL that was sent, newest last; transaction control left out."""
    sent: list[str] = []

    def noted(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
        if "SAVEPOINT" not in str(sql):
            sent.append(str(sql))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(noted):
        yield sent
