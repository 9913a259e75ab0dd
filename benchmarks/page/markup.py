"""Elements of HTML and SVG as text: whatever is not markup already is escaped on its way in."""

from __future__ import annotations

import html
import re
from typing import Any

# Closed without a second tag, which HTML allows for its own void elements and for all of SVG's.
_EMPTY = {"circle", "col", "line", "link", "meta", "path", "rect"}


# What neither XML nor UTF-8 can hold: control characters and halves of surrogate pairs.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def speakable(text: str) -> str:
    """Return `text` with a mark in the place of each character that no file can hold."""
    return _UNSPEAKABLE.sub("\ufffd", text)


class Markup(str):
    """Text that is markup; a class, because only element() and raw() may say so."""

    __slots__ = ()


def raw(text: str) -> Markup:
    """Declare `text` to be markup: a stylesheet or an escaped script, never a value of the record."""
    return Markup(text)


def join(*children: str | None) -> Markup:
    """Return the children one after the other; texts are escaped, None is nothing."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else html.escape(speakable(child))
            for child in children
            if child is not None
        )
    )


def _attribute(name: str, value: Any) -> str:
    if isinstance(value, float) and not name.startswith("data_"):
        value = f"{value:.2f}".rstrip("0").rstrip(".")  # coordinates; what data-* holds stays exact
    name = name.rstrip("_").replace("_", "-")
    return f' {name}="{html.escape(speakable(str(value)))}"'


def element(name: str, /, *children: str | None, **attributes: Any) -> Markup:
    """Return an element; data_row=3 becomes data-row="3", class_ becomes class, an attribute of None is left out."""
    opening = name + "".join(_attribute(key, value) for key, value in attributes.items() if value is not None)
    if not children and name in _EMPTY:
        return Markup(f"<{opening}/>")
    return Markup(f"<{opening}>{join(*children)}</{name}>")
