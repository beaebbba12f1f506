"""The frozen wire: compares each version's OpenAPI document with the committed one, or writes it anew."""

from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats

from apps.core.http.compatibility import breaking_changes
from apps.core.http.docs import generate

FOLDER = Path("tests/contract")


class Command(BaseCommand):
    """`--check` fails on any difference; `--write` refuses one that would break shipped apps."""

    help = "Check or write tests/contract/openapi-v*.yaml."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--check", action="store_true", help="Fail when a document differs.")
        what.add_argument("--write", action="store_true", help="Write the documents.")
        parser.add_argument(
            "--accept-breaking",
            action="store_true",
            help="Write even what breaks apps in the field. Only before a version is released.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for version in settings.REST_FRAMEWORK["ALLOWED_VERSIONS"]:
            self._version(version, write=options["write"], accept=options["accept_breaking"])

    def _version(self, version: str, *, write: bool, accept: bool) -> None:
        target = FOLDER / f"openapi-{version}.yaml"
        document = generated(version)
        text = rendered(document)
        committed = target.read_text() if target.exists() else ""
        if text == committed:
            self.stdout.write(f"{target} is current.")
            return
        broken = breaking_changes(yaml.safe_load(committed), document) if committed else []
        listing = "".join(f"\n  - {change}" for change in broken)
        if not write:
            hint = "Run `make schema` and commit the result."
            cause = (
                f"would break apps in the field:{listing}" if broken else "differs from the code."
            )
            raise CommandError(f"{target} {cause}\n{'' if broken else hint}")
        if broken and not accept:
            raise CommandError(
                f"{target} is frozen; this change would break apps in the field:{listing}\n"
                "Put the new shape into the next version."
            )
        target.write_text(text)
        self.stdout.write(f"{target} written.{listing}")


def generated(version: str) -> dict[str, Any]:
    """Generate a version's document; raises CommandError when the generator warns of anything."""
    reset_generator_stats()
    with GENERATOR_STATS.silence():
        document = generate(version)
        found = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    if found:
        raise CommandError(f"The {version} document has warnings:\n" + "\n".join(map(str, found)))
    return document


def rendered(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
