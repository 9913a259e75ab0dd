"""Growing work: cost per token in batches of 1 to 1,000,000, and the memory of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cases import Case, Field


def cases(field: Field) -> Iterator[Case]:
    """Yield what is measured here."""
    yield from field.scaling("sign_batch")
    yield from field.scaling("verify_batch")
    yield from field.memory()


def bench_scaling(case: Case, measure: Callable[[Case], None]) -> None:
    """Measure once."""
    measure(case)
