"""`manage.py rotate_keys`: after a new key came first in FIELD_KEYS, moves every encrypted value to it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import resealing


class Command(BaseCommand):
    help = (
        "Encrypt every value anew that an older key of FIELD_KEYS has encrypted. May be stopped at any time and run "
        "again. When it says that nothing is left, the older keys can go."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="Rows in one transaction.")

    def handle(self, *_: Any, batch: int, **__: Any) -> None:
        unreadable: list[str] = []
        for done in resealing.reseal(batch):
            self.stdout.write(f"{done.column}: {done.moved} moved")
            self.stdout.flush()
            unreadable += [f"{done.column} {row}" for row in done.unreadable]
        for column, count in resealing.left().items():
            self.stdout.write(f"{column}: {count} left")
        if unreadable:
            raise CommandError("No key of FIELD_KEYS opens: " + ", ".join(unreadable))
