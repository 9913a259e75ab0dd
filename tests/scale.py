"""How much of the long tests is run.

`FASTJWT_TEST_SCALE=50 pytest ...` multiplies their counts by 50, as far as the count that a release wants: those are
written beside each use.
"""

from __future__ import annotations

import os

from hypothesis import settings

SCALE = float(os.environ.get("FASTJWT_TEST_SCALE", "1"))


def scaled(count: int, full: int) -> int:
    """Return `count` multiplied by the scale, and `full` at most."""
    return max(1, min(full, round(count * SCALE)))


def cases(count: int) -> settings:
    """Return the settings of a property that is tried on so many cases, times the scale; a busy machine is no fault."""
    return settings(max_examples=scaled(count, 100 * count), deadline=None)
