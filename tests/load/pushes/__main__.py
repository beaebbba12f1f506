"""`python -m tests.load.pushes --theirs VENV`: sends per second and worker, ours and theirs in turn.

VENV is a throwaway environment with fcm-django and aioapns, which the product itself does not depend on:

    python -m venv /tmp/theirs && /tmp/theirs/bin/pip install fcm-django aioapns
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from apps.core.development.services import Services
from tests.fakes.apns import KEY_ID, TEAM_ID, TOPIC
from tests.fakes.service_account import TokenEndpoint
from tests.load.environment import production
from tests.stack import ROOT, Stack

PLACE = ROOT / ".local" / "bench"
HERE = Path(__file__).parent
THEIRS = {"fcm": "fcm-django", "apns": "aioapns"}
# Every delivery waits again, as it did before.
AGAIN = """
    UPDATE notifications_delivery SET state = 'queued', attempts = 0, sent_at = NULL, accepted_at = NULL,
        provider_message_id = '', next_attempt_at = now();
    VACUUM (ANALYZE) notifications_delivery;
    CHECKPOINT
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load.pushes")
    parser.add_argument("--theirs", type=Path, help="an environment with fcm-django and aioapns")
    parser.add_argument("--services", nargs="+", choices=THEIRS, default=list(THEIRS))
    parser.add_argument("--messages", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=500)
    options = parser.parse_args()
    PLACE.mkdir(parents=True, exist_ok=True)
    with Services(PLACE).use(os.environ) as urls, tempfile.TemporaryDirectory() as folder:
        os.environ.update(urls)
        for service in options.services:
            _compare(service, options, Path(folder))


def _compare(service: str, options: argparse.Namespace, folder: Path) -> None:
    with _fake(folder) as fake:
        key = folder / "key.p8"
        key.write_text(_p8())
        count = str(options.messages)
        with Stack(folder, parts=(), **_settings(service, fake, key, options)) as stack:
            ours = [sys.executable, "-m", "tests.load.pushes.ours"]
            subprocess.run([*ours, "fill", service, count], env=stack.environment, check=True)
            sides = {"ours": [*ours, "send", service]}
            if options.theirs:
                python = str(options.theirs / "bin" / "python")
                more = [fake["ca_file"], str(key)] if service == "apns" else []
                script = str(HERE / f"theirs_{service}.py")
                sides[THEIRS[service]] = [python, script, str(fake[service]), count, *more]
            rounds: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
            for _ in range(options.rounds):
                with psycopg.connect(stack.database_url, autocommit=True) as connection:
                    for statement in AGAIN.split(";"):
                        connection.execute(statement)  # type: ignore[arg-type]
                for side, command in sides.items():
                    rounds[side].append(_measured(command, stack, options.messages))
    for side, seen in rounds.items():
        rate = statistics.median(one["sent"] / one["seconds"] for one in seen)
        cost = statistics.median(one["cpu"] / one["sent"] for one in seen)
        each = ", ".join(f"{one['sent'] / one['seconds']:,.0f}" for one in seen)
        print(f"{service:5} {side:12} {rate:7,.0f}/s  {cost * 1e6:5.0f} us of CPU each  ({each})")


def _measured(command: list[str], stack: Stack, messages: int) -> dict[str, float]:
    done = subprocess.run(
        command, env=stack.environment, check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    assert found["sent"] == messages, done.stdout + done.stderr
    return found


@contextmanager
def _fake(folder: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.load.pushes.fake", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        yield json.loads(server.stdout.readline())
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def _settings(
    service: str, fake: dict[str, Any], key: Path, options: argparse.Namespace
) -> dict[str, str]:
    fcm = f"http://127.0.0.1:{fake['fcm']}"
    return production() | {
        "PUSH_PROVIDERS": service,
        "PUSH_IN_FLIGHT": str(options.in_flight),
        "FCM_BASE_URL": fcm,
        "FCM_CREDENTIALS": TokenEndpoint(f"{fcm}/token").credentials(),
        "APNS_URL": f"https://127.0.0.1:{fake['apns']}",
        "APNS_KEY": key.read_text().replace("\n", "\\n"),
        "APNS_KEY_ID": KEY_ID,
        "APNS_TEAM_ID": TEAM_ID,
        "APNS_TOPIC": TOPIC,
        "PUSH_CA_FILE": fake["ca_file"],
    }


def _p8() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


if __name__ == "__main__":
    main()
