"""From samples to rows: ratios are taken inside a round, then the median and the quartiles over the rounds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

FLOOR = "openssl speed"

Sample = dict[str, Any]  # as run.py leaves it in a benchmark's extra information
Row = dict[str, Any]  # as the record holds it


class Spread(NamedTuple):
    """Lower quartile, median and upper quartile."""

    low: float
    middle: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the quartiles of a few values; of one value they are all the same."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(low, middle, high)


def rows_of(samples: Iterable[Sample]) -> list[Row]:
    """Return a row for each case of one pytest run; every sample's floor is the one of its own round and block."""
    floors: dict[tuple[int, str], dict[str, float]] = {}
    by_case: dict[tuple[Any, ...], list[Sample]] = defaultdict(list)
    speeds: dict[tuple[Any, ...], list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample["operation"] != "floor":
            by_case[
                tuple(sample[name] for name in ("operation", "alg", "contender", "bits", "threads", "batch"))
            ].append(sample)
            continue
        if sample["threads"] == 1:
            floors[sample["round"], sample["block"]] = sample["rates"]
        for operation, rate in sample["rates"].items():
            # Each block has a floor; the row of the command itself takes those of the key's own block.
            if sample["block"] == f"{sample['alg']} {sample['bits']}":
                case = (operation, sample["alg"], sample["contender"], sample["bits"], sample["threads"], 1)
                speeds[case].append({**sample, "rate": rate, "floor": operation})
    return [_row(case, found, floors) for case, found in {**speeds, **by_case}.items()]


def _row(
    case: tuple[Any, ...], samples: Sequence[Sample], floors: dict[tuple[int, str], dict[str, float]]
) -> Row:
    operation, alg, contender, bits, threads, batch = case
    rates = spread([sample["rate"] for sample in samples])
    ratios = [
        sample["rate"] / floors[sample["round"], sample["block"]][sample["floor"]]
        for sample in samples
        if sample["floor"] and (sample["round"], sample["block"]) in floors
    ]
    ratio = spread(ratios) if ratios else None
    return {
        "operation": operation,
        "alg": alg,
        "contender": contender,
        "bits": bits,
        "threads": threads,
        "batch": batch,
        "rate": rates.middle,
        "floor": FLOOR if ratio else None,
        "ratio": ratio.middle if ratio else None,
        "low": ratio.low if ratio else None,
        "high": ratio.high if ratio else None,
        "rate_low": rates.low,
        "rate_high": rates.high,
        "rounds": len(samples),
        "extra": _extra(samples),
    }


def _extra(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return what else was noted: who did the work, how often others disturbed it, and memory."""
    counted: dict[str, int] = defaultdict(int)
    for sample in samples:
        for name, count in sample.get("counted", {}).items():
            counted[name] += count
    extra: dict[str, Any] = {
        "others": round(max(sample["others"] for sample in samples), 4),
        "disturbed": sum(bool(sample["disturbed"]) for sample in samples),
    }
    if counted:
        extra["counters"] = dict(counted)
    for sample in samples:
        extra |= sample.get("memory", {})
    return extra
