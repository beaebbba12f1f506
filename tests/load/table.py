"""The results as text: columns for the terminal, tables for docs/performance.md."""

from collections.abc import Sequence

from tests.load.results import Cell, Figures
from tests.load.servers import OURS, TWIN

type Rows = list[tuple[str, ...]]

_SPEED = (
    "", "requests/s", "twin's", "ratio", "goal", "p50 ms", "p95", "p99", "twin's p50", "twin's p99",
)  # fmt: skip
_COST = (
    "",
    "web µs",
    "twin's",
    "ratio",
    "Postgres µs",
    "twin's",
    "Redis µs",
    "load µs",
    "MB",
    "twin's",
)


def speed(cells: Sequence[Cell]) -> Rows:
    """Requests per second and milliseconds, as a client sees them."""
    return [_SPEED, *(_speed_row(cell) for cell in cells)]


def cost(cells: Sequence[Cell]) -> Rows:
    """Processor time per request by who used it, and resident memory per web process."""
    return [_COST, *(_cost_row(cell) for cell in cells)]


def growth(cells: Sequence[Cell]) -> Rows:
    """Processor time per request of web and Postgres by number of posts."""
    rows: Rows = [("µs per request", *(f"{int(size):,} posts" for size in cells[0].figures))]
    for cell in cells:
        title, figures = cell.work.title + _doubt(cell.is_sound), cell.figures.values()
        rows.append((f"{title}, web", *(f"{each.cpu:,.0f}" for each in figures)))
        rows.append((f"{title}, Postgres", *(f"{each.postgres:,.0f}" for each in figures)))
    return rows


def _speed_row(cell: Cell) -> tuple[str, ...]:
    ours, twin = _sides(cell)
    return (
        cell.work.title + _doubt(cell.is_sound),
        f"{ours.rate:,.0f}", f"{twin.rate:,.0f}" if twin else "", _ratio(cell.ratio),
        f"{cell.work.goal:g}" if cell.work.goal else "",
        f"{ours.p50:.1f}", f"{ours.p95:.1f}", f"{ours.p99:.1f}",
        f"{twin.p50:.1f}" if twin else "", f"{twin.p99:.1f}" if twin else "",
    )  # fmt: skip


def _cost_row(cell: Cell) -> tuple[str, ...]:
    ours, twin = _sides(cell)
    return (
        cell.work.title + _doubt(cell.is_sound),
        f"{ours.cpu:,.0f}", f"{twin.cpu:,.0f}" if twin else "", _ratio(cell.cpu_ratio),
        f"{ours.postgres:,.0f}", f"{twin.postgres:,.0f}" if twin else "",
        f"{ours.redis:,.0f}", f"{ours.generator:,.0f}",
        f"{ours.megabytes}", f"{twin.megabytes}" if twin else "",
    )  # fmt: skip


def _sides(cell: Cell) -> tuple[Figures, Figures | None]:
    """Return ours, or what stands alone, and the twin."""
    return cell.figures.get(OURS) or next(iter(cell.figures.values())), cell.figures.get(TWIN)


def _doubt(is_sound: bool) -> str:
    return "" if is_sound else " (noisy)"


def _ratio(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio else ""


def plain(rows: Rows) -> str:
    """Lay rows out for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def markdown(rows: Rows) -> str:
    head, *rest = rows
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rest))


def by_connections(cells: Sequence[Cell]) -> list[tuple[int, list[Cell]]]:
    counts = dict.fromkeys(cell.connections for cell in cells)
    return [(count, [cell for cell in cells if cell.connections == count]) for count in counts]
