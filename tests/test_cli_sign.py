"""`fastjwt sign`: tokens from one JSON object, or from one a line."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from command import Files, files_in, one_line, run, start

import fastjwt
from fastjwt.cli import main


@pytest.fixture
def files(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> Files:
    return files_in(tmp_path, private_key)


def claims_in(tokens: str, key: fastjwt.RSAPrivateKey) -> list[dict[str, Any]]:
    """Return the claims of tokens, one a line, each of which must have a good signature."""
    verifier = fastjwt.Verifier(key.public_key(), require=(), allow_any_audience=True)
    return [verifier.verify(token, now=0) for token in tokens.splitlines()]


def test_process_signs_standard_input(files: Files, private_key: fastjwt.RSAPrivateKey) -> None:
    done = run("sign", "--key", files.private, stdin=b'{"sub":"a"}\n{"sub":"b"}\n')
    assert (done.returncode, done.stderr) == (0, b"")
    assert claims_in(done.stdout.decode(), private_key) == [{"sub": "a"}, {"sub": "b"}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"sub":"a"}', [{"sub": "a"}]),
        (b'{\n  "sub": "a",\r\n\r\n  "n": 1\n}\n', [{"sub": "a", "n": 1}]),
        (b'{"n":1}\r\n{"n":2}\r\n{"n":3}', [{"n": 1}, {"n": 2}, {"n": 3}]),
        (b'\n  \n{"n":1}\n\n\t\n{"n":2}\n\n', [{"n": 1}, {"n": 2}]),
        (b'  {"n":1}\n', [{"n": 1}]),
        (b"{}\n", [{}]),
        (b'{"n":36893488147419103232}', [{"n": 2**65}]),
        ('{"name":"J\u00f6rg"}'.encode(), [{"name": "J\u00f6rg"}]),
        (b"", []),
    ],
)
def test_one_object_or_one_a_line(
    files: Files,
    private_key: fastjwt.RSAPrivateKey,
    content: bytes,
    expected: list[dict[str, Any]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = files.write("claims.json", content)
    assert main(["sign", str(path), "--key", str(files.private)]) == 0
    assert claims_in(capsys.readouterr().out, private_key) == expected


@pytest.mark.parametrize(
    ("content", "line", "good"),
    [
        (b'{"n":1}\n\n{"n":', 3, 1),
        (b'{"n":1}\n[1]\n{"n":2}\n', 2, 1),
        (b'{"n":1}\n{"n":1,"n":2}\n', 2, 1),
        (b'{"n":1}\n{"n":NaN}\n', 2, 1),
        (b'{"n":1}\n{"n":2}\n{"exp":"soon"}\n{"n":4}\n', 3, 2),
        (b'{"n":1}\n{"iss":"another"}\n', 2, 1),
        (b'{"n":1}\n{"n":"\xff"}\n', 2, 1),
        (b'{"n":1}\n\0\n', 2, 1),
        (b'{"n":1}\n{"n":"' + b"x" * 300_000 + b'"}\n', 2, 1),
        (b"nonsense", 1, 0),
        (b"[{}]\n", 1, 0),
        (b'{"n":1\n"m":2}\n', 1, 0),
    ],
)
def test_first_fault_names_its_line_after_the_tokens_before_it(
    files: Files, private_key: fastjwt.RSAPrivateKey, content: bytes, line: int, good: int, capsys: Any
) -> None:
    path = files.write("claims.json", content)
    assert main(["sign", str(path), "--key", str(files.private), "--issuer", "me"]) == 3
    captured = capsys.readouterr()
    assert f"line {line}" in one_line(captured.err.encode())
    assert len(claims_in(captured.out, private_key)) == good


def test_endless_line_costs_nothing(files: Files) -> None:
    done = run("sign", "/dev/zero", "--key", files.private)
    assert done.returncode == 3
    one_line(done.stderr)


def test_settings_complete_the_claims(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files.write("claims.json", b"{}")
    settings = [
        "--issuer",
        "me",
        "--audience",
        "a",
        "--audience",
        "b",
        "--ttl",
        "60",
        "--jti",
        "--typ",
        "at+jwt",
    ]
    assert main(["sign", str(path), "--key", str(files.private), *settings]) == 0
    token = capsys.readouterr().out.strip()
    verifier = fastjwt.Verifier(private_key.public_key(), issuer="me", audience="b", typ="at+jwt")
    claims = verifier.verify(token)
    assert claims["aud"] == ["a", "b"]
    assert claims["exp"] - claims["iat"] == 60
    assert claims["jti"]


def test_kid_is_the_given_one_the_thumbprint_or_the_jwks(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    claims = str(files.write("claims.json", b"{}"))
    jwk = files.write("key.jwk", json.dumps({**private_key.to_jwk(), "kid": "own"}))

    def kid(*arguments: str) -> object:
        assert main(["sign", claims, *arguments]) == 0
        return fastjwt.decode_unverified(capsys.readouterr().out.strip()).header.get("kid")

    assert kid("--key", str(files.private)) is None
    assert kid("--key", str(files.private), "--kid", "k1") == "k1"
    assert kid("--key", str(files.private), "--thumbprint-kid") == private_key.thumbprint()
    assert kid("--key", str(jwk)) == "own"
    assert kid("--key", str(jwk), "--kid", "k1") == "k1"


def test_thumbprint_kid_is_what_jwks_publishes(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jwks", str(files.private), "--output", str(files.jwks)]) == 0
    claims = files.write("claims.json", b"{}")
    assert main(["sign", str(claims), "--key", str(files.private), "--thumbprint-kid", "--ttl", "60"]) == 0
    assert main(["verify", capsys.readouterr().out.strip(), "--jwks", str(files.jwks)]) == 0


def test_key_may_be_der(files: Files, private_key: fastjwt.RSAPrivateKey, capsys: Any) -> None:
    key = files.write("key.der", private_key.to_der())
    assert main(["sign", str(files.write("claims.json", b"{}")), "--key", str(key)]) == 0
    assert claims_in(capsys.readouterr().out, private_key) == [{}]


def test_secret_jwk_signs_hs256(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    secret = fastjwt.HMACKey(bytes(range(32)))
    path = files.write("secret.jwk", json.dumps(secret.to_jwk()))
    assert main(["sign", str(files.write("claims.json", b"{}")), "--key", str(path)]) == 0
    token = capsys.readouterr().out.strip()
    assert fastjwt.Verifier(secret, require=()).verify(token) == {}


def test_encrypted_key_needs_its_password(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: Any
) -> None:
    key = files.write("encrypted.pem", private_key.to_pem(password="secret"))
    claims = str(files.write("claims.json", b"{}"))
    right, wrong = files.write("right", "secret"), files.write("wrong", "Secret")
    assert main(["sign", claims, "--key", str(key), "--password-file", str(right)]) == 0
    assert len(claims_in(capsys.readouterr().out, private_key)) == 1
    assert main(["sign", claims, "--key", str(key), "--password-file", str(wrong)]) == 3
    assert str(key) in one_line(capsys.readouterr().err.encode())
    done = run("sign", claims, "--key", key)
    assert done.returncode == 3
    assert "--password-file" in one_line(done.stderr)


def test_encrypted_key_may_be_der(files: Files, private_key: fastjwt.RSAPrivateKey, capsys: Any) -> None:
    key = files.write("encrypted.der", private_key.to_der(password="secret"))
    claims = str(files.write("claims.json", b"{}"))
    password = files.write("password", "secret")
    assert main(["sign", claims, "--key", str(key), "--password-file", str(password)]) == 0
    assert len(claims_in(capsys.readouterr().out, private_key)) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["sign", "--key", "-"],
        ["sign", "--key", "{private}", "--password-file", "-"],
        ["sign", "-", "--key", "-", "--password-file", "{private}"],
        ["verify", "-", "--key", "-"],
        ["verify", "-", "--jwks", "-"],
        ["verify", "{private}", "--key", "-", "--key", "-"],
        ["jwks", "-", "-"],
        ["jwks", "-", "--password-file", "-"],
    ],
)
def test_standard_input_can_be_only_one_input(files: Files, arguments: list[str], capsys: Any) -> None:
    """The second would find nothing there, and an input without tokens or claims is no fault."""
    assert main([argument.format(private=files.private) for argument in arguments]) == 2
    assert "standard input" in one_line(capsys.readouterr().err.encode())


@pytest.mark.parametrize("form", ["public", "jwks", "missing", "folder", "empty"])
def test_what_is_no_private_key_ends_with_3(
    files: Files, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = {"folder": files.folder, "empty": files.write("empty", b""), "missing": files.folder / "none"}.get(
        form
    )
    path = path or getattr(files, form)
    assert main(["sign", str(files.write("claims.json", b"{}")), "--key", str(path)]) == 3
    assert str(path) in one_line(capsys.readouterr().err.encode())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--ttl", "0"],
        ["--ttl", "nan"],
        ["--ttl", "x"],
        ["--threads", "0"],
        ["--kid", "a", "--thumbprint-kid"],
    ],
)
def test_values_that_the_library_refuses_are_wrong_usage(files: Files, arguments: list[str]) -> None:
    assert (
        main(["sign", str(files.write("claims.json", b"{}")), "--key", str(files.private), *arguments]) == 2
    )


def test_output_is_readable_by_its_owner_alone(files: Files, private_key: fastjwt.RSAPrivateKey) -> None:
    """A token is as good as a password while it lasts."""
    path = files.folder / "tokens.txt"
    path.write_text("old")
    path.chmod(0o644)
    claims = files.write("claims.json", b'{"n":1}\n{"n":2}\n')
    assert main(["sign", str(claims), "--key", str(files.private), "--output", str(path)]) == 0
    assert len(claims_in(path.read_text(), private_key)) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_output_does_not_appear_if_anything_fails(files: Files) -> None:
    path = files.folder / "tokens.txt"
    claims = files.write("claims.json", b'{"n":1}\n{"n":}\n')
    before = files.names()
    assert main(["sign", str(claims), "--key", str(files.private), "--output", str(path)]) == 3
    assert files.names() == before


def test_full_disk_ends_with_3(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    claims = files.write("claims.json", b"{}")
    assert main(["sign", str(claims), "--key", str(files.private), "--output", "/dev/full"]) == 3
    assert "/dev/full: no space left on device" in one_line(capsys.readouterr().err.encode())


def test_claims_may_come_from_standard_input_in_place(
    files: Files, private_key: fastjwt.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"n":1}')))
    assert main(["sign", "-", "--key", str(files.private)]) == 0
    assert claims_in(capsys.readouterr().out, private_key) == [{"n": 1}]


def test_live_input_is_answered_while_it_lasts(files: Files) -> None:
    process = start("sign", "--key", files.private)
    assert process.stdin is not None
    assert process.stdout is not None
    for _ in range(2):
        process.stdin.write(b'{"n":1}\n')
        process.stdin.flush()
        assert process.stdout.readline().count(b".") == 2
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (0, b"", b"")
