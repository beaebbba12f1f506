"""A feed page at depth 1 and at depth 1,000, in turn, on the local database: wall time and what Postgres computes.

    python -m apps.core.development exec -- env DJANGO_SETTINGS_MODULE=config.settings.test python -m tests.load.depth

`make seed ARGS='--scale 1000000'` fills it.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import django

_DEPTH, _LIMIT = 1_000, 20
_PAIRS, _WARM = 1_500, 100


def main() -> None:
    django.setup()
    from django.db import connection
    from django.test.utils import override_settings, setup_test_environment

    setup_test_environment()
    with override_settings(RATE_LIMITS=dict.fromkeys(_limits(), (10**5, 60))):
        from apps.accounts.models import User
        from tests.plan_table import signed_in

        phone = signed_in(User.objects.order_by("id")[100])
        connection.ensure_connection()
        paths = {1: f"feed?limit={_LIMIT}", _DEPTH: f"feed?limit={_LIMIT}&cursor={_cursor(phone)}"}
        spent: dict[int, list[tuple[float, float]]] = {depth: [] for depth in paths}
        pid = connection.connection.info.backend_pid
        for number in range(_PAIRS + _WARM):
            for depth in sorted(paths, reverse=number % 2 == 1):
                began, computed = time.perf_counter(), _computed(pid)
                answer = phone.get(paths[depth])
                wall = time.perf_counter() - began
                assert answer.status == 200, answer.content
                if number >= _WARM:
                    spent[depth].append((wall, _computed(pid) - computed))
    _tell(spent)


def _limits() -> Iterator[str]:
    from django.conf import settings

    return iter(settings.RATE_LIMITS)


def _cursor(phone: object) -> str:
    """Follow large pages down to the page before the last of so many small ones."""
    path = "feed?limit=100&fields=id"
    following = ""
    for _ in range(_DEPTH * _LIMIT // 100):
        following = phone.get(path + following).json["next"]  # type: ignore[attr-defined]
        following, cursor = f"&cursor={following}", following
    return cursor


def _computed(pid: int) -> float:
    """Return the seconds of processor time that a process has had."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _tell(spent: dict[int, list[tuple[float, float]]]) -> None:
    print(f"{_PAIRS} pages at each depth, in turn; milliseconds")
    print(
        "| depth | wall p50 | wall p95 | Postgres p50 | Postgres p95 |\n| --- | --- | --- | --- | --- |"
    )
    rows = {}
    for depth, pairs in spent.items():
        cuts = [statistics.quantiles(values, n=20) for values in zip(*pairs, strict=True)]
        rows[depth] = [1000 * cut[place] for cut in cuts for place in (9, 18)]
        print(f"| {depth:,} | " + " | ".join(f"{value:.3f}" for value in rows[depth]) + " |")
    ratios = [deep / top for top, deep in zip(rows[1], rows[_DEPTH], strict=True)]
    print("| ratio | " + " | ".join(f"{ratio:.3f}" for ratio in ratios) + " |")


if __name__ == "__main__":
    main()
