"""Postgres: one pool per process, health-checked, with limits that Postgres itself enforces."""

import time

from psycopg import Connection
from psycopg_pool import ConnectionPool

from config import env
from config.settings import timeouts

_session = {
    "statement_timeout": f"{timeouts.DATABASE_STATEMENT}s",
    "lock_timeout": f"{timeouts.DATABASE_LOCK}s",
    "idle_in_transaction_session_timeout": f"{timeouts.DATABASE_IDLE_IN_TRANSACTION}s",
    # Of a prepared statement, one plan for all values: most of ours cost less to run than to plan.
    "plan_cache_mode": "force_generic_plan",
    # As on disks without a moving arm: with Postgres's 4, tables of some thousand rows are read through.
    "random_page_cost": "1.1",
    # A request takes one core: the others have requests of their own.
    "max_parallel_workers_per_gather": "0",
    "client_connection_check_interval": f"{int(timeouts.DATABASE_CLIENT_CHECK * 1000)}ms",
    # Two letters in the wrong order leave half of a word's trigrams: titles are found by as much.
    "pg_trgm.word_similarity_threshold": "0.5",
}

_url = env.database("DATABASE_URL", local="postgres://app@127.0.0.1:5432/app")

# Seconds for which a connection that was found alive is believed to be so.
_TRUSTED = 1.0


def _check(connection: Connection) -> None:
    """Ask a pooled connection whether it is alive, once a second at most.

    Asking before every request would cost each a round trip; after a restart of Postgres a connection fails one request
    at most, with a 503 that may be retried.
    """
    now = time.monotonic()
    if now - getattr(connection, "_alive_at", 0.0) > _TRUSTED:
        ConnectionPool.check_connection(connection)
        connection._alive_at = now  # type: ignore[attr-defined]


DATABASES = {
    "default": {
        **_url,
        # Services own their transactions; a read needs none.
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # What the URL says beyond the address, as `?sslmode=verify-full`.
            **_url.get("OPTIONS", {}),
            "connect_timeout": timeouts.DATABASE_CONNECT,
            "options": " ".join(f"-c {name}={value}" for name, value in _session.items()),
            # Statements are prepared where we say so (`core/statements.py`), never by counting.
            "prepare_threshold": 1_000_000,
            "pool": {
                "check": _check,
                "min_size": 1,
                # As many as the threads of one web process, and one to spare for health checks.
                "max_size": env.number(
                    "DATABASE_POOL", default=env.number("WEB_THREADS", default=4) + 2
                ),
                "timeout": timeouts.DATABASE_POOL_WAIT,
                # Its attempts to reconnect come ever more slowly; given up early, the next request
                # starts them anew, so that a returning Postgres is found within seconds.
                "reconnect_timeout": timeouts.DATABASE_POOL_WAIT,
                "max_lifetime": 1800,
            },
        },
    }
}

# In tests an unplanned lazy load raises; elsewhere it is batched with its peers (`core/models.py`).
RAISE_ON_LAZY_LOAD = False
