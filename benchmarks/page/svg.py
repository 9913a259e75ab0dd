"""What all plots have in common: a width that suits a phone, a title for those who cannot see, text that fits."""

from __future__ import annotations

from typing import Any

from page import lettering
from page.markup import Markup, element

# Pixels.  A phone shows one plot beside nothing, a desktop three; so letters have nearly the same size on both.
WIDTH = 360

LABEL = 12.0  # font sizes, as in plot.css
SMALL = 11.0


def plot(
    key: str, height: float, title: str, description: str, *content: str, width: float = WIDTH
) -> Markup:
    """Return an <svg>; `key` is unique on the page, `title` says what it is, `description` what can be seen."""
    return element(
        "svg",
        element("title", title, id=f"{key}-title"),
        element("desc", description, id=f"{key}-description"),
        *content,
        class_="plot",
        viewBox=f"0 0 {width:g} {height:g}",
        width=f"{width:g}",
        height=f"{height:g}",
        role="img",
        aria_labelledby=f"{key}-title {key}-description",
    )


def text(x: float, y: float, words: str, class_: str = "label", **attributes: Any) -> Markup:
    """Return a line of text, whose letters stand on `y`."""
    return element("text", words, x=x, y=y, class_=class_, **attributes)


def fitted(x: float, y: float, words: str, pixels: float, class_: str = "label") -> Markup:
    """Return a line of text cut to `pixels`; what was cut away stands in its title."""
    size = SMALL if "small" in class_ else LABEL
    cut = lettering.fit(words, pixels, size)
    more = element("title", words) if cut != " ".join(words.split()) else None
    return element("text", more, cut, x=x, y=y, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: list[tuple[float, float]], class_: str) -> Markup:
    """Return a line through points."""
    steps = " L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    return element("path", d=f"M{steps}", class_=class_)
