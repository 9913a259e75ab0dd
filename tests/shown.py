"""What a page of the benchmarks shows, read back from its HTML, and whether it is what the record says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any


class Element:
    """An element with its attributes, its children and all text in it."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.texts: list[str] = []

    def all(self, name: str | None = None, **wanted: str) -> list[Element]:
        """Return the elements under this one, in their order; data_row="3" wants that attribute."""
        found = []
        for child in self.children:
            if (name is None or child.name == name) and all(
                child.attributes.get(key.rstrip("_").replace("_", "-")) == value
                for key, value in wanted.items()
            ):
                found.append(child)
            found.extend(child.all(name, **wanted))
        return found

    @property
    def text(self) -> str:
        """The texts of this element and of those under it, without an SVG's titles."""
        return "".join(self.texts) + "".join(child.text for child in self.children if child.name != "title")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].texts.append(data)


def read(page: str) -> Element:
    """Read a page; every tag has to be closed in its turn."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == [reader.root]
    return reader.root


def expected(figure: dict[str, str], record: dict[str, Any], runs: list[dict[str, Any]]) -> float:
    """Compute, from the data alone, what an element with these data-* attributes has to show."""
    field = figure["data-field"]
    if "data-run" in figure:
        value: float = runs[int(figure["data-run"])]["results"][int(figure["data-result"])][field]
        return value
    row = record["rows"][int(figure["data-row"])]
    if field == "quotient":
        other = record["rows"][int(figure["data-over"])]
        of = "ratio" if row["ratio"] and other["ratio"] else "rate"
        return float(row[of] / other[of])
    if field == "microseconds":
        return float(1e6 / row["rate"])
    if field.startswith("extra."):
        return float(row["extra"][field.removeprefix("extra.")])
    return float(row[field])


def disagreement(
    figure: dict[str, str], text: str, record: dict[str, Any], runs: list[dict[str, Any]]
) -> str | None:
    """Say how a figure differs from the data, in its exact value or in the digits that a reader sees."""
    value = expected(figure, record, runs)
    where = f"{text!r} for {figure}, expected {value!r}"
    if abs(float(figure["data-value"]) - value) > 1e-9 * abs(value):
        return f"another value: {where}"
    digits = re.fullmatch(r"([0-9,]+)(?:\.([0-9]+))?( µs)?", text)
    if digits is None:
        return f"no number: {where}"
    read_as = float(f"{digits[1].replace(',', '')}.{digits[2] or 0}")
    if abs(read_as - value) > 0.5001 * 10.0 ** -len(digits[2] or ""):
        return f"other digits: {where}"
    return None


def embedded(page: Element, key: str) -> Any:
    """Return the data in a script element."""
    (script,) = page.all("script", id=key)
    assert script.attributes["type"] == "application/json"
    return json.loads(script.text)
