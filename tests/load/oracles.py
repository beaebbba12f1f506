"""`python -m tests.load.oracles URL ADDRESS`: does the time of an answer say who has an account (reliability D17)?

Asks a server that runs, on a quiet machine, about a known and about unknown addresses in turn, and compares medians.
Run the server with rate limits that let it through (`RATE_LIMITS` in its settings), and know one account's address.
"""

import statistics
import sys
import time
import uuid
from collections.abc import Callable

import httpx2

SAMPLES = 200
MOST_DIFFERENT_MS = 5.0
WRONG = "not the right password at all"

type Asking = Callable[[str], dict[str, str]]

DOORS: dict[str, Asking] = {
    "auth/login": lambda address: {"email": address, "password": WRONG},
    "auth/password/forgot": lambda address: {"email": address},
    "auth/password/reset": lambda address: {
        "email": address,
        "code": "000000",
        "password": "another horse battery staple",
    },
    "auth/register": lambda address: {"email": address, "password": "correct horse battery staple"},
}


def main(base_url: str, known: str) -> int:
    told_apart = 0
    with httpx2.Client(base_url=base_url, timeout=30) as client:
        for door, body in DOORS.items():
            difference, refused = compared(client, door, body, known)
            told_apart += difference > MOST_DIFFERENT_MS or refused > 0
            print(f"{door}: medians differ by {difference:.2f} ms, {refused} of {SAMPLES} refused")
    return told_apart


def compared(client: httpx2.Client, door: str, body: Asking, known: str) -> tuple[float, int]:
    """Return by how many milliseconds the medians differ, and how many answers were 429 or 503 and say nothing."""
    times: dict[bool, list[float]] = {True: [], False: []}
    refused = 0
    for number in range(2 * SAMPLES):
        is_known = number % 2 == 0
        address = known if is_known else f"{uuid.uuid4().hex}@example.test"
        # Another installation each time: the limits per caller are not what is measured.
        headers = {"X-Device-Id": uuid.uuid4().hex}
        began = time.perf_counter()
        answer = client.post(f"/api/v1/{door}", json=body(address), headers=headers)
        times[is_known].append((time.perf_counter() - began) * 1_000)
        refused += answer.status_code in {429, 503}
    return abs(statistics.median(times[True]) - statistics.median(times[False])), refused


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
