"""Verifying: one token a call, and many, with claims and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cases import Case, Field


def cases(field: Field) -> Iterator[Case]:
    """Yield what is measured here; its floor comes from `bench_sign`, as `openssl speed` gives both at once."""
    yield from field.singles("verify")
    yield from field.batches("verify_batch")
    yield from field.batches("verify_signatures")


def bench_verify(case: Case, measure: Callable[[Case], None]) -> None:
    """Measure once."""
    measure(case)
