"""What `./dev bench --compare` says: a slowdown is reported, noise is not, and only like is compared with like."""

from __future__ import annotations

import random
from typing import Any

import comparison
import history
import pytest

Line = dict[str, Any]

OURS = [
    ("sign_batch", "fastjwt-avx512ifma", 3.3),
    ("verify_batch", "fastjwt-avx512ifma", 3.4),
    ("verify", "fastjwt-openssl", 0.75),
    ("sign", "fastjwt-pure", 0.95),
]
PEERS = [
    ("sign", "pyjwt", 0.94),
    ("verify", "pyjwt", 0.24),
    ("verify", "oxyjwt", 0.75),
    ("sign", "joserfc", 0.92),
]

ENVIRONMENT = {
    "cpu": "a CPU",
    "flags": ["adx"],
    "cores": 2,
    "python": "CPython 3.11.7",
    "openssl": "OpenSSL 3.0.19",
    "engine": "avx512ifma",
    "kernel": "6.1",
}


def result(operation: str, contender: str, ratio: float | None, half_width: float = 0.01) -> dict[str, Any]:
    return {
        "operation": operation,
        "alg": "RS256",
        "contender": contender,
        "bits": 2048,
        "threads": 1,
        "batch": 1000 if operation.endswith("_batch") else 1,
        "ratio": ratio,
        "low": None if ratio is None else ratio * (1 - half_width),
        "high": None if ratio is None else ratio * (1 + half_width),
        "rate": 1000.0,
    }


def line(
    results: list[dict[str, Any]], utc: str = "2026-01-01T00:00:00Z", commit: str = "a" * 12, **changed: Any
) -> Line:
    environment = {
        **ENVIRONMENT,
        **{name: changed.pop(name) for name in list(changed) if name in ENVIRONMENT},
    }
    made = {
        "utc": utc,
        "commit": commit,
        "dirty": False,
        "mode": "whole",
        "environment": environment,
        "key": history.key_of(environment),
        "load": 0.1,
        "noisy": False,
        "results": results,
    }
    return {**made, **changed}


def measured(times: float = 1.0, noise: float = 0.0, seed: int = 0, half_width: float = 0.01) -> Line:
    """Return a run in which our verify_batch is `times` as fast, and each ratio is off by up to `noise`."""
    lot = random.Random(seed)
    results = [
        result(
            operation,
            contender,
            ratio * (times if operation == "verify_batch" else 1) * (1 + lot.uniform(-noise, noise)),
            half_width,
        )
        for operation, contender, ratio in OURS + PEERS
    ]
    return line([*results, result("sign", "openssl-speed", 1.0, 0.0)])


def slower(before: Line, after: Line) -> list[str]:
    return [change.name for change in comparison.compare(before, after).slower]


SLOWED = "fastjwt-avx512ifma verify_batch x 1,000 RS256 2048"


# --- What is reported ------------------------------------------------------------------------------------------------


def test_slowdown_of_30_percent_is_reported_and_nothing_else() -> None:
    assert slower(measured(), measured(times=0.7)) == [SLOWED]


@pytest.mark.parametrize("seed", range(50))
def test_slowdown_of_30_percent_is_reported_through_noise(seed: int) -> None:
    before = measured(noise=0.03, seed=seed, half_width=0.03)
    after = measured(times=0.7, noise=0.03, seed=seed + 1000, half_width=0.03)
    assert slower(before, after) == [SLOWED]


@pytest.mark.parametrize("seed", range(50))
def test_the_same_tree_run_twice_is_not_reported(seed: int) -> None:
    before = measured(noise=0.04, seed=seed, half_width=0.02)
    after = measured(noise=0.04, seed=seed + 1000, half_width=0.02)
    assert slower(before, after) == []


def test_less_than_ten_percent_is_never_reported() -> None:
    assert slower(measured(half_width=0.0), measured(times=0.905, half_width=0.0)) == []
    assert slower(measured(half_width=0.0), measured(times=0.895, half_width=0.0)) == [SLOWED]


def test_a_row_with_wide_quartiles_needs_a_larger_change_and_says_that_it_cannot_tell() -> None:
    before, after = measured(half_width=0.08), measured(times=0.75, half_width=0.08)
    found = comparison.compare(before, after)
    assert found.slower == []
    assert len(found.untold) == len(OURS)
    assert "Too noisy to tell a change of 25%: 4 rows." in comparison.as_text(found)


def test_one_row_with_narrow_quartiles_in_a_noisy_run_is_taken_for_luck() -> None:
    """The run's typical quartiles stand in for the row's own."""
    before, after = measured(half_width=0.05), measured(times=0.85, half_width=0.05)
    for run in (before, after):
        row = next(row for row in run["results"] if row["operation"] == "verify_batch")
        row["low"] = row["high"] = row["ratio"]
    assert slower(before, after) == []


def test_peers_that_moved_make_smaller_changes_of_ours_mean_nothing() -> None:
    """Their code did not change: a floor that was measured badly moves all ratios at once."""
    before, after = measured(), measured(times=0.8)
    assert slower(before, after) == [SLOWED]
    for row in after["results"]:
        if not row["contender"].startswith(("fastjwt-", "openssl-")):
            row["ratio"] *= 0.92
    found = comparison.compare(before, after)
    assert found.slower == []
    assert found.peers_moved == pytest.approx(0.08)


def test_peers_are_not_reported() -> None:
    after = measured()
    for row in after["results"]:
        if row["contender"] == "oxyjwt":
            row["ratio"] *= 0.5
    assert slower(measured(), after) == []


def test_faster_rows_are_told_as_well() -> None:
    found = comparison.compare(measured(), measured(times=1.5))
    assert [change.name for change in found.faster] == [SLOWED]
    assert "faster than the noise:" in comparison.as_text(found)
    assert "Nothing became slower than the noise." in comparison.as_text(found)


def test_rows_without_a_floor_or_without_a_partner_are_counted_and_not_compared() -> None:
    before, after = measured(), measured()
    after["results"].append(result("stage:json", "fastjwt-avx512ifma", None))
    after["results"].append(result("sign", "fastjwt-avx512ifma", 0.9))
    found = comparison.compare(before, after)
    assert len(found.changes) == len(OURS)
    assert found.without_ratio == 2


def test_runs_of_different_environments_are_refused() -> None:
    with pytest.raises(ValueError, match="different environments"):
        comparison.compare(line([]), line([], kernel="6.2"))


def test_text_names_the_baseline_and_its_doubts() -> None:
    before = {**measured(), "dirty": True, "noisy": True, "mode": "quick"}
    text = comparison.as_text(comparison.compare(before, {**measured(times=0.7), "noisy": True}))
    assert (
        f"Compared with {'a' * 12} with uncommitted changes of 2026-01-01T00:00:00Z, a quick run, which was"
        in text
    )
    assert "This run was noisy." in text
    assert "This run is a whole one" in text
    assert f"SLOWER than the noise:\n  {SLOWED}" in text
    assert "-30%" in text
    assert "no time makes the command fail" in text


# --- Which run is compared with --------------------------------------------------------------------------------------


def record(utc: str = "2026-02-01T00:00:00Z", mode: str = "whole", **changed: Any) -> dict[str, Any]:
    about = {
        "utc": utc,
        "commit": "f" * 12,
        "dirty": True,
        "load": 0.5,
        "noisy": False,
        **ENVIRONMENT,
        **changed,
    }
    return {"mode": mode, "circumstances": about, "rows": []}


def test_newest_run_of_the_same_environment_is_the_baseline() -> None:
    lines = [
        line([], "2026-01-01T00:00:00Z", "a" * 12),
        line([], "2026-01-02T00:00:00Z", "b" * 12),
        line([], "2026-01-03T00:00:00Z", "c" * 12, openssl="OpenSSL 3.5.0"),
    ]
    found, reason = history.baseline_of(record(), lines)
    assert found is lines[1]
    assert reason == ""


def test_newest_run_of_a_revision_is_the_baseline_when_asked_for() -> None:
    lines = [
        line([], "2026-01-01T00:00:00Z", "a" * 12),
        line([], "2026-01-02T00:00:00Z", "a" * 12),
        line([], "2026-01-03T00:00:00Z", "b" * 12),
    ]
    assert history.baseline_of(record(), lines, "a" * 40)[0] is lines[1]
    assert history.baseline_of(record(), lines, "e" * 40) == (None, "the history has no run of eeeeeeeeeeee")


def test_its_own_line_is_no_baseline() -> None:
    lines = [line([], "2026-02-01T00:00:00Z", "f" * 12)]
    assert history.baseline_of(record(), lines) == (None, "the history has no earlier run")


def test_run_of_the_same_mode_is_preferred() -> None:
    lines = [line([], "2026-01-01T00:00:00Z", mode="quick"), line([], "2026-01-02T00:00:00Z")]
    assert history.baseline_of(record(mode="quick"), lines)[0] is lines[0]
    assert history.baseline_of(record(), lines)[0] is lines[1]
    assert history.baseline_of(record(mode="quick"), lines[1:])[0] is lines[1]


def test_other_environments_are_named_by_what_differs() -> None:
    lines = [line([], kernel="6.2", cores=64)]
    found, reason = history.baseline_of(record(), lines)
    assert found is None
    assert reason.endswith("the newest one elsewhere differs in cores, kernel")


def test_environments_have_the_same_key_whatever_the_order() -> None:
    backwards = dict(reversed(list(ENVIRONMENT.items())))
    assert history.key_of(backwards) == history.key_of(ENVIRONMENT)
    for name in ENVIRONMENT:
        assert history.key_of({**ENVIRONMENT, name: "other"}) != history.key_of(ENVIRONMENT)
