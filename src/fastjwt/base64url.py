"""Strict base64url (RFC 4648 section 5, without padding as RFC 7515 section 2 wants it).

One octet string has exactly one spelling here: letters, digits, `-` and `_`, no padding, no white space, unused bits
zero.  Laxer readers give one token many spellings, which walks past denylists and caches.  The native engine has its
own reader of the same rules for bulk work; this one serves headers, keys and the pure engine.
"""

from __future__ import annotations

import binascii
import re

__all__ = ["Fault", "decode", "decode_checked", "encode", "fault_of", "without_padding"]

_FOREIGN = re.compile(rb"[^A-Za-z0-9_-]")
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
_TO_URL = bytes.maketrans(b"+/", b"-_")

# The last character of a segment whose length is 2 or 3 modulo 4 carries 4 or 2 bits that belong to no octet.
_ENDS_ON_ZERO_BITS = {2: frozenset(b"AQgw"), 3: frozenset(b"AEIMQUYcgkosw048")}

_PADDING = {2: b"==", 3: b"=", 0: b""}


class Fault(ValueError):
    """The text is not strict base64url; the message says in which way."""


def encode(octets: bytes) -> str:
    """Return the base64url text of `octets`, without padding."""
    standard = binascii.b2a_base64(octets, newline=False)
    return standard.translate(_TO_URL, b"=").decode("ascii")


def fault_of(text: bytes) -> str | None:
    """Return what keeps `text` from being strict base64url: "alphabet", "length", "bits", or None if nothing does."""
    if _FOREIGN.search(text) is not None:
        return "alphabet"
    remainder = len(text) % 4
    if remainder == 1:
        return "length"
    if remainder and text[-1] not in _ENDS_ON_ZERO_BITS[remainder]:
        return "bits"
    return None


_SENTENCES = {
    "alphabet": "a character outside A-Z a-z 0-9 - _",
    "length": "a length of 1 modulo 4",
    "bits": "unused trailing bits that are not zero",
}


def decode(text: str | bytes) -> bytes:
    """Return the octets that `text` spells.

    Raises `Fault` (a `ValueError`) for any other spelling than the canonical one.
    """
    if isinstance(text, str):
        # Asked beforehand: the error of encode() would keep the text, which may be a key.
        if not str.isascii(text):
            raise Fault("not base64url: " + _SENTENCES["alphabet"])
        text = str.encode(text, "ascii")
    fault = fault_of(text)
    if fault is not None:
        raise Fault("not base64url: " + _SENTENCES[fault])
    return decode_checked(text)


def without_padding(text: bytes) -> bytes:
    """Return the segment without the canonical amount of `=` at its end; any other padding stays."""
    if len(text) >= 4 and len(text) % 4 == 0 and text.endswith(b"="):
        return text[:-2] if text.endswith(b"==") else text[:-1]
    return text


def decode_checked(text: bytes) -> bytes:
    """Return the octets of a text in which `fault_of` found nothing."""
    return binascii.a2b_base64(text.translate(_TO_STANDARD) + _PADDING[len(text) % 4])
