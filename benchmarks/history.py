"""The history: one line a run, oldest first, and which of them may be compared."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recording import Record

PATH = Path(__file__).parent / "history.jsonl"

# What has to be equal, or two runs measured different things.
_ENVIRONMENT = ("cpu", "flags", "cores", "python", "openssl", "engine", "kernel")
_RESULT = (
    "operation",
    "alg",
    "contender",
    "bits",
    "threads",
    "batch",
    "ratio",
    "low",
    "high",
    "rate",
)

Line = dict[str, Any]


def environment_of(record: Record) -> dict[str, Any]:
    """Return the machine and the software that ratios depend on."""
    return {name: record["circumstances"][name] for name in _ENVIRONMENT}


def key_of(environment: dict[str, Any]) -> str:
    """Return a short hash of an environment."""
    text = json.dumps(environment, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def line_of(record: Record) -> Line:
    """Return the line that a run adds."""
    about = record["circumstances"]
    environment = environment_of(record)
    return {
        "utc": about["utc"],
        "commit": about["commit"],
        "dirty": about["dirty"],
        "mode": record["mode"],
        "environment": environment,
        "key": key_of(environment),
        "load": about["load"],
        "noisy": about["noisy"],
        "results": [{name: _rounded(row[name]) for name in _RESULT} for row in record["rows"]],
    }


def _rounded(value: Any) -> Any:
    """Return a figure with as many digits as it can have: the file is kept for ever."""
    return float(f"{value:.5g}") if isinstance(value, float) else value


def read(path: Path = PATH) -> list[Line]:
    """Return the lines, oldest first; none if there is no history yet."""
    if not path.exists():
        return []
    return [json.loads(text) for text in path.read_text().splitlines() if text.strip()]


def append(record: Record, path: Path = PATH) -> None:
    """Add a run; nothing of it on a full disk or at Ctrl-C, for half a line would spoil the whole history."""
    line = json.dumps(line_of(record), separators=(",", ":")).encode() + b"\n"
    with path.open("ab", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        try:
            while line:
                line = line[file.write(line) :]
        except BaseException:
            file.truncate(end)
            raise


def baseline_of(record: Record, lines: Sequence[Line], commit: str = "") -> tuple[Line | None, str]:
    """Return the newest line that the record may be compared with, and else why there is none.

    `commit`, if given, is the full or shortened name of the revision whose line is wanted.  The record's own line does
    not count.  Runs of the same mode are preferred: the others' samples are of another length.
    """
    key = key_of(environment_of(record))
    about = record["circumstances"]
    earlier = [line for line in lines if line["utc"] < about["utc"]]
    of_commit = [
        line
        for line in earlier
        if not commit or commit.startswith(line["commit"]) or line["commit"].startswith(commit)
    ]
    alike = [line for line in of_commit if line["key"] == key]
    if alike:
        same_mode = [line for line in alike if line["mode"] == record["mode"]]
        return (same_mode or alike)[-1], ""
    if not earlier:
        return None, "the history has no earlier run"
    if not of_commit:
        return None, f"the history has no run of {commit[:12]}"
    differing = sorted(
        name
        for name, value in environment_of(record).items()
        if value != of_commit[-1]["environment"].get(name)
    )
    return None, (
        f"no run of this environment ({key}) is recorded; the newest one elsewhere differs in {', '.join(differing)}"
    )
