"""`python -m tests.load.purge`: do phones notice that 100,000 old sessions are forgotten (reliability AU-16)?

Phones refresh one after the other over a few connections, calm and while the clock's errand deletes by turns; their p95
while it does may be twice that of the calm at most.
"""

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable

from tests.load.alone import Line, product
from tests.load.asking import request
from tests.load.people import PASSWORD, address, device
from tests.load.servers import Field
from tests.load.storm import p95

OLD, PHONES, ROUNDS, SECONDS = 100_000, 40, 3, 6.0
MOST = 2.0
_FILL = f"""
    INSERT INTO accounts_session
    SELECT (jsonb_populate_record(session, jsonb_build_object(
        'id', gen_random_uuid(), 'revoked_at', now() - interval '40 days', 'revoked_reason', 'signed_out',
        'idle_expires_at', now() - interval '50 days', 'absolute_expires_at', now() - interval '45 days'))).*
    FROM accounts_session AS session, generate_series(1, {OLD // ROUNDS})
    WHERE session.id = (SELECT id FROM accounts_session ORDER BY id LIMIT 1)
"""
_PURGE = "from apps.accounts.periodic import forget_sessions; forget_sessions()"


def main() -> int:
    calm: list[float] = []
    busy: list[float] = []
    forgotten, took = 0, 0.0
    with product() as field, Line(field.stack.port) as line:
        phones = [_signed_in(line, number) for number in range(PHONES)]
        _refreshed(line, phones, _for_seconds(2.0))
        for _ in range(ROUNDS):
            calm += _refreshed(line, phones, _for_seconds(SECONDS))
            before = _count(field)
            field.stack.query(f"WITH filled AS ({_FILL} RETURNING 1) SELECT count(*) FROM filled")
            purge = threading.Thread(
                target=field.stack.manage, args=("shell", "-v", "0", "-c", _PURGE)
            )
            began = time.monotonic()
            purge.start()
            busy += _refreshed(line, phones, purge.is_alive)
            took += time.monotonic() - began
            assert _count(field) <= before, "what was old is gone"
            forgotten += OLD // ROUNDS
    quiet, loud = p95(calm), p95(busy)
    print(
        f"calm: {len(calm)} refreshes, median {statistics.median(calm):.1f} ms, p95 {quiet:.1f} ms\n"
        f"while {forgotten:,} sessions are forgotten in {took:.0f} s: {len(busy)} refreshes, median"
        f" {statistics.median(busy):.1f} ms, p95 {loud:.1f} ms\np95 grows {loud / quiet:.2f} times"
    )
    return int(loud / quiet >= MOST)


def _signed_in(line: Line, number: int) -> list[str]:
    """Sign somebody in; return the refresh token, in a place where the next can be kept."""
    about = {"installation_id": device(5_000 + number), "platform": "ios", "app_version": "2.0.0"}
    told = {"email": address(1_000 + number), "password": PASSWORD, "device": about}
    raw = request(
        "POST",
        "/api/v1/auth/login",
        None,
        json.dumps(told).encode(),
        x_device_id=about["installation_id"],
    )
    answer, _ = line.ask(raw)
    assert answer.status == 200, answer.body
    return [answer.json["refresh"]]


def _for_seconds(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def _refreshed(line: Line, phones: list[list[str]], goes_on: Callable[[], bool]) -> list[float]:
    """Refresh, phone by phone, for so long; return milliseconds."""
    found: list[float] = []
    while goes_on():
        phone = phones[len(found) % len(phones)]
        # The limit per device is not what is measured.
        name = f"installation-{len(found)}-{time.monotonic_ns()}"
        raw = request(
            "POST",
            "/api/v1/auth/refresh",
            None,
            json.dumps({"refresh": phone[0]}).encode(),
            x_device_id=name,
        )
        answer, took = line.ask(raw)
        assert answer.status == 200, answer.body
        phone[0] = answer.json["refresh"]
        found.append(took * 1_000)
    return found


def _count(field: Field) -> int:
    ((count,),) = field.stack.query("SELECT count(*) FROM accounts_session")
    return int(count)


if __name__ == "__main__":
    sys.exit(main())
