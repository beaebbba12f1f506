"""The results as text: for the terminal and for docs/performance.md."""

from collections.abc import Sequence

from tests.load.results import Cell
from tests.load.servers import CONSTANT, OURS, TWIN

HEADINGS = (
    "work", "req/s", "twin", "ratio", "goal", "p50", "p95", "p99 ms", "twin p50", "p99",
    "CPU µs", "twin", "less by", "Postgres", "twin", "Redis", "load",
)  # fmt: skip


def rows(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    """Return one row of texts per cell, as HEADINGS name them."""
    return [_row(cell) for cell in cells]


def _row(cell: Cell) -> tuple[str, ...]:
    ours = cell.figures.get(OURS) or cell.figures[CONSTANT]
    twin = cell.figures.get(TWIN)
    goal = f"{cell.work.goal:g}" if cell.work.goal else ""
    title = cell.work.title + ("" if cell.is_sound else " (noisy)")
    return (
        title, f"{ours.rate:,.0f}", _of(twin and twin.rate), _times(cell.ratio), goal,
        f"{ours.p50:.1f}", f"{ours.p95:.1f}", f"{ours.p99:.1f}",
        f"{twin.p50:.1f}" if twin else "", f"{twin.p99:.1f}" if twin else "",
        f"{ours.cpu:,.0f}", _of(twin and twin.cpu), _times(cell.cpu_ratio),
        f"{ours.postgres:,.0f}", _of(twin and twin.postgres), f"{ours.redis:,.0f}",
        f"{ours.generator:,.0f}",
    )  # fmt: skip


def _of(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio else ""


def plain(cells: Sequence[Cell]) -> str:
    """Lay the rows out for a terminal, one table for each number of connections."""
    return "\n\n".join(
        f"{count} connections\n{_laid_out([HEADINGS, *rows(same)])}"
        for count, same in by_connections(cells)
    )


def _laid_out(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def by_connections(cells: Sequence[Cell]) -> list[tuple[int, list[Cell]]]:
    counts = dict.fromkeys(cell.connections for cell in cells)
    return [(count, [cell for cell in cells if cell.connections == count]) for count in counts]
