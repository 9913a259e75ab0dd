"""DER, read strictly and written (ITU-T X.690 section 10; section 8 for the basic rules).

One octet string per value: definite lengths in their shortest form, minimal INTEGERs, no octet left over.  The engines
never parse a key, so what is refused here is refused by all of them.  A `Reader` walks the elements of one constructed
value in order, and raises InvalidKeyError at the first octet that is not what the caller asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

from .errors import InvalidKeyError

__all__ = [
    "BIT_STRING",
    "INTEGER",
    "NULL",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "Reader",
    "bit_string",
    "context",
    "element",
    "integer",
    "null",
    "object_identifier",
    "octet_string",
    "sequence",
    "shown",
]

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
SEQUENCE = 0x30
SET = 0x31

_CONSTRUCTED = 0x20
_CONTEXT_CLASS = 0x80
_HIGH_TAG_NUMBER = 0x1F

# Certificates nest about eight levels outside of their opaque strings.  The bound keeps the walk within Python's stack.
_MAX_DEPTH = 32

_TAG_NAMES = {
    0x01: "BOOLEAN",
    INTEGER: "INTEGER",
    BIT_STRING: "BIT STRING",
    OCTET_STRING: "OCTET STRING",
    NULL: "NULL",
    OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
    0x17: "UTCTime",
    0x18: "GeneralizedTime",
    SEQUENCE: "SEQUENCE",
    SET: "SET",
}


def context(number: int, *, constructed: bool = True) -> int:
    """Return the identifier octet of context-specific tag `number` (0 to 30)."""
    return _CONTEXT_CLASS | (_CONSTRUCTED if constructed else 0) | number


def _name_of(tag: int | None) -> str:
    if tag is None:
        return "nothing"
    return _TAG_NAMES.get(tag, f"tag 0x{tag:02x}")


class Reader:
    """A cursor over consecutive DER elements; `what` names the structure in error messages."""

    __slots__ = ("_octets", "_position", "what")

    def __init__(self, octets: bytes, what: str) -> None:
        self._octets = octets
        self._position = 0
        self.what = what

    def fault(self, sentence: str) -> InvalidKeyError:
        """Return the error to raise for this structure."""
        return InvalidKeyError(f"{self.what}: {sentence}")

    def next_tag(self) -> int | None:
        """Return the identifier octet of the next element, None at the end."""
        return self._octets[self._position] if self._position < len(self._octets) else None

    def finish(self) -> None:
        """Refuse whatever is left."""
        if self._position != len(self._octets):
            raise self.fault(f"{len(self._octets) - self._position} octets too many")

    def any_element(self) -> tuple[int, bytes]:
        """Read the next element, whatever it is; return its identifier octet and its contents."""
        octets = self._octets
        position = self._position
        header = octets[position : position + 2]
        if len(header) < 2:
            raise self.fault("ends too early")
        tag, length = header
        if tag & _HIGH_TAG_NUMBER == _HIGH_TAG_NUMBER:
            raise self.fault("a tag number above 30, which no key uses")
        position += 2
        if length >= 0x80:
            length_octets = octets[position : position + (length & 0x7F)]
            position += length & 0x7F
            length = int.from_bytes(length_octets, "big")
            # X.690 sections 8.1.3.6 (no indefinite form) and 10.1 (the fewest octets).
            if not length_octets or length_octets[0] == 0 or length < 0x80:
                raise self.fault("a length that is not in the shortest definite form")
        if length > len(octets) - position:
            raise self.fault("ends too early")
        self._position = position + length
        return tag, octets[position : self._position]

    def element(self, tag: int) -> bytes:
        """Read the next element, which must bear `tag`; return its contents."""
        seen = self.next_tag()
        if seen != tag:
            raise self.fault(f"expected {_name_of(tag)}, found {_name_of(seen)}")
        return self.any_element()[1]

    def inside(self, tag: int = SEQUENCE) -> Reader:
        """Read the next element, a constructed one; return a reader of what it holds."""
        return Reader(self.element(tag), self.what)

    def integer(self, *, signed: bool = False) -> int:
        """Read an INTEGER, which must not be negative unless `signed` allows it."""
        contents = self.element(INTEGER)
        # X.690 section 8.3.2: the first nine bits are neither all ones nor all zeros.
        if not contents or (len(contents) > 1 and contents[0] == (0, 0xFF)[contents[1] >> 7]):
            raise self.fault("an INTEGER that is not in its shortest form")
        if contents[0] >= 0x80 and not signed:
            raise self.fault("a negative INTEGER")
        return int.from_bytes(contents, "big", signed=True)

    def octet_string(self) -> bytes:
        """Read an OCTET STRING."""
        return self.element(OCTET_STRING)

    def bit_string(self) -> bytes:
        """Read a BIT STRING that holds whole octets."""
        contents = self.element(BIT_STRING)
        if contents[:1] != b"\0":
            raise self.fault("a BIT STRING that is not of whole octets")
        return contents[1:]

    def null(self) -> None:
        """Read a NULL."""
        if self.element(NULL):
            raise self.fault("a NULL that is not empty")

    def object_identifier(self) -> str:
        """Read an OBJECT IDENTIFIER; return it in dotted decimals."""
        contents = self.element(OBJECT_IDENTIFIER)
        arcs: list[int] = []
        arc = 0
        fresh = True
        for octet in contents:
            # X.690 section 8.19.2: base 128, high bit on all but the last octet, no leading zeros.  The longest arcs in
            # use are UUIDs; Python would refuse to print one of thousands of digits.
            if (fresh and octet == 0x80) or arc >= 1 << 128:
                raise self.fault("an OBJECT IDENTIFIER that is malformed")
            arc = arc << 7 | octet & 0x7F
            fresh = octet < 0x80
            if fresh:
                arcs.append(arc)
                arc = 0
        if not arcs or not fresh:
            raise self.fault("an OBJECT IDENTIFIER that ends too early")
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def skip(self, tag: int | None = None) -> None:
        """Read the next element (bearing `tag`, if given) and only see that it is well formed all the way down."""
        contents = self.any_element() if tag is None else (tag, self.element(tag))
        _walk(*contents, self.what, _MAX_DEPTH)


def _walk(tag: int, contents: bytes, what: str, depth: int) -> None:
    if not tag & _CONSTRUCTED:
        return
    reader = Reader(contents, what)
    if not depth:
        raise reader.fault(f"nested deeper than {_MAX_DEPTH} levels")
    while reader.next_tag() is not None:
        _walk(*reader.any_element(), what, depth - 1)


def shown(number: int) -> str:
    """Return how a message names a number that was read: Python refuses to print one of thousands of digits."""
    return str(number) if number.bit_length() <= 64 else f"of {number.bit_length()} bits"


def element(tag: int, contents: bytes) -> bytes:
    """Write one element."""
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    length_octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length_octets))) + length_octets + contents


def sequence(elements: Iterable[bytes]) -> bytes:
    """Write a SEQUENCE of elements that are written already."""
    return element(SEQUENCE, b"".join(elements))


def integer(value: int) -> bytes:
    """Write a non-negative INTEGER."""
    return element(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octet_string(octets: bytes) -> bytes:
    """Write an OCTET STRING."""
    return element(OCTET_STRING, octets)


def bit_string(octets: bytes) -> bytes:
    """Write a BIT STRING of whole octets."""
    return element(BIT_STRING, b"\0" + octets)


def null() -> bytes:
    """Write NULL."""
    return element(NULL, b"")


def object_identifier(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER given in dotted decimals."""
    first, second, *rest = map(int, dotted.split("."))
    contents = b""
    for arc in (40 * first + second, *rest):
        group = bytes((arc & 0x7F,))
        while arc := arc >> 7:
            group = bytes((0x80 | arc & 0x7F,)) + group
        contents += group
    return element(OBJECT_IDENTIFIER, contents)
