"""PEM, the textual encoding of keys (RFC 7468): read once, here, so that everything below sees DER only.

Accepted is what RFC 7468 lets stand around one block: text before BEGIN and after END, CRLF, no end to the last line.
Inside the block nothing is guessed: a body that was indented, joined to one line or damaged is refused, since half of
the readers in use would refuse it too, and the other half would each repair it differently.
"""

from __future__ import annotations

import binascii
import re
from typing import NamedTuple

from .errors import InvalidKeyError
from .exact import exact_bytes, exact_str

__all__ = ["MAX_KEY_BYTES", "Block", "decode_base64", "octets_of", "read", "write"]

MAX_KEY_BYTES = 65_536
"""Key texts above 64 KiB are refused unread; an RSA key of 16384 bits takes 13 KiB."""

# RFC 7468 section 2 has writers wrap at 64 columns and lets readers take other widths.  ssh-keygen wraps at 70 and MIME
# encoders at 76, so that is the widest; no RSA key fits into one such line.
_MAX_COLUMNS = 76
_WRITTEN_COLUMNS = 64

_BEGIN = b"-----BEGIN "
_END = b"-----END "
_BLOCK = re.compile(
    rb"^-----BEGIN (?P<label>[A-Z0-9 ]+)-----\r?\n"
    rb"(?P<body>.*?)"
    rb"^-----END (?P<end>[A-Z0-9 ]+)-----\r?$",
    re.DOTALL | re.MULTILINE,
)


class Block(NamedTuple):
    """One PEM block: the label of its lines, and the octets between them."""

    label: str
    octets: bytes


def octets_of(text: str | bytes) -> bytes:
    """Return a key text as octets, at most 64 KiB of them.

    Raises TypeError if it is neither str nor bytes, InvalidKeyError if it is too long.
    """
    if isinstance(text, str):
        # An unpaired surrogate becomes octets that are foreign to every format, so the reader meets and refuses it.
        octets = exact_str(text)[: MAX_KEY_BYTES + 1].encode("utf-8", "surrogatepass")
    elif isinstance(text, bytes):
        octets = exact_bytes(text)
    else:
        raise TypeError(f"a key text must be str or bytes, not {type(text).__name__}")
    if len(octets) > MAX_KEY_BYTES:
        raise InvalidKeyError("key text is longer than 64 KiB")
    return octets


def read(text: bytes) -> Block:
    """Return the one PEM block in `text`; InvalidKeyError if there is none, more than one, or a malformed one."""
    begins = text.count(_BEGIN)
    if begins == 0:
        raise InvalidKeyError("no PEM block: no line begins with -----BEGIN")
    if begins > 1 or text.count(_END) > 1:
        raise InvalidKeyError("more than one PEM block; expected the text of one key")
    match = _BLOCK.search(text)
    if match is None:
        raise InvalidKeyError("malformed PEM: BEGIN and END must each be a line of their own, in this order")
    label = match["label"].decode("ascii")
    if match["end"] != match["label"]:
        raise InvalidKeyError(f"malformed PEM: {label!r} begins, but something else ends")
    return Block(label, _read_body(match["body"]))


def _read_body(body: bytes) -> bytes:
    if b"Proc-Type:" in body or b"DEK-Info:" in body:
        raise InvalidKeyError(
            "PEM is encrypted in the old way (DEK-Info), which does not protect it; convert it with: openssl pkey"
        )
    lines = body.replace(b"\r\n", b"\n").split(b"\n")[:-1]
    if not lines:
        raise InvalidKeyError("malformed PEM: nothing between BEGIN and END")
    width = len(lines[0])
    if width > _MAX_COLUMNS:
        raise InvalidKeyError(f"malformed PEM: a line of more than {_MAX_COLUMNS} characters")
    if any(len(line) != width for line in lines[:-1]) or not 0 < len(lines[-1]) <= width:
        raise InvalidKeyError("malformed PEM: lines of different lengths")
    return decode_base64(b"".join(lines), "PEM")


def decode_base64(text: bytes, what: str) -> bytes:
    """Decode strict base64 (RFC 4648 section 4, padded, no other characters, unused bits zero); InvalidKeyError."""
    try:
        octets = binascii.a2b_base64(text)
    except binascii.Error:
        octets = b""
    # Written anew it must be the same text: what the lax decoder dropped or repaired shows here.
    if not octets or binascii.b2a_base64(octets, newline=False) != text:
        raise InvalidKeyError(f"malformed {what}: not base64")
    return octets


def write(label: str, octets: bytes) -> str:
    """Return the PEM text of one block, in 64 columns as RFC 7468 section 2 wants it."""
    text = binascii.b2a_base64(octets, newline=False).decode("ascii")
    lines = [text[start : start + _WRITTEN_COLUMNS] for start in range(0, len(text), _WRITTEN_COLUMNS)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))
