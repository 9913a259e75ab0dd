"""How wide a text will be, before any browser has seen it: an estimate on the wide side, for any sans-serif font."""

from __future__ import annotations

_NARROW = frozenset("ijl.,:;'|!()[] ")
_WIDE = frozenset("mwMW@%–—…")


def width(text: str, size: float) -> float:
    """Return the width of `text` in pixels at a font size in pixels; DejaVu Sans, the widest in use, was the model."""
    ems = 0.0
    for letter in text:
        if letter in _NARROW:
            ems += 0.38
        elif letter in _WIDE or ord(letter) > 0x2E80:
            ems += 1.0
        elif letter.isupper():
            ems += 0.72
        else:
            ems += 0.64
    return ems * size


def fit(text: str, pixels: float, size: float) -> str:
    """Return `text`, or as much of it as fits into so many pixels, with an ellipsis."""
    text = " ".join(text.split())
    if width(text, size) <= pixels:
        return text
    while text and width(f"{text}…", size) > pixels:
        text = text[:-1].rstrip(" ,")
    return f"{text}…" if text else ""
