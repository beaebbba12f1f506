"""What drills counted is told at the end, summed up over the parts of a crowd and the processes that shared them."""

from collections import defaultdict
from typing import Any

COUNTED = "counted"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", ()):
                if name == COUNTED:
                    what, good, of = value
                    totals[what][0] += good
                    totals[what][1] += of
    for what, (good, of) in totals.items():
        terminalreporter.write_line(f"{good}/{of} {what}")
