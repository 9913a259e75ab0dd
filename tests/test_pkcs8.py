"""The DER structures around RSA numbers: PKCS#1, SubjectPublicKeyInfo and PKCS#8, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from rsa_material import key, numbers, private_file, public_file

from fastjwt import der, pkcs1, pkcs8, spki
from fastjwt.errors import InvalidKeyError

ITS = numbers(key())
PKCS1 = private_file(key(), PrivateFormat.TraditionalOpenSSL, Encoding.DER)
PKCS8 = private_file(key(), PrivateFormat.PKCS8, Encoding.DER)
PKCS1_PUBLIC = public_file(key(), PublicFormat.PKCS1, Encoding.DER)
SPKI = public_file(key(), PublicFormat.SubjectPublicKeyInfo, Encoding.DER)

RSA = der.sequence((der.object_identifier("1.2.840.113549.1.1.1"), der.null()))
READERS = [
    (pkcs1.read_private, PKCS1),
    (pkcs1.read_public, PKCS1_PUBLIC),
    (pkcs8.read, PKCS8),
    (spki.read, SPKI),
]
NAMES = ["pkcs1 private", "pkcs1 public", "pkcs8", "spki"]


def test_what_cryptography_writes_is_read_and_written_alike() -> None:
    assert pkcs1.read_private(PKCS1) == pkcs8.read(PKCS8) == ITS
    assert pkcs1.read_public(PKCS1_PUBLIC) == spki.read(SPKI) == ITS.public
    assert pkcs1.write_private(ITS) == PKCS1
    assert pkcs1.write_public(ITS.public) == PKCS1_PUBLIC
    assert pkcs8.write(ITS) == PKCS8
    assert spki.write(ITS.public) == SPKI


@pytest.mark.parametrize(("read", "octets"), READERS, ids=NAMES)
def test_octets_after_the_key_are_refused(read: Any, octets: bytes) -> None:
    for surplus in (b"\0", b"\n", octets):
        with pytest.raises(InvalidKeyError, match="too many"):
            read(octets + surplus)


@pytest.mark.parametrize(("read", "octets"), READERS, ids=NAMES)
def test_every_truncation_is_refused(read: Any, octets: bytes) -> None:
    for length in range(len(octets)):
        with pytest.raises(InvalidKeyError):
            read(octets[:length])


@pytest.mark.parametrize(("read", "octets"), READERS, ids=NAMES)
def test_every_changed_header_octet_is_refused_or_changes_the_numbers(read: Any, octets: bytes) -> None:
    """No bit of a key file is without a meaning: a change never leaves the same numbers behind."""
    original = read(octets)
    for position in range(min(len(octets), 80)):
        for bit in range(8):
            changed = bytearray(octets)
            changed[position] ^= 1 << bit
            try:
                found = read(bytes(changed))
            except InvalidKeyError:
                continue
            assert found != original


@pytest.mark.parametrize("version", [1, 2, 3, 1 << 64, 1 << 15_000], ids=der.shown)
def test_pkcs1_of_other_versions_is_refused(version: int) -> None:
    with pytest.raises(InvalidKeyError, match="version"):
        pkcs1.read_private(der.sequence(map(der.integer, (version, *ITS))))


def test_pkcs1_with_other_primes_is_refused() -> None:
    more = der.sequence((der.sequence(map(der.integer, (3, 5, 7))),))
    fields = b"".join(map(der.integer, (0, *ITS)))
    with pytest.raises(InvalidKeyError, match="too many"):
        pkcs1.read_private(der.element(der.SEQUENCE, fields + more))


@pytest.mark.parametrize("field", range(9))
def test_negative_and_padded_integers_are_refused(field: int) -> None:
    parts = [der.integer(value) for value in (0, *ITS)]
    contents = der.Reader(parts[field], "").element(der.INTEGER)
    for changed, complaint in ((b"\0" + contents, "shortest form"), (b"\x80" + contents[1:], "negative")):
        spoiled = [*parts[:field], der.element(der.INTEGER, changed), *parts[field + 1 :]]
        with pytest.raises(InvalidKeyError, match=complaint):
            pkcs1.read_private(der.sequence(spoiled))


@pytest.mark.parametrize("version", [2, 255, 1 << 15_000], ids=der.shown)
def test_pkcs8_of_unknown_versions_is_refused(version: int) -> None:
    octets = der.sequence((der.integer(version), RSA, der.octet_string(PKCS1)))
    with pytest.raises(InvalidKeyError, match="version"):
        pkcs8.read(octets)


def test_pkcs8_attributes_are_walked_and_ignored() -> None:
    attribute = der.sequence(
        (der.object_identifier("2.5.29.15"), der.element(der.SET, der.bit_string(b"\x80")))
    )
    head = (der.integer(0), RSA, der.octet_string(PKCS1))
    assert pkcs8.read(der.sequence((*head, der.element(der.context(0), attribute * 2)))) == ITS
    assert pkcs8.read(der.sequence((*head, der.element(der.context(0), b"")))) == ITS
    for malformed in (attribute[:-1], b"\x05\x00", attribute + b"\x30", b"\x30\x03\x30\x05\x00"):
        with pytest.raises(InvalidKeyError):
            pkcs8.read(der.sequence((*head, der.element(der.context(0), malformed))))


def test_one_asymmetric_key_holds_the_matching_public_key() -> None:
    """RFC 5958 section 2: version 1 if and only if the public key is there."""
    public = der.element(der.context(1, constructed=False), b"\0" + PKCS1_PUBLIC)
    key_octets = der.octet_string(PKCS1)
    assert pkcs8.read(der.sequence((der.integer(1), RSA, key_octets, public))) == ITS
    attributes = der.element(der.context(0), b"")
    assert pkcs8.read(der.sequence((der.integer(1), RSA, key_octets, attributes, public))) == ITS

    other = public_file(key(1), PublicFormat.PKCS1, Encoding.DER)
    wrong = der.element(der.context(1, constructed=False), b"\0" + other)
    for parts in (
        (der.integer(0), RSA, key_octets, public),
        (der.integer(1), RSA, key_octets),
        (der.integer(1), RSA, key_octets, public, public),
        (der.integer(1), RSA, key_octets, public, attributes),
        (der.integer(1), RSA, key_octets, wrong),
        (
            der.integer(1),
            RSA,
            key_octets,
            der.element(der.context(1, constructed=False), b"\x04" + PKCS1_PUBLIC),
        ),
        (der.integer(1), RSA, key_octets, der.element(der.context(1, constructed=False), b"")),
    ):
        with pytest.raises(InvalidKeyError):
            pkcs8.read(der.sequence(parts))


@pytest.mark.parametrize(
    "algorithm",
    [
        der.sequence((der.object_identifier("1.2.840.113549.1.1.1"),)),  # no parameters
        der.sequence((der.object_identifier("1.2.840.113549.1.1.1"), der.null(), der.null())),
        der.sequence((der.object_identifier("1.2.840.113549.1.1.1"), der.sequence(()))),
        der.sequence((der.null(),)),
        der.sequence(()),
        der.object_identifier("1.2.840.113549.1.1.1"),
    ],
)
def test_rsa_keys_have_null_parameters(algorithm: bytes) -> None:
    with pytest.raises(InvalidKeyError):
        spki.read(der.sequence((algorithm, der.bit_string(PKCS1_PUBLIC))))
    with pytest.raises(InvalidKeyError):
        pkcs8.read(der.sequence((der.integer(0), algorithm, der.octet_string(PKCS1))))


def test_bits_that_are_no_whole_octets_are_refused() -> None:
    with pytest.raises(InvalidKeyError, match="whole octets"):
        spki.read(der.sequence((RSA, der.element(der.BIT_STRING, b"\x01" + PKCS1_PUBLIC))))


@pytest.mark.parametrize(
    ("name", "foreign"),
    [
        ("EC", lambda: ec.generate_private_key(ec.SECP256R1())),
        ("Ed25519", ed25519.Ed25519PrivateKey.generate),
        ("Ed448", ed448.Ed448PrivateKey.generate),
        ("X25519", x25519.X25519PrivateKey.generate),
        ("DSA", lambda: dsa.generate_private_key(1024)),
    ],
)
def test_keys_of_other_kinds_are_named(name: str, foreign: Any) -> None:
    other = foreign()
    with pytest.raises(InvalidKeyError, match=rf"\({name}\)"):
        pkcs8.read(private_file(other, PrivateFormat.PKCS8, Encoding.DER))
    with pytest.raises(InvalidKeyError, match=rf"\({name}\)"):
        spki.read(public_file(other, encoding=Encoding.DER))


def test_a_key_for_pss_only_is_no_rs256_key() -> None:
    """The same numbers under id-RSASSA-PSS (RFC 8017 appendix C) are for PSS alone."""
    for parameters in ((), (der.null(),), (der.sequence(()),)):
        algorithm = der.sequence((der.object_identifier("1.2.840.113549.1.1.10"), *parameters))
        with pytest.raises(InvalidKeyError, match="RSASSA-PSS"):
            spki.read(der.sequence((algorithm, der.bit_string(PKCS1_PUBLIC))))
        with pytest.raises(InvalidKeyError, match="RSASSA-PSS"):
            pkcs8.read(der.sequence((der.integer(0), algorithm, der.octet_string(PKCS1))))


def test_unknown_algorithms_are_shown_by_number() -> None:
    algorithm = der.sequence((der.object_identifier("1.2.3.4"), der.null()))
    with pytest.raises(InvalidKeyError, match=r"1\.2\.3\.4 \(unknown\)"):
        spki.read(der.sequence((algorithm, der.bit_string(PKCS1_PUBLIC))))
