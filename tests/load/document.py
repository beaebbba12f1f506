"""Writes what was measured into docs/performance.md, between marks, and draws its charts beside it."""

import platform
import re
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.load import chart, machine, table
from tests.load.results import Cell
from tests.load.rounds import Course
from tests.load.servers import OURS, PROCESSES
from tests.stack import ROOT

_PAGE = ROOT / "docs" / "performance.md"
_RATIOS = _PAGE.with_name("performance.svg")
_GROWTH = _PAGE.with_name("performance-growth.svg")


def write_ratios(cells: Sequence[Cell], course: Course, posts: int) -> Path:
    """Write the comparison with the twin."""
    first, *others = table.by_connections(cells)
    count, compared = first
    note = f"{count} connections; 1 is the twin; the stroke is the goal"
    bars = [(cell.work.title, cell.ratio, cell.work.goal) for cell in compared if cell.ratio]
    _RATIOS.write_text(chart.bars("Requests per second, as a multiple of the twin's", note, bars))
    parts = [
        _circumstances(cells, course, posts),
        f"![{note}]({_RATIOS.name})",
        f"As a client sees it, {count} connections:",
        table.markdown(table.speed(compared)),
        "What it costs, per request:",
        table.markdown(table.cost(compared)),
    ]
    for more, same in others:
        parts += [f"With {more} connections:", table.markdown(table.speed(same))]
    _put("ratios", "\n\n".join(parts))
    return _PAGE


def write_growth(cells: Sequence[Cell]) -> Path:
    """Write how the cost stands as the tables grow."""
    series = {
        cell.work.title: {int(n): each.cpu + each.postgres for n, each in cell.figures.items()}
        for cell in cells
    }
    note = "µs of web and Postgres together, by posts in the table"
    _GROWTH.write_text(chart.lines("Processor time per request", note, series))
    _put("growth", f"![{note}]({_GROWTH.name})\n\n{table.markdown(table.growth(cells))}")
    return _PAGE


def _circumstances(cells: Sequence[Cell], course: Course, posts: int) -> str:
    quiet, windows = sum(cell.quiet for cell in cells), sum(cell.windows for cell in cells)
    largest = max(cell.figures[OURS].megabytes for cell in cells if OURS in cell.figures)
    return (
        f"Measured {date.today().isoformat()} on {machine.describe()}; Python {platform.python_version()},"  # noqa: DTZ011
        f" Django {version('django')}, REST framework {version('djangorestframework')},"
        f" gunicorn {version('gunicorn')}. {posts:,} posts of 2 kB; {PROCESSES} web processes each;"
        f" {course.rounds} rounds of {course.seconds:g} s per work and side, {quiet} of {windows} quiet."
        f" At most {largest} MB in a process of ours."
    )


def _put(name: str, text: str) -> None:
    begin, end = f"<!-- bench: {name} -->", f"<!-- end: {name} -->"
    page = _PAGE.read_text()
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise LookupError(f"{_PAGE} has no place for {name}.")
    _PAGE.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page))
