"""`manage.py stream` for tests: says when its door is open, and logs what production would."""

import sys
from importlib import import_module

import django
from django.conf import settings
from django.core.management import call_command


def main() -> None:
    settings.LOGGING = {"level": "INFO", "format": "json"}
    django.setup()
    stream = import_module("apps.notifications.management.commands.stream")
    opened = stream.listening

    def listening(place: str) -> object:
        door = opened(place)
        # Whoever connects from now on is answered, as soon as the server has started.
        sys.stdout.write("open\n")
        sys.stdout.flush()
        return door

    stream.listening = listening
    call_command("stream")


if __name__ == "__main__":
    main()
