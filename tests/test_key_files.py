"""Loading key files: the label chooses, the content has to agree, and other programs' files are read and read ours."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rsa_material import certificate, key, numbers, private_file, public_file

from fastjwt import RSAPrivateKey, RSAPublicKey, key_files
from fastjwt.errors import InvalidKeyError

ITS = numbers(key())
PUBLIC = RSAPublicKey.from_numbers(ITS.n, ITS.e)
OLD = PrivateFormat.TraditionalOpenSSL
DER = Encoding.DER

EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
DSA = dsa.generate_private_key(1024)

PRIVATE_PEM = {
    "pkcs8": private_file(key()),
    "pkcs1": private_file(key(), OLD),
    "openssh": private_file(key(), PrivateFormat.OpenSSH),
}
PRIVATE_DER = {"pkcs8": private_file(key(), encoding=DER), "pkcs1": private_file(key(), OLD, DER)}
PUBLIC_PEM = {
    "spki": public_file(key()),
    "pkcs1": public_file(key(), PublicFormat.PKCS1),
    "openssh": public_file(key(), PublicFormat.OpenSSH, Encoding.OpenSSH),
}
PUBLIC_DER = {"spki": public_file(key(), encoding=DER), "pkcs1": public_file(key(), PublicFormat.PKCS1, DER)}
CERTIFICATE = certificate(key())


def relabelled(pem: bytes, label: str) -> bytes:
    first, *middle, last = pem.decode().strip().split("\n")
    assert first.startswith("-----BEGIN ")
    assert last.startswith("-----END ")
    return "\n".join([f"-----BEGIN {label}-----", *middle, f"-----END {label}-----", ""]).encode()


def refuse(load: Callable[..., Any], *arguments: Any, match: str | None = None, **options: Any) -> None:
    with pytest.raises(InvalidKeyError, match=match):
        load(*arguments, **options)


# --- What is read


@pytest.mark.parametrize("name", PRIVATE_PEM)
def test_private_pem_is_read_as_str_and_bytes(engine: str, name: str) -> None:
    for text in (PRIVATE_PEM[name], PRIVATE_PEM[name].decode()):
        private = RSAPrivateKey.from_pem(text)
        assert private.public_key() == PUBLIC
        assert private._numbers() == ITS


@pytest.mark.parametrize("name", PRIVATE_DER)
def test_private_der_is_read(engine: str, name: str) -> None:
    assert RSAPrivateKey.from_der(PRIVATE_DER[name])._numbers() == ITS


@pytest.mark.parametrize("name", PUBLIC_PEM)
def test_public_pem_is_read_as_str_and_bytes(engine: str, name: str) -> None:
    assert (
        RSAPublicKey.from_pem(PUBLIC_PEM[name]) == RSAPublicKey.from_pem(PUBLIC_PEM[name].decode()) == PUBLIC
    )


@pytest.mark.parametrize("name", PUBLIC_DER)
def test_public_der_is_read(engine: str, name: str) -> None:
    assert RSAPublicKey.from_der(PUBLIC_DER[name]) == PUBLIC


def test_certificates_are_read_through_their_own_door(engine: str) -> None:
    pem, der = CERTIFICATE.public_bytes(Encoding.PEM), CERTIFICATE.public_bytes(DER)
    for octets in (
        pem,
        pem.decode(),
        der,
        b"subject=CN = tokens.example\n" + pem,
        b"0\x82 text before\n" + pem,
    ):
        assert RSAPublicKey.from_certificate(octets) == PUBLIC
    for kind in (RSAPublicKey, RSAPrivateKey):
        refuse(kind.from_pem, pem, match="from_certificate")
        refuse(kind.from_der, der, match="from_certificate")
    for octets in (
        *PUBLIC_PEM.values(),
        *PRIVATE_PEM.values(),
        *PUBLIC_DER.values(),
        *PRIVATE_DER.values(),
        pem + pem,
        b"",
    ):
        refuse(RSAPublicKey.from_certificate, octets)
    refuse(RSAPublicKey.from_certificate, certificate(EC).public_bytes(DER), match="EC")
    refuse(RSAPublicKey.from_certificate, der + b"\n")


def test_private_where_public_is_wanted_and_the_reverse() -> None:
    for pem in PRIVATE_PEM.values():
        refuse(RSAPublicKey.from_pem, pem, match="RSAPrivateKey")
    for der in PRIVATE_DER.values():
        refuse(RSAPublicKey.from_der, der, match="RSAPrivateKey")
    for pem in PUBLIC_PEM.values():
        refuse(RSAPrivateKey.from_pem, pem, match="RSAPublicKey")
    for der in PUBLIC_DER.values():
        refuse(RSAPrivateKey.from_der, der, match="RSAPublicKey")
    refuse(RSAPublicKey.from_pem, private_file(key(), password=b"secret"), match="RSAPrivateKey")
    refuse(
        RSAPublicKey.from_der, private_file(key(), encoding=DER, password=b"secret"), match="RSAPrivateKey"
    )


LABELS = [
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
    "OPENSSH PRIVATE KEY",
    "PUBLIC KEY",
    "RSA PUBLIC KEY",
]


@pytest.mark.parametrize(
    "label", [*LABELS, "CERTIFICATE", "X509 CERTIFICATE", "EC PRIVATE KEY", "PUBLIC", "ANY", "DH PARAMETERS"]
)
def test_the_label_agrees_with_the_content(label: str) -> None:
    owners = {"PRIVATE KEY": "pkcs8", "RSA PRIVATE KEY": "pkcs1", "OPENSSH PRIVATE KEY": "openssh"}
    for name, pem in PRIVATE_PEM.items():
        if owners.get(label) != name:
            for password in (None, "secret"):
                refuse(RSAPrivateKey.from_pem, relabelled(pem, label), password)
    public_owners = {"PUBLIC KEY": "spki", "RSA PUBLIC KEY": "pkcs1"}
    for name in ("spki", "pkcs1"):
        if public_owners.get(label) != name:
            refuse(RSAPublicKey.from_pem, relabelled(PUBLIC_PEM[name], label))
    refuse(RSAPublicKey.from_certificate, relabelled(PUBLIC_PEM["spki"], label))


@pytest.mark.parametrize("foreign", [EC, ED, DSA], ids=["EC", "Ed25519", "DSA"])
def test_keys_of_other_kinds_are_refused_in_all_their_forms(foreign: Any) -> None:
    for form, encoding in (
        (PrivateFormat.PKCS8, DER),
        (PrivateFormat.PKCS8, Encoding.PEM),
        (OLD, DER),
        (OLD, Encoding.PEM),
    ):
        if foreign is ED and form is OLD:
            continue
        load = RSAPrivateKey.from_der if encoding is DER else RSAPrivateKey.from_pem
        refuse(load, private_file(foreign, form, encoding))
        refuse(load, private_file(foreign, form, encoding), "secret")
    refuse(RSAPublicKey.from_pem, public_file(foreign))
    if foreign is not DSA:  # the package warns that it will no longer write those
        refuse(RSAPublicKey.from_pem, public_file(foreign, PublicFormat.OpenSSH, Encoding.OpenSSH))
    refuse(RSAPublicKey.from_der, public_file(foreign, encoding=DER))


def test_der_is_bytes_and_nothing_beside_them() -> None:
    wrong: Any
    for wrong in (None, PRIVATE_PEM["pkcs8"].decode(), bytearray(PRIVATE_DER["pkcs8"]), memoryview(b""), 1):
        for from_der in (RSAPrivateKey.from_der, RSAPublicKey.from_der):
            with pytest.raises(TypeError, match="DER must be bytes"):
                from_der(wrong)
    for wrong in (None, bytearray(PRIVATE_PEM["pkcs8"]), 1, []):
        for from_text in (RSAPrivateKey.from_pem, RSAPublicKey.from_pem, RSAPublicKey.from_certificate):
            with pytest.raises(TypeError, match="str or bytes"):
                from_text(wrong)


def test_pem_is_no_der_and_der_is_no_pem() -> None:
    refuse(RSAPrivateKey.from_der, PRIVATE_PEM["pkcs8"])
    refuse(RSAPublicKey.from_der, PUBLIC_PEM["spki"])
    refuse(RSAPrivateKey.from_pem, PRIVATE_DER["pkcs8"], match="no PEM block")
    refuse(RSAPublicKey.from_pem, PUBLIC_DER["spki"], match="no PEM block")


@pytest.mark.parametrize("surplus", [b"\0", b"\n", b" ", PUBLIC_DER["spki"]])
def test_octets_after_the_der_are_refused(surplus: bytes) -> None:
    for octets in PRIVATE_DER.values():
        refuse(RSAPrivateKey.from_der, octets + surplus)
        refuse(RSAPrivateKey.from_der, surplus + octets)
    for octets in PUBLIC_DER.values():
        refuse(RSAPublicKey.from_der, octets + surplus)
        refuse(RSAPublicKey.from_der, surplus + octets)


def test_key_texts_above_64_kib_are_refused() -> None:
    room = 65_536 - len(PRIVATE_PEM["pkcs8"])
    assert RSAPrivateKey.from_pem(b"\n" * room + PRIVATE_PEM["pkcs8"]).public_key() == PUBLIC
    refuse(RSAPrivateKey.from_pem, b"\n" * (room + 1) + PRIVATE_PEM["pkcs8"], match="64 KiB")
    refuse(RSAPublicKey.from_der, bytes(65_537), match="64 KiB")
    refuse(RSAPublicKey.from_certificate, bytes(65_537), match="64 KiB")


def test_notes_before_a_block_may_begin_like_an_openssh_key() -> None:
    assert RSAPublicKey.from_pem(b"ssh-keygen made this:\n" + PUBLIC_PEM["spki"]) == PUBLIC
    assert RSAPrivateKey.from_pem(b"ssh-rsa, as PKCS#8:\n" + PRIVATE_PEM["pkcs8"]).public_key() == PUBLIC


# --- Passwords

ENCRYPTED_PEM = private_file(key(), password="p\u00e4ss".encode())
ENCRYPTED_DER = private_file(key(), encoding=DER, password="p\u00e4ss".encode())


def test_encrypted_keys_are_read_with_their_password(engine: str) -> None:
    for password in ("p\u00e4ss", "p\u00e4ss".encode()):
        assert RSAPrivateKey.from_pem(ENCRYPTED_PEM, password).public_key() == PUBLIC
        assert RSAPrivateKey.from_pem(ENCRYPTED_PEM.decode(), password=password).public_key() == PUBLIC
        assert RSAPrivateKey.from_der(ENCRYPTED_DER, password).public_key() == PUBLIC


@pytest.mark.parametrize("password", [None, "", b"", "pass", b"p\xe4ss", "p\u00e4ss ", "\ud800", b"\0"])
def test_wrong_missing_and_empty_passwords_are_refused(password: Any) -> None:
    refuse(RSAPrivateKey.from_pem, ENCRYPTED_PEM, password, match="password")
    refuse(RSAPrivateKey.from_der, ENCRYPTED_DER, password, match="password")


def test_a_missing_password_is_asked_for() -> None:
    refuse(RSAPrivateKey.from_pem, ENCRYPTED_PEM, match="give its password")


@pytest.mark.parametrize("password", ["", b"", "secret"])
def test_a_password_for_a_plain_key_is_refused(password: Any) -> None:
    for pem in PRIVATE_PEM.values():
        refuse(RSAPrivateKey.from_pem, pem, password, match="not encrypted")
    for der in PRIVATE_DER.values():
        refuse(RSAPrivateKey.from_der, der, password, match="not encrypted")


@pytest.mark.parametrize("password", [1, True, bytearray(b"secret"), ["secret"], lambda: "secret"])
def test_a_password_is_text_or_bytes(password: Any) -> None:
    for load, octets in ((RSAPrivateKey.from_pem, ENCRYPTED_PEM), (RSAPrivateKey.from_der, ENCRYPTED_DER)):
        with pytest.raises(TypeError, match="password"):
            load(octets, password)
    private = RSAPrivateKey.from_pem(PRIVATE_PEM["pkcs8"])
    for export in (private.to_pem, private.to_der):
        with pytest.raises(TypeError, match="password"):
            export(password)


@pytest.mark.parametrize("password", ["", b"", "\ud800"])
def test_keys_are_not_written_under_no_password(password: Any) -> None:
    private = RSAPrivateKey.from_pem(PRIVATE_PEM["pkcs8"])
    for export in (private.to_pem, private.to_der):
        with pytest.raises(ValueError, match="password"):
            export(password)


def test_the_old_encryption_of_pem_is_refused() -> None:
    """`DEK-Info` derives its key with one round of MD5."""
    text = key().private_bytes(Encoding.PEM, OLD, BestAvailableEncryption(b"secret"))
    assert b"DEK-Info" in text
    refuse(RSAPrivateKey.from_pem, text, "secret", match="old way")
    refuse(RSAPrivateKey.from_pem, text, match="old way")


# --- Mutations

SEEDS: list[tuple[Callable[..., Any], bytes]] = [
    *((RSAPrivateKey.from_pem, text) for text in PRIVATE_PEM.values()),
    *((RSAPrivateKey.from_der, octets) for octets in PRIVATE_DER.values()),
    *((RSAPublicKey.from_pem, text) for text in PUBLIC_PEM.values()),
    *((RSAPublicKey.from_der, octets) for octets in PUBLIC_DER.values()),
    (RSAPublicKey.from_certificate, CERTIFICATE.public_bytes(Encoding.PEM)),
    (RSAPublicKey.from_certificate, CERTIFICATE.public_bytes(DER)),
]


@settings(deadline=None)
@given(st.data())
def test_any_mutation_is_loaded_or_refused(data: st.DataObject) -> None:
    load, seed = data.draw(st.sampled_from(SEEDS))
    octets = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, max(0, len(octets) - 1)))
        octets[position : position + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(InvalidKeyError):
        load(bytes(octets))


def test_every_single_bit_of_a_private_key_file_matters(engine: str) -> None:
    """No bit can flip without the key being refused: all its numbers depend on each other."""
    octets = PRIVATE_DER["pkcs8"]
    step = 37  # every bit would take a minute; 37 is prime, so that all bit positions of an octet come up
    for bit in range(0, 8 * len(octets), step):
        changed = bytearray(octets)
        changed[bit // 8] ^= 1 << bit % 8
        refuse(RSAPrivateKey.from_der, bytes(changed))


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([seed[0] for seed in SEEDS]))
def test_any_octets_at_all_are_refused(octets: bytes, load: Callable[..., Any]) -> None:
    refuse(load, octets)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_at_all_is_refused(text: str) -> None:
    for load in (RSAPrivateKey.from_pem, RSAPublicKey.from_pem, RSAPublicKey.from_certificate):
        refuse(load, text)


def test_hostile_files_cost_little_time() -> None:
    nested = bytes.fromhex("3082fff0") * 16_000
    huge = b"\x02\x82\xfd\xe8" + b"\x7f" * 65_000
    files = [
        nested,
        b"\x30\x82\xfd\xec" + huge,
        b"\x30\x80" * 30_000,
        b"-----BEGIN " * 5_000,
        os.urandom(65_536),
    ]
    started = time.perf_counter()
    for octets in files:
        for load in {seed[0] for seed in SEEDS}:
            refuse(load, octets[:65_536])
    assert time.perf_counter() - started < 2


def test_structures_are_written_without_a_password_by_default() -> None:
    assert key_files.write_private_der(ITS) == PRIVATE_DER["pkcs8"]
    assert key_files.write_public_pem(ITS.public).encode() == PUBLIC_PEM["spki"]
    assert x509.load_der_x509_certificate(CERTIFICATE.public_bytes(DER)).public_key() == key().public_key()
