"""The steps of a verification, each alone, so that it is plain where time goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cases import Case, Field


def cases(field: Field) -> Iterator[Case]:
    """Yield what is measured here."""
    yield from field.stages()


def bench_stage(case: Case, measure: Callable[[Case], None]) -> None:
    """Measure once."""
    measure(case)
