"""OpenSSH's own key formats: the `ssh-rsa` line (RFC 4253 section 6.6) and the unencrypted `openssh-key-v1` file.

Both are built of strings with a length of four octets in front and of multiple precision integers (RFC 4251 section
5).  The private file is described in OpenSSH's source, PROTOCOL.key.
"""

from __future__ import annotations

from . import pem
from .errors import InvalidKeyError
from .rsa_numbers import Limits, PrivateNumbers, PublicNumbers, complete_private

__all__ = ["is_public_line", "read_private", "read_public_line"]

_KEY_TYPE = b"ssh-rsa"
_MAGIC = b"openssh-key-v1\0"
_UNENCRYPTED_BLOCK = (
    8  # PROTOCOL.key section 3: the padding fills blocks of 8 octets where there is no cipher
)


class _Reader:
    """A cursor over RFC 4251 values; whatever does not fit is an InvalidKeyError."""

    __slots__ = ("_octets", "_position", "_what")

    def __init__(self, octets: bytes, what: str) -> None:
        self._octets = octets
        self._position = 0
        self._what = what

    def fault(self, sentence: str) -> InvalidKeyError:
        return InvalidKeyError(f"{self._what}: {sentence}")

    def take(self, count: int) -> bytes:
        if count > len(self._octets) - self._position:
            raise self.fault("ends too early")
        self._position += count
        return self._octets[self._position - count : self._position]

    def rest(self) -> bytes:
        return self.take(len(self._octets) - self._position)

    def finish(self) -> None:
        if self.rest():
            raise self.fault("octets left over at its end")

    def uint32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.uint32())

    def integer(self) -> int:
        octets = self.string()
        if octets[:1] >= b"\x80":
            raise self.fault("a negative integer")
        if octets[:1] == b"\0" and octets[1:2] < b"\x80":
            raise self.fault("an integer that is not in its shortest form")
        return int.from_bytes(octets, "big")

    def expect_key_type(self) -> None:
        found = self.string()
        if found != _KEY_TYPE:
            raise self.fault(f"expected an RSA key (ssh-rsa), found {found[:32]!r}")


def is_public_line(text: bytes) -> bool:
    """Tell whether a key text is set out as an OpenSSH public key of any type, and not as notes before a PEM block."""
    return text.startswith((b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-")) and b"-----BEGIN " not in text


def read_public_line(text: bytes) -> PublicNumbers:
    """Read `ssh-rsa BASE64 [comment]`, one line.  Raises InvalidKeyError; the numbers are not judged here."""
    line = text.removesuffix(b"\n").removesuffix(b"\r")
    if b"\n" in line:
        raise InvalidKeyError("OpenSSH public key: more than one line")
    key_type, _, rest = line.partition(b" ")
    if key_type != _KEY_TYPE:
        raise InvalidKeyError(f"OpenSSH public key: expected an RSA key (ssh-rsa), found {key_type[:32]!r}")
    base64, _, _comment = rest.partition(b" ")
    return _read_public_blob(pem.decode_base64(base64, "OpenSSH public key"))


def _read_public_blob(octets: bytes) -> PublicNumbers:
    fields = _Reader(octets, "OpenSSH public key")
    fields.expect_key_type()
    e, n = fields.integer(), fields.integer()
    fields.finish()
    return PublicNumbers(n, e)


def read_private(octets: bytes, limits: Limits) -> PrivateNumbers:
    """Read what stands between the lines of an OPENSSH PRIVATE KEY.

    Raises InvalidKeyError, also if the key is encrypted or is not alone.  The format leaves out dp and dq, so its
    numbers are kept within `limits` before these are computed; they are not judged otherwise.
    """
    fields = _Reader(octets, "OpenSSH private key")
    if fields.take(min(len(octets), len(_MAGIC))) != _MAGIC:
        raise fields.fault("does not begin with openssh-key-v1")
    cipher, derivation, options = fields.string(), fields.string(), fields.string()
    if (cipher, derivation, options) != (b"none", b"none", b""):
        raise fields.fault("encrypted; convert it with: ssh-keygen -p -m PKCS8")
    if fields.uint32() != 1:
        raise fields.fault("more or fewer keys than one")
    public = _read_public_blob(fields.string())
    private_section = fields.string()
    fields.finish()
    if len(private_section) % _UNENCRYPTED_BLOCK:
        raise fields.fault("not padded to whole blocks")
    numbers = _read_private_section(_Reader(private_section, "OpenSSH private key"), limits)
    if numbers.public != public:
        raise fields.fault("the public key inside belongs to another private key")
    return numbers


def _read_private_section(fields: _Reader, limits: Limits) -> PrivateNumbers:
    if fields.uint32() != fields.uint32():
        raise fields.fault("its two check integers differ")
    fields.expect_key_type()
    n, e, d = fields.integer(), fields.integer(), fields.integer()
    qi, p, q = fields.integer(), fields.integer(), fields.integer()
    fields.string()  # the comment
    padding = fields.rest()
    if len(padding) >= _UNENCRYPTED_BLOCK or padding != bytes(range(1, len(padding) + 1)):
        raise fields.fault("its padding is not 1, 2, 3 and so on")
    numbers = complete_private(n, e, d, p, q, limits)
    if numbers.qi != qi:
        raise fields.fault("its qi is not the inverse of q")
    return numbers
