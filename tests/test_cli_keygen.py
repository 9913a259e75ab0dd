"""`fastjwt keygen`: keys that work, in files that nobody else can read."""

from __future__ import annotations

import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from command import COMMAND, one_line, run

import fastjwt
from fastjwt.cli import keygen, main


@pytest.fixture(autouse=True)
def one_key(monkeypatch: pytest.MonkeyPatch, private_key: fastjwt.RSAPrivateKey) -> None:
    """Hand out the session's key where a new one of 2048 bits is wanted; making one takes longer than the rest."""
    generate = fastjwt.RSAPrivateKey.generate

    def quickly(bits: int = 2048) -> fastjwt.RSAPrivateKey:
        return private_key if bits == 2048 else generate(bits)

    monkeypatch.setattr(fastjwt.RSAPrivateKey, "generate", quickly)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_process_writes_a_key_pair_that_signs_and_verifies(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    done = run("keygen", "--out", private, "--public", public)
    assert (done.returncode, done.stdout) == (0, b"")
    key = fastjwt.RSAPrivateKey.from_pem(private.read_bytes())
    assert key.bits == 2048
    assert key.public_key() == fastjwt.RSAPublicKey.from_pem(public.read_bytes())
    assert key.thumbprint() in done.stderr.decode()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_files_have_mode_0600_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    before = os.umask(umask)
    try:
        assert main(["keygen", "--out", str(private), "--public", str(public)]) == 0
    finally:
        os.umask(before)
    assert mode_of(private) == mode_of(public) == 0o600


def test_without_out_the_private_key_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keygen"]) == 0
    captured = capsys.readouterr()
    assert fastjwt.RSAPrivateKey.from_pem(captured.out).bits == 2048
    assert "PRIVATE" not in captured.err


def test_bits_are_those_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keygen", "--bits", "2056"]) == 0
    assert fastjwt.RSAPrivateKey.from_pem(capsys.readouterr().out).bits == 2056


@pytest.mark.parametrize("bits", ["0", "-1", "1024", "2047", "8193"])
def test_sizes_that_the_library_refuses_are_wrong_usage(
    bits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["keygen", "--bits", bits]) == 2
    assert "bits" in one_line(capsys.readouterr().err.encode())


def test_jwk_names_its_kid_use_and_algorithm(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> None:
    private, public = tmp_path / "private.jwk", tmp_path / "public.jwk"
    arguments = ["keygen", "--format", "jwk", "--out", str(private), "--public", str(public)]
    assert main(arguments) == 0
    members = json.loads(public.read_text())
    assert members["kid"] == private_key.thumbprint()
    assert (members["use"], members["alg"]) == ("sig", "RS256")
    assert "d" not in members
    loaded = fastjwt.RSAPrivateKey.from_jwk(private.read_text())
    assert loaded.kid == private_key.thumbprint()
    assert mode_of(private) == 0o600


def test_jwk_takes_the_kid_that_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keygen", "--format", "jwk", "--kid", "2024-05"]) == 0
    assert fastjwt.RSAPrivateKey.from_jwk(capsys.readouterr().out).kid == "2024-05"


def test_existing_file_is_refused_and_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "private.pem"
    path.write_text("precious")
    assert main(["keygen", "--out", str(path)]) == 3
    assert "exists already" in one_line(capsys.readouterr().err.encode())
    assert path.read_text() == "precious"


def test_nothing_is_written_if_the_second_file_would_be_refused(tmp_path: Path) -> None:
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    public.write_text("precious")
    assert main(["keygen", "--out", str(private), "--public", str(public)]) == 3
    assert not private.exists()
    assert public.read_text() == "precious"


def test_force_replaces_a_file_and_narrows_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "private.pem"
    path.write_text("old")
    path.chmod(0o644)
    assert main(["keygen", "--out", str(path), "--force"]) == 0
    assert fastjwt.RSAPrivateKey.from_pem(path.read_text()).bits == 2048
    assert mode_of(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("target", ["there.pem", "nowhere.pem"])
def test_symbolic_link_is_never_followed_or_replaced(tmp_path: Path, force: list[str], target: str) -> None:
    (tmp_path / "there.pem").write_text("precious")
    link = tmp_path / "private.pem"
    link.symlink_to(tmp_path / target)
    assert main(["keygen", "--out", str(link), *force]) == 3
    assert link.is_symlink()
    assert (tmp_path / "there.pem").read_text() == "precious"
    assert not (tmp_path / "nowhere.pem").exists()


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_device_is_written_not_replaced(force: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keygen", "--out", "/dev/full", *force]) == 3
    assert "no space left on device" in one_line(capsys.readouterr().err.encode())
    assert stat.S_ISCHR(os.lstat("/dev/full").st_mode)
    assert main(["keygen", "--out", "/dev/null", *force]) == 0
    assert stat.S_ISCHR(os.lstat("/dev/null").st_mode)


@pytest.mark.parametrize("name", ["", "missing/private.pem", "private\0.pem"])
def test_places_that_cannot_be_written_end_with_3(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The empty name is the folder itself."""
    assert main(["keygen", "--out", f"{tmp_path}/{name}"]) == 3
    one_line(capsys.readouterr().err.encode())
    assert list(tmp_path.iterdir()) == []


def test_key_can_be_encrypted_with_a_password_from_a_file(tmp_path: Path) -> None:
    path, password = tmp_path / "private.pem", tmp_path / "password"
    password.write_bytes(b"correct horse\r\nsecond line\n")
    assert main(["keygen", "--out", str(path), "--password-file", str(password)]) == 0
    assert "ENCRYPTED" in path.read_text()
    assert fastjwt.RSAPrivateKey.from_pem(path.read_text(), password="correct horse").bits == 2048


def test_password_may_come_from_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private.pem"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"battery staple")))
    assert main(["keygen", "--out", str(path), "--password-file", "-"]) == 0
    assert fastjwt.RSAPrivateKey.from_pem(path.read_text(), password="battery staple").bits == 2048


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\nsecond"])
def test_empty_password_is_refused(tmp_path: Path, content: bytes) -> None:
    password = tmp_path / "password"
    password.write_bytes(content)
    assert main(["keygen", "--out", str(tmp_path / "private.pem"), "--password-file", str(password)]) == 3
    assert list(tmp_path.iterdir()) == [password]


def test_a_password_file_without_a_name_is_no_reason_to_leave_the_key_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As it is where a shell's variable was never set."""
    assert main(["keygen", "--password-file", ""]) == 3
    assert capsys.readouterr().out == ""


def test_password_is_asked_for_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "private.pem"
    answers = [b"one", b"two", b"same", b"same"]
    monkeypatch.setattr(keygen, "prompt", lambda question: answers.pop(0))
    assert main(["keygen", "--out", str(path), "--encrypt"]) == 3
    assert not path.exists()
    assert main(["keygen", "--out", str(path), "--encrypt"]) == 0
    assert fastjwt.RSAPrivateKey.from_pem(path.read_text(), password="same").bits == 2048


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "jwk", "--encrypt"],
        ["--format", "jwk", "--password-file", "x"],
        ["--encrypt", "--password-file", "x"],
        ["--out", "same.pem", "--public", "same.pem"],
        ["--out", "same.pem", "--public", "./same.pem", "--force"],
        ["--public", "-"],
        ["--format", "der"],
    ],
)
def test_options_that_contradict_each_other_are_wrong_usage(arguments: list[str]) -> None:
    assert main(["keygen", *arguments]) == 2


@pytest.mark.parametrize("kid", [b"\xff", b"caf\xe9", b"k" * 1025, "\u00e9".encode() * 513])
@pytest.mark.parametrize(
    "command",
    [
        ["keygen", "--format", "jwk"],
        ["keygen"],
        ["jwks", "private.pem"],
        ["sign", "--key", "private.pem"],
    ],
    ids=" ".join,
)
def test_key_ids_that_no_token_can_carry_are_wrong_usage(command: list[str], kid: bytes) -> None:
    done = subprocess.run(
        [*COMMAND, *command, b"--kid", kid],
        input=b"{}",
        capture_output=True,
        env={**os.environ, "PYTHONUTF8": "1"},
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert not done.stdout
    assert b"--kid: a key ID" in done.stderr
    assert b"Traceback" not in done.stderr


def test_key_ids_of_1024_bytes_are_written(tmp_path: Path) -> None:
    path = tmp_path / "private.jwk"
    kid = "\u00e9" * 512
    assert main(["keygen", "--format", "jwk", "--kid", kid, "--out", str(path)]) == 0
    assert fastjwt.RSAPrivateKey.from_jwk(path.read_text()).kid == kid
