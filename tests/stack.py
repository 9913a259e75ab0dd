"""What becomes of a call where the stack is nearly used up."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def outcomes_near_the_limit(call: Callable[[], Any]) -> set[str]:
    """Call it with ever less stack left, until there is no room for it at all; return what it raised.

    `call` is a function that makes one call of the function in question: that makes two frames, and to make an error
    takes one.
    """
    outcomes: set[str] = set()

    def room(frames: int) -> None:
        if frames:
            room(frames - 1)

    def dive(levels: int) -> None:
        if levels:
            dive(levels - 1)
            return
        room(2)
        try:
            call()
        except Exception as error:  # noqa: BLE001 - that is what is asked
            outcomes.add(f"{type(error).__name__}: {error}")

    for levels in range(sys.getrecursionlimit()):
        try:
            dive(levels)
        except RecursionError:
            return outcomes
    raise AssertionError("the stack has no end")
