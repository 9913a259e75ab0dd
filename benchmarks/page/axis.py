"""Axes: where to put ticks, and where on the paper a value stands."""

from __future__ import annotations

import math


def linear_ticks(top: float, most: int = 6) -> list[float]:
    """Return round numbers from 0 up to `top`, at most so many."""
    if not top > 0:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(top))
    for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10):
        if top / (step * factor) < most:
            step *= factor
            break
    # Multiples, not sums: 0.1 added three times is not 0.3.
    return [round(step * number, 12) for number in range(int(top / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, *, fine: bool = False) -> list[float]:
    """Return the powers of ten from below `low` to above `high`; with `fine` their doubles and fives, too."""
    factors = (1, 2, 5) if fine else (1,)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    inside = [tick for tick in ticks if low <= tick <= high]
    below = [tick for tick in ticks if tick < low][-1:]
    above = [tick for tick in ticks if tick > high][:1]
    return below + inside + above


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move positions apart until neighbours have `gap` between them, as little as needed, within low to high."""
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    placed = list(wanted)
    floor = low
    for number in order:
        placed[number] = max(placed[number], floor)
        floor = placed[number] + gap
    ceiling = high
    for number in reversed(order):
        placed[number] = min(placed[number], ceiling)
        ceiling = placed[number] - gap
    return placed
