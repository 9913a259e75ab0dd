"""A line on stderr that says how far a run is, and how long it will still take."""

from __future__ import annotations

import sys
import time

_EVERY_SECONDS = 0.5
_EVERY_SECONDS_IN_A_LOG = 30.0


def time_left(done: int, items: int, later_items: int, elapsed: float) -> float:
    """Return seconds until all items, and those of later runs, are through, if they go on as they did."""
    return elapsed / max(1, done) * (items + later_items - done)


def spoken(seconds: float) -> str:
    """Return a time as people say it: 45 s, 3 min, 25 min."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


class Progress:
    """Redrawn on a terminal; elsewhere a new line now and then."""

    def __init__(self, wanted: bool, later_items: int) -> None:
        # What was stderr before pytest captured it.
        self._stream = sys.__stderr__ if wanted else None
        self._later_items = later_items
        self._terminal = self._stream is not None and self._stream.isatty()
        self._items = self._done = 0
        self._started = self._next = 0.0

    def begin(self, items: int) -> None:
        """Begin to count."""
        self._items = items
        self._started = self._next = time.monotonic()

    def show(self, name: str) -> None:
        """Say that this one comes now."""
        now = time.monotonic()
        if self._stream is not None and now >= self._next:
            self._next = now + (_EVERY_SECONDS if self._terminal else _EVERY_SECONDS_IN_A_LOG)
            text = f"{self._done:,} of {self._items:,} samples"
            if self._done >= 20:  # before that, most time went into making keys and tokens
                left = time_left(self._done, self._items, self._later_items, now - self._started)
                text += f", about {spoken(left)} left"
            self._write(f"{text}; {name}")
        self._done += 1

    def end(self) -> None:
        """Take the line away."""
        if self._stream is not None and self._terminal:
            self._write("")

    def _write(self, text: str) -> None:
        assert self._stream is not None
        self._stream.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
        self._stream.flush()
