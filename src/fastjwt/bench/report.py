"""What came of a benchmark."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._version import __version__

__all__ = ["Plan", "Quartiles", "Report", "Row", "quartiles"]

_NOISY_LOAD_A_CPU = 0.5


class Quartiles(NamedTuple):
    """Median and quartiles over the rounds."""

    median: float
    low: float
    high: float


def quartiles(values: Sequence[float]) -> Quartiles:
    """Return the quartiles of two values or more."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Quartiles(median, low, high)


@dataclass(frozen=True)
class Plan:
    """What to measure: key size (bits), engines (none: all), threads (None: the CPUs), rounds, and seconds a sample."""

    bits: int = 2048
    engines: tuple[str, ...] = ()
    threads: int | None = None
    rounds: int = 5
    seconds: float = 0.2

    def __post_init__(self) -> None:
        if not 2048 <= self.bits <= 8192:
            raise ValueError("--bits must be from 2048 to 8192")
        if not 2 <= self.rounds <= 1000:
            raise ValueError("--rounds must be from 2 to 1000: quartiles need two")
        if not 0.001 <= self.seconds <= 60:
            raise ValueError("--seconds must be from 0.001 to 60")


@dataclass(frozen=True)
class Row:
    """One operation of one engine: tokens a second, and as a ratio to the libcrypto loop, if there is one."""

    engine: str
    operation: str
    threads: int
    rate: Quartiles
    ratio: Quartiles | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON may hold it."""
        ratio = self.ratio
        return {
            "engine": self.engine,
            "operation": self.operation,
            "threads": self.threads,
            "tokens_per_second": round(self.rate.median, 1),
            "ratio": None if ratio is None else round(ratio.median, 4),
            "low": None if ratio is None else round(ratio.low, 4),
            "high": None if ratio is None else round(ratio.high, 4),
        }


@dataclass(frozen=True)
class Report:
    """All figures, and the circumstances in which they were had."""

    plan: Plan
    openssl_version: str
    reason: str  # why no better engine runs
    load_before: float
    load_after: float
    floors: dict[str, Quartiles]  # operations a second of the libcrypto loop
    rows: list[Row]
    counters: dict[str, int]  # what the engines counted meanwhile
    seconds: float

    @property
    def noisy(self) -> bool:
        """Whether others used the machine before this began."""
        from .. import engines

        return self.load_before > _NOISY_LOAD_A_CPU * engines.usable_cpus()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON may hold it."""
        return {
            "fastjwt": __version__,
            "openssl_version": self.openssl_version,
            "reason": self.reason,
            "bits": self.plan.bits,
            "rounds": self.plan.rounds,
            "load_before": round(self.load_before, 2),
            "load_after": round(self.load_after, 2),
            "noisy": self.noisy,
            "raw_libcrypto_per_second": {
                operation: round(rate.median, 1) for operation, rate in self.floors.items()
            },
            "rows": [row.as_dict() for row in self.rows],
            "counters": self.counters,
            "seconds": round(self.seconds, 2),
        }
