"""`manage.py roles`: the groups of staff and what each may do, as the apps say; to be run after every migrate."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.core import roles


class Command(BaseCommand):
    help = "Write the groups of staff with their permissions."

    def handle(self, *_: Any, **__: Any) -> None:
        for role, count in roles.write().items():
            self.stdout.write(f"{role}: {count} permissions")
