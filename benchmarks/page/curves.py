"""Curves over a logarithmic axis: how the cost of one token changes with the number of tokens in a call."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from page import axis, lettering, spelling, svg
from page.markup import Markup, element

_HEIGHT = 250.0  # pixels
_LEFT, _RIGHT, _TOP, _BOTTOM = 38.0, 104.0, 26.0, 40.0
_LINES_APART = 14.0  # two lines of one label
_LABELS_APART = 32.0  # two labels


@dataclass(frozen=True)
class Point:
    """A measurement: where it stands, and what a test compares it by."""

    x: float
    y: float
    attributes: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Curve:
    """Points from left to right, with a name for the end of the line; `kind` is the class it is painted by."""

    name: str
    points: list[Point]
    kind: str


@dataclass(frozen=True)
class Scale:
    """A mapping of values to pixels, with the ticks that it has."""

    place: Callable[[float], float]
    ticks: list[tuple[float, str]]


def logarithmic(values: list[float], start: float, end: float, *, fine: bool = False) -> Scale:
    """Return a logarithmic scale between two pixels that has all the values within its outermost ticks."""
    ticks = axis.log_ticks(min(values), max(values), fine=fine)
    low, high = math.log(ticks[0]), math.log(ticks[-1])
    if high == low:
        low, high = low - 1, high + 1

    def place(value: float) -> float:
        return start + (math.log(value) - low) / (high - low) * (end - start)

    return Scale(place, [(place(tick), spelling.short_count(tick)) for tick in ticks])


def linear(values: list[float], start: float, end: float) -> Scale:
    """Return a scale from zero."""
    ticks = axis.linear_ticks(max(values) * 1.08)
    top = max(max(values) * 1.08, ticks[-1])

    def place(value: float) -> float:
        return start + value / top * (end - start)

    return Scale(place, [(place(tick), f"{tick:g}") for tick in ticks])


def y_pixels() -> tuple[float, float]:
    """Return the bottom and the top of the field."""
    return _HEIGHT - _BOTTOM, _TOP


def x_pixels() -> tuple[float, float]:
    """Return the left and the right of the field."""
    return _LEFT, svg.WIDTH - _RIGHT


def _grid(x: Scale, y: Scale) -> list[Markup]:
    (left, right), (bottom, _) = x_pixels(), y_pixels()
    drawn = []
    for place, words in y.ticks:
        drawn.append(svg.line(left, place, right, place, "grid"))
        drawn.append(svg.text(left - 6, place + 4, words, "tick small", text_anchor="end"))
    taken = -math.inf
    for place, words in x.ticks:
        drawn.append(svg.line(place, bottom, place, bottom + 4, "axis"))
        half = lettering.width(words, svg.SMALL) / 2
        if words and place - half > taken:
            drawn.append(svg.text(place, bottom + 17, words, "tick small", text_anchor="middle"))
            taken = place + half + 5
    drawn.append(svg.line(left, bottom, right, bottom, "axis"))
    return drawn


def _curve(curve: Curve, x: Scale, y: Scale) -> Markup:
    placed = [(x.place(point.x), y.place(point.y)) for point in curve.points]
    dots = [
        element(
            "circle",
            element("title", point.title),
            cx=across,
            cy=down,
            r=3,
            class_="dot hollow" if point.hollow else "dot",
            **{name.replace("data_", "data_dot_", 1): value for name, value in point.attributes.items()},
        )
        for point, (across, down) in zip(curve.points, placed, strict=True)
    ]
    return element("g", svg.path(placed, "curve"), *dots, class_=f"series {curve.kind}")


def _labels(curves: list[Curve], y: Scale, spell: Callable[[float], str]) -> list[Markup]:
    """Name each curve at its end, and moved away from the next name where two end close together."""
    _, right = x_pixels()
    ends = [y.place(curve.points[-1].y) for curve in curves]
    bottom, top = y_pixels()
    at = axis.spread(ends, _LABELS_APART, top + 6, bottom - _LINES_APART - 2)
    drawn = []
    for curve, end, down in zip(curves, ends, at, strict=True):
        last = curve.points[-1]
        if abs(end - down) > 1:
            drawn.append(svg.line(right + 3, end, right + 9, down, "leader"))
        drawn.append(svg.fitted(right + 12, down + 4, curve.name, _RIGHT - 12, f"label {curve.kind}"))
        drawn.append(
            svg.text(right + 12, down + 4 + _LINES_APART, spell(last.y), "figure small", **last.attributes)
        )
    return drawn


def curves(
    key: str,
    drawn: list[Curve],
    x: Scale,
    y: Scale,
    *,
    title: str,
    description: str,
    across: str,
    upwards: str,
    spell: Callable[[float], str],
    more: list[Markup] | None = None,
) -> Markup:
    """Return a plot of several curves; `across` and `upwards` name the axes, with their units."""
    left, _ = x_pixels()
    axes = [
        svg.fitted(0, 11, upwards, svg.WIDTH, "tick small"),
        svg.fitted(left, _HEIGHT - 4, across, svg.WIDTH - left, "tick small"),
    ]
    shapes = [_curve(curve, x, y) for curve in drawn]
    return svg.plot(
        key,
        _HEIGHT,
        title,
        description,
        *axes,
        *_grid(x, y),
        *(more or []),
        *shapes,
        *_labels(drawn, y, spell),
    )
