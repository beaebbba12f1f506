"""`manage.py seed`: demo data from every app that has some, so that a new clone has something to show."""

from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

_BAR = 30


class Command(BaseCommand):
    help = "Fill the local database with demo data. A second run adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            type=int,
            default=0,
            metavar="POSTS",
            help="and with so many posts of many people, for plans and benchmarks",
        )

    def handle(self, *args: Any, scale: int = 0, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("Demo accounts have known passwords: only local settings take them.")
        for label, module in _seeds():
            began = perf_counter()
            module.seed()
            self.stdout.write(f"{label} … {perf_counter() - began:.1f} s")
        if scale > 0:
            self._scale(scale)

    def _scale(self, count: int) -> None:
        for label, module in _seeds():
            if hasattr(module, "seed_at_scale"):
                began = perf_counter()
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 0")
                    module.seed_at_scale(count, self._show)
                self.stdout.write(f"{label} at scale … {perf_counter() - began:.1f} s")

    def _show(self, table: str, done: int, total: int) -> None:
        """Draw the bar, on a terminal; elsewhere only its end."""
        is_over = done >= total
        if self.stdout.isatty() or is_over:
            bar = ("█" * (_BAR * done // total)).ljust(_BAR, "░")
            ending = "\n" if is_over else "\r"
            self.stdout.write(f"{table:<26} {bar} {done:>11,} of {total:,}", ending=ending)
            self.stdout.flush()


def _seeds() -> Iterator[tuple[str, Any]]:
    """From the ground floor up: an app's demo data may need that of the apps below it."""
    for app in reversed(list(apps.get_app_configs())):
        if app.name.startswith("apps.") and find_spec(f"{app.name}.seed"):
            yield app.label, import_module(f"{app.name}.seed")
