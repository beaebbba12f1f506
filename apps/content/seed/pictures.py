"""Pictures for the demo, painted on the spot: hills under an evening sky, the same every time for the same words."""

import random
from colorsys import hsv_to_rgb
from io import BytesIO
from math import pi, sin

from PIL import Image, ImageDraw, ImageOps

type Colour = tuple[int, int, int]

_WIDTH, _HEIGHT = 720, 480
_RIDGES = 4
# Pixels between two points of a ridge.
_STEP = 12


def paint(words: str) -> bytes:
    """Return a JPEG that goes with these words."""
    chance = random.Random(words)  # noqa: S311 - for show
    hue = chance.random()
    sky = ImageOps.colorize(
        Image.linear_gradient("L").resize((_WIDTH, _HEIGHT)),
        _colour(hue, 0.55, 0.55),
        _colour(hue + 0.12, 0.35, 1.0),
    )
    draw = ImageDraw.Draw(sky)
    x, y, size = chance.randrange(90, 630), chance.randrange(90, 220), chance.randrange(28, 64)
    draw.ellipse((x - size, y - size, x + size, y + size), _colour(hue + 0.14, 0.2, 1.0))
    for ridge in range(_RIDGES):
        shade = _colour(hue + 0.03 * ridge, 0.4 + 0.1 * ridge, 0.62 - 0.13 * ridge)
        draw.polygon(_hills(chance, _HEIGHT * (0.5 + 0.13 * ridge)), shade)
    file = BytesIO()
    sky.save(file, "JPEG", quality=88)
    return file.getvalue()


def _hills(chance: random.Random, level: float) -> list[tuple[float, float]]:
    """Lay three waves over each other, and close the line below the picture."""
    waves = [(chance.uniform(6, 30) / n, n, chance.uniform(0, 2 * pi)) for n in (1, 2, 5)]
    line = [
        (x, level + sum(high * sin(n * 2 * pi * x / _WIDTH + at) for high, n, at in waves))
        for x in range(0, _WIDTH + _STEP, _STEP)
    ]
    return [(0.0, float(_HEIGHT)), *line, (float(_WIDTH), float(_HEIGHT))]


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = (round(255 * part) for part in hsv_to_rgb(hue % 1, saturation, value))
    return red, green, blue
