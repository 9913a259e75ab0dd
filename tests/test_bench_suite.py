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
