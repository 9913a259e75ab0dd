"""Tables: on the page each in a box of its own that scrolls, so that the page never does."""

from __future__ import annotations

from collections.abc import Sequence

from page import provenance, spelling
from page.markup import Markup, element, join
from page.record import Row


def table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[int] = ()
) -> Markup:
    """Return a table; `numeric` are the columns that are set to the right, the first column heads its row.

    The caption is for those who cannot see what stands above the table.
    """

    def cells(row: Sequence[str]) -> Markup:
        return join(
            *(
                element(
                    "td" if column else "th",
                    cell,
                    scope=None if column else "row",
                    class_="right" if column in numeric else None,
                )
                for column, cell in enumerate(row)
            )
        )

    headings = [
        element("th", words, scope="col", class_="right" if column in numeric else None)
        for column, words in enumerate(head)
    ]
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *headings)),
            element("tbody", *(element("tr", cells(row)) for row in rows)),
        ),
        class_="scroll",
        # A box that scrolls has to be reachable by keyboard.
        tabindex=0,
        role="region",
        aria_label=caption,
    )


def folded(summary: str, *content: str, key: str | None = None) -> Markup:
    """Return content that is shown when its summary is clicked; needs no script."""
    return element("details", element("summary", summary), *content, id=key)


def of_rows(caption: str, rows: list[Row]) -> Markup:
    """Return a table of all that was measured, ratios before rates."""

    def spread(row: Row) -> Markup:
        if row.low is None or row.high is None:
            return element("span", spelling.NOTHING, class_="none")
        return join(provenance.number(row, "low"), " to ", provenance.number(row, "high"))

    return table(
        caption,
        [
            "contender",
            "bits",
            "threads",
            "tokens a call",
            "ratio",
            "quartiles",
            "per second",
            "µs each",
            "rounds",
            "algorithm",
        ],
        [
            [
                element("b", row.contender.name) if row.contender.ours else row.contender.name,
                provenance.number(row, "bits"),
                provenance.number(row, "threads"),
                provenance.number(row, "batch"),
                provenance.number(row, "ratio"),
                spread(row),
                provenance.number(row, "rate"),
                provenance.number(row, "microseconds"),
                provenance.number(row, "rounds"),
                row.alg,
            ]
            for row in rows
        ],
        numeric=range(1, 9),
    )
