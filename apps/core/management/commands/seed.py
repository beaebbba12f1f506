"""`manage.py seed`: demo data from every app that has some, so that a new clone has something to show."""

from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Fill the local database with demo data. A second run adds nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("Demo accounts have known passwords: only local settings take them.")
        # From the ground floor up: an app's demo data may need that of the apps below it.
        for app in reversed(list(apps.get_app_configs())):
            if app.name.startswith("apps.") and find_spec(f"{app.name}.seed"):
                began = perf_counter()
                import_module(f"{app.name}.seed").seed()
                self.stdout.write(f"{app.label} … {perf_counter() - began:.1f} s")
