"""Bars, the longest first: a line of words with the figure, and under it a bar on a scale that begins at zero.

The scale is linear, although ratios lie between 0.009 and 9: a bar's length is what a reader compares, and on a
logarithmic scale lengths would be wrong.  What is too slow to be seen has its figure, which stands in a column.
"""

from __future__ import annotations

from dataclasses import dataclass

from page import axis, lettering, provenance, spelling, svg
from page.markup import Markup, element
from page.record import Row

PITCH = 32.0  # pixels from one bar to the next
_THICK = 7.0
_BELOW_WORDS = 18.0  # from the top of an entry to its bar
_EDGE = 2.0  # room for the marks at either end of the scale


@dataclass(frozen=True)
class Bar:
    """One entry; `kind` is the class it is painted by: chosen, ours, peer or floor.

    A note that tells two entries of one contender apart is `essential`: a long name gives way to it.
    """

    row: Row
    note: str
    kind: str
    essential: bool = False


def longest(rows: list[Row], field: str) -> float:
    """Return the end of a scale on which all the bars and their spread fit."""
    highest = "high" if field == "ratio" else field
    return max((max(row.value(highest) or 0, row.value(field) or 0) for row in rows), default=1.0)


def _entry(bar: Bar, y: float, field: str, scale: float, width: float, floor: float | None) -> Markup:
    row = bar.row
    figure = provenance.text(row, field)
    value = row.value(field) or 0.0
    y_bar = y + _BELOW_WORDS
    room = width - lettering.width(figure, svg.LABEL) - 10
    reserved = lettering.width(bar.note, svg.SMALL) + 6 if bar.essential else 0.0
    name = lettering.fit(row.contender.label, room - reserved, svg.LABEL)
    note_x = lettering.width(name, svg.LABEL) + 6
    # The note follows the name in the same text element, so that the browser measures the name.
    note = lettering.fit(bar.note, room - note_x, svg.SMALL)
    words = element(
        "text",
        name,
        element("tspan", note, dx="6", class_="note") if note else None,
        x=0,
        y=y + 13,
        class_="label",
    )
    amount = svg.text(width, y + 13, figure, "figure", text_anchor="end", **provenance.attributes(row, field))
    shape = element(
        "rect",
        x=_EDGE,
        y=y_bar,
        width=max(value * scale, 1.0),
        height=_THICK,
        rx=1.5,
        class_="bar",
        data_bar=row.index,
    )
    marks = []
    if field == "ratio" and row.low is not None and row.high is not None and row.high > row.low:
        middle = y_bar + _THICK / 2
        marks.append(svg.line(_EDGE + row.low * scale, middle, _EDGE + row.high * scale, middle, "spread"))
    if floor is not None:
        x = _EDGE + floor * scale
        marks.append(svg.line(x, y_bar - 2, x, y_bar + _THICK + 2, "floor-mark"))
    full = element(
        "title", f"{row.contender.name}, {bar.note}: {figure}. {row.contender.how}".replace(", :", ":")
    )
    return element("g", full, words, amount, shape, *marks, class_=f"entry {bar.kind}")


def bars(
    key: str,
    entries: list[Bar],
    *,
    field: str,
    title: str,
    description: str,
    unit: str,
    top: float | None = None,
    floor: float | None = None,
    width: float = svg.WIDTH,
) -> Markup:
    """Return a plot of `field`, in the order given; `floor` is marked on every bar, `top` ends the scale."""
    top = top or longest([bar.row for bar in entries], field)
    scale = (width - 2 * _EDGE) / top
    drawn = [_entry(bar, number * PITCH, field, scale, width, floor) for number, bar in enumerate(entries)]
    y = len(entries) * PITCH + 6
    spell = spelling.short_count if top >= 1000 else "{:g}".format
    ticks = []
    taken = -1.0
    unit_x = width - lettering.width(unit, svg.SMALL) if unit else width
    for tick in axis.linear_ticks(top):
        x = _EDGE + tick * scale
        ticks.append(svg.line(x, y, x, y + 4, "axis"))
        words = spell(tick)
        half = lettering.width(words, svg.SMALL) / 2
        start = max(x - half, 0)
        if start > taken and start + 2 * half < width:
            ticks.append(svg.text(start + half, y + 16, words, "tick small", text_anchor="middle"))
            taken = start + 2 * half + 4
    ticks.append(svg.line(_EDGE, y, width - _EDGE, y, "axis"))
    ticks.append(svg.fitted(0, y + 32, unit, width, "tick small") if unit_x else Markup(""))
    return svg.plot(key, y + 38, title, description, *drawn, *ticks, width=width)
