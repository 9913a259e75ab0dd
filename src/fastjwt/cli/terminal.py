"""What people see: lines on stderr, progress where somebody watches, and text that cannot play tricks on a terminal."""

from __future__ import annotations

import contextlib
import sys
import time

__all__ = ["Progress", "number", "printable", "say"]

_EVERY_SECONDS = 0.2


def say(text: str) -> None:
    """Print `text` to stderr; if that is gone there is nobody to tell."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def printable(text: str, *, keep: str = "") -> str:
    """Return `text` with everything escaped that is not plainly visible: controls, direction marks, surrogates.

    Tokens are written by strangers, and a terminal obeys some characters.
    """
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode("ascii") for c in text
    )


def number(value: float) -> str:
    """Return a figure with thousands separated and no more decimals than help: 12,345, 12.3 or 1.23."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Progress:
    """One line on stderr that tells how far a job is, redrawn a few times a second; nothing unless it is a terminal."""

    def __init__(self, what: str, total: int | None = None, *, quiet: bool = False) -> None:
        self._what = what
        self._total = total  # in whatever `show` is given as its position
        self._watched = not quiet and sys.stderr is not None and _is_terminal()
        self._started = time.monotonic()
        self._next = self._started + _EVERY_SECONDS
        self._drawn = False

    def show(self, done: int, position: int | None = None) -> None:
        """Say that `done` tokens are through; `position` is how far that is of the total (by default, the same)."""
        if not self._watched or (now := time.monotonic()) < self._next:
            return
        self._next = now + _EVERY_SECONDS
        rate = done / (now - self._started)
        share = ""
        if self._total:
            share = f"{min(1.0, (done if position is None else position) / self._total):6.0%}"
        self._draw(f"{self._what}{share}  {done:,} tokens  {number(rate)}/s")

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._draw("")

    def _draw(self, text: str) -> None:
        self._drawn = bool(text)
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except ValueError:  # closed
        return False
