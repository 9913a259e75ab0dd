"""What became slower than the noise: ratios to the floor against those of an earlier run of the same environment.

A row of fastjwt counts as slower when its ratio fell by more than its threshold, which is the largest of

* 10 %, below which nothing is said on a shared machine;
* three times the row's own noise: the quartiles of both runs, where the run's typical quartiles stand in for those that
  came out narrower by luck;
* three times what the peers moved: their code is the same in both runs, so whatever their ratios did is noise.

A row whose threshold is above 25 % is too noisy to tell, and is listed as that: a slowdown might hide there, or what
looks like one be noise.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from history import Line

LEAST = 0.10
TIMES = 3.0
TELLING = 0.25

_CASE = ("operation", "alg", "contender", "bits", "threads", "batch")

Result = dict[str, Any]


class Change(NamedTuple):
    """One row in both runs; `change` is the new ratio over the old one, less one."""

    name: str
    before: float
    after: float
    change: float
    threshold: float

    @property
    def tells(self) -> bool:
        """Whether a slowdown of some size could be seen at all."""
        return self.threshold <= TELLING


class Comparison(NamedTuple):
    """What two runs say of each other.

    A change is told only of rows that are quiet enough to tell it; of the others it could be anything.
    """

    before: Line
    after: Line
    changes: list[Change]  # of fastjwt's rows that have a ratio in both
    peers_moved: float  # median of the peers' changes, as absolute values
    without_ratio: int  # fastjwt's rows that have no floor to be divided by, or none in one of the runs

    @property
    def slower(self) -> list[Change]:
        """The rows that fell by more than the noise, worst first."""
        found = [change for change in self.changes if change.tells and -change.change > change.threshold]
        return sorted(found, key=lambda change: change.change)

    @property
    def faster(self) -> list[Change]:
        """The rows that rose by more than the noise, best first."""
        found = [change for change in self.changes if change.tells and change.change > change.threshold]
        return sorted(found, key=lambda change: -change.change)

    @property
    def untold(self) -> list[Change]:
        """The rows that are too noisy to tell."""
        return [change for change in self.changes if not change.tells]


def _ours(result: Result) -> bool:
    return str(result["contender"]).startswith("fastjwt-")


def _half_width(result: Result) -> float:
    """Return half the distance of the quartiles, as a part of the median."""
    return float((result["high"] - result["low"]) / 2 / result["ratio"])


def compare(before: Line, after: Line) -> Comparison:
    """Compare two lines of one environment.  Raises ValueError for different ones: like only with like."""
    if before["key"] != after["key"]:
        raise ValueError("these runs are of different environments")
    old = {tuple(result[name] for name in _CASE): result for result in before["results"]}
    new = {tuple(result[name] for name in _CASE): result for result in after["results"]}
    pairs = [
        (old[case], new[case])
        for case in new
        if case in old and old[case]["ratio"] and new[case]["ratio"] and case[2] != "openssl-speed"
    ]
    peers = [abs(b["ratio"] / a["ratio"] - 1) for a, b in pairs if not _ours(b)]
    peers_moved = statistics.median(peers) if peers else 0.0
    typical = _typical([a for a, _ in pairs]), _typical([b for _, b in pairs])
    changes = []
    for a, b in pairs:
        if _ours(b):
            noise = math.hypot(max(_half_width(a), typical[0]), max(_half_width(b), typical[1]))
            threshold = max(LEAST, TIMES * noise, TIMES * peers_moved)
            changes.append(Change(name_of(b), a["ratio"], b["ratio"], b["ratio"] / a["ratio"] - 1, threshold))
    ours = sum(map(_ours, after["results"]))
    return Comparison(before, after, changes, peers_moved, ours - len(changes))


def _typical(results: Sequence[Result]) -> float:
    return statistics.median(map(_half_width, results)) if results else 0.0


def name_of(result: Result) -> str:
    """Return a row's name for reading."""
    batch = f" x {result['batch']:,}" if result["batch"] > 1 else ""
    threads = f", {result['threads']} threads" if result["threads"] > 1 else ""
    return f"{result['contender']} {result['operation']}{batch} {result['alg']} {result['bits']}{threads}"


def as_text(comparison: Comparison) -> str:
    """Return the comparison for reading."""
    before = comparison.before
    state = " with uncommitted changes" if before["dirty"] else ""
    noisy = ", which was noisy" if before["noisy"] else ""
    baseline = f"{before['commit']}{state} of {before['utc']}, a {before['mode']} run{noisy}"
    lines = [
        f"Compared with {baseline}: ratios to openssl speed, {len(comparison.changes)} rows.",
        f"The peers, which did not change, moved by {comparison.peers_moved:.1%} (median).",
    ]
    if comparison.after["noisy"]:
        lines.append("This run was noisy.")
    if before["mode"] != comparison.after["mode"]:
        lines.append(f"This run is a {comparison.after['mode']} one, so its samples are of another length.")
    for title, changes in (("SLOWER", comparison.slower), ("faster", comparison.faster)):
        if changes:
            lines.append(f"{title} than the noise:")
            lines += [_told(change) for change in changes]
    if not comparison.slower:
        lines.append("Nothing became slower than the noise.")
    if comparison.untold:
        lines.append(f"Too noisy to tell a change of {TELLING:.0%}: {len(comparison.untold)} rows.")
        lines += [_told(change) for change in comparison.untold[:10]]
    if comparison.without_ratio:
        lines.append(f"{comparison.without_ratio} rows have no floor in both runs and are not compared.")
    lines.append("This is a report: no time makes the command fail.")
    return "\n".join(lines)


def _told(change: Change) -> str:
    figures = f"{change.before:.3f} -> {change.after:.3f}"
    return f"  {change.name:<60} {figures}  {change.change:+.0%} (noise {change.threshold:.0%})"
