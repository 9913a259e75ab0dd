"""No key file passes for an HMAC secret, however it is wrapped; secrets that are none of that all pass."""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rsa_material import certificate, key, private_file, private_jwk, public_file, public_jwk

from fastjwt.key_shapes import der_structure, looks_like_key

EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
X = x25519.X25519PrivateKey.generate()
DSA = dsa.generate_private_key(2048)


def ssh_certificate(of: Any) -> bytes:
    """Return an OpenSSH certificate of the key, signed by itself, as `ssh-keygen -s` writes it."""
    builder = SSHCertificateBuilder().public_key(of.public_key()).type(SSHCertificateType.USER)
    builder = builder.valid_for_all_principals().valid_after(0).valid_before(1 << 40).key_id(b"x")
    octets: bytes = builder.sign(of).public_bytes()
    return octets


FILES: dict[str, bytes] = {
    "spki pem": public_file(key()),
    "spki der": public_file(key(), encoding=Encoding.DER),
    "pkcs1 public pem": public_file(key(), PublicFormat.PKCS1),
    "pkcs1 public der": public_file(key(), PublicFormat.PKCS1, Encoding.DER),
    "pkcs1 public der, 1024": public_file(key(0, 1024), PublicFormat.PKCS1, Encoding.DER),
    "pkcs8 pem": private_file(key()),
    "pkcs8 der": private_file(key(), encoding=Encoding.DER),
    "pkcs1 pem": private_file(key(), PrivateFormat.TraditionalOpenSSL),
    "pkcs1 der": private_file(key(), PrivateFormat.TraditionalOpenSSL, Encoding.DER),
    "encrypted pem": private_file(key(), password=b"secret"),
    "encrypted der": private_file(key(), encoding=Encoding.DER, password=b"secret"),
    "openssh private": private_file(key(), PrivateFormat.OpenSSH),
    "openssh public": public_file(key(), PublicFormat.OpenSSH, Encoding.OpenSSH),
    "authorized_keys": b'command="ls" ' + public_file(key(), PublicFormat.OpenSSH, Encoding.OpenSSH),
    "openssh public blob": base64.b64decode(
        public_file(key(), PublicFormat.OpenSSH, Encoding.OpenSSH).split()[1]
    ),
    "openssh certificate, rsa": ssh_certificate(key()),
    "openssh certificate, ed25519": ssh_certificate(ED),
    "openssh certificate, ecdsa": ssh_certificate(EC),
    "openssh certificate blob, rsa": base64.b64decode(ssh_certificate(key()).split()[1]),
    "openssh certificate blob, ed25519": base64.b64decode(ssh_certificate(ED).split()[1]),
    "openssh certificate blob, ecdsa": base64.b64decode(ssh_certificate(EC).split()[1]),
    "openssh certificate of a CA": b"@cert-authority *.example " + ssh_certificate(key()),
    "openssh certificate of a security key": b"sk-ssh-ed25519-cert-v01@openssh.com AAAAI3NrLXNz" + b"aA" * 60,
    "openssh certificate blob of a security key": b"\0\0\0\x23sk-ssh-ed25519-cert-v01@openssh.com"
    + bytes(40),
    "openssh blob of a security key": b"\0\0\0\x1ask-ssh-ed25519@openssh.com" + bytes(40),
    "certificate pem": certificate(key()).public_bytes(Encoding.PEM),
    "certificate der": certificate(key()).public_bytes(Encoding.DER),
    "ec public pem": public_file(EC),
    "ec public der": public_file(EC, encoding=Encoding.DER),
    "ec private der": private_file(EC, encoding=Encoding.DER),
    "ec sec1 der": private_file(EC, PrivateFormat.TraditionalOpenSSL, Encoding.DER),
    "ec openssh": public_file(EC, PublicFormat.OpenSSH, Encoding.OpenSSH),
    "ec certificate der": certificate(EC).public_bytes(Encoding.DER),
    "ed25519 public der": public_file(ED, encoding=Encoding.DER),
    "ed25519 private der": private_file(ED, encoding=Encoding.DER),
    "ed25519 openssh": public_file(ED, PublicFormat.OpenSSH, Encoding.OpenSSH),
    "x25519 private der": private_file(X, encoding=Encoding.DER),
    "dsa public der": public_file(DSA, encoding=Encoding.DER),
    "dsa private der": private_file(DSA, PrivateFormat.TraditionalOpenSSL, Encoding.DER),
    "jwk": json.dumps(public_jwk(key())).encode(),
    "jwk with blanks": json.dumps(public_jwk(key())).replace(":", " " * 5000 + ":").encode(),
    "jwks with blanks": b'{"keys"' + b"\r\n\t " * 8 + b":[" + b"{}," * 40 + b"]}",
    "private jwk": json.dumps(private_jwk(key())).encode(),
    "oct jwk": json.dumps({"kty": "oct", "k": "A" * 43}).encode(),
    "jwk, indented": json.dumps(public_jwk(key()), indent=2).encode(),
    "jwk, escaped name": json.dumps(public_jwk(key())).replace("kty", "\\u006bty").encode(),
    "jwk as Python prints it": str(public_jwk(key())).encode(),
    "jwks": json.dumps({"keys": [public_jwk(key())]}).encode(),
    "jwks, empty": b'{ "keys" : [ ] , "a": "0123456789012345" }',
    "jwks, escaped name": b'{"\\u006beys": [], "a": "0123456789012345"}',
    "list of jwk": json.dumps([public_jwk(key())]).encode(),
    "list of jwk, escaped": json.dumps([public_jwk(key())]).replace("kty", "kt\\u0079").encode(),
    "pem without dashes": b"BEGIN RSA PUBLIC KEY\n" + base64.b64encode(os.urandom(200)),
    "ssh2": b"---- BEGIN SSH2 PUBLIC KEY ----\nComment: me\nAAAAB3NzaC1yc2E\n",
    "putty": b"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n",
}

WRAPPINGS: dict[str, Callable[[bytes], bytes]] = {
    "bare": lambda octets: octets,
    "white space": lambda octets: b" \r\n\t\x0b\x0c" + octets + b"\n\n ",
    "exotic white space": lambda octets: "\u00a0\u2003".encode() + octets,
    "zero octets": lambda octets: bytes(4) + octets + bytes(4),
    "bom": lambda octets: b"\xef\xbb\xbf" + octets,
    "bom and white space": lambda octets: b"\n\xef\xbb\xbf \n" + octets,
    "utf-16": lambda octets: octets.decode("latin-1").encode("utf-16"),
    "utf-16-le": lambda octets: octets.decode("latin-1").encode("utf-16-le"),
    "utf-16-be": lambda octets: octets.decode("latin-1").encode("utf-16-be"),
    "utf-16-be, bom": lambda octets: b"\xfe\xff" + octets.decode("latin-1").encode("utf-16-be"),
    "utf-32": lambda octets: octets.decode("latin-1").encode("utf-32"),
    "utf-8 of latin-1": lambda octets: octets.decode("latin-1").encode("utf-8"),
    "base64": base64.b64encode,
    "base64, lines": base64.encodebytes,
    "base64, literal line ends": lambda octets: base64.encodebytes(octets).replace(b"\n", b"\\n"),
    "base64, no padding": lambda octets: base64.b64encode(octets).rstrip(b"="),
    "base64url": base64.urlsafe_b64encode,
    "base64 in utf-16": lambda octets: base64.b64encode(octets).decode().encode("utf-16"),
    "base64 twice": lambda octets: base64.b64encode(base64.b64encode(octets)),
    "base64 of utf-16, white space": lambda octets: (
        b" " + base64.b64encode(octets.decode("latin-1").encode("utf-16"))
    ),
    "hex": lambda octets: octets.hex().encode(),
    "quotes": lambda octets: b'"' + base64.b64encode(octets) + b'"',
    "stripped": bytes.strip,
    "cut short": lambda octets: octets[: len(octets) * 2 // 3],
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("file", FILES)
def test_key_files_are_seen_through_every_wrapping(file: str, wrapping: str) -> None:
    assert looks_like_key(WRAPPINGS[wrapping](FILES[file]))


def test_version_1_certificates_are_seen() -> None:
    der = (
        bytes.fromhex("308202a43082018c020900d3")
        + os.urandom(8)
        + bytes.fromhex("300d06092a864886f70d01010b")
    )
    assert not looks_like_key(der[:11])
    der = bytes.fromhex("308202a43082018c0209") + b"\1" * 9 + bytes.fromhex("300d06092a864886f70d01010b0500")
    assert looks_like_key(der)


@pytest.mark.parametrize(
    "secret",
    [
        b"0" * 32,
        b"-----a pass phrase of dashes-----",
        b"BEGIN at the beginning, he said gravely",
        b"We begin key signing at ten, certificate in hand",
        b'{"secret": "0123456789abcdef0123456789abcdef"}',
        b"monkeys and donkeys have no keys: at all",
        b"ssh-rsa is not what I am talking about, am I?",
        b"=" * 40,
        b"A" * 43,
        b"A" * 41,
        bytes(32),
        b"\x31" * 32,
        b"\xff\xfe" * 20,
        base64.b64encode(bytes(range(32))),
        base64.urlsafe_b64encode(bytes(range(200, 250))),
        bytes(range(32)).hex().encode(),
        "p\u00e4ssw\u00f6rter sind keine schl\u00fcssel, doch manchmal lang".encode(),
        "p\u00e4ssw\u00f6rter sind keine schl\u00fcssel".encode("utf-16"),
    ],
)
def test_secrets_that_are_no_key_pass(secret: bytes) -> None:
    assert not looks_like_key(secret)


def test_random_secrets_pass() -> None:
    for size in (32, 48, 64, 100):
        for _ in range(2000):
            secret = secrets.token_bytes(size)
            assert not looks_like_key(secret)
            assert not looks_like_key(b"\x30" + bytes([size - 2]) + secret[2:])
    for _ in range(2000):
        assert not looks_like_key(secrets.token_urlsafe(48).encode())
        assert not looks_like_key(secrets.token_hex(48).encode())


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_octets_at_all_get_an_answer(octets: bytes) -> None:
    for wrap in WRAPPINGS.values():
        assert looks_like_key(wrap(octets)) in (False, True)


@pytest.mark.parametrize(
    "secret",
    [
        b"A" * 1_000_000,
        b"[" * 1_000_000,
        b"{\\u0061" * 100_000,
        b"BEGIN " * 150_000,
        b"sk-" * 300_000,
        b"ssh-rsa" + b" " * 1_000_000,
        b"['kty'" + b" " * 1_000_000,
        b"{'kty' " * 150_000,
        b"sk-" * 20 + b" " * 1_000_000,
        b"ecdsa-sha2-a" * 100_000,
        b"ssh-rsa-cert-v01@openssh.com" * 40_000,
        b"\0\0\0\x1cssh-" * 100_000,
        bytes(1_000_000),
    ],
)
def test_long_secrets_are_answered_in_time(secret: bytes) -> None:
    started = time.perf_counter()
    assert not looks_like_key(secret)
    assert time.perf_counter() - started < 3


def test_der_structures_are_told_apart() -> None:
    structures = {name: der_structure(octets) for name, octets in FILES.items() if name.endswith("der")}
    assert structures["spki der"] == structures["ec public der"] == "SubjectPublicKeyInfo"
    assert structures["certificate der"] == structures["ec certificate der"] == "certificate"
    assert structures["pkcs8 der"] == structures["ed25519 private der"] == "PKCS#8"
    assert structures["encrypted der"] == "encrypted PKCS#8"
    assert structures["pkcs1 der"] == "PKCS#1 private key"
    assert structures["pkcs1 public der"] == "PKCS#1 public key"
    assert structures["ec sec1 der"] == "EC private key"
    for octets in (b"", b"0", b"\x30\x00", b"\x30\x03\x05\x00\x05", b"\x30\x02\x05\x00", FILES["spki pem"]):
        assert der_structure(octets) is None
