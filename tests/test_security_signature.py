"""security.md 2E: exactly one signature is good for a token, on each engine by itself.

An engine of our own inherits nothing from OpenSSL, so every forgery is made by arithmetic and tried on each.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable
from typing import Any

import pytest
import tokens
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tokens import (
    HS256,
    LATER,
    NOW,
    OTHER_SECRET,
    RS256,
    SECRET,
    SHA256_DIGEST_INFO,
    b64u,
    encoded_message,
    fast_private,
    n_of,
    private_power,
    public,
    rsa_key,
    signed,
    size_of,
    token,
    unb64u,
    with_claims,
    with_signature,
)
from verdicts import Judge, judge

import fastjwt
from fastjwt import InvalidSignatureError, Status, Verifier, engines

pytestmark = pytest.mark.usefixtures("engine")

ODD_BITS = 2050
"""A size at which the modulus fills no whole octets: k is 257, and the first octet holds 2 bits."""


def keys_to_try() -> list[rsa.RSAPrivateKey]:
    return [rsa_key(), rsa_key("odd", ODD_BITS), rsa_key("large", 3072), rsa_key("e3", 2048, 3)]


def judge_of(key: rsa.RSAPrivateKey) -> Judge:
    return judge(public(key), token(key=key))


def refuse_signature(asked: Judge, signature: bytes, of: str | None = None) -> None:
    """Assert that this is no signature of the judge's honest token (or another), and the raw layer agrees."""
    whole = asked.honest if of is None else of
    asked.refuses(with_signature(whole, signature), InvalidSignatureError, "signature")
    keys = asked.verifier.verify_complete(asked.honest, now=NOW).key
    if isinstance(keys, fastjwt.RSAPublicKey):
        message = whole.rsplit(".", 1)[0].encode()
        assert not fastjwt.hazmat.verify_pkcs1_sha256(keys, signature, message)


def signature_of(whole: str) -> bytes:
    return unb64u(whole.rsplit(".", 1)[1])


# --- The one good signature ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", range(4))
def test_the_signature_made_by_arithmetic_is_the_one_that_is_accepted(key):
    """So that the forgeries below differ from a good signature in nothing but their fault."""
    private = keys_to_try()[key]
    asked = judge_of(private)
    message = asked.honest.rsplit(".", 1)[0].encode()
    made = private_power(encoded_message(message, size_of(private)), private)
    assert made == signature_of(asked.honest)
    asked.accepts(with_signature(asked.honest, made))
    assert fastjwt.hazmat.verify_pkcs1_sha256(public(private), made, message)
    assert fastjwt.hazmat.sign_pkcs1_sha256(fast_private(private), message) == made


def test_the_engine_under_test_does_the_work(engine):
    """Without this, a silent fallback would pass every test in this file."""
    asked = judge()
    forged = with_signature(asked.honest, bytes(256))
    for ask, count in (
        (lambda: asked.verifier.verify(asked.honest, now=NOW), 1),
        (lambda: asked.verifier.verify_signatures([asked.honest, forged] * 20), 40),
        (lambda: fastjwt.hazmat.verify_pkcs1_sha256(public(), bytes(256), b"message"), 1),
    ):
        before = engines.counters()
        ask()
        after = engines.counters()
        done = {
            name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)
        }
        assert done == {f"{engine}.verify": count}


# --- Length --------------------------------------------------------------------------------------------------------


def token_whose_signature_starts_with_zero(key: rsa.RSAPrivateKey) -> str:
    """Return an honest token whose signature's first octet is zero: one in 256 is so."""
    for number in range(20_000):
        made = with_claims(key, n=number)
        if signature_of(made)[0] == 0:
            return made
    raise AssertionError("no signature starts with zero")


def test_leading_zero_octets_are_neither_stripped_nor_added():
    honest = token_whose_signature_starts_with_zero(rsa_key())
    signature = signature_of(honest)
    asked = judge()
    asked.accepts(honest)
    for wrong in (signature[1:], signature.lstrip(b"\x00"), b"\x00" + signature, b"\x00" * 256 + signature):
        refuse_signature(asked, wrong, honest)


@pytest.mark.parametrize("key", range(4))
def test_a_signature_has_exactly_the_length_of_the_modulus(key):
    private = keys_to_try()[key]
    asked = judge_of(private)
    signature = signature_of(asked.honest)
    assert len(signature) == math.ceil(private.key_size / 8)
    wrong = {
        "zero in front": b"\x00" + signature,
        "zeros in front": b"\x00" * 16 + signature,
        "zero behind": signature + b"\x00",
        "one behind": signature + b"\x01",
        "first octet gone": signature[1:],
        "last octet gone": signature[:-1],
        "first half": signature[: len(signature) // 2],
        "twice": signature * 2,
        "one octet": signature[:1],
        "one zero": b"\x00",
        "as a tag": signature[:32],
        "longer than any key": signature * 40,
        "backwards": signature[::-1],
        "in DER, octets": b"\x04\x82" + len(signature).to_bytes(2, "big") + signature,
        "in DER, bits": b"\x03\x82" + (len(signature) + 1).to_bytes(2, "big") + b"\x00" + signature,
        "in DER, integer": b"\x02\x82" + (len(signature) + 1).to_bytes(2, "big") + b"\x00" + signature,
        "in hexadecimal": signature.hex().encode(),
        "in base64url once more": b64u(signature).encode(),
    }
    for spoiled in wrong.values():
        refuse_signature(asked, spoiled)


def test_a_signature_of_a_larger_key_is_refused_by_a_smaller_and_the_reverse():
    small, large = rsa_key(), rsa_key("large", 3072)
    refuse_signature(judge_of(small), signature_of(token(key=large)))
    refuse_signature(judge_of(large), signature_of(token(key=small)))
    refuse_signature(judge_of(large), b"\x00" * 128 + signature_of(token(key=small)))


# --- Range ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", range(4))
def test_numbers_that_anyone_knows_are_no_signature(key):
    """S = 0, 1, n-1 and their neighbours, and all that is n or more."""
    private = keys_to_try()[key]
    asked = judge_of(private)
    n, size = n_of(private), size_of(private)
    most = 256**size - 1
    for number in (
        0,
        1,
        2,
        3,
        n - 2,
        n - 1,
        n,
        n + 1,
        n + 2,
        n >> 1,
        most,
        most - 1,
        1 << (8 * size - 1),
        1 << 52,
    ):
        if number <= most:
            refuse_signature(asked, number.to_bytes(size, "big"))
    for octet in (b"\x00", b"\x01", b"\x7f", b"\x80", b"\xaa", b"\xff"):
        refuse_signature(asked, octet * size)


@pytest.mark.parametrize("key", range(4))
def test_a_signature_plus_the_modulus_is_refused_though_it_still_fits(key):
    """It is the same number modulo n: s >= n is refused before any arithmetic."""
    private = keys_to_try()[key]
    n, size = n_of(private), size_of(private)
    for number in range(2000):
        honest = with_claims(private, n=number)
        value = int.from_bytes(signature_of(honest), "big")
        if value + n < 256**size:
            break
    else:
        raise AssertionError("no signature is small enough")
    asked = judge_of(private)
    asked.accepts(honest)
    multiple = 1
    while value + multiple * n < 256**size and multiple < 4:
        refuse_signature(asked, (value + multiple * n).to_bytes(size, "big"), honest)
        multiple += 1
    assert multiple > 1


def test_the_negative_and_the_inverse_of_a_signature_are_refused():
    private = rsa_key()
    asked = judge_of(private)
    n, size = n_of(private), size_of(private)
    value = int.from_bytes(signature_of(asked.honest), "big")
    for number in (
        n - value,
        pow(value, -1, n),
        value * 2 % n,
        value * value % n,
        value ^ 1,
        value + 1,
        value - 1,
    ):
        refuse_signature(asked, number.to_bytes(size, "big"))


# --- The encoded message -------------------------------------------------------------------------------------------


def _der(tag: int, content: bytes, length: bytes | None = None) -> bytes:
    return bytes([tag]) + (bytes([len(content)]) if length is None else length) + content


OID_SHA256 = bytes.fromhex("608648016503040201")
OTHER_HASHES = {
    "MD5": ("2a864886f70d0205", "md5"),
    "SHA-1": ("2b0e03021a", "sha1"),
    "SHA-224": ("608648016503040204", "sha224"),
    "SHA-384": ("608648016503040202", "sha384"),
    "SHA-512": ("608648016503040203", "sha512"),
    "SHA-512/256": ("608648016503040206", "sha256"),
    "SHA3-256": ("608648016503040208", "sha3_256"),
}


def _info(oid: bytes, parameters: bytes, digest: bytes) -> bytes:
    return _der(0x30, _der(0x30, _der(0x06, oid) + parameters) + _der(0x04, digest))


def _padded(info: bytes, size: int) -> bytes:
    return b"\x00\x01" + b"\xff" * (size - 3 - len(info)) + b"\x00" + info


def forged_messages(message: bytes, size: int) -> dict[str, bytes]:
    """Return encodings that a parser may take for the one that RFC 8017 section 9.2 prescribes."""
    digest = hashlib.sha256(message).digest()
    good = encoded_message(message, size)
    info = SHA256_DIGEST_INFO + digest
    filler = size - 3 - len(info)
    null = b"\x05\x00"
    algorithm = _der(0x30, _der(0x06, OID_SHA256) + null)
    octets = _der(0x04, digest)
    forged = {
        # Block type and padding
        "block type 0": b"\x00\x00" + good[2:],
        "block type 0, zeros": b"\x00\x00" + b"\x00" * filler + b"\x00" + info,
        "block type 2": b"\x00\x02" + good[2:],
        "block type 3": b"\x00\x03" + good[2:],
        "block type 81": b"\x00\x81" + good[2:],
        "block type FF": b"\x00\xff" + good[2:],
        "first octet 1": b"\x01" + good[1:],
        "no first octet": good[1:] + b"\x00",
        "first padding octet 0": good[:2] + b"\x00" + good[3:],
        "first padding octet FE": good[:2] + b"\xfe" + good[3:],
        "middle padding octet 0": good[:60] + b"\x00" + good[61:],
        "middle padding octet FE": good[:60] + b"\xfe" + good[61:],
        "middle padding octet 7F": good[:60] + b"\x7f" + good[61:],
        "last padding octet FE": good[: 1 + filler] + b"\xfe" + good[2 + filler :],
        "last padding octet 0": good[: 1 + filler] + b"\x00" + good[2 + filler :],
        "random padding (block type 2)": b"\x00\x02"
        + bytes((i % 255) + 1 for i in range(filler))
        + b"\x00"
        + info,
        "separator 1": good[: 2 + filler] + b"\x01" + good[3 + filler :],
        "separator FF": good[: 2 + filler] + b"\xff" + good[3 + filler :],
        "no separator": b"\x00\x01" + b"\xff" * (filler + 1) + info,
        "two separators": b"\x00\x01" + b"\xff" * (filler - 1) + b"\x00\x00" + info,
        "eight octets of padding, garbage behind": (b"\x00\x01" + b"\xff" * 8 + b"\x00" + info).ljust(
            size, b"\xaa"
        ),
        "eight octets of padding, zeros behind": (b"\x00\x01" + b"\xff" * 8 + b"\x00" + info).ljust(
            size, b"\x00"
        ),
        "no padding, zeros behind": (b"\x00\x01\x00" + info).ljust(size, b"\x00"),
        "no padding, zeros in front": (b"\x00\x01\x00" + info).rjust(size, b"\x00"),
        "one octet of padding less, zero behind": b"\x00\x01"
        + b"\xff" * (filler - 1)
        + b"\x00"
        + info
        + b"\x00",
        "one octet of padding less, one behind": b"\x00\x01"
        + b"\xff" * (filler - 1)
        + b"\x00"
        + info
        + b"\x01",
        "one octet of padding less, zero in front": b"\x00\x00\x01" + b"\xff" * (filler - 1) + b"\x00" + info,
        "garbage before the separator": b"\x00\x01" + b"\xff" * 8 + b"\x55" * (filler - 8) + b"\x00" + info,
        # What stands in the DigestInfo
        "NULL missing": _padded(_info(OID_SHA256, b"", digest), size),
        "NULL in long form": _padded(_info(OID_SHA256, b"\x05\x81\x00", digest), size),
        "NULL of one octet": _padded(_info(OID_SHA256, b"\x05\x01\x00", digest), size),
        "NULL twice": _padded(_info(OID_SHA256, null * 2, digest), size),
        "NULL as an empty sequence": _padded(_info(OID_SHA256, b"\x30\x00", digest), size),
        "NULL as tag 0": _padded(_info(OID_SHA256, b"\x00\x00", digest), size),
        "garbage in the parameters": _padded(_info(OID_SHA256, _der(0x04, b"\xaa" * 20), digest), size),
        "outer length in long form": _padded(b"\x30\x81\x31" + algorithm + octets, size),
        "outer length in longer form": _padded(b"\x30\x82\x00\x31" + algorithm + octets, size),
        "inner length in long form": _padded(_der(0x30, b"\x30\x81\x0d" + algorithm[2:] + octets), size),
        "digest length in long form": _padded(_der(0x30, algorithm + b"\x04\x81\x20" + digest), size),
        "OID length in long form": _padded(
            _der(0x30, _der(0x30, b"\x06\x81\x09" + OID_SHA256 + null) + octets), size
        ),
        "all lengths in long form": _padded(
            b"\x30\x81\x35\x30\x81\x0f\x06\x81\x09" + OID_SHA256 + null + b"\x04\x81\x20" + digest, size
        ),
        "indefinite length": _padded(b"\x30\x80" + algorithm + octets + b"\x00\x00", size),
        "constructed digest": _padded(_der(0x30, algorithm + _der(0x24, octets)), size),
        "digest as a bit string": _padded(_der(0x30, algorithm + _der(0x03, b"\x00" + digest)), size),
        "set for a sequence": _padded(_der(0x31, algorithm + octets), size),
        "wrong outer length": _padded(_der(0x30, algorithm + octets, b"\x30"), size),
        "octets behind, within": _padded(_der(0x30, algorithm + octets + b"\x05\x00"), size),
        "octets behind, without": _padded(info + b"\x05\x00", size),
        "zero behind, without": _padded(info + b"\x00", size),
        "digest first": _padded(_der(0x30, octets + algorithm), size),
        "OID of another arc": _padded(_info(bytes.fromhex("608648016503040301"), null, digest), size),
        "OID cut short": _padded(_info(OID_SHA256[:-1], null, digest), size),
        "OID made longer": _padded(_info(OID_SHA256 + b"\x01", null, digest), size),
        "OID with a leading 80": _padded(_info(b"\x60\x80" + OID_SHA256[1:], null, digest), size),
        "OID of sha256WithRSAEncryption": _padded(
            _info(bytes.fromhex("2a864886f70d01010b"), null, digest), size
        ),
        # What is hashed, and whether it is said
        "bare digest": _padded(digest, size),
        "bare digest at the end": digest.rjust(size, b"\x00"),
        "bare digest, all else FF": b"\x00\x01" + b"\xff" * (size - 34) + digest,
        "digest twice": _padded(info + digest, size),
        "the message itself": _padded(message[: size - 11], size),
        "digest cut to 31 octets": _padded(_info(OID_SHA256, null, digest[:31]), size),
        "digest of 33 octets": _padded(_info(OID_SHA256, null, digest + b"\x00"), size),
        "empty digest": _padded(_info(OID_SHA256, null, b""), size),
        "digest of zeros": encoded_message(b"", size)[:-32] + bytes(32),
        "digest of nothing": encoded_message(b"", size),
        "digest of the digest": encoded_message(digest, size),
        "digest in hexadecimal": encoded_message(hashlib.sha256(message).hexdigest().encode(), size),
        "digest of the payload alone": encoded_message(message.split(b".")[1], size),
        "digest of the header alone": encoded_message(message.split(b".")[0], size),
        "digest without the dot": encoded_message(message.replace(b".", b""), size),
        "digest with a dot behind": encoded_message(message + b".", size),
        "digest with a line end": encoded_message(message + b"\n", size),
        "digest of what is decoded": encoded_message(
            b".".join(unb64u(part.decode()) for part in message.split(b".")), size
        ),
        "little endian": good[::-1].lstrip(b"\x00").rjust(size, b"\x00"),
    }
    for name, (oid, function) in OTHER_HASHES.items():
        other = hashlib.new(function, message).digest()
        forged[f"{name}, named and made"] = _padded(_info(bytes.fromhex(oid), null, other), size)
        forged[f"{name}, made but named SHA-256"] = _padded(_info(OID_SHA256, null, other), size)
        forged[f"{name}, named but made by SHA-256"] = _padded(_info(bytes.fromhex(oid), null, digest), size)
    del forged["SHA-512/256, made but named SHA-256"]  # made by SHA-256 here: that is the good one
    return forged


_NAMES = list(forged_messages(b"YQ.Yg", 256))


@pytest.mark.parametrize("forgery", _NAMES)
def test_any_other_encoded_message_is_refused(forgery):
    """The k octets are built and all of them compared, nothing is parsed: made with the private key, and no good."""
    private = rsa_key()
    asked = judge_of(private)
    message = asked.honest.rsplit(".", 1)[0].encode()
    encoded = forged_messages(message, size_of(private))[forgery]
    assert len(encoded) == size_of(private)
    assert encoded != encoded_message(message, size_of(private))
    refuse_signature(asked, private_power(encoded, private))


@pytest.mark.parametrize("key", range(1, 4))
def test_any_other_encoded_message_is_refused_at_other_sizes(key):
    """Also at a size of no whole octets, and with e = 3."""
    private = keys_to_try()[key]
    asked = judge_of(private)
    message = asked.honest.rsplit(".", 1)[0].encode()
    n = n_of(private)
    crowd = [
        with_signature(asked.honest, private_power(encoded, private))
        for encoded in forged_messages(message, size_of(private)).values()
        if int.from_bytes(encoded, "big") < n
    ]
    assert len(crowd) > 70
    batch = asked.verifier.verify_batch([*crowd, asked.honest], now=NOW)
    assert set(batch.errors) == set(range(len(crowd)))
    assert {type(error) for error in batch.errors.values()} == {InvalidSignatureError}
    assert set(asked.verifier.verify_signatures(crowd)) == {Status.BAD_SIGNATURE}


def test_each_octet_of_the_encoded_message_counts():
    """One bit changed in any of the k octets, and the signature made anew over that."""
    private = rsa_key()
    asked = judge_of(private)
    message = asked.honest.rsplit(".", 1)[0].encode()
    good = encoded_message(message, 256)
    crowd = []
    for place in range(1, 256):
        spoiled = good[:place] + bytes([good[place] ^ (1 << place % 8)]) + good[place + 1 :]
        crowd.append(with_signature(asked.honest, private_power(spoiled, private)))
    batch = asked.verifier.verify_batch([*crowd, asked.honest], now=NOW)
    assert set(batch.errors) == set(range(255))
    assert {type(error) for error in batch.errors.values()} == {InvalidSignatureError}


def test_other_schemes_of_the_same_key_are_refused():
    """PSS with any salt, and PKCS #1 v1.5 with any other hash."""
    private = rsa_key()
    asked = judge_of(private)
    message = asked.honest.rsplit(".", 1)[0].encode()
    made = [
        private.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
        for salt in (0, 20, 32, padding.PSS.MAX_LENGTH)
    ]
    made += [
        private.sign(message, padding.PKCS1v15(), function)
        for function in (hashes.SHA1(), hashes.SHA224(), hashes.SHA384(), hashes.SHA512(), hashes.SHA3_256())
    ]
    for signature in made:
        refuse_signature(asked, signature)


# --- e = 3 ---------------------------------------------------------------------------------------------------------


def cube_root(number: int) -> int:
    """Return the least integer whose cube is `number` or more."""
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**3 < number:
            low = middle + 1
        else:
            high = middle
    return low


def test_a_cube_root_is_no_signature():
    """Bleichenbacher's forgery of 2006: with e = 3 and a verifier that parses, anybody can sign."""
    private = rsa_key("e3", 2048, 3)
    asked = judge_of(private)
    message = asked.honest.rsplit(".", 1)[0].encode()
    info = SHA256_DIGEST_INFO + hashlib.sha256(message).digest()
    for padding_octets in (0, 1, 2, 8, 16):
        start = b"\x00\x01" + b"\xff" * padding_octets + b"\x00" + info
        root = cube_root(int.from_bytes(start.ljust(256, b"\x00"), "big"))
        cubed = (root**3).to_bytes(256, "big")
        assert cubed.startswith(start)  # a parser that ignores what follows is content
        refuse_signature(asked, root.to_bytes(256, "big"))


def test_a_cube_root_that_ends_on_the_digest_is_no_signature():
    """The forgery from the other end: the low octets are right, the high ones are not looked at."""
    private = rsa_key("e3", 2048, 3)
    for number in range(50):  # cubes are found modulo 2^k for odd numbers only
        honest = with_claims(private, n=number)
        message = honest.rsplit(".", 1)[0].encode()
        end = b"\x00" + SHA256_DIGEST_INFO + hashlib.sha256(message).digest()
        target = int.from_bytes(end, "big")
        if target % 2:
            break
    else:
        raise AssertionError("all digests are even")
    root = 1
    for bit in range(1, 8 * len(end)):
        if (root**3 - target) >> bit & 1:
            root |= 1 << bit
    assert (root**3).to_bytes(256, "big").endswith(end)
    asked = judge_of(private)
    asked.accepts(honest)
    refuse_signature(asked, root.to_bytes(256, "big"), honest)


# --- Of something else ---------------------------------------------------------------------------------------------


def test_the_signature_of_another_token_is_refused():
    asked = judge()
    other = with_claims(sub="mallory")
    asked.accepts(other)
    refuse_signature(asked, signature_of(other))
    refuse_signature(asked, signature_of(asked.honest), other)


def test_the_signature_of_another_key_is_refused():
    asked = judge()
    asked.refuses(token(key=rsa_key("other")), InvalidSignatureError, "signature")
    asked.refuses(token(key=rsa_key("e3", 2048, 3)), InvalidSignatureError, "signature")
    asked.refuses(token(key=rsa_key("large", 3072)), InvalidSignatureError, "signature")


def test_the_signature_of_another_spelling_of_the_header_is_refused():
    """What is signed is the text, not what it means."""
    asked = judge()
    spellings = [
        '{"alg":"RS256"}',
        '{"alg": "RS256"}',
        '{ "alg":"RS256"}',
        '{"alg":"\\u0052S256"}',
        '{"alg":"RS256"}\n',
    ]
    made = [token(text) for text in spellings]
    for index, one in enumerate(made):
        asked.accepts(one)
        for other in made[:index] + made[index + 1 :]:
            refuse_signature(asked, signature_of(other), one)


def test_parts_of_two_good_tokens_make_no_good_one():
    asked = judge()
    one, other = (
        token({**RS256, "x": 1}, {"exp": LATER, "n": 1}),
        token({**RS256, "x": 2}, {"exp": LATER, "n": 2}),
    )
    parts = [one.split("."), other.split(".")]
    for choice in range(1, 7):
        mixed = ".".join(parts[choice >> place & 1][place] for place in range(3))
        asked.refuses(mixed, InvalidSignatureError, "signature")


def test_header_and_payload_in_each_others_place_are_refused():
    """Both parts are good JSON objects with an alg and an exp, so nothing but the signature can tell."""
    both = {"alg": "RS256", "exp": LATER}
    one = token({**both, "x": 1}, {**both, "x": 2})
    header, payload, signature = one.split(".")
    asked = judge()
    asked.accepts(one)
    asked.refuses(f"{payload}.{header}.{signature}", InvalidSignatureError, "signature")


def test_a_dot_that_moves_breaks_the_signature():
    """The octets that are signed stay the same; where the header ends does not."""
    long_header = '{"alg":"RS256","x":"' + "A" * 60 + '"}'
    honest = token(long_header)
    header, payload, signature = honest.split(".")
    verifier = Verifier(public())
    for shift in range(-40, 40):
        text = header + payload
        place = len(header) + shift
        if shift and 0 < place < len(text):
            with pytest.raises(fastjwt.InvalidTokenError):
                verifier.verify(f"{text[:place]}.{text[place:]}.{signature}", now=NOW)


# --- Each bit ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [0, 1])
def test_each_bit_of_a_signature_counts(key):
    private = keys_to_try()[key]
    asked = judge_of(private)
    signature = int.from_bytes(signature_of(asked.honest), "big")
    size = size_of(private)
    crowd = [
        with_signature(asked.honest, (signature ^ (1 << bit)).to_bytes(size, "big"))
        for bit in range(0, 8 * size, 1 if key == 0 else 5)
    ]
    crowd.insert(len(crowd) // 2, asked.honest)
    codes = asked.verifier.verify_signatures(crowd)
    assert codes.count(Status.OK) == 1
    assert codes.count(Status.BAD_SIGNATURE) == len(crowd) - 1
    assert codes[crowd.index(asked.honest)] == Status.OK


def test_each_character_of_header_and_payload_counts():
    """Every other letter in every place: no such token is accepted, whatever is said of it."""
    asked = judge()
    head = asked.honest.rindex(".")
    crowd = []
    for place in range(head):
        if asked.honest[place] != ".":
            turned = tokens.ALPHABET.index(asked.honest[place].encode())
            for step in (1, 2, 7, 32):
                letter = chr(tokens.ALPHABET[(turned + step) % 64])
                crowd.append(asked.honest[:place] + letter + asked.honest[place + 1 :])
    batch = asked.verifier.verify_batch(crowd, now=NOW)
    assert len(batch.errors) == len(crowd)
    for index in range(0, len(crowd), 13):
        with pytest.raises(fastjwt.InvalidTokenError) as caught:
            asked.verifier.verify(crowd[index], now=NOW)
        assert type(caught.value) is type(batch.errors[index])
        assert str(caught.value) == str(batch.errors[index])


# --- HMAC ----------------------------------------------------------------------------------------------------------


def judge_secret() -> Judge:
    return judge(fastjwt.HMACKey(SECRET), token(HS256, key=SECRET))


def test_a_tag_has_exactly_32_octets():
    asked = judge_secret()
    tag = signature_of(asked.honest)
    for length in [*range(1, 32), 33, 48, 64, 256]:
        cut = tag[:length].ljust(length, b"\x00")
        asked.refuses(with_signature(asked.honest, cut), InvalidSignatureError, "signature")
    asked.refuses(with_signature(asked.honest, b"\x00" + tag), InvalidSignatureError, "signature")
    asked.refuses(with_signature(asked.honest, tag + tag), InvalidSignatureError, "signature")
    asked.refuses(with_signature(asked.honest, tag.hex().encode()), InvalidSignatureError, "signature")


def test_each_bit_of_a_tag_counts():
    asked = judge_secret()
    tag = int.from_bytes(signature_of(asked.honest), "big")
    crowd = [with_signature(asked.honest, (tag ^ (1 << bit)).to_bytes(32, "big")) for bit in range(256)]
    codes = asked.verifier.verify_signatures([*crowd, asked.honest])
    assert codes == bytes([Status.BAD_SIGNATURE] * 256 + [Status.OK])
    batch = asked.verifier.verify_batch([*crowd, asked.honest], now=NOW)
    assert list(batch.ok) == [False] * 256 + [True]


def _other_tags() -> dict[str, Callable[[bytes], bytes]]:
    return {
        "another secret": lambda message: hmac.digest(OTHER_SECRET, message, "sha256"),
        "no secret": lambda message: hmac.digest(b"", message, "sha256"),
        "the secret and a zero": lambda message: hmac.digest(SECRET + b"\x01", message, "sha256"),
        "the secret in base64url": lambda message: hmac.digest(b64u(SECRET).encode(), message, "sha256"),
        "half the secret": lambda message: hmac.digest(SECRET[:16], message, "sha256"),
        "SHA-512 cut short": lambda message: hmac.digest(SECRET, message, "sha512")[:32],
        "SHA-384 cut short": lambda message: hmac.digest(SECRET, message, "sha384")[:32],
        "SHA-512/256": lambda message: hmac.digest(SECRET, message, "sha512_256"),
        "SHA3-256": lambda message: hmac.digest(SECRET, message, "sha3_256"),
        "a bare hash": lambda message: hashlib.sha256(message).digest(),
        "the secret in front": lambda message: hashlib.sha256(SECRET + message).digest(),
        "the secret behind": lambda message: hashlib.sha256(message + SECRET).digest(),
        "zeros": lambda message: bytes(32),
        "ones": lambda message: b"\xff" * 32,
        "of the payload": lambda message: hmac.digest(SECRET, message.split(b".")[1], "sha256"),
        "backwards": lambda message: hmac.digest(SECRET, message, "sha256")[::-1],
    }


@pytest.mark.parametrize("make", _other_tags().values(), ids=_other_tags().keys())
def test_any_other_tag_is_refused(make):
    asked = judge_secret()
    message = asked.honest.rsplit(".", 1)[0].encode()
    asked.refuses(with_signature(asked.honest, make(message)), InvalidSignatureError, "signature")


@pytest.mark.parametrize("length", [32, 33, 63, 64, 65, 100, 128, 1000])
def test_secrets_on_both_sides_of_the_block_of_sha_256_are_used_whole(length):
    """RFC 2104: a secret above 64 octets is hashed first, and a shorter one filled with zeros."""
    secret = bytes(i % 255 + 1 for i in range(length))
    honest = token(HS256, key=secret)
    asked = judge(fastjwt.HMACKey(secret), honest)
    asked.accepts(honest)
    other = secret[:-1] + bytes([secret[-1] ^ 1])
    asked.refuses(token(HS256, key=other), InvalidSignatureError, "signature")


# --- Many at once --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 65])
def test_one_forgery_among_honest_tokens_is_found_in_each_place(size):
    """Around the number of lanes that an engine may work on at once."""
    asked = judge()
    forged = with_signature(asked.honest, private_power(encoded_message(b"other", 256), rsa_key()))
    for place in range(size):
        crowd = [asked.honest] * size
        crowd[place] = forged
        codes = asked.verifier.verify_signatures(crowd, threads=1 + place % 2)
        assert codes == bytes(Status.BAD_SIGNATURE if index == place else Status.OK for index in range(size))


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 64, 65])
def test_one_honest_token_among_forgeries_is_found_in_each_place(size):
    asked = judge()
    forged = with_signature(asked.honest, bytes(256))
    for place in range(size):
        crowd = [forged] * size
        crowd[place] = asked.honest
        codes = asked.verifier.verify_signatures(crowd, threads=1 + place % 2)
        assert codes == bytes(Status.OK if index == place else Status.BAD_SIGNATURE for index in range(size))


def test_keys_of_all_sizes_and_kinds_in_one_batch_are_kept_apart():
    """Each token under its own key is good; the same signatures under the others' kid are not."""
    privates = keys_to_try()
    members = [tokens.public_jwk(key, kid=str(number)) for number, key in enumerate(privates)]
    keys: list[Any] = [fastjwt.RSAPublicKey.from_jwk(member) for member in members]
    keys.append(fastjwt.HMACKey(SECRET, kid="secret"))
    crowd, expected = [], []
    for turn in range(10):
        for number, key in enumerate(privates):
            for claimed in range(len(privates)):
                crowd.append(token({**RS256, "kid": str(claimed)}, {"exp": LATER, "turn": turn}, key))
                expected.append(Status.OK if claimed == number else Status.BAD_SIGNATURE)
        crowd.append(token({**HS256, "kid": "secret"}, {"exp": LATER, "turn": turn}, SECRET))
        expected.append(Status.OK)
        crowd.append(token({**HS256, "kid": "0"}, {"exp": LATER, "turn": turn}, SECRET))
        expected.append(Status.BAD_ALGORITHM)
    verifier = Verifier(keys)
    for threads in (1, 2, None):
        assert verifier.verify_signatures(crowd, threads=threads) == bytes(expected)
    batch = verifier.verify_batch(crowd, now=NOW)
    assert list(batch.ok) == [code == Status.OK for code in expected]


def test_each_fault_keeps_its_place_in_a_batch_of_thousands():
    """Faults of every step at the first and last places of the pieces that a long batch is worked in."""
    secret = fastjwt.HMACKey(SECRET)
    honest = token(HS256, {"exp": LATER}, SECRET)
    faults: list[tuple[Any, type[fastjwt.InvalidTokenError]]] = [
        (None, fastjwt.DecodeError),
        (honest + "=", fastjwt.DecodeError),
        (token({**HS256, "crit": []}, key=SECRET), fastjwt.DecodeError),
        (token({"alg": "none"}, key=SECRET), fastjwt.InvalidAlgorithmError),
        (token(HS256, key=OTHER_SECRET), InvalidSignatureError),
        (token(HS256, b"[]", SECRET), fastjwt.DecodeError),
        (token(HS256, {"exp": NOW}, SECRET), fastjwt.ExpiredSignatureError),
    ]
    crowd: list[Any] = [honest] * 8200
    expected = {}
    borders = [place for size in (256, 1024, 2048, 4096, 8192) for place in range(size - 3, size + 4)]
    for turn, place in enumerate([0, 1, 2, *borders, 8199]):
        crowd[place], expected[place] = faults[turn % len(faults)]
    # Distinct headers among them, more than are remembered.
    for number in range(300):
        crowd[3000 + number] = token({**HS256, "x": number}, {"exp": LATER}, SECRET)
    verifier = Verifier(secret)
    for threads in (1, 2):
        batch = verifier.verify_batch(crowd, now=NOW, threads=threads)
        assert {place: type(error) for place, error in batch.errors.items()} == expected
        assert all(
            claims == (None if place in expected else {"exp": LATER})
            for place, claims in enumerate(batch.claims)
        )
    streamed = list(verifier.verify_stream(iter(crowd), chunk=1000, now=NOW))
    assert {result.index: type(result.error) for result in streamed if result.error is not None} == expected


def test_no_payload_is_read_before_the_signature_is_good():
    """RFC 8725 section 3.3: whatever the payload holds, the verdict is the signature's."""
    asked = judge()
    for payload in (b"", b"\xff", b"[" * 5000, b'{"exp":1}', b"null", b'{"a":1,"a":2}', b"1" * 5000):
        if payload:
            spoiled = with_signature(signed(b64u(b'{"alg":"RS256"}'), b64u(payload)), bytes(256))
            asked.refuses(spoiled, InvalidSignatureError, "signature")
