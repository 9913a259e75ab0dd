"""`fastjwt inspect`: what a token says, and that nobody has checked it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from command import Files, files_in, objects, one_line, run

import fastjwt
from fastjwt.cli import main


@pytest.fixture
def files(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> Files:
    return files_in(tmp_path, private_key)


def test_process_says_first_that_nothing_is_verified(files: Files) -> None:
    done = run("inspect", files.signer.sign({"sub": "a"}))
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text.startswith("UNVERIFIED")
    assert '"alg": "RS256"' in text
    assert '"sub": "a"' in text


def test_times_are_told_as_dates_and_distances(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    claims = {"iat": 0, "nbf": int(time.time()) - 7_300, "exp": time.time() + 300_000, "auth_time": 1e300}
    assert main(["inspect", files.signer.sign(claims)]) == 0
    text = capsys.readouterr().out
    assert "iat        1970-01-01 00:00:00 UTC" in text
    assert "2 hours ago" in text
    assert "in 3 days" in text
    assert text.count("UTC") == 3  # the last one is beyond the calendar


def test_json_is_for_machines_and_says_so_too(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    token = files.signer.sign({"name": "J\u00f6rg"})
    assert main(["inspect", "--json", token]) == 0
    (document,) = objects(capsys.readouterr().out)
    expected = fastjwt.decode_unverified(token)
    assert document == {
        "verified": False,
        "header": expected.header,
        "claims": expected.claims,
        "token_bytes": len(token),
    }


def test_what_a_stranger_wrote_cannot_steer_the_terminal(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", files.signer.sign({"a": "\x9b31m\u202e\x1b[2J", "\x07": 1})]) == 0
    text = capsys.readouterr().out
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "\\x9b31m\\u202e\\u001b[2J" in text


@pytest.mark.parametrize("token", ["eyJ.b.c", "eyJhbGciOiJSUzI1NiJ9.e30", "eyJhbGciOiJSUzI1NiJ9.W10.AAAA"])
def test_what_is_no_token_ends_with_1(token: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", token]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "line 1" in one_line(captured.err.encode())


def test_each_token_of_a_file_is_shown(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    path = files.tokens([files.signer.sign({"n": 1}), "", "x" * 300_000, files.signer.sign({"n": 2})])
    assert main(["inspect", "--json", str(path)]) == 1
    captured = capsys.readouterr()
    assert [document["claims"]["n"] for document in objects(captured.out)] == [1, 2]
    assert "line 3" in one_line(captured.err.encode())


def test_standard_input_is_read(files: Files) -> None:
    done = run("inspect", "-", "--json", stdin=files.signer.sign({"n": 1}).encode() + b"\r\n")
    assert done.returncode == 0
    assert json.loads(done.stdout)["claims"]["n"] == 1


@pytest.mark.parametrize("source", ["missing.txt", "/", "/dev/null"])
def test_nothing_to_show_ends_with_3(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", source]) == 3
    one_line(capsys.readouterr().err.encode())
