"""One bar made of steps: where the time of a token goes."""

from __future__ import annotations

from page import lettering, provenance, svg
from page.markup import Markup, element
from page.record import Row

_THICK = 26.0  # pixels
_PITCH = 21.0
_SWATCH = 10.0
_FIGURES = 96.0  # from the right: the column of times, then that of shares


def stack(
    key: str,
    steps: list[tuple[str, Row]],
    whole: Row | None,
    *,
    title: str,
    description: str,
    width: float = svg.WIDTH,
) -> Markup:
    """Return a plot of the steps in their order, and under it each one with its time and its share of the sum.

    `whole` is the same work measured as a whole: as a rule under or over it, for the bar's end.
    """
    total = sum(row.microseconds for _, row in steps)
    longest = max(total, whole.microseconds if whole else 0.0)
    scale = width / longest
    drawn: list[Markup] = []
    x = 0.0
    for number, (_, row) in enumerate(steps):
        size = row.microseconds * scale
        drawn.append(
            element(
                "rect",
                x=x,
                y=4,
                width=max(size - 1, 0.5),
                height=_THICK,
                class_=f"step step-{number % 6}",
                data_bar=row.index,
            )
        )
        x += size
    if whole:
        end = whole.microseconds * scale
        drawn.append(svg.line(0.5, _THICK + 10, end - 0.5, _THICK + 10, "whole"))
        drawn.extend(svg.line(at, _THICK + 6, at, _THICK + 14, "whole") for at in (0.5, end - 0.5))
    y = _THICK + 20

    def entry(words: str, figure: Markup | None, share: str, class_: str, swatch: Markup) -> None:
        nonlocal y
        drawn.append(swatch)
        room = width - _FIGURES - 18 - lettering.width("999.99", svg.LABEL)
        drawn.append(svg.fitted(18, y + 13, words, room, class_))
        if figure:
            drawn.append(figure)
        if share:
            drawn.append(svg.text(width, y + 13, share, "label note", text_anchor="end"))
        y += _PITCH

    for number, (words, row) in enumerate(steps):
        swatch = element(
            "rect", x=0, y=y + 4, width=_SWATCH, height=_SWATCH, rx=2, class_=f"step step-{number % 6}"
        )
        figure = svg.text(
            width - _FIGURES + 36,
            y + 13,
            f"{provenance.text(row, 'microseconds')} µs",
            "figure",
            text_anchor="end",
            **provenance.attributes(row, "microseconds"),
        )
        entry(words, figure, f"{row.microseconds / total * 100:.0f} %", "label", swatch)
    if whole:
        figure = svg.text(
            width - _FIGURES + 36,
            y + 13,
            f"{provenance.text(whole, 'microseconds')} µs",
            "figure",
            text_anchor="end",
            **provenance.attributes(whole, "microseconds"),
        )
        entry(
            "verify_batch, all of it", figure, "", "label chosen", svg.line(0, y + 9, _SWATCH, y + 9, "whole")
        )
    return svg.plot(key, y + 4, title, description, *drawn, width=width)
