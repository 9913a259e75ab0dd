"""Key import: PEM, JWK, and a set of a hundred JWKs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cases import Case, Field

FORMS = ("key:private-pem", "key:public-pem", "key:public-jwk", "key:jwks-100")


def cases(field: Field) -> Iterator[Case]:
    """Yield what is measured here."""
    for form in FORMS:
        yield from field.keys(form)


def bench_key(case: Case, measure: Callable[[Case], None]) -> None:
    """Measure once."""
    measure(case)
