"""What staff see first: panels of numbers that answer "is it healthy?", each from the app that owns the numbers.

An app has a module `panels` with functions like this one; found by name, shown from the ground floor up:

    @dashboard.panel("Sign-ups, last 7 days")
    def sign_ups() -> Chart: ...
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import connection, transaction
from django.utils.module_loading import autodiscover_modules

logger = logging.getLogger(__name__)

# A panel that needs longer than this, in milliseconds, is shown as failed: the page must open when things are bad.
PATIENCE = 1000

type Tone = Literal["", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Row:
    """One number with its name; the tone is how worried to be."""

    label: str
    value: str | int
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One bar as it is drawn, in units of the chart."""

    label: str
    value: int
    x: float
    y: float
    height: float

    @property
    def centre(self) -> float:
        return self.x + Chart.THICKNESS / 2


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars from left to right: label and value."""

    WIDTH = 280
    HEIGHT = 96
    THICKNESS = 24

    bars: Sequence[tuple[str, int]]

    @property
    def columns(self) -> list[Column]:
        step = self.WIDTH / max(len(self.bars), 1)
        tallest = max((value for _, value in self.bars), default=0) or 1
        return [
            Column(
                label,
                value,
                x=round(index * step + (step - self.THICKNESS) / 2, 1),
                y=round(self.HEIGHT * (1 - value / tallest), 1),
                height=round(self.HEIGHT * value / tallest, 1),
            )
            for index, (label, value) in enumerate(self.bars)
        ]


type Content = Sequence[Row] | Chart


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel as it is shown; without content, reading it failed."""

    title: str
    content: Content | None

    @property
    def chart(self) -> Chart | None:
        return self.content if isinstance(self.content, Chart) else None


_sources: dict[str, Callable[[], Content]] = {}


def panel(title: str) -> Callable[[Callable[[], Content]], Callable[[], Content]]:
    """Show what the function returns on the first page of the admin; its queries are bounded and indexed."""

    def register(source: Callable[[], Content]) -> Callable[[], Content]:
        _sources[title] = source
        return source

    return register


def panels() -> list[Panel]:
    """Read every app's panels."""
    autodiscover_modules("panels")
    return [Panel(title, _read(title, source)) for title, source in reversed(_sources.items())]


def _read(title: str, source: Callable[[], Content]) -> Content | None:
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
            return source()
    except Exception:
        # Whatever is wrong with one app's numbers, the others must be seen, now more than ever.
        logger.exception("panel failed", extra={"panel": title})
        return None
