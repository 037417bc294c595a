"""Lines in panels beside each other, as an SVG picture: y from zero, x by value or by its logarithm."""

from dataclasses import dataclass
from math import ceil, log10
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 430, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 96, 40, 46
COLOURS = ("#1f5fa8", "#b3541e", "#2e7d4f")


@dataclass(frozen=True)
class Line:
    """A name and its points, x growing."""

    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """What x counts, and the lines over it."""

    title: str
    lines: list[Line]
    logarithmic: bool = False


def draw(title: str, panels: list[Panel]) -> str:
    """The picture, two panels in a row."""
    rows = ceil(len(panels) / 2)
    drawn = [
        f'<g transform="translate({number % 2 * WIDTH} {30 + number // 2 * HEIGHT})">{_panel(panel)}</g>'
        for number, panel in enumerate(panels)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{30 + rows * HEIGHT}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
        f'<text x="{LEFT}" y="22" font-size="14">{escape(title)}</text>\n' + "\n".join(drawn) + "\n</svg>\n"
    )


def _panel(panel: Panel) -> str:
    xs = [x for line in panel.lines for x, _ in line.points]
    top = _round(max(y for line in panel.lines for _, y in line.points))
    low, high = (log10(min(xs)), log10(max(xs))) if panel.logarithmic else (0.0, max(xs))

    def across(x: float) -> float:
        at = log10(x) if panel.logarithmic else x
        return LEFT + (at - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts = [f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(panel.title)}</text>']
    for quarter in range(5):
        y = top * quarter / 4
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(y):.1f}" y2="{up(y):.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{up(y) + 4:.1f}" text-anchor="end">{y:,.0f}</text>'
        )
    marks = sorted(set(xs)) if panel.logarithmic else [high * quarter / 4 for quarter in range(5)]
    parts += [
        f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{x:,.0f}</text>' for x in marks
    ]
    for line, colour in zip(panel.lines, COLOURS, strict=False):
        places = [(across(x), up(y)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        x, y = places[-1]
        parts.append(f'<text x="{x + 7:.1f}" y="{y + 4:.1f}" fill="{colour}">{escape(line.name)}</text>')
    return "".join(parts)


def _round(value: float) -> float:
    """The next number that four steps lead to in a readable way."""
    ten = 10.0 ** int(log10(value))
    return next(step * ten for step in (1, 2, 4, 6, 8, 10, 20) if step * ten >= value)
