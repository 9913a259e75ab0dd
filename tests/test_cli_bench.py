"""`fastjwt bench`: all engines beside the libcrypto loop, with checked answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from command import run

import fastjwt
from fastjwt import bench, engines
from fastjwt.bench import jobs
from fastjwt.cli import main

TINY = ("--rounds", "2", "--seconds", "0.001")
OPERATIONS = {"sign", "sign_batch", "verify", "verify_batch", "verify_signatures"}


def test_process_prints_a_table_of_all_engines() -> None:
    done = run("bench", *TINY, "--threads", "1")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text.startswith(
        f"fastjwt {fastjwt.__version__}, {fastjwt.engine().openssl_version}, RS256 with 2048 bits"
    )
    for name in engines.available():
        assert text.count(f" {name} ") == len(OPERATIONS)


def test_json_holds_all_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", *TINY, "--threads", "2", "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    native = "openssl" in engines.available()
    assert set(report["raw_libcrypto_per_second"]) == ({"sign", "verify"} if native else set())
    for name in engines.available():
        rows = [row for row in report["rows"] if row["engine"] == name]
        assert {row["operation"] for row in rows if row["threads"] == 1} == OPERATIONS
        wanted = set() if name == "pure" else {operation for operation in OPERATIONS if "_" in operation}
        assert {row["operation"] for row in rows if row["threads"] == 2} == wanted
        for row in rows:
            assert row["tokens_per_second"] > 0
            assert (row["ratio"] is not None) is native
            assert row["ratio"] is None or row["low"] <= row["ratio"] <= row["high"]
        assert report["counters"][f"{name}.verify"] > 0


def test_one_engine_alone_is_measured_and_does_the_work(
    engine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = engines.counters()
    assert main(["bench", *TINY, "--threads", "1", "--engine", engine, "--engine", engine, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert {row["engine"] for row in report["rows"]} == {engine}
    assert len(report["rows"]) == len(OPERATIONS)
    done = {name: count - before.get(name, 0) for name, count in engines.counters().items()}
    if engine != "pure":
        assert done.get("pure.sign", 0) == done.get("pure.verify", 0) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--bits", "1024"],
        ["--bits", "x"],
        ["--rounds", "1"],
        ["--seconds", "0"],
        ["--threads", "0"],
        ["--engine", "abacus"],
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", *arguments]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("method", ["sign_batch", "verify_batch", "verify_signatures"])
def test_wrong_answer_ends_it(
    method: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second batch that an engine answers is wrong."""
    owner = fastjwt.Signer if method == "sign_batch" else fastjwt.Verifier
    honest = getattr(owner, method)
    calls = []

    def dishonest(self: Any, items: list[Any], **options: Any) -> Any:
        calls.append(items)
        return honest(self, items[::-1] if len(calls) > 1 else items, **options)

    def blind(self: Any, items: list[Any], **options: Any) -> Any:
        return b"\x01" * len(items)

    monkeypatch.setattr(owner, method, blind if method == "verify_signatures" else dishonest)
    assert main(["bench", *TINY, "--engine", "pure"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "wrong answer" in captured.err


def test_engine_that_takes_a_spoiled_token_ends_it(
    monkeypatch: pytest.MonkeyPatch, private_key: fastjwt.RSAPrivateKey
) -> None:
    monkeypatch.setattr(fastjwt.Verifier, "verify", lambda self, token: {})
    with pytest.raises(bench.WrongAnswer, match="spoiled"):
        jobs.jobs_of("pure", private_key, 1)


def test_load_before_the_run_makes_it_noisy(capsys: pytest.CaptureFixture[str]) -> None:
    report = bench.Report(bench.Plan(), "OpenSSL", "", 99.0, 99.0, {}, [], {}, 1.0)
    assert report.noisy
    assert "NOISY: the load was 99.0" in bench.as_text(report)
    assert "Nothing to compare with" in bench.as_text(report)
