"""How figures are written: as many digits as a reader can use, and no more than the spread lets stand."""

from __future__ import annotations

NOTHING = "–"  # for what was not measured


def _decimals(value: float, places: int) -> str:
    return f"{value:,.{places}f}"


def ratio(value: float | None) -> str:
    """Write a ratio: 18.2, 3.41, 0.24, 0.009."""
    if value is None:
        return NOTHING
    if value and abs(value) < 0.1:
        return _decimals(value, 3) if abs(value) >= 0.001 else _decimals(value, 4)
    return _decimals(value, 2 if abs(value) < 10 else 1)


def microseconds(value: float | None) -> str:
    """Write a time in microseconds, without the unit: 1,204, 16.3, 4.41, 0.013."""
    if value is None:
        return NOTHING
    size = abs(value)
    return _decimals(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3)


def count(value: float | None) -> str:
    """Write a number of tokens, keys or bytes, or how many of them a second: 68,213."""
    if value is None:
        return NOTHING
    return _decimals(value, 0 if abs(value) >= 10 or value == int(value) else 2)


def percent(fraction: float) -> str:
    """Write a change with its sign: +3.1 %, −0.4 %."""
    return f"{fraction * 100:+.1f} %".replace("-", "−")


def plural(number: int, noun: str) -> str:
    """Write `number` and the noun: 1 thread, 2 threads."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short_count(value: float) -> str:
    """Write a tick of a logarithmic axis: 1, 10, 1k, 100k, 1M."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
