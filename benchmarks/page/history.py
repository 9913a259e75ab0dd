"""Earlier runs: those of the same environment, because others say nothing about the code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from page.record import Record, RecordError

# What the key of an environment is made of: equal here means that equal code should reach equal ratios.
ENVIRONMENT = ("cpu", "flags", "cores", "python", "openssl", "engine", "kernel")


@dataclass(frozen=True)
class History:
    """Runs that may be compared, oldest first, and how many were left out."""

    runs: tuple[dict[str, Any], ...]
    others: int


def read(path: Path) -> list[dict[str, Any]]:
    """Read all runs of a history file; none where there is no file."""
    if not path.exists():
        return []
    runs = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            run = json.loads(line)
            _ = run["key"], run["environment"], run["commit"], run["utc"], run["mode"], run["results"]
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{path}, line {number}: no run ({type(error).__name__}: {error})") from error
        runs.append(run)
    return runs


def comparable(record: Record, runs: list[dict[str, Any]]) -> History:
    """Keep the runs whose environment is the record's."""
    facts = record.circumstances
    here = {field: facts.get(field) for field in ENVIRONMENT}
    # The key is the suite's word for "alike".  Which one this record has is told by its own line in the history, or by
    # a line of a run in an equal environment.
    keys = {
        run["key"]
        for run in runs
        if (run["utc"], run["commit"]) == (facts.get("utc"), facts.get("commit"))
        or {field: run["environment"].get(field) for field in ENVIRONMENT} == here
    }
    alike = tuple(run for run in runs if run["key"] in keys)
    return History(alike, len(runs) - len(alike))


def results(
    history: History,
    operation: str,
    contender: str,
    bits: int = 2048,
    threads: int = 1,
    batch: int | None = None,
) -> list[tuple[int, int, dict[str, Any]]]:
    """Return (run, result, its content) for one thing over all runs; both numbers are positions."""
    found = []
    for number, run in enumerate(history.runs):
        for position, result in enumerate(run["results"]):
            if (
                result["operation"] == operation
                and result["alg"] == "RS256"
                and result["contender"] == contender
                and (result["bits"], result["threads"]) == (bits, threads)
                and batch in {None, result["batch"]}
                and result["ratio"] is not None
            ):
                found.append((number, position, result))
                break
    return found
