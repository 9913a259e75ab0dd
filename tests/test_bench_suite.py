"""A tiny slice of the suite, in a process of its own: it runs, it records, and a wrong answer ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import suite

import fastjwt

ROOT = Path(__file__).resolve().parent.parent


def run_suite(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the smoke plan on one core; its record goes into `folder`."""
    core = str(min(os.sched_getaffinity(0)))
    return subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "suite.py"),
            *("--plan", "smoke", "--cores", core, "--rounds", "2", "--folder", str(folder)),
            *arguments,
        ],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


def test_slice_of_the_suite_is_measured_recorded_and_compared(tmp_path: Path) -> None:
    engine = fastjwt.engine().name
    done = run_suite(
        tmp_path,
        *("--contenders", f"fastjwt-{engine},pyjwt,pyjwt-rs", "--operations", "sign,verify_batch,stage:json"),
        "--compare",
    )
    assert done.returncode == 0, done.stderr
    record: dict[str, Any] = json.loads((tmp_path / "record.json").read_text())
    assert (record["format"], record["mode"]) == (1, "smoke")
    measured = {(row["contender"], row["operation"], row["alg"], row["batch"]): row for row in record["rows"]}
    assert (f"fastjwt-{engine}", "sign", "RS256", 1) in measured
    assert ("pyjwt", "sign", "HS256", 1) in measured
    batch = measured[f"fastjwt-{engine}", "verify_batch", "RS256", 100]
    assert batch["rounds"] == 2
    assert batch["rate"] > 0
    assert sum(batch["extra"]["counters"].values()) >= 200
    assert record["circumstances"]["counters"][f"{engine}.verify"] > 0
    assert record["circumstances"]["pinned_to"] == [min(os.sched_getaffinity(0))]
    listed = {contender["id"]: contender for contender in record["contenders"]}
    assert listed["pyjwt"]["available"]
    assert "samples" in done.stderr  # the line of progress
    assert "sign" in done.stdout
    assert "Nothing to compare with" in done.stdout or "Compared with" in done.stdout


PLANT = """
import contenders

honest = contenders.by_id("pyjwt").sign


def sign(self, claims):
    return honest(self, {**claims, "sub": "somebody else"})


contenders.by_id("pyjwt").sign = sign
"""


def test_wrong_answer_ends_the_run_and_nothing_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "plant.py").write_text(PLANT)
    done = run_suite(
        tmp_path,
        *("--contenders", "pyjwt", "--operations", "sign"),
        PYTEST_ADDOPTS="-p plant",
        PYTHONPATH=os.pathsep.join(
            [str(tmp_path), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
        ),
    )
    assert done.returncode == 1
    assert "WrongAnswer" in done.stderr
    assert "nothing is recorded" in done.stderr
    assert not (tmp_path / "record.json").exists()


def test_earlier_record_can_be_compared_without_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert suite.main(["--compare", "--from", str(tmp_path / "none.json")]) == 2
    assert "a run without --from makes one" in capsys.readouterr().err


# --- What is printed -------------------------------------------------------------------------------------------------


def row(
    operation: str, contender: str, ratio: float | None, batch: int = 1, **changed: Any
) -> dict[str, Any]:
    made = {
        "operation": operation,
        "alg": "RS256",
        "contender": contender,
        "bits": 2048,
        "threads": 1,
        "batch": batch,
        "rate": 1234.5,
        "ratio": ratio,
        "low": ratio,
        "high": ratio,
    }
    return {**made, **changed}


@pytest.fixture
def record() -> dict[str, Any]:
    about = {
        "utc": "2026-01-01T00:00:00Z",
        "commit": "abc",
        "dirty": True,
        "cpu": "a CPU",
        "flags": ["adx"],
        "cores": 2,
        "pinned_to": [0],
        "kernel": "6.1",
        "python": "CPython 3.11.7",
        "fastjwt": "0.1.0",
        "openssl": "OpenSSL 3.0.19",
        "engine": "openssl",
        "load": 0.1,
        "load_after": 1.0,
        "clock": "wall",
        "seconds": 10.0,
        "noise": [],
    }
    rows = [
        row("verify", "pyjwt", 0.2),
        row("verify", "oxyjwt", 0.7),
        row("verify_batch", "fastjwt-openssl", 0.9, 10_000),
        row("verify_batch", "fastjwt-openssl", 0.8, 10),
        row("sign", "pyjwt", None, alg="HS256", bits=256),
    ]
    missing = {"label": "ryjwt", "available": False, "reason": "needs Python 3.12"}
    return {"mode": "whole", "circumstances": about, "contenders": [missing], "rows": rows}


def test_table_has_the_best_first_and_the_usual_batches_only(record: dict[str, Any]) -> None:
    _, *lines = suite.table(record).splitlines()
    assert [line.split()[0] for line in lines] == ["verify", "verify", "verify_batch", "sign"]
    assert [line.split()[1] for line in lines[:2]] == ["oxyjwt", "pyjwt"]
    assert "verify_batch x 10,000" in lines[2]
    assert lines[3].rstrip().endswith("1,234")


def test_circumstances_say_whether_the_machine_was_quiet_and_who_is_missing(record: dict[str, Any]) -> None:
    text = suite.spoken_circumstances(record)
    assert "The machine was quiet." in text
    assert "commit abc with uncommitted changes" in text
    assert "without ryjwt: needs Python 3.12" in text
    record["circumstances"]["noise"] = ["Others were busy."]
    assert "NOISY: Others were busy." in suite.spoken_circumstances(record)


def test_revision_that_does_not_exist_is_nothing_to_compare_with(record: dict[str, Any]) -> None:
    assert suite.compared(record, "no-such-revision") == (
        "Nothing to compare with: no-such-revision is no revision here."
    )
