"""Minting: one token a call, and many."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cases import Case, Field


def cases(field: Field) -> Iterator[Case]:
    """Yield what is measured here, and the floor that it is divided by."""
    yield from field.floors()
    yield from field.singles("sign")
    yield from field.batches("sign_batch")


def bench_sign(case: Case, measure: Callable[[Case], None]) -> None:
    """Measure once."""
    measure(case)
