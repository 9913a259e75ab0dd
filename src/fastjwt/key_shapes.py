"""Telling key files apart: which DER structure this is, and whether a would-be HMAC secret is really a key.

Whoever uses a public key as an HMAC secret lets every holder of that key sign (CVE-2016-10555, CVE-2022-29217 and many
after them).  Distinct key classes are the first defence against it; this is the second, for the caller who reads a key
file and hands its octets to `HMACKey`.  It goes by structure, in any of the wrappings that text editors and
environment variables add, and a random secret is hit with a probability below 2^-30.
"""

from __future__ import annotations

import binascii
import contextlib
import re
from collections.abc import Iterator

from . import der
from .errors import InvalidKeyError

__all__ = ["der_structure", "looks_like_key"]

_INT, _SEQ, _BITS, _OCTETS = der.INTEGER, der.SEQUENCE, der.BIT_STRING, der.OCTET_STRING

# The tags of the first elements inside the outer SEQUENCE tell the structures apart.
_STRUCTURES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("SubjectPublicKeyInfo", (_SEQ, _BITS)),
    ("certificate", (_SEQ, _SEQ, _BITS)),
    ("encrypted PKCS#8", (_SEQ, _OCTETS)),
    ("PKCS#8", (_INT, _SEQ, _OCTETS)),
    ("EC private key", (_INT, _OCTETS)),
    ("PKCS#1 private key", (_INT, _INT, _INT)),
    ("PKCS#1 public key", (_INT, _INT)),
)


def der_structure(octets: bytes) -> str | None:
    """Return the name of the structure that `octets` set out to be, or None; whether they are it, its reader tells."""
    outer = der.Reader(octets, "")
    tags: list[int] = []
    try:
        fields = outer.inside()
        while len(tags) < 3 and fields.next_tag() is not None:
            tags.append(fields.any_element()[0])
    except InvalidKeyError:
        return None
    return next((name for name, start in _STRUCTURES if tuple(tags[: len(start)]) == start), None)


_LENGTH = rb"(?:[\x00-\x7f]|\x81.|\x82..|\x83...)"
_LONG_LENGTH = rb"(?:\x81.|\x82..|\x83...)"

# How the DER of a key begins, behind at most a mark or a blank of some encoding.  Its end is of no interest: it may
# have lost a last octet that looked like white space.
_DER_KEY = re.compile(
    rb".{0,8}?\x30" + _LENGTH + rb"(?:"
    rb"\x02\x01[\x00-\x03][\x02\x04\x30]"  # a version: PKCS#1, PKCS#8, SEC1, DSA, PKCS#12
    rb"|\x30" + _LENGTH + rb"\x06[\x03-\x0b][\x28-\x2b\x60\x67]"  # an algorithm: SPKI, encrypted PKCS#8
    rb"|\x30" + _LENGTH + rb"\xa0\x03\x02\x01[\x00-\x02]\x02"  # a certificate, version and serial number
    rb"|\x30" + _LONG_LENGTH + rb"\x02[\x01-\x15].{1,21}\x30.\x06"  # a certificate of version 1
    rb"|\x02" + _LONG_LENGTH + rb"\x00"  # a modulus: PKCS#1 public key
    rb")",
    re.DOTALL,
)

# The types of OpenSSH's keys, and of its certificates, which are of the same types with a tail.
_SSH_NAME = rb"(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-[a-z0-9]{1,20}|(?:webauthn-)?sk-[a-z0-9.@-]{1,60})"
_SSH_NAME += rb"(?:-cert-v[0-9]{2}@openssh\.com)?"

# Repetitions are bounded, so that no long secret makes the search quadratic; those of blanks need not be, since no two
# places to begin share a run of them but a few inside of one name.
_TEXT_KEY = re.compile(
    rb"---- ?BEGIN "  # PEM; with the space RFC 4716
    rb"|(?-i:BEGIN (?:[A-Z0-9]{1,20} ){0,5}(?:KEY|CERTIFICATE))"  # PEM that lost its dashes
    rb"|" + _SSH_NAME + rb"\s+AAAA"
    rb"|PuTTY-User-Key-File-"
    rb"|[\"'](?:kty|keys)[\"']\s*:",  # JWK, JWKS, also as Python prints a dict
    re.DOTALL | re.IGNORECASE,
)

# The type again, with its length in front.
_BINARY_SSH = re.compile(rb"openssh-key-v1\x00|\x00\x00\x00[\x07-\x48]" + _SSH_NAME, re.DOTALL)

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xff\xfe", b"\xfe\xff")
_WIDE_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]+=*")
_BLANKS = re.compile(rb"\s+|\\[nrt]|[\"']")
_JSON_ESCAPE = re.compile(rb"\\u00([0-7][0-9a-fA-F])")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")

_MAX_WRAPPINGS = 5


def looks_like_key(secret: bytes) -> bool:
    """Tell whether `secret` is a key file of any kind, bare or wrapped in white space, a BOM, UTF-16 or base64."""
    seen = {secret}
    layer = {secret}
    for _ in range(_MAX_WRAPPINGS):
        if any(map(_is_bare_key, layer)):
            return True
        layer = {inner for octets in layer for inner in _unwrapped(octets)} - seen
        seen |= layer
    return any(map(_is_bare_key, layer))


def _is_bare_key(octets: bytes) -> bool:
    return bool(_DER_KEY.match(octets) or _TEXT_KEY.search(octets) or _BINARY_SSH.search(octets))


def _unwrapped(octets: bytes) -> Iterator[bytes]:
    """Yield what `octets` would be without one wrapping, for each wrapping that they may have."""
    yield octets.strip()
    for mark in _BYTE_ORDER_MARKS:
        yield octets.removeprefix(mark)
    for encoding in _WIDE_ENCODINGS:
        # Octets once read as Latin-1 and saved in a wider encoding; text loses nothing that matters here either.
        yield octets.decode(encoding, "replace").encode("latin-1", "replace")
    if b"\\u00" in octets:
        yield _JSON_ESCAPE.sub(lambda escape: bytes.fromhex(escape[1].decode("ascii")), octets)
    compact = _BLANKS.sub(b"", octets)
    if _BASE64.fullmatch(compact):
        text = compact.rstrip(b"=").translate(_TO_STANDARD)
        text = text[:-1] if len(text) % 4 == 1 else text  # one character alone spells nothing
        yield binascii.a2b_base64(text + b"=" * (-len(text) % 4))
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(compact.decode("ascii"))
