"""The key inside a certificate: the whole form is checked, the content is not judged."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from rsa_material import certificate, key, numbers

from fastjwt import certificate as x509
from fastjwt import der
from fastjwt.errors import InvalidKeyError

EC_KEY = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = certificate(key()).public_bytes(Encoding.DER)


def parts_of(octets: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the elements of the certificate, and those of what is signed."""
    outer = elements(der.Reader(octets, "").element(der.SEQUENCE))
    return outer, elements(der.Reader(outer[0], "").element(der.SEQUENCE))


def elements(contents: bytes) -> list[bytes]:
    reader = der.Reader(contents, "")
    found = []
    while reader.next_tag() is not None:
        tag, inner = reader.any_element()
        found.append(der.element(tag, inner))
    return found


OUTER, SIGNED = parts_of(CERTIFICATE)


def rebuilt(signed: list[bytes], outer: list[bytes] | None = None) -> bytes:
    return der.sequence((der.sequence(signed), *(OUTER[1:] if outer is None else outer)))


def test_the_parts_of_a_certificate_make_it_again() -> None:
    assert rebuilt(SIGNED) == CERTIFICATE


def test_the_key_is_found_whoever_signed_and_whenever_it_expired() -> None:
    its = numbers(key()).public
    assert x509.read(CERTIFICATE) == its
    assert x509.read(certificate(key(), extensions=False).public_bytes(Encoding.DER)) == its
    assert x509.read(certificate(key(), signer=EC_KEY).public_bytes(Encoding.DER)) == its


def test_a_certificate_of_another_kind_of_key_is_refused() -> None:
    with pytest.raises(InvalidKeyError, match="EC"):
        x509.read(certificate(EC_KEY, signer=key()).public_bytes(Encoding.DER))


def test_older_versions_and_odd_serial_numbers_are_read() -> None:
    its = numbers(key()).public
    version, serial, *rest = SIGNED
    extensions = rest.pop()
    assert version.hex() == "a003020102"
    assert x509.read(rebuilt([serial, *rest])) == its  # version 1
    for identifiers in ("810100", "820100", "810100820100"):
        assert (
            x509.read(rebuilt([bytes.fromhex("a003020101"), serial, *rest, bytes.fromhex(identifiers)]))
            == its
        )
        assert x509.read(rebuilt([version, serial, *rest, bytes.fromhex(identifiers), extensions])) == its
    assert x509.read(rebuilt([version, bytes.fromhex("0202ff7f"), *rest, extensions])) == its


@pytest.mark.parametrize("version", [0, 3, 1 << 15_000], ids=der.shown)
def test_versions_that_do_not_exist_are_refused(version: int) -> None:
    """Python would refuse to print the last one."""
    written = der.element(der.context(0), der.integer(version))
    with pytest.raises(InvalidKeyError, match="version"):
        x509.read(rebuilt([written, *SIGNED[1:]]))


def test_structures_in_the_wrong_order_or_number_are_refused() -> None:
    version, serial, *rest = SIGNED
    extensions = rest[-1]
    for signed in (
        [version, *rest],
        [serial, version, *rest],
        [version, serial, *rest, extensions],
        [version, serial, *rest, der.null()],
        [version, serial, *rest[:-1], bytes.fromhex("8101"), extensions],
        [version, serial, *rest[1:]],
        [serial, *rest],  # version 1 has no extensions
        [serial, *rest[:-1], bytes.fromhex("810100")],  # and no unique identifiers
        [serial, *rest[:-1], bytes.fromhex("820100")],
        [bytes.fromhex("a003020101"), serial, *rest],  # nor has version 2 extensions
        [version, serial, *rest[:-1], bytes.fromhex("820100810100"), extensions],
        [bytes.fromhex("a003020100"), serial, *rest],  # a default that is written
        [bytes.fromhex("a003020103"), serial, *rest],
        [bytes.fromhex("a006020102020102"), serial, *rest],
        [bytes.fromhex("a000"), serial, *rest],
        [version, bytes.fromhex("02020001"), *rest],
        [version, serial, rest[0], der.element(der.SEQUENCE, b"\x31\x05\x30"), *rest[2:]],
        [],
    ):
        with pytest.raises(InvalidKeyError):
            x509.read(rebuilt(signed))
    for outer in (
        OUTER[1:2],
        [*OUTER[1:], der.null()],
        [OUTER[2], OUTER[1]],
        [OUTER[1], der.octet_string(b"a")],
        [],
    ):
        with pytest.raises(InvalidKeyError):
            x509.read(rebuilt(SIGNED, outer))


def test_octets_after_the_certificate_are_refused() -> None:
    with pytest.raises(InvalidKeyError, match="too many"):
        x509.read(CERTIFICATE + b"\0")


def test_every_truncation_is_refused() -> None:
    for length in range(len(CERTIFICATE)):
        with pytest.raises(InvalidKeyError):
            x509.read(CERTIFICATE[:length])
