"""The record of a run: circumstances, contenders and rows in one document, and whether the machine was quiet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import samples
from cores import TOLERATED

FORMAT = 1

# Above these a run says that it was noisy.
_LOAD_A_CORE = 0.5
_BUSY_BEFORE = 0.1
_DISTURBED_SAMPLES = 0.1
_COLD_PAGE = 0.1e-6  # seconds; 0.01 us where nobody else uses the caches, 0.5 to 2 us where a neighbour does

Record = dict[str, Any]


def read_run(path: Path) -> tuple[dict[str, Any], list[samples.Sample]]:
    """Return what one pytest run left: what belongs to all of it, and its samples."""
    document = json.loads(path.read_text())
    return document["fastjwt"], [benchmark["extra_info"] for benchmark in document["benchmarks"]]


def assemble(
    mode: str,
    circumstances: dict[str, Any],
    runs: Sequence[tuple[dict[str, Any], list[samples.Sample]]],
    not_installed: dict[str, str],
) -> Record:
    """Return the record of one or more pytest runs.

    `circumstances` also has `busy_before`, `stolen`, `cold_page`, `seconds` and `load_after`; `not_installed` says by
    distribution why a peer could not be installed.
    """
    all_samples = [sample for _, found in runs for sample in found]
    rows: dict[tuple[Any, ...], samples.Row] = {}
    for _, found in runs:
        for row in samples.rows_of(found):
            # A second run measures the floor on one core again, for its own ratios; the first one's row stands.
            case = tuple(row[name] for name in ("operation", "alg", "contender", "bits", "threads", "batch"))
            rows.setdefault(case, row)
    noise = reasons_for_noise(circumstances, all_samples)
    counters: dict[str, int] = {}
    for about, _ in runs:
        for name, count in about["counters"].items():
            counters[name] = counters.get(name, 0) + count
    return {
        "format": FORMAT,
        "mode": mode,
        "circumstances": {
            **circumstances,
            "pinned_to": max((about["cores"] for about, _ in runs), key=len),
            "counters": counters,
            "noisy": bool(noise),
            "noise": noise,
        },
        "contenders": _contenders([about for about, _ in runs], not_installed),
        "rows": list(rows.values()),
    }


def _contenders(abouts: Sequence[dict[str, Any]], not_installed: dict[str, str]) -> list[dict[str, Any]]:
    """Return the contenders of all runs; one that failed in any of them has its reason."""
    merged: dict[str, dict[str, Any]] = {}
    for about in abouts:
        for contender in about["contenders"]:
            if contender["id"] not in merged or not contender["available"]:
                merged[contender["id"]] = dict(contender)
    for contender in merged.values():
        distribution = contender.pop("distribution")
        missing = (contender["reason"] or "").endswith("not installed")
        if missing and distribution in not_installed:
            contender["reason"] = not_installed[distribution]
    return list(merged.values())


def reasons_for_noise(circumstances: dict[str, Any], found: Sequence[samples.Sample]) -> list[str]:
    """Return a sentence for each sign that others used the machine meanwhile."""
    reasons = []
    cores = circumstances["cores"]
    if circumstances["load"] > _LOAD_A_CORE * cores:
        reasons.append(f"The load was {circumstances['load']:.1f} on {cores} cores before the run began.")
    if circumstances["busy_before"] > _BUSY_BEFORE:
        reasons.append(f"Others used {circumstances['busy_before']:.0%} of the cores before the run began.")
    if circumstances["cold_page"] > _COLD_PAGE:
        reasons.append(
            f"Coming back to memory after 20 ms took {circumstances['cold_page'] * 1e6:.2f} us a page:"
            " neighbours use the same caches."
        )
    disturbed = sum(sample["disturbed"] for sample in found)
    if found and disturbed > _DISTURBED_SAMPLES * len(found):
        reasons.append(
            f"In {disturbed} of {len(found)} samples others took more than {TOLERATED:.0%} of a core."
        )
    if circumstances["stolen"] > TOLERATED:
        reasons.append(
            f"The hypervisor gave {circumstances['stolen']:.0%} of the cores' time to other guests."
        )
    return reasons
