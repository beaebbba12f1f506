"""Charts as SVG, written by hand: no dependency, readable on light and on dark paper."""

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

# Colours tell apart on either paper and to the colour-blind (Okabe and Ito); text follows the reader's scheme.
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.small { font-size: 11px; fill: #57606a }
.title { font-size: 15px; font-weight: 600 }
.axis { stroke: #8c959f; stroke-width: 1 }
.grid { stroke: #8c959f; stroke-opacity: .3 }
.one { fill: #0072b2; stroke: #0072b2 } .two { fill: #d55e00; stroke: #d55e00 }
.goal { stroke: #24292f; stroke-width: 2 }
path { fill: none !important; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .small { fill: #9198a1 } .goal { stroke: #e6edf3 }
  .one { fill: #56b4e9; stroke: #56b4e9 } .two { fill: #e69f00; stroke: #e69f00 }
}
"""
_TIMES = "\N{MULTIPLICATION SIGN}"
_WIDTH = 760
_LEFT, _RIGHT, _TOP = 170, 70, 64
_ROW, _BAR = 34, 18


def bars(title: str, note: str, rows: Sequence[tuple[str, float, float]]) -> str:
    """Draw one bar per row of label, value and goal (0 for none); 1 is marked."""
    most = max([1.0, *(max(value, goal) for _, value, goal in rows)]) * 1.05
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    height = _TOP + _ROW * len(rows) + 36
    base = _TOP + _ROW * len(rows)
    parts = [_line(_LEFT, _TOP - 6, _LEFT, base, "axis")]
    for tick in range(1, math.floor(most) + 1):
        across = _LEFT + tick * scale
        parts.append(_line(across, _TOP - 6, across, base, "axis" if tick == 1 else "grid"))
        parts.append(_text(across, base + 18, f"{tick}{_TIMES}", "small", "middle"))
    for place, row in enumerate(rows):
        parts += _bar(_TOP + _ROW * place + (_ROW - _BAR) / 2, scale, *row)
    return _svg(title, note, height, parts)


def _bar(top: float, scale: float, label: str, value: float, goal: float) -> list[str]:
    size = f'width="{value * scale:.1f}" height="{_BAR}"'
    end = _LEFT + max(value, goal) * scale + 8
    parts = [
        _text(_LEFT - 10, top + 14, label, "", "end"),
        f'<rect class="one" x="{_LEFT}" y="{top:.1f}" {size} rx="2"/>',
        _text(end, top + 14, f"{value:.1f}{_TIMES}", "", "start"),
    ]
    if goal:
        across = _LEFT + goal * scale
        parts.append(_line(across, top - 5, across, top + _BAR + 5, "goal"))
    return parts


def lines(title: str, note: str, series: dict[str, dict[int, float]]) -> str:
    """Draw one line per name over numbers on a logarithmic scale; values start at 0."""
    numbers = sorted({number for values in series.values() for number in values})
    most = max(value for values in series.values() for value in values.values()) * 1.15
    bottom, height = _TOP + 220, _TOP + 262
    left, right = 70, _WIDTH - 170
    across = _spread(numbers, left + 20, right - 20)
    parts = [_line(left, bottom, right, bottom, "axis")]
    parts += [_text(across[n], bottom + 20, f"{n:,}", "small", "middle") for n in numbers]
    for tick in _ticks(most):
        level = bottom - tick / most * 220
        parts.append(_line(left, level, right, level, "grid"))
        parts.append(_text(left - 8, level + 4, f"{tick:,}", "small", "end"))
    for mark, (name, values) in zip(("one", "two"), series.items(), strict=False):
        points = [(across[n], bottom - value / most * 220) for n, value in sorted(values.items())]
        route = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path class="{mark}" d="M{route}"/>')
        parts += [f'<circle class="{mark}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in points]
        parts.append(_text(points[-1][0] + 14, points[-1][1] + 4, name, "", "start"))
    return _svg(title, note, height, parts)


def _spread(numbers: Sequence[int], left: float, right: float) -> dict[int, float]:
    first, last = math.log(numbers[0]), math.log(numbers[-1])
    span = last - first or 1.0
    return {n: left + (math.log(n) - first) / span * (right - left) for n in numbers}


def _ticks(most: float) -> list[int]:
    step = 10 ** math.floor(math.log10(most))
    if most / step < 3:
        step /= 2
    return [round(step * count) for count in range(1, int(most / step) + 1) if step * count >= 1]


def _svg(title: str, note: str, height: float, parts: Sequence[str]) -> str:
    # The paper is whatever is behind: only ink is drawn.
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:.0f}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            _text(16, 24, title, "title", "start"),
            _text(16, 44, note, "small", "start"),
            *parts,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
