"""The words of `python -m apps.core.development`; the Makefile is their usual caller."""

import argparse
import sys

from apps.core.development.execute import execute
from apps.core.development.project import STATE
from apps.core.development.run import run
from apps.core.development.services import Services
from apps.core.development.state import ServiceError


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m apps.core.development")
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser(
        "run", help="services, migrations, demo data, then web, stream, worker and beat"
    )
    words.add_parser("clean", help="stop the services and delete their data")
    one = words.add_parser("exec", help="one command with the services up")
    one.add_argument("--test", action="store_true", help="on test settings")
    one.add_argument("command", nargs="+", metavar="-- COMMAND")
    options = parser.parse_args(arguments)
    try:
        match options.word:
            case "run":
                return run()
            case "clean":
                # The bench keeps services of its own below ours.
                for folder in (STATE / "bench", STATE):
                    Services(folder).forget()
                return 0
            case _:
                return execute(options.command, "test" if options.test else "local")
    except (ServiceError, PermissionError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
