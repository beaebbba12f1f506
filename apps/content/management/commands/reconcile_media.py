"""`manage.py reconcile_media`: says which rows and files of pictures do not belong together, and mends what can be."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.content.errors import StorageUnavailable
from apps.content.media import reconciling


class Command(BaseCommand):
    help = "Hold rows and files of pictures against each other, as happens every night. Fails while something is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mend",
            action="store_true",
            help="delete files without a row, and close rows that nobody finishes",
        )
        parser.add_argument(
            "--deep", action="store_true", help="read every file, and compare its hash as well"
        )

    def handle(self, *_: Any, mend: bool = False, deep: bool = False, **__: Any) -> None:
        try:
            found = reconciling.reconcile(mend=mend, deep=deep)
        except StorageUnavailable:
            raise CommandError("The store does not answer.") from None
        for key in found.orphans:
            self.stdout.write(f"{'deleted' if mend else 'without a row'}: {key}")
        for media_id in found.broken:
            self.stdout.write(f"without all of its files: {media_id}")
        self.stdout.write(f"{len(found.orphans)} files without a row, {len(found.broken)} broken")
        if found.broken or (found.orphans and not mend):
            hint = "restore lost files from a backup, or take the picture down"
            raise CommandError(f"Run it with --mend; {hint}." if not mend else f"Still: {hint}.")
