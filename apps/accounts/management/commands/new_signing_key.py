"""Makes a key for TOKEN_SIGNING_KEY."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.tokens.ring import new_pair


class Command(BaseCommand):
    help = "Make a pair of keys for TOKEN_SIGNING_KEY, whose public half is published."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(new_pair())
