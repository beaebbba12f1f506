"""`python -m tests.load.oracles [DOOR…]`: does an answer, or its time, say what it must not (reliability AU-04, D17)?

Asks the product as production runs it, on a quiet machine, 200 times each about what is there and what is not, in pairs
of random order, and compares status, shape, length, medians, and the ranks of all times (Mann-Whitney).
"""

import json
import random
import secrets
import statistics
import sys
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

from tests.load.alone import Line, product
from tests.load.asking import Answer, Person, request
from tests.load.people import PASSWORD, address
from tests.load.ranks import two_sided_p
from tests.load.servers import OURS, SIGNED_IN, Field

SAMPLES, WARMUP = 200, 10
MOST_DIFFERENT_MS, LEAST_P = 5.0, 0.01
_API = "/api/v1/"
# No two pairs ask about the same person, or the limits per address would answer.
_numbers = count(1_000)

type Pair = tuple[bytes, bytes]
"""The request about what is there, and the same about what is not."""


def post(path: str, body: dict[str, Any], person: Person | None = None) -> bytes:
    # Another device each time: the limits per caller are not what is measured.
    device = {} if person else {"x_device_id": uuid.uuid4().hex}
    return request("POST", _API + path, person, json.dumps(body).encode(), **device)


def unknown() -> str:
    return f"nobody-{next(_numbers):05}@example.test"


def known() -> str:
    return address(next(_numbers))


class Oracles:
    """Makes the pairs of every door; `line` is for what has to be done beforehand."""

    def __init__(self, field: Field, line: Line) -> None:
        self._field, self._line = field, line
        self._people = field.servers[OURS].people
        self._kept: dict[str, list[Any]] = {}

    def _both(self, path: str, body: Callable[[str], dict[str, Any]], before: str = "") -> Pair:
        known_one, unknown_one = known(), unknown()
        for one in (known_one, unknown_one) if before else ():
            self._line.ask(post(before, {"email": one}))
        return post(path, body(known_one)), post(path, body(unknown_one))

    def login(self) -> Pair:
        wrong = "not the right password at all"
        return self._both("auth/login", lambda one: {"email": one, "password": wrong})

    def register(self) -> Pair:
        return self._both("auth/register", lambda one: {"email": one, "password": PASSWORD + "!"})

    def forgot(self) -> Pair:
        return self._both("auth/password/forgot", lambda one: {"email": one})

    def reset(self) -> Pair:
        told = {"code": "000000", "password": "another horse battery staple"}
        asked = "auth/password/forgot"
        return self._both("auth/password/reset", lambda one: {"email": one, **told}, asked)

    def login_code(self) -> Pair:
        return self._both("auth/login/code", lambda one: {"email": one})

    def confirm(self) -> Pair:
        asked = "auth/login/code"
        told = {"code": "000000"}
        return self._both("auth/login/code/confirm", lambda one: {"email": one, **told}, asked)

    def resend(self) -> Pair:
        def claimant(one: str) -> bytes:
            told = {"email": one, "password": PASSWORD}
            answer, _ = self._line.ask(post("auth/register", told))
            person = Person(next(_numbers), answer.json["access"], uuid.uuid4().hex)
            return post("auth/verify-email/resend", {}, person)

        return claimant(known()), claimant(unknown())

    def post(self) -> Pair:
        return self._foreign("GET", "posts/{}", _PRIVATE)

    def post_change(self) -> Pair:
        return self._foreign("PATCH", "posts/{}", _PRIVATE, {"title": "Mine"})

    def session(self) -> Pair:
        return self._foreign("DELETE", "me/sessions/{}", _SESSIONS)

    def _foreign(self, verb: str, path: str, rows: str, body: Any = None) -> Pair:
        number = next(_numbers)
        person, found = self._people[number % len(self._people)], self._rows(rows)
        raw = json.dumps(body).encode() if body else b""
        more = {"if_match": '"r1-0"'} if body else {}
        # Sessions were begun in the order of their people: the next one is somebody else's.
        foreign = found[(number + 1) % len(found)]
        # Ids carry their time: one that looks like ours, and is nobody's.
        absent = uuid.UUID(int=foreign.int ^ secrets.randbits(32))
        ask = lambda one: request(verb, _API + path.format(one), person, raw, **more)  # noqa: E731
        return ask(foreign), ask(absent)

    def _rows(self, statement: str) -> list[Any]:
        if statement not in self._kept:
            self._kept[statement] = [one for (one,) in self._field.stack.query(statement)]
        return self._kept[statement]


_SESSIONS = "SELECT id FROM accounts_session ORDER BY id"
# Of people who ask for nothing here.
_PRIVATE = f"""
    SELECT id FROM content_post WHERE visibility = 'private'
        AND author_id NOT IN (SELECT id FROM accounts_user ORDER BY email LIMIT {SIGNED_IN})
"""
DOORS: dict[str, Callable[[Oracles], Pair]] = {
    "login": Oracles.login,
    "register": Oracles.register,
    "forgot": Oracles.forgot,
    "reset": Oracles.reset,
    "login-code": Oracles.login_code,
    "confirm": Oracles.confirm,
    "resend": Oracles.resend,
    "post": Oracles.post,
    "post-change": Oracles.post_change,
    "session": Oracles.session,
}


def main(doors: list[str]) -> int:
    told_apart = 0
    with product() as field, Line(field.stack.port) as line:
        oracles = Oracles(field, line)
        for door in doors or DOORS:
            verdict, is_silent = compared(lambda: DOORS[door](oracles), line)  # noqa: B023
            told_apart += not is_silent
            print(f"| `{door}` | {verdict} |", flush=True)
    return told_apart


def compared(pair: Callable[[], Pair], line: Line) -> tuple[str, bool]:
    """Return what to write about a door, and whether it keeps silent."""
    times: tuple[list[float], list[float]] = ([], [])
    shapes: tuple[set[Any], set[Any]] = (set(), set())
    for number in range(WARMUP + SAMPLES):
        requests = pair()
        for side in random.sample((0, 1), 2):
            answer, took = line.ask(requests[side])
            if number >= WARMUP:
                times[side].append(took * 1_000)
                shapes[side].add(_shape(answer))
    medians = [statistics.median(one) for one in times]
    difference, p = medians[0] - medians[1], two_sided_p(*times)
    alike = shapes[0] == shapes[1]
    statuses = "/".join(sorted({str(shape[0]) for shape in shapes[0] | shapes[1]}))
    verdict = (
        f"{statuses} | {medians[0]:.2f} | {medians[1]:.2f} | {difference:+.2f} | {p:.3f} |"
        f" {'alike' if alike else f'DIFFERENT: {shapes}'}"
    )
    return verdict, alike and abs(difference) <= MOST_DIFFERENT_MS and p > LEAST_P


def _shape(answer: Answer) -> tuple[Any, ...]:
    """What may not differ: the status, the names of headers, what the body is made of, and its length."""
    body = answer.json if answer.body else {}
    # An address has the length it has.
    length = len(answer.body) - len(str(body.get("user", {}).get("email", "")))
    return answer.status, tuple(sorted(answer.headers)), tuple(sorted(body)), length


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
