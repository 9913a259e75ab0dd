"""From samples to the record and the history's line: ratios inside a round, quartiles over them, and honest noise."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import cores
import history
import installing
import progress
import pytest
import recording
import samples

Sample = dict[str, Any]


def sample(number: int, rate: float, **changed: Any) -> Sample:
    made = {
        "operation": "verify",
        "alg": "RS256",
        "contender": "pyjwt",
        "bits": 2048,
        "threads": 1,
        "batch": 1,
        "floor": "verify",
        "block": "RS256 2048",
        "round": number,
        "rate": rate,
        "others": 0.0,
        "disturbed": False,
    }
    return {**made, **changed}


def floor(number: int, sign: float, verify: float, **changed: Any) -> Sample:
    made = sample(
        number,
        0,
        operation="floor",
        contender="openssl-speed",
        floor="",
        rates={"sign": sign, "verify": verify},
    )
    del made["rate"]
    return {**made, **changed}


def row_of(
    rows: list[samples.Row], contender: str, operation: str = "verify", threads: int = 1
) -> samples.Row:
    (row,) = (
        row
        for row in rows
        if (row["contender"], row["operation"], row["threads"]) == (contender, operation, threads)
    )
    return row


# --- Rows ------------------------------------------------------------------------------------------------------------


def test_ratio_is_taken_inside_a_round_and_then_the_median() -> None:
    """A slow second round halves both sides; a ratio of medians would be 0.5 or 1."""
    rows = samples.rows_of(
        [
            floor(0, 1, 100),
            floor(1, 1, 50),
            floor(2, 1, 100),
            sample(0, 50),
            sample(1, 25),
            sample(2, 60),
        ]
    )
    row = row_of(rows, "pyjwt")
    assert row["ratio"] == 0.5
    assert (row["low"], row["high"]) == (0.5, pytest.approx(0.55))
    assert row["rate"] == 50
    assert row["rounds"] == 3
    assert row["floor"] == "openssl speed"


def test_floor_is_that_of_the_samples_own_block() -> None:
    rows = samples.rows_of(
        [
            floor(0, 1, 100),
            floor(0, 1, 400, block="long batches"),
            sample(0, 100),
            sample(0, 100, batch=10, block="long batches", operation="verify_batch"),
        ]
    )
    assert row_of(rows, "pyjwt")["ratio"] == 1
    assert row_of(rows, "pyjwt", "verify_batch")["ratio"] == 0.25


def test_two_threads_are_divided_by_one_core_of_the_floor() -> None:
    rows = samples.rows_of([floor(0, 10, 100), floor(0, 20, 199, threads=2), sample(0, 150, threads=2)])
    assert row_of(rows, "pyjwt", threads=2)["ratio"] == 1.5
    assert row_of(rows, "openssl-speed", threads=2)["ratio"] == 1.99
    assert row_of(rows, "openssl-speed")["ratio"] == 1
    assert row_of(rows, "openssl-speed", "sign", 2)["rate"] == 20


def test_row_without_a_floor_has_no_ratio() -> None:
    rows = samples.rows_of([sample(0, 5, alg="HS256", bits=256, floor="", block="HS256 256")])
    row = row_of(rows, "pyjwt")
    assert (row["floor"], row["ratio"], row["low"], row["high"]) == (None, None, None, None)
    assert (row["rate"], row["rate_low"], row["rate_high"]) == (5, 5, 5)


def test_counters_and_memory_are_kept_in_extra() -> None:
    counted = [
        sample(number, 5, counted={"openssl.verify": 10}, others=0.2 * number, disturbed=bool(number))
        for number in range(2)
    ]
    counted[0]["memory"] = {"peak_growth_bytes": 7}
    extra = row_of(samples.rows_of(counted), "pyjwt")["extra"]
    assert extra == {
        "others": 0.2,
        "disturbed": 1,
        "counters": {"openssl.verify": 20},
        "peak_growth_bytes": 7,
    }


# --- Disturbed calls -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shares", "kept"),
    [
        ([0.0, 0.0, 0.0], [0, 1, 2]),
        ([0.0, 0.5, 0.0], [0, 2]),
        ([0.5, 0.0], [1]),
        ([0.5, 0.5, 0.0], [0, 1, 2]),  # most were disturbed: then all count, and the sample is marked
        ([0.9], [0]),
    ],
)
def test_disturbed_calls_do_not_count_where_there_are_better_ones(
    shares: list[float], kept: list[int]
) -> None:
    assert cores.undisturbed(shares) == kept


def test_watch_gives_a_share_for_each_call() -> None:
    watch = cores.Watch([0])
    for _ in range(4):
        watch.mark()
    shares = watch.shares()
    assert len(shares) == 3
    assert all(0 <= share <= 1 for share in shares)


# --- The record ------------------------------------------------------------------------------------------------------

QUIET = {
    "utc": "2026-01-01T00:00:00Z",
    "commit": "abc",
    "dirty": False,
    "cpu": "a CPU",
    "flags": ["adx"],
    "cores": 2,
    "kernel": "6.1",
    "python": "CPython 3.11.7",
    "openssl": "OpenSSL 3.0.19",
    "engine": "openssl",
    "load": 0.1,
    "load_after": 1.0,
    "busy_before": 0.0,
    "cold_page": 1e-8,
    "stolen": 0.0,
    "seconds": 10.0,
}


def about(threads: int, **reasons: str | None) -> dict[str, Any]:
    return {
        "cores": list(range(threads)),
        "counters": {"openssl.sign": threads},
        "contenders": [
            {
                "id": name,
                "label": name,
                "distribution": name,
                "available": reason is None,
                "reason": reason,
            }
            for name, reason in reasons.items()
        ],
    }


def test_record_joins_both_runs_and_keeps_the_first_ones_floor() -> None:
    runs = [
        (about(1), [floor(0, 10, 100), sample(0, 50)]),
        (about(2), [floor(0, 11, 110), floor(0, 20, 200, threads=2), sample(0, 80, threads=2)]),
    ]
    record = recording.assemble("quick", QUIET, runs, {})
    assert record["format"] == 1
    assert record["mode"] == "quick"
    assert row_of(record["rows"], "openssl-speed")["rate"] == 100
    assert row_of(record["rows"], "pyjwt", threads=2)["ratio"] == pytest.approx(80 / 110)
    assert record["circumstances"]["pinned_to"] == [0, 1]
    assert record["circumstances"]["counters"] == {"openssl.sign": 3}
    assert (record["circumstances"]["noisy"], record["circumstances"]["noise"]) == (False, [])


def test_contender_that_failed_in_one_run_is_listed_with_the_reason() -> None:
    runs: list[tuple[dict[str, Any], list[Sample]]] = [
        (about(1, one=None, two="two is not installed", three="it broke"), []),
        (about(2, one="boom", two="two is not installed", three="it broke"), []),
    ]
    record = recording.assemble("quick", QUIET, runs, {"two": "no wheel", "three": "another"})
    assert [(each["id"], each["available"], each["reason"]) for each in record["contenders"]] == [
        ("one", False, "boom"),
        ("two", False, "no wheel"),
        ("three", False, "it broke"),
    ]
    assert all("distribution" not in each for each in record["contenders"])


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"load": 1.5}, "load was 1.5 on 2 cores"),
        ({"busy_before": 0.4}, "40% of the cores"),
        ({"cold_page": 1.25e-6}, "1.25 us a page"),
        ({"stolen": 0.2}, "20% of the cores' time"),
    ],
)
def test_noisy_machine_says_so(changed: dict[str, float], word: str) -> None:
    (reason,) = recording.reasons_for_noise({**QUIET, **changed}, [])
    assert word in reason


def test_disturbed_samples_make_a_run_noisy() -> None:
    found = [sample(number, 1, disturbed=number < 2) for number in range(10)]
    assert recording.reasons_for_noise(QUIET, found) == [
        "In 2 of 10 samples others took more than 3% of a core."
    ]
    assert recording.reasons_for_noise(QUIET, found[1:] + found[2:]) == []


def test_history_gets_a_line_a_run(tmp_path: Path) -> None:
    record = recording.assemble(
        "whole", QUIET, [(about(1), [floor(0, 10, 100), sample(0, 33.333333333)])], {}
    )
    path = tmp_path / "history.jsonl"
    assert history.read(path) == []
    history.append(record, path)
    history.append(record, path)
    assert len(path.read_text().splitlines()) == 2
    line = history.read(path)[1]
    assert set(line) == {
        "utc",
        "commit",
        "dirty",
        "mode",
        "environment",
        "key",
        "load",
        "noisy",
        "results",
    }
    assert row_of(line["results"], "pyjwt")["ratio"] == 0.33333
    assert line["key"] == history.key_of(line["environment"])
    json.dumps(record)


def test_a_full_disk_leaves_the_history_as_it_was(tmp_path: Path) -> None:
    """A limit to the size of files stands for it: the beginning of the line fits, and then no more."""
    record = recording.assemble("whole", QUIET, [(about(1), [floor(0, 10, 100), sample(0, 30)])], {})
    path = tmp_path / "history.jsonl"
    history.append(record, path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            history.append(record, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before


# --- Installing and waiting ------------------------------------------------------------------------------------------


def test_requirements_are_those_of_the_extra_and_of_this_python() -> None:
    lines = [
        "orjson>=3",
        'PyJWT>=2; extra == "bench"',
        'python-jose[cryptography]>=3; extra == "bench"',
        'pytest>=8; extra == "test"',
        'future>=1; python_version >= "9" and extra == "bench"',
    ]
    assert installing.requirements(lines) == {
        "PyJWT": "PyJWT>=2",
        "python-jose": "python-jose[cryptography]>=3",
    }


def test_reason_is_a_sentence() -> None:
    assert "no wheel for this Python" in installing.reason_of(
        "ERROR: Could not find a version that satisfies the requirement x\nERROR: No matching distribution found for x"
    )
    assert installing.reason_of("WARNING: y\nERROR: the disk is full") == "the disk is full"
    assert installing.reason_of("") == "pip failed"


def test_time_left_counts_the_later_runs() -> None:
    assert progress.time_left(done=50, items=100, later_items=100, elapsed=10) == 30
    assert progress.spoken(45) == "45 s"
    assert progress.spoken(1500) == "25 min"
