"""What changed since: a snapshot of the database as a cursor (reliability C1), and the column that it is held against.

A clock or a sequence says when a row was written, not when its transaction committed: whoever reads up to a moment
misses what commits late (M1). A row that carries its transaction is held against what the last reader's snapshot saw.
"""

from typing import Any

import pgtrigger
from django.db import models
from django.db.models import Func

# Characters that a cursor may spend on transactions that ran meanwhile; with more of them, it claims to have seen less.
_MOST = 500

# What is this database's own: restored from a backup or taken over by a copy, it may use numbers of transactions again.
EPOCH = """(
    SELECT system_identifier || '-' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()
)"""


class CurrentTransaction(Func):
    """The number of the transaction that runs, savepoints apart (M5)."""

    template = "pg_current_xact_id()"


class TransactionField(models.Field):
    """The number of a transaction: by default of the one that wrote the row, which `stamped` keeps true."""

    description = "Number of a transaction"

    def __init__(self, **options: Any) -> None:
        if not options.get("null"):
            options.setdefault("db_default", CurrentTransaction())
        super().__init__(editable=False, **options)

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        del options["editable"]
        return name, path, args, options


def stamped(column: str) -> pgtrigger.Trigger:
    """Return the trigger that writes down each change's transaction; new rows get it by default."""
    return pgtrigger.Trigger(
        name="stamped",
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        func=f"NEW.{column} = pg_current_xact_id(); RETURN NEW;",
    )


def shortened(snapshot: str) -> str:
    """Leave out what ran meanwhile where it was much: what is seen twice is no loss."""
    if len(snapshot) <= _MOST:
        return snapshot
    oldest = snapshot.partition(":")[0]
    return f"{oldest}:{oldest}:"
