"""Encrypted PKCS#8: what others write is read, what is written others read, and a hostile file costs no time."""

from __future__ import annotations

import hashlib
import math
import subprocess
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from rsa_material import key, numbers, private_file, read_by_cryptography

from fastjwt import der, pkcs5, pkcs8
from fastjwt.errors import InvalidKeyError

PASSWORD = b"correct horse \xc3\xa9"
PLAIN = private_file(key(), PrivateFormat.PKCS8, Encoding.DER)

HMAC_SHA256 = "1.2.840.113549.2.9"
AES_256_CBC = "2.16.840.1.101.3.4.1.42"


def with_null(identifier: str) -> bytes:
    return der.sequence((der.object_identifier(identifier), der.null()))


def pbkdf2(*fields: bytes) -> bytes:
    return der.sequence((der.object_identifier("1.2.840.113549.1.5.12"), der.sequence(fields)))


def scrypt(*numbers: int, salt: bytes = b"salt") -> bytes:
    fields = (der.octet_string(salt), *map(der.integer, numbers))
    return der.sequence((der.object_identifier("1.3.6.1.4.1.11591.4.11"), der.sequence(fields)))


def cipher(identifier: str = AES_256_CBC, initial_vector: bytes = bytes(16)) -> bytes:
    return der.sequence((der.object_identifier(identifier), der.octet_string(initial_vector)))


def file(
    derivation: bytes, encryption: bytes, encrypted: bytes = bytes(32), scheme: str = "1.2.840.113549.1.5.13"
) -> bytes:
    parameters = der.sequence((derivation, encryption))
    return der.sequence(
        (der.sequence((der.object_identifier(scheme), parameters)), der.octet_string(encrypted))
    )


def test_what_is_written_is_read_by_cryptography_and_by_ourselves() -> None:
    octets = pkcs5.encrypt(PLAIN, PASSWORD)
    assert pkcs5.decrypt(octets, PASSWORD) == PLAIN
    assert read_by_cryptography(octets, PASSWORD) == numbers(key())
    assert pkcs5.encrypt(PLAIN, PASSWORD) != octets  # fresh salt and initialisation vector


def test_what_is_written_names_pbkdf2_with_600000_rounds_of_hmac_sha256_and_aes_256() -> None:
    octets = pkcs5.encrypt(PLAIN, PASSWORD)
    for part in (
        der.integer(600_000),
        der.object_identifier(HMAC_SHA256),
        der.object_identifier(AES_256_CBC),
    ):
        assert part in octets[:120]


def test_what_cryptography_writes_is_read() -> None:
    octets = private_file(key(), PrivateFormat.PKCS8, Encoding.DER, PASSWORD)
    assert pkcs5.decrypt(octets, PASSWORD) == PLAIN


@pytest.mark.openssl
@pytest.mark.parametrize(
    "options",
    [
        ["-v2", "aes-128-cbc"],
        ["-v2", "aes-192-cbc"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"],
        ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", "20000"],
        ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512-224"],
        ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512-256"],
        ["-v2", "des3"],
        ["-scrypt"],
        ["-scrypt", "-scrypt_N", "4096", "-scrypt_r", "4", "-scrypt_p", "2"],
        ["-scrypt", "-v2", "aes-128-cbc"],
    ],
    ids=" ".join,
)
def test_what_openssl_writes_is_read(need: Callable[[str], str], options: list[str]) -> None:
    command = [
        need("openssl"),
        "pkcs8",
        "-topk8",
        "-inform",
        "DER",
        "-outform",
        "DER",
        "-passout",
        "pass:secret",
    ]
    octets = subprocess.run([*command, *options], input=PLAIN, capture_output=True, check=True).stdout
    assert pkcs8.read(pkcs5.decrypt(octets, b"secret")) == pkcs8.read(PLAIN)
    with pytest.raises(InvalidKeyError):
        pkcs5.decrypt(octets, b"Secret")


@pytest.mark.openssl
def test_what_is_written_is_read_by_openssl(need: Callable[[str], str]) -> None:
    octets = pkcs5.encrypt(PLAIN, b"secret")
    command = [need("openssl"), "pkey", "-inform", "DER", "-outform", "DER", "-passin", "pass:secret"]
    read = subprocess.run(command, input=octets, capture_output=True, check=True).stdout
    assert read_by_cryptography(read) == numbers(key())


@pytest.mark.openssl
def test_old_schemes_are_refused_with_the_way_out(need: Callable[[str], str]) -> None:
    """PBES1 (MD5 and DES, SHA-1 and 3DES) is what `openssl pkcs8 -v1` and old Java tools write."""
    command = [
        need("openssl"),
        "pkcs8",
        "-topk8",
        "-inform",
        "DER",
        "-outform",
        "DER",
        "-passout",
        "pass:secret",
    ]
    for scheme in ("PBE-SHA1-3DES",):
        octets = subprocess.run(
            [*command, "-v1", scheme], input=PLAIN, capture_output=True, check=True
        ).stdout
        with pytest.raises(InvalidKeyError, match="too weak; convert"):
            pkcs5.decrypt(octets, b"secret")
    for scheme in ("1.2.840.113549.1.5.3", "1.2.840.113549.1.12.1.3"):
        with pytest.raises(InvalidKeyError, match="too weak; convert"):
            pkcs5.decrypt(file(scrypt(2, 1, 1), cipher(), scheme=scheme), b"secret")
    with pytest.raises(InvalidKeyError, match="not known"):
        pkcs5.decrypt(file(scrypt(2, 1, 1), cipher(), scheme="1.2.3"), b"secret")


def test_wrong_passwords_are_refused_every_time() -> None:
    """One wrong password in 256 leaves something like padding, and the check of the inside has to catch it."""
    salt, rounds = der.octet_string(b"salt"), der.integer(1)
    plain_file = file(pbkdf2(salt, rounds), cipher(), bytes(len(PLAIN) // 16 * 16))
    complaints = set()
    for number in range(2000):
        with pytest.raises(InvalidKeyError) as caught:
            pkcs5.decrypt(plain_file, b"wrong %d" % number)
        complaints.add(str(caught.value))
    assert complaints == {"encrypted PKCS#8 private key: wrong password, or damaged"}


@pytest.mark.parametrize(
    "derivation",
    [
        pbkdf2(der.octet_string(b"salt"), der.integer(0)),
        pbkdf2(der.octet_string(b"salt"), der.integer(5_000_001)),
        pbkdf2(der.octet_string(b"salt"), der.integer(1 << 4096)),
        pbkdf2(der.octet_string(b"salt"), der.integer(1), der.integer(31)),
        pbkdf2(der.octet_string(b"salt"), der.integer(1), der.integer(1 << 40)),
        pbkdf2(der.octet_string(b"salt"), der.integer(1), with_null("1.2.840.113549.2.5")),
        pbkdf2(
            der.octet_string(b"salt"), der.integer(1), der.sequence((der.object_identifier(HMAC_SHA256),))
        ),
        pbkdf2(der.octet_string(b"salt"), der.integer(1), with_null(HMAC_SHA256), der.null()),
        pbkdf2(der.sequence(()), der.integer(1)),
        pbkdf2(der.octet_string(b"salt")),
        scrypt(1, 8, 1),
        scrypt(3, 8, 1),
        scrypt(0, 8, 1),
        scrypt(16384, 0, 1),
        scrypt(16384, 8, 0),
        scrypt(1 << 20, 8, 1),
        scrypt(1 << 30, 8, 1),
        scrypt(1 << 4096, 8, 1),
        scrypt(2, 1 << 4096, 1),
        scrypt(2, 1, 1 << 4096),
        scrypt(16384, 8, 1024),
        scrypt(16384, 8, 1, 16),
        scrypt(16384, 8),
        scrypt(16384, 8, 1, 32, 1),
        der.sequence((der.object_identifier("1.2.3"), der.sequence(()))),
        der.sequence(()),
    ],
)
def test_derivations_that_are_malformed_unknown_or_endless_are_refused_at_once(derivation: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidKeyError):
        pkcs5.decrypt(file(derivation, cipher()), b"secret")
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize("numbers", [(1 << 17, 8, 8), (1 << 20, 1, 8), (1 << 13, 1, 1024), (2, 1024, 1)])
def test_derivations_at_their_bounds_are_computed(
    monkeypatch: pytest.MonkeyPatch, numbers: tuple[int, ...]
) -> None:
    """128 MiB, or three seconds; the memory that scrypt may take is that and little more."""
    asked = []

    def scrypt_of(password: bytes, **parameters: int) -> bytes:
        asked.append(parameters)
        return bytes(parameters["dklen"])

    monkeypatch.setattr(hashlib, "scrypt", scrypt_of)
    with pytest.raises(InvalidKeyError, match="wrong password"):
        pkcs5.decrypt(file(scrypt(*numbers), cipher()), b"secret")
    (parameters,) = asked
    assert (parameters["n"], parameters["r"], parameters["p"]) == numbers
    assert parameters["maxmem"] < 130 << 20
    for name in range(3):
        larger = [number * 2 if index == name else number for index, number in enumerate(numbers)]
        if larger[0] * larger[1] > 1 << 20 or math.prod(larger) > 1 << 23 or max(larger[1:]) > 1024:
            with pytest.raises(InvalidKeyError, match="cost too much"):
                pkcs5.decrypt(file(scrypt(*larger), cipher()), b"secret")


def test_what_libcrypto_refuses_to_derive_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7914 section 2 wants N below 2^(16 r); a Python without scrypt, or a FIPS libcrypto, refuses more."""
    with pytest.raises(InvalidKeyError, match="cannot derive"):
        pkcs5.decrypt(file(scrypt(1 << 16, 1, 1), cipher()), b"secret")
    monkeypatch.delattr(hashlib, "scrypt")
    with pytest.raises(InvalidKeyError, match="cannot derive"):
        pkcs5.decrypt(file(scrypt(1 << 14, 8, 1), cipher()), b"secret")


def test_iterations_at_their_bounds_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", lambda name, password, salt, iterations, size: bytes(size))
    for iterations in (1, 5_000_000):
        derivation = pbkdf2(der.octet_string(b"salt"), der.integer(iterations))
        with pytest.raises(InvalidKeyError, match="wrong password"):
            pkcs5.decrypt(file(derivation, cipher()), b"secret")


@pytest.mark.parametrize(
    ("encryption", "encrypted"),
    [
        (cipher("1.2.840.113549.3.2"), bytes(32)),  # RC2
        (cipher(initial_vector=bytes(8)), bytes(32)),
        (cipher("1.2.840.113549.3.7"), bytes(32)),
        (der.sequence((der.object_identifier(AES_256_CBC),)), bytes(32)),
        (cipher(), b""),
        (cipher(), bytes(33)),
    ],
)
def test_ciphers_that_are_unknown_or_do_not_fit_are_refused(encryption: bytes, encrypted: bytes) -> None:
    derivation = pbkdf2(der.octet_string(b"salt"), der.integer(1))
    with pytest.raises(InvalidKeyError):
        pkcs5.decrypt(file(derivation, encryption, encrypted), b"secret")


def test_every_truncation_is_refused() -> None:
    octets = private_file(key(), PrivateFormat.PKCS8, Encoding.DER, PASSWORD)
    for length in range(0, len(octets), 7):
        with pytest.raises(InvalidKeyError):
            pkcs5.decrypt(octets[:length], PASSWORD)
