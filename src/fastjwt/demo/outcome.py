"""What came of a demonstration: the comparison of verdicts with the truth, and the speed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .._version import __version__
from .spoiling import KINDS, Kind

__all__ = ["Measurement", "Mismatch", "Outcome", "Plan"]

_ACCEPTED = "accepted"
_SHOWN_MISMATCHES = 20


@dataclass(frozen=True)
class Plan:
    """What to do: how many tokens, which key size (bits), how many threads (None: what the library takes)."""

    tokens: int = 100_000
    bits: int = 2048
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise ValueError("--tokens must be at least 1")
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise ValueError("--threads must be from 1 to 1024")
        if not 2048 <= self.bits <= 8192 or self.bits % 2:
            raise ValueError("--bits must be an even number from 2048 to 8192")


@dataclass(frozen=True)
class Measurement:
    """How fast one operation was, in tokens a second; `raw` is bare libcrypto on one thread, if that could be had."""

    operation: str
    threads: int
    rate: float
    raw: float | None

    @property
    def ratio(self) -> float | None:
        """The rate as a multiple of bare libcrypto's."""
        return self.rate / self.raw if self.raw else None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON may hold it."""
        return {
            "operation": self.operation,
            "threads": self.threads,
            "tokens_per_second": round(self.rate, 1),
            "raw_libcrypto_per_second": None if self.raw is None else round(self.raw, 1),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
        }


@dataclass(frozen=True)
class Mismatch:
    """A token whose verdict was not what it should have been."""

    index: int
    kind: str
    expected: str
    got: str


@dataclass
class Outcome:
    """What was found, beside what was done."""

    plan: Plan
    engine: str
    openssl_version: str
    threads: int
    token_bytes: float  # mean
    spoiled: Counter[str] = field(default_factory=Counter)  # by kind
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)  # spoiled ones, by kind and error code
    honest_refused: Counter[str] = field(default_factory=Counter)  # by error code
    mismatches: list[Mismatch] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    seconds: float = 0.0

    def compare(self, index: int, kind: Kind | None, error: str | None, *, claims_are_right: bool) -> None:
        """Take the verdict on one token, the error's code or None, beside the way in which it was spoiled, if any."""
        expected = _ACCEPTED if kind is None else kind.error
        got = error or _ACCEPTED
        if kind is not None:
            self.spoiled[kind.name] += 1
            if error is not None:
                self.refused[kind.name, error] += 1
        elif error is not None:
            self.honest_refused[error] += 1
        elif not claims_are_right:
            got = "accepted with other claims"
        if got != expected:
            self.mismatches.append(
                Mismatch(index, "left alone" if kind is None else kind.name, expected, got)
            )

    @property
    def exact(self) -> bool:
        """Whether exactly the spoiled tokens were refused, each for the right reason, and the others read aright."""
        return not self.mismatches

    @property
    def honest(self) -> int:
        """How many tokens were left alone."""
        return self.plan.tokens - self.spoiled.total()

    def found_by_reason(self) -> Counter[str]:
        """Return how many tokens were refused, by error code."""
        found = Counter(self.honest_refused)
        for (_kind, error), count in self.refused.items():
            found[error] += count
        return found

    def refused_as(self, kind: Kind) -> dict[str, int]:
        """Return what the tokens of one kind were refused as, and how many."""
        return {error: count for (name, error), count in self.refused.items() if name == kind.name}

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON may hold it."""
        return {
            "version": __version__,
            "exact": self.exact,
            "tokens": self.plan.tokens,
            "bits": self.plan.bits,
            "threads": self.threads,
            "engine": self.engine,
            "openssl_version": self.openssl_version,
            "token_bytes": round(self.token_bytes, 1),
            "accepted": self.plan.tokens - self.found_by_reason().total(),
            "refused": self.found_by_reason().total(),
            "honest_refused": dict(self.honest_refused),
            "spoiled": [
                {
                    "kind": kind.name,
                    "expected": kind.error,
                    "spoiled": self.spoiled[kind.name],
                    "refused_as": self.refused_as(kind),
                }
                for kind in KINDS
                if self.spoiled[kind.name]
            ],
            "found_by_reason": dict(self.found_by_reason().most_common()),
            "mismatch_count": len(self.mismatches),
            "mismatches": [vars(mismatch) for mismatch in self.mismatches[:_SHOWN_MISMATCHES]],
            "measurements": [measurement.as_dict() for measurement in self.measurements],
            "seconds": round(self.seconds, 2),
        }
