"""`fastjwt jwks`: the public set of key files in whatever form."""

from __future__ import annotations

import datetime
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import Files, files_in, one_line, run
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

import fastjwt
from fastjwt.cli import main


@pytest.fixture
def files(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> Files:
    return files_in(tmp_path, private_key)


def set_of(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["keys"]
    return members


def certificate_of(key: fastjwt.RSAPrivateKey, encoding: serialization.Encoding) -> bytes:
    signing = serialization.load_pem_private_key(key.to_pem().encode(), None)
    assert isinstance(signing, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signing.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    return builder.sign(signing, hashes.SHA256()).public_bytes(encoding)


def test_process_publishes_only_what_is_public(files: Files, private_key: fastjwt.RSAPrivateKey) -> None:
    done = run("jwks", files.private)
    assert done.returncode == 0
    (member,) = json.loads(done.stdout)["keys"]
    assert member == {**private_key.public_key().to_jwk(), "kid": private_key.thumbprint()}
    assert set(member) == {"kty", "n", "e", "alg", "use", "kid"}


@pytest.mark.parametrize(
    "form",
    ["private pem", "public pem", "private der", "public der", "private jwk", "public jwk", "set", "pkcs1",
     "certificate", "certificate der", "encrypted", "encrypted der"],
)  # fmt: skip
def test_key_is_read_in_every_form(
    files: Files, private_key: fastjwt.RSAPrivateKey, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    public = private_key.public_key()
    pem = serialization.load_pem_private_key(private_key.to_pem().encode(), None)
    forms: dict[str, Callable[[], bytes]] = {
        "private pem": lambda: private_key.to_pem().encode(),
        "public pem": lambda: public.to_pem().encode(),
        "private der": private_key.to_der,
        "public der": public.to_der,
        "private jwk": lambda: json.dumps(private_key.to_jwk()).encode(),
        "public jwk": lambda: json.dumps(public.to_jwk()).encode(),
        "set": lambda: json.dumps({"keys": [public.to_jwk()]}).encode(),
        "pkcs1": lambda: pem.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ),
        "certificate": lambda: certificate_of(private_key, serialization.Encoding.PEM),
        "certificate der": lambda: certificate_of(private_key, serialization.Encoding.DER),
        "encrypted": lambda: private_key.to_pem(password="secret").encode(),
        "encrypted der": lambda: private_key.to_der(password="secret"),
    }
    path = files.write("key", forms[form]())
    password = files.write("password", "secret\n")
    assert main(["jwks", str(path), "--password-file", str(password)]) == 0
    assert set_of(capsys) == [{**public.to_jwk(), "kid": public.thumbprint()}]


def test_kid_of_a_jwk_is_kept_and_one_may_be_given(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files.write("key.jwk", json.dumps({**private_key.to_jwk(), "kid": "own"}))
    assert main(["jwks", str(path)]) == 0
    assert set_of(capsys)[0]["kid"] == "own"
    assert main(["jwks", str(files.private), "--kid", "given"]) == 0
    assert set_of(capsys)[0]["kid"] == "given"


def test_set_and_new_key_make_a_set_of_both(
    files: Files, other_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    other = files.write("other.pem", other_key.to_pem())
    assert main(["jwks", str(files.jwks), str(other)]) == 0
    assert [member["kid"] for member in set_of(capsys)] == ["k1", other_key.thumbprint()]


def test_key_that_is_given_twice_is_published_once(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jwks", str(files.private), str(files.public)]) == 0
    assert len(set_of(capsys)) == 1


def test_two_keys_with_one_kid_are_refused(
    files: Files, other_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    other = files.write("other.jwk", json.dumps({**other_key.to_jwk(), "kid": "k1"}))
    assert main(["jwks", str(files.jwks), str(other)]) == 3
    assert "same kid 'k1'" in one_line(capsys.readouterr().err.encode())


def test_one_kid_for_two_keys_is_wrong_usage(files: Files, other_key: fastjwt.RSAPrivateKey) -> None:
    other = files.write("other.pem", other_key.to_pem())
    assert main(["jwks", str(files.private), str(other), "--kid", "k"]) == 2


def test_secret_is_never_published(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    secret = fastjwt.HMACKey(bytes(range(32))).to_jwk()
    for content in (json.dumps(secret), json.dumps({"keys": [secret]})):
        assert main(["jwks", str(files.write("secret.jwk", content))]) == 3
        captured = capsys.readouterr()
        assert captured.out == ""
        assert str(secret["k"]) not in captured.err


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b"\x30\x03abc",
        b"{}",
        b"{",
        b'{"kty":"EC"}',
        b'{"keys":[{"kty":"EC"}]}',
        b"\xff" * 99,
    ],
)
def test_what_holds_no_rsa_key_ends_with_3(
    files: Files, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = files.write("key", content)
    assert main(["jwks", str(path)]) == 3
    assert str(path) in one_line(capsys.readouterr().err.encode())


def test_encrypted_key_without_password_names_the_option(
    files: Files,
    private_key: fastjwt.RSAPrivateKey,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    path = files.write("key.pem", private_key.to_pem(password="secret"))
    assert main(["jwks", str(path)]) == 3
    assert "--password-file" in one_line(capsys.readouterr().err.encode())


def test_output_is_a_file_for_all_to_read(files: Files) -> None:
    path = files.folder / "published.json"
    assert main(["jwks", str(files.private), "--output", str(path)]) == 0
    assert fastjwt.JWKSet.from_json(path.read_text()).keys[0].kid is not None
    assert path.stat().st_mode & 0o044 == 0o044


def test_file_that_never_ends_is_not_read_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["jwks", "/dev/zero"]) == 3
    assert "longer than" in one_line(capsys.readouterr().err.encode())
