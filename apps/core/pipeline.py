"""Several prepared statements in one round trip (libpq's pipeline mode, PostgreSQL manual §32.5).

What follows a statement that failed is not executed.
"""

import select
from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg.pq import ConnStatus, ExecStatus, Format


class Step(NamedTuple):
    """A statement by the name that it was prepared under, and its parameters in binary."""

    name: bytes
    parameters: Sequence[Any] = ()
    formats: Sequence[Format] = ()


def results_of(pgconn: Any, steps: Sequence[Step]) -> list[Any]:
    """Send the steps together and return the result of each; of those behind a failure, one that says so.

    Raises psycopg.OperationalError when the connection is lost.
    """
    pgconn.enter_pipeline_mode()
    try:
        for step in steps:
            pgconn.send_query_prepared(
                step.name, step.parameters, step.formats, result_format=Format.BINARY
            )
        pgconn.pipeline_sync()
        return _received(pgconn)
    finally:
        if pgconn.status == ConnStatus.OK:
            pgconn.exit_pipeline_mode()


def _received(pgconn: Any) -> list[Any]:
    results: list[Any] = []
    while True:
        _wait(pgconn)
        # Never asked while there is nothing: it would wait without letting other threads run.
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)


def _wait(pgconn: Any) -> None:
    """Return when something was received; send what did not fit into the socket yet."""
    poller = select.poll()
    unsent = pgconn.flush()
    poller.register(pgconn.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
    for _, ready in poller.poll():
        if ready != select.POLLOUT:
            pgconn.consume_input()
