"""Draws how a time grows with sizes: an SVG of panels, each with points and a line through the origin."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 800, 500
TOP, BOTTOM, LEFT, RIGHT, BETWEEN = 84, 76, 62, 24, 74
FONT = 12
LETTER = 7
"""About the width of a letter at that size, to keep names apart."""
RADIUS = 4
POINT, LINE, GRID, INK = "#1f5fa8", "#c2571a", "#dddddd", "#222222"


class Point(NamedTuple):
    name: str
    x: float
    y: float


class Line(NamedTuple):
    """y = slope * x, and what share of the points' spread it tells; None where there is no spread."""

    slope: float
    r_squared: float | None


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (self.left < other.right and other.left < self.right
                and self.top < other.bottom and other.top < self.bottom)


@dataclass(frozen=True)
class Panel:
    title: str
    points: Sequence[Point]
    """With x in bytes and y in seconds."""


@dataclass(frozen=True)
class Scale:
    """Where a value lies on one axis: `start` is 0, `end` is `top`."""

    top: float
    step: float
    start: float
    end: float

    def at(self, value: float) -> float:
        return self.start + (self.end - self.start) * value / self.top

    def ticks(self) -> list[float]:
        return [self.step * n for n in range(round(self.top / self.step) + 1)]


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """The least-squares line through the origin. R² is against the mean, as for any other line, so it
    is below zero where the mean would tell more than the line."""
    squares = sum(x * x for x, _ in points)
    slope = sum(x * y for x, y in points) / squares if squares else 0.0
    mean = sum(y for _, y in points) / len(points)
    spread = sum((y - mean) ** 2 for _, y in points)
    missed = sum((y - slope * x) ** 2 for x, y in points)
    return Line(slope, 1 - missed / spread if spread else None)


def nice_step(most: float, wanted: int = 5) -> float:
    """A step of 1, 2 or 5 times a power of ten that goes into `most` about `wanted` times."""
    if most <= 0:
        return 1.0
    rough = most / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def scale(most: float, start: float, end: float) -> Scale:
    step = nice_step(most)
    return Scale(step * max(1, math.ceil(most / step)), step, start, end)


def byte_unit(most: float) -> tuple[float, str]:
    for size, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if most >= size:
            return size, name
    return 1.0, "bytes"


def draw(title: str, panels: Sequence[Panel]) -> str:
    """The whole picture."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="{FONT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(WIDTH / 2, 28, title, size=16),
    ]
    room = (WIDTH - LEFT - RIGHT - BETWEEN * (len(panels) - 1)) / len(panels)
    for number, panel in enumerate(panels):
        left = LEFT + number * (room + BETWEEN)
        parts += draw_panel(panel, left, left + room)
    parts.append("</svg>\n")
    return "\n".join(parts)


def draw_panel(panel: Panel, left: float, right: float) -> list[str]:
    unit, unit_name = byte_unit(max(point.x for point in panel.points))
    points = [Point(point.name, point.x / unit, point.y) for point in panel.points]
    line = fit([(point.x, point.y) for point in points])
    across = scale(max(point.x for point in points), left, right)
    up = scale(max(point.y for point in points), HEIGHT - BOTTOM, TOP)
    parts = draw_axes(across, up)
    end = min(across.top, up.top / line.slope if line.slope else across.top)
    parts.append(f'<line x1="{across.at(0):.1f}" y1="{up.at(0):.1f}" x2="{across.at(end):.1f}" '
                 f'y2="{up.at(line.slope * end):.1f}" stroke="{LINE}" stroke-width="1.5" '
                 'stroke-dasharray="6 4"/>')
    parts += draw_points([Point(point.name, across.at(point.x), up.at(point.y)) for point in points],
                         Box(left, TOP, right, HEIGHT - BOTTOM))
    middle = (left + right) / 2
    parts += [
        text(middle, TOP - 28, panel.title, size=13),
        text(middle, TOP - 11, line_caption(line, unit_name), colour=LINE),
        text(middle, HEIGHT - BOTTOM + 40, f"{panel.title} ({unit_name})"),
        text(left - 44, (TOP + HEIGHT - BOTTOM) / 2, "CPU time (s)", turned=True),
    ]
    return parts


def line_caption(line: Line, unit_name: str) -> str:
    r_squared = "–" if line.r_squared is None else f"{line.r_squared:.3f}"
    return f"{line.slope:.3g} s per {unit_name}, R² = {r_squared}"


def draw_axes(across: Scale, up: Scale) -> list[str]:
    parts = []
    for tick in across.ticks():
        x = across.at(tick)
        parts.append(stroke(x, up.start, x, up.end, GRID))
        parts.append(text(x, up.start + 18, f"{tick:g}"))
    for tick in up.ticks():
        y = up.at(tick)
        parts.append(stroke(across.start, y, across.end, y, GRID))
        parts.append(text(across.start - 8, y + 4, f"{tick:g}", anchor="end"))
    parts.append(stroke(across.start, up.start, across.end, up.start, INK))
    parts.append(stroke(across.start, up.start, across.start, up.end, INK))
    return parts


def draw_points(points: Sequence[Point], panel: Box) -> list[str]:
    """Dots with their names beside them; a dot has its name as a tooltip too, for where there is no
    room left."""
    taken = [Box(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for _, x, y in points]
    dots, names = [], []
    for name, x, y in points:
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{POINT}">'
                    f'<title>{escape(name)}</title></circle>')
        place = free_place(name, x, y, taken, panel)
        if place:
            taken.append(place)
            names.append(text(place.left, place.bottom - 3, name, anchor="start", colour=POINT))
    # A rim of white keeps names readable where they cross the line.
    return [*dots, '<g stroke="white" stroke-width="3" paint-order="stroke">', *names, "</g>"]


def free_place(name: str, x: float, y: float, taken: Sequence[Box], panel: Box) -> Box | None:
    """A place for a name near a point, within the panel and on nothing else."""
    wide = len(name) * LETTER
    for down in (0, -14, 14, -28, 28):
        for left in (x + RADIUS + 3, x - RADIUS - 3 - wide, x - wide / 2):
            top = y + down - FONT / 2
            box = Box(left, top, left + wide, top + FONT)
            inside = (panel.left <= box.left and box.right <= panel.right
                      and panel.top <= box.top and box.bottom <= panel.bottom)
            if inside and not any(box.meets(other) for other in taken):
                return box
    return None


def stroke(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def text(x: float, y: float, content: str, size: int = FONT, anchor: str = "middle", colour: str = INK,
         turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{colour}"{turn}>{escape(content)}</text>')
