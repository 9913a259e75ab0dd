"""What the parts of the page are made of: a heading that can be linked to, text, and plots side by side."""

from __future__ import annotations

from dataclasses import dataclass

from page.markup import Markup, element


@dataclass(frozen=True)
class Section:
    """A heading that can be linked to, and what stands under it."""

    key: str
    title: str
    body: Markup


def paragraph(*content: str, class_: str | None = None) -> Markup:
    """Return a paragraph."""
    return element("p", *content, class_=class_)


def panel(title: str, *content: str, note: str | None = None) -> Markup:
    """Return a plot with its heading."""
    heading = element("h3", title, element("small", note) if note else None)
    return element("figure", heading, *content)


def grid(*panels: str) -> Markup:
    """Return panels side by side, as many as there is room for."""
    return element("div", *panels, class_="grid")


def not_measured(what: str) -> Markup:
    """Return the sentence that stands for a part without rows."""
    return paragraph(f"This run did not measure {what}.", class_="none")
