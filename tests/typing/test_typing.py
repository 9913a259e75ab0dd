"""What a user's type checker sees: a typed program passes `mypy --strict`, and each known mistake is reported."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import fastjwt

HERE = Path(__file__).parent
PACKAGE = Path(fastjwt.__file__).parent

Reports = set[tuple[str, int, str]]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    """Return file, line and error code of everything that one run of `mypy --strict` over both programs reports."""
    # Without the sanitizers that may be preloaded into this process: mypy is nobody's test.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    if "site-packages" not in PACKAGE.parts:
        # An editable install is found through an import hook, which no type checker runs.
        environment["MYPYPATH"] = str(PACKAGE.parent)
    options = ["--strict", "--no-error-summary", "--show-error-codes", "--hide-error-context", "--no-pretty"]
    options += ["--config-file=", f"--cache-dir={tmp_path_factory.mktemp('mypy')}"]
    programs = ["service.py", "mistakes.py"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *programs],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=HERE,
        env=environment,
        check=False,
    )
    assert done.stderr == ""  # nor is mypy missing: it would end like one that has complaints
    assert done.returncode in (0, 1), done.stdout
    found: Reports = set()
    for line in done.stdout.splitlines():
        report = re.fullmatch(r"(.+?):(\d+): error: .* \[([a-z-]+)\]", line)
        if report:
            found.add((report[1], int(report[2]), report[3]))
        else:
            assert ": note: " in line, line
    return found


def test_the_package_says_that_it_is_typed() -> None:
    """A py.typed marker lies beside the modules (PEP 561); without it every type below would be Any."""
    assert (PACKAGE / "py.typed").is_file()


def test_a_typed_program_has_no_complaint(reports: Reports) -> None:
    """The sample service passes `mypy --strict`, so that no name of the public API is untyped or Any by accident."""
    assert {report for report in reports if report[0] != "mistakes.py"} == set()


def test_each_mistake_is_reported(reports: Reports) -> None:
    """Every marked line is reported with its code and no unmarked line is."""
    lines = (HERE / "mistakes.py").read_text().splitlines()
    marks = ((number, re.search(r"# E: ([a-z-]+)$", line)) for number, line in enumerate(lines, start=1))
    expected = {("mistakes.py", number, mark[1]) for number, mark in marks if mark}
    assert len(expected) >= 20
    assert {report for report in reports if report[0] == "mistakes.py"} == expected


def test_the_typed_program_runs(engine: str) -> None:
    """What the type checker believes about the sample service is true."""
    runpy.run_path(str(HERE / "service.py"), run_name="__main__")
