"""`fastjwt doctor`: the truth about the engine, and what to do about it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from command import run

import fastjwt
from fastjwt import doctor, engines
from fastjwt.cli import main
from fastjwt.doctor import build, machine
from fastjwt.engines import EngineInfo

native = pytest.mark.skipif("openssl" not in engines.available(), reason="this build has no native engine")

_REINSTALL = "pip install --no-cache-dir --force-reinstall --no-binary fastjwt-openssl fastjwt-openssl"


def codes(report: doctor.Report) -> set[str]:
    return {finding.code for finding in report.findings}


def remedies(report: doctor.Report) -> str:
    return "\n".join(command for finding in report.findings for command in finding.remedy)


@pytest.fixture
def no_native_engine(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Imitate a build that found no compiler; the build's own note may be changed by the test."""
    reason = "the native extension was not built: no C compiler was found"
    info = types.ModuleType("fastjwt._build_info")
    info.__dict__.update(NATIVE=False, MODE="auto", REASON="no C compiler was found", COMPILER_OUTPUT="")
    monkeypatch.setitem(sys.modules, "fastjwt._build_info", info)
    monkeypatch.setattr(engines, "why_not", lambda name: "" if name == "pure" else reason)
    monkeypatch.setattr(engines, "engine", lambda: EngineInfo("pure", "OpenSSL 3.5.0", 2, reason, ("pure",)))
    monkeypatch.delenv("FASTJWT_ENGINE", raising=False)
    return info


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Imitate a machine without compiler and headers; return the folder where headers would be."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("CC", "cc")
    monkeypatch.setattr(build, "_INCLUDE_ROOTS", (str(tmp_path),))
    return tmp_path


# --- The command -----------------------------------------------------------------------------------------------------


@native
def test_healthy_installation_ends_with_0() -> None:
    done = run("doctor", env={"FASTJWT_ENGINE": ""})
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    for fact in (
        f"fastjwt {fastjwt.__version__}",
        f"- {engines.available()[0]}: in use",
        "- avx512ifma: ",
        "- pure: can run",
        fastjwt.engine().openssl_version,
        f"CPython {sys.version.split()[0]}",
        f"cffi {importlib.metadata.version('cffi')}",
        f"cryptography {importlib.metadata.version('cryptography')}",
        f"orjson {importlib.metadata.version('orjson')}",
        f"{engines.usable_cpus()} usable",
        "sha_ni",
        "Nothing needs to be done.",
    ):
        assert fact in text


@native
def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["healthy"] is True
    assert report["engine"]["name"] == fastjwt.engine().name
    assert [engine["name"] for engine in report["engines"]] == list(engines.names())
    assert set(report["machine"]["flags"]) == {"avx512ifma", "avx512vbmi", "sha_ni"}
    assert set(report["machine"]["avx512ifma"]) == {
        "cpu_flag",
        "system_saves_registers",
        "available",
        "decision",
    }
    assert report["machine"]["cpus"]["usable"] == engines.usable_cpus()


@native
def test_slow_engine_that_was_forced_is_a_problem() -> None:
    done = run("doctor", "--json", env={"FASTJWT_ENGINE": "pure"})
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["engine"]["forced_by_environment"] == "pure"
    assert [finding["code"] for finding in report["findings"] if finding["level"] == "problem"] == [
        "slow_engine_forced"
    ]
    assert "unset FASTJWT_ENGINE" in report["findings"][0]["remedy"]


@pytest.mark.parametrize("name", ["nonsense", *sorted(set(engines.names()) - set(engines.available()))])
def test_engine_that_cannot_run_is_explained_not_raised(name: str) -> None:
    done = run("doctor", env={"FASTJWT_ENGINE": name})
    assert (done.returncode, done.stderr) == (1, b"")
    assert f"PROBLEM: engine '{name}'" in done.stdout.decode()
    assert "unset FASTJWT_ENGINE" in done.stdout.decode()


# --- No native engine ------------------------------------------------------------------------------------------------


def test_missing_compiler_is_named_with_the_commands_that_help(
    no_native_engine: types.ModuleType, without_compiler: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "no C compiler was found" in text
    assert "a C compiler (cc)" in text
    assert "apt-get install gcc libc6-dev python3-dev libssl-dev\n" in text
    assert _REINSTALL in text


@pytest.mark.parametrize(
    ("present", "packages"),
    [
        ({"stdlib.h"}, "gcc python3-dev libssl-dev"),
        ({"stdlib.h", "Python.h"}, "gcc libssl-dev"),
        ({"stdlib.h", "Python.h", "openssl/evp.h"}, "gcc"),
    ],
)
def test_only_what_is_missing_is_asked_for(
    no_native_engine: types.ModuleType, without_compiler: Path, present: set[str], packages: str
) -> None:
    for header in present:
        (without_compiler / header).parent.mkdir(exist_ok=True)
        (without_compiler / header).touch()
    assert f"apt-get install {packages}\n" in remedies(doctor.examine())


def test_compiler_is_asked_for_the_headers(
    no_native_engine: types.ModuleType, without_compiler: Path
) -> None:
    """A compiler that finds all but OpenSSL's headers: whatever lies around elsewhere is of no use to it."""
    (without_compiler / "bin").mkdir()
    compiler = without_compiler / "bin" / "cc"
    compiler.write_text("#!/bin/sh\nwhile read -r line; do case $line in *openssl*) exit 1;; esac; done\n")
    compiler.chmod(0o755)
    assert [package for _, package in build.missing_parts()] == ["libssl-dev"]
    assert "apt-get install libssl-dev\n" in remedies(doctor.examine())


def test_compiler_that_came_later_means_to_build_again(
    no_native_engine: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "missing_parts", list)
    report = doctor.examine()
    assert "compiler and headers are here now" in report.problems[0].text
    assert "apt-get" not in remedies(report)
    assert _REINSTALL in remedies(report)


def test_what_the_compiler_said_is_repeated_if_there_is_one(
    no_native_engine: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_native_engine.__dict__["COMPILER_OUTPUT"] = "api.c:1: error: something\nterminated"
    monkeypatch.setattr(doctor, "missing_parts", list)
    assert (
        "the compiler said:\n  api.c:1: error: something\n  terminated" in doctor.examine().problems[0].text
    )
    monkeypatch.setattr(doctor, "missing_parts", lambda: [("a C compiler", "gcc")])
    assert "the compiler said" not in doctor.examine().problems[0].text


@pytest.mark.parametrize(
    ("remedy", "is_shown"),
    [("install OpenSSL 3.0 or later", True), ("Debian: apt-get install gcc", False), ("", False)],
)
def test_advice_of_the_build_is_passed_on_unless_it_is_out_of_date(
    no_native_engine: types.ModuleType, remedy: str, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_native_engine.__dict__["REMEDY"] = remedy
    monkeypatch.setattr(doctor, "missing_parts", list)
    assert ("the build's advice: " in doctor.examine().problems[0].text) is is_shown


def test_engine_that_was_switched_off_is_said_to_be(
    no_native_engine: types.ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_native_engine.__dict__["MODE"] = "off"
    monkeypatch.setattr(doctor, "missing_parts", list)
    assert "unset FASTJWT_NATIVE" in doctor.examine().problems[0].text


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, _REINSTALL),
        ({"url": "file:///a%20b/c", "dir_info": {}}, "pip install --no-cache-dir --force-reinstall '/a b/c'"),
        (
            {"url": "file:///c", "dir_info": {"editable": True}},
            "pip install --no-cache-dir --force-reinstall -e /c",
        ),
        ({"url": "https://host/x.tar.gz", "archive_info": {}}, _REINSTALL),
        ({}, _REINSTALL),
    ],
)
def test_rebuild_starts_from_where_the_package_came(
    origin: dict[str, Any] | None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wheel that pip made without a compiler stays in its cache; these commands pass it by."""

    class Installed:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return None if origin is None else json.dumps(origin)

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed())
    commands = build.rebuild_commands()
    assert commands[0].startswith(command)
    assert commands[-1].startswith(_REINSTALL)


# --- OpenSSL ---------------------------------------------------------------------------------------------------------


def with_openssl(monkeypatch: pytest.MonkeyPatch, running: str, headers: str, flags: str) -> doctor.Report:
    info = types.ModuleType("fastjwt._build_info")
    info.__dict__.update(NATIVE=True, MODE="auto", OPENSSL_HEADERS=headers)
    monkeypatch.setitem(sys.modules, "fastjwt._build_info", info)
    monkeypatch.setattr(engines, "engine", lambda: EngineInfo("openssl", running, 2, "", ("openssl", "pure")))
    monkeypatch.setattr(machine, "_cpu", lambda: ("Some CPU", frozenset(flags.split())))
    return doctor.examine()


@pytest.mark.parametrize(
    ("running", "flags", "is_trapped"),
    [
        ("OpenSSL 3.0.19 27 Jan 2026", "avx512f avx512ifma", True),
        ("OpenSSL 3.0.19 27 Jan 2026", "avx2", False),
        ("OpenSSL 3.5.1 1 Jul 2025", "avx512f avx512ifma", False),
        ("OpenSSL 30.0.1", "avx512f avx512ifma", False),
    ],
)
def test_openssl_3_0_on_a_cpu_with_ifma_is_a_trap_for_large_keys(
    running: str, flags: str, is_trapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = with_openssl(monkeypatch, running, running, flags)
    assert ("openssl_3_0_trap" in codes(report)) is is_trapped
    assert "openssl_3_0_trap" not in {finding.code for finding in report.problems}  # nothing is broken


def test_headers_of_another_major_version_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    report = with_openssl(monkeypatch, "OpenSSL 4.0.3 29 Sep 2026", "OpenSSL 3.0.19 27 Jan 2026", "")
    assert "openssl_mismatch" in {finding.code for finding in report.problems}
    report = with_openssl(monkeypatch, "OpenSSL 3.5.0", "OpenSSL 3.0.19 27 Jan 2026", "")
    assert "openssl_mismatch" not in codes(report)


# --- The stranger of the same name -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("owners", "is_foreign"),
    [
        (["fastjwt-openssl"], False),
        (["FastJWT_OpenSSL"], False),
        ([], False),
        (["fastjwt"], True),
        (["fastjwt-openssl", "fastjwt"], True),
    ],
)
def test_foreign_owner_of_the_folder_is_a_problem(
    owners: list[str], is_foreign: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(importlib.metadata, "packages_distributions", lambda: {"fastjwt": owners})
    main(["doctor"])
    text = capsys.readouterr().out
    assert ("installs a package named fastjwt, too" in text) is is_foreign
    assert ("pip uninstall fastjwt; pip install --force-reinstall fastjwt-openssl" in text) is is_foreign
    if is_foreign:
        assert main(["doctor"]) == 1


# --- Machine ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "cpu", "system"),
    [
        ("avx512f avx512ifma", True, True),
        ("avx512ifma", True, False),
        ("avx512f", False, True),
        ("avx2", False, False),
        (None, None, None),
    ],
)
@pytest.mark.parametrize("why_not", ["", "the CPU has no AVX-512 IFMA"])
def test_kernel_needs_the_cpu_and_the_system(
    flags: str | None, cpu: bool | None, system: bool | None, why_not: str
) -> None:
    """What both have stands beside what the engine itself says."""
    assert machine.ifma(None if flags is None else frozenset(flags.split()), why_not) == {
        "cpu_flag": cpu,
        "system_saves_registers": system,
        "available": not why_not,
        "decision": why_not or "the kernel can run here",
    }


def test_kernel_is_told_of_with_the_reason_of_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    why_not = engines.why_not
    monkeypatch.setattr(
        engines, "why_not", lambda name: "it is not built" if name == "avx512ifma" else why_not(name)
    )
    report = doctor.examine()
    report.engines[0] = {"name": "avx512ifma", "available": False, "reason": "it is not built"}
    report.engine["name"] = "openssl"
    text = doctor.as_text(report)
    assert "- avx512ifma: cannot run: it is not built" in text
    assert re.search(
        "AVX-512 IFMA: CPU (yes|no|unknown), operating system (yes|no|unknown): it is not built", text
    )


@pytest.mark.parametrize(
    ("content", "model", "flags"),
    [
        (
            "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu sha_ni\n\nprocessor\t: 1\nflags: x\n",
            "A CPU",
            {"fpu", "sha_ni"},
        ),
        ("processor\t: 0\nFeatures\t: fp asimd\n", None, {"fp", "asimd"}),
        ("nothing of use\n", None, None),
        (None, None, None),
    ],
)
def test_cpu_is_read_from_what_linux_lists(
    tmp_path: Path, content: str | None, model: str | None, flags: set[str] | None
) -> None:
    path = tmp_path / "cpuinfo"
    if content is not None:
        path.write_text(content)
    assert machine._cpu(path) == (model, flags)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no CPU affinity")
def test_affinity_is_respected() -> None:
    one = min(os.sched_getaffinity(0))
    done = run("doctor", "--json", preexec_fn=lambda: os.sched_setaffinity(0, {one}))
    cpus = json.loads(done.stdout)["machine"]["cpus"]
    assert (cpus["by_affinity"], cpus["usable"]) == (1, 1)


def test_missing_build_note_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fastjwt._build_info", None)
    main(["doctor"])
    assert "build       not recorded" in capsys.readouterr().out
