"""What an engine answers to, and what all engines share.

Above this line nothing knows which engine runs.  An engine knows bytes and numbers: it splits tokens, verifies and
signs, many at a time.  It knows nothing of algorithms' names, of JSON or of claims.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from ..rsa_numbers import PrivateNumbers, PublicNumbers
from ..status import Status

__all__ = ["Backend", "Expected", "Job", "Limits", "Shape", "Split", "Token", "octets_of"]

# Handles are an engine's own form of a key.  They are opaque above: made by load_*, given back to the same engine, as
# are the tokens and batches that split_one and split make.
PublicHandle = Any
PrivateHandle = Any
SecretHandle = Any


class Limits(NamedTuple):
    """How large a token may be, and how it may be spelled."""

    max_token_bytes: int = 262_144
    max_header_bytes: int = 16_384
    allow_padding: bool = False


class Shape(IntEnum):
    """How a member of a JSON object should look."""

    INTEGER_FROM = 0  # an integer, not below a number that is given later
    INTEGER_UNTIL = 1  # an integer, not above one
    STRING = 2  # a string: one of the values, any if there are none
    NOTHING = 3  # it should not be there


class Expected(NamedTuple):
    """A member that an object should show, or may.  Neither its name nor its values hold a quote or a backslash."""

    name: str
    shape: Shape
    needed: bool = False
    values: tuple[str, ...] = ()


class Token(Protocol):
    """One token after crossing 1.  `status` is PENDING, or the fault that was found."""

    status: int
    header: bytes  # the raw header segment, still encoded

    def payload(self) -> bytes:
        """Return the decoded payload."""

    def names(self) -> int:
        """Return how many member names its text shows if it is plain, else 0 (see strict_json.read_object)."""

    def release(self) -> None:
        """Give its buffers back.  Nothing of the token may be asked afterwards."""


class Split(Protocol):
    """Many tokens after crossing 1: what was found of each, without one object for each."""

    headers: list[bytes]  # the distinct raw header segments, in order of first appearance

    def statuses(self) -> bytes:
        """Return one status for each token."""

    def header_of(self) -> Sequence[int]:
        """Return for each token which of `headers` it carries (meaningless where its status is a fault)."""

    def payload(self, index: int) -> bytes:
        """Return the decoded payload of one token (empty where there is a fault)."""

    def names(self) -> bytes:
        """Return for each payload how many member names its text shows if it is plain, else 0 (csrc/names.h)."""

    def gathered(self, expected: Any, least: int, most: int) -> tuple[memoryview, bytes, bytes]:
        """Return the verified plain payloads as one JSON array, and of each what its bytes show.

        That is how many member names, and 1 if they show all that is `expected` (what the engine's `expect` made, or
        None), with integers from `least` or until `most`; 0 says nothing.  If the array is JSON, then each payload is
        (csrc/names.h), and where no name stands in it twice, it holds what it shows (csrc/members.h).
        """

    def pend(self, indices: Sequence[int]) -> None:
        """Mark these tokens as not verified yet, so that another key can be tried on them."""


class Job(Protocol):
    """Verification under way.  Must be released, whatever happens."""

    def wait(self, following: Any = None) -> None:
        """Return when every token has its status; works on them meanwhile.  Raises MemoryError.

        `following` is the job that is to be waited for next: where this one's last items are left to other threads,
        the caller begins with that.
        """

    def release(self) -> None:
        """Stop what still runs.  May be called again."""


class Signing(Protocol):
    """Signatures under way.  Must be released, whatever happens, unless `wait` has returned."""

    def wait(self, following: Any = None) -> None:
        """Return when all are made, as a Job's `wait` does.  To be called once.  Raises MemoryError."""

    def tokens(self) -> list[str]:
        """Return the tokens, after `wait`."""

    def release(self) -> None:
        """Stop what still runs.  May be called again."""


class Backend(Protocol):
    """An engine."""

    name: str
    openssl_version: str

    def load_public(self, numbers: PublicNumbers) -> PublicHandle:
        """Return a handle for a public key whose numbers were checked.  Raises InvalidKeyError."""

    def load_private(self, numbers: PrivateNumbers) -> PrivateHandle:
        """Return a handle for a private key whose numbers were checked, after one signature made and verified."""

    def export_private(self, handle: PrivateHandle) -> PrivateNumbers:
        """Return the numbers that the handle keeps."""

    def load_secret(self, secret: bytes) -> SecretHandle:
        """Return a handle for an HMAC secret."""

    def export_secret(self, handle: SecretHandle) -> bytes:
        """Return the secret that the handle keeps."""

    def generate(self, bits: int) -> PrivateNumbers:
        """Return the numbers of a new RSA key with e = 65537."""

    def is_prime(self, candidate: int) -> bool:
        """Return whether `candidate` is a prime; it may have been chosen to deceive (see PrimalityTester)."""

    def may_be_prime(self, candidate: int) -> bool:
        """Return False if one exponentiation proves `candidate` composite (see PrimalityTester)."""

    def split_one(self, token: bytes, limits: Limits) -> Token:
        """Find and decode the segments of one token."""

    def verify_one(self, token: Any, key: Any) -> int:
        """Return the status of one well-formed token under `key`."""

    def verify_known(self, token: bytes, limits: Limits, key: Any) -> tuple[int, bytes, int]:
        """Both for a token of allowed length whose header is known to lead to `key`.

        Returns its status, and payload and names where that is OK.
        """

    def split(
        self, tokens: Sequence[Any], limits: Limits, want_payloads: bool, characters: int | None = None
    ) -> Split:
        """Find and decode the segments of many tokens; items of any type are allowed, and get their status.

        `characters` is how many they have together, if the caller knows that all are `str` and no subclass.
        """

    def verify(
        self, split: Any, keys: Sequence[Any], verdicts: bytes, threads: int, before: Any = None
    ) -> Job:
        """Begin to verify: for each distinct header a key, or None and the status that its tokens get instead.

        `before` is a job that still runs, whose threads come over when it has no more to do for them.
        """

    def expect(self, members: Sequence[Expected]) -> Any:
        """Return what `Split.gathered` takes."""

    def sign_one(self, key: Any, prefix: bytes, payload: bytes) -> str:
        """Return the token of one payload under the encoded header `prefix` (with its dot)."""

    def sign(
        self, key: Any, prefix: bytes, payloads: Sequence[bytes], threads: int, before: Any = None
    ) -> Signing:
        """Begin to sign many payloads, at least one, with `threads` threads including the caller's.

        `before` is what `sign` returned and still runs, as for `verify`.
        """

    def sign_message(self, key: Any, message: bytes) -> bytes:
        """Return the raw signature of any message."""

    def verify_message(self, key: Any, signature: bytes, message: bytes) -> bool:
        """Return whether the raw signature is the message's."""

    def counters(self) -> dict[str, int]:
        """Return how many operations of each kind this engine has done in this process."""


def octets_of(tokens: Sequence[Any], max_token_bytes: int) -> tuple[list[bytes], dict[int, Status]]:
    """Return the tokens as bytes, and a status for each one that has none: those stand there as empty bytes.

    Items may be of any type, and of subclasses that lie about themselves: they are asked through `str` and `bytes`.
    """
    octets: list[bytes] = []
    faults: dict[int, Status] = {}
    for index, token in enumerate(tokens):
        raw = b""
        kind = type(token)  # an isinstance() would believe an object's own __class__
        if issubclass(kind, str):
            # Measured before it is encoded: a token of any size costs nothing.
            if str.__len__(token) > max_token_bytes:
                faults[index] = Status.TOO_LONG
            else:
                try:
                    raw = str.encode(token, "ascii")
                except UnicodeEncodeError:
                    faults[index] = Status.BAD_ALPHABET
        elif issubclass(kind, bytes):
            if bytes.__len__(token) > max_token_bytes:
                faults[index] = Status.TOO_LONG
            else:
                raw = token if kind is bytes else bytes.__getitem__(token, slice(None))
        else:
            faults[index] = Status.NOT_A_STRING
        octets.append(raw)
    return octets, faults
