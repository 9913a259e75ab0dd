"""Where a figure on the page comes from: attributes that name the row and the member, for readers and for tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from page import spelling
from page.markup import Markup, element
from page.record import Row

_SPELLING: dict[str, Callable[[Any], str]] = {
    "ratio": spelling.ratio,
    "low": spelling.ratio,
    "high": spelling.ratio,
    "microseconds": spelling.microseconds,
    "bits": str,
    "threads": str,
}


def text(row: Row, field: str) -> str:
    """Write the member `field` of a row the way it is always written."""
    return _SPELLING.get(field, spelling.count)(row.value(field))


def attributes(row: Row, field: str) -> dict[str, Any]:
    """Return the data-* attributes of an element that shows the member `field` of `row`."""
    return {"data_row": row.index, "data_field": field, "data_value": json.dumps(row.value(field))}


def number(row: Row, field: str) -> Markup:
    """Return a figure of running text or of a table."""
    if row.value(field) is None:
        return element("span", spelling.NOTHING, class_="none")
    return element("span", text(row, field), class_="number", **attributes(row, field))


def times_as_fast(row: Row, other: Row) -> float:
    """Return how many times as fast `row` is: by the ratios where both have one, since those share their rounds."""
    if row.ratio is not None and other.ratio:
        return row.ratio / other.ratio
    return row.rate / other.rate


def quotient(row: Row, other: Row) -> Markup:
    """Return how many times as fast `row` is as `other`."""
    value = times_as_fast(row, other)
    return element(
        "span",
        spelling.ratio(value),
        class_="number",
        data_row=row.index,
        data_over=other.index,
        data_field="quotient",
        data_value=json.dumps(value),
    )
