"""The walk of tokens from text to verified payloads, one or many at a time.

    text -> crossing 1 (split) -> header -> key -> crossing 2 (verify) -> payload

A batch crosses into C twice, whatever its size, and once more, shortly, to gather the payloads that are good.  Each
distinct header is decided on once and remembered by its raw bytes, so a header that was seen before costs one look-up;
a token alone that carries one crosses but once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from . import engines
from .backends.base import Backend, Expected, Job, Limits, Split, Token
from .errors import DecodeError, InvalidAlgorithmError, InvalidSignatureError, InvalidTokenError
from .header import ALGORITHMS, HeaderRules, Refusal, checked_algorithm, key_not_found
from .status import PENDING, Status

__all__ = ["Chunk", "KeySource", "SignatureVerifier", "error_for", "split_one"]

Key = Any  # RSAPublicKey or HMACKey


class KeySource(Protocol):
    """Where a verifier finds keys: a set, a list, a single key, later a client of a JWKS URL."""

    def candidates(self, kid: str | None, alg: str) -> Sequence[Key]:
        """Return the keys that a header with this `kid` and `alg` may mean, in order."""

    @property
    def generation(self) -> int:
        """A number that changes when the keys do: decisions from before are forgotten then."""


_OK = int(Status.OK)  # comparing with a member of an enum costs a call


class Decision(NamedTuple):
    """What a header says: the keys to try, and their handles in the verifier's engine."""

    keys: tuple[Key, ...]
    handles: tuple[Any, ...]


# A token whose signature is good: its raw header segment, its payload, how many member names that shows if it is plain
# (else 0), and the key.  A plain tuple, since one is made for each token.
Good = tuple[bytes, bytes, int, Key]

# Headers that are remembered at once, and how long each may be: 256 KiB at most in one verifier.  Senders choose
# headers, so the memory is emptied when it is full: a flood of distinct ones grows nothing.
_REMEMBERED_HEADERS = 64
_REMEMBERED_BYTES = 4096


class SignatureVerifier:
    """Steps 1 to 6 of a verification: form, header, algorithm, key, signature."""

    def __init__(self, source: KeySource, rules: HeaderRules, limits: Limits, max_candidates: int) -> None:
        self.limits = limits
        self._source = source
        self._spares: Callable[[str | None, str], Sequence[Key]] | None = getattr(source, "spares", None)
        self._rules = rules
        self._max_candidates = max_candidates
        self._backend: Backend = engines.current()
        self._memory: tuple[int, dict[bytes, Decision]] = (source.generation, {})

    # --- Headers and keys

    def decide(self, header: bytes) -> Decision:
        """Return the keys that a raw header segment leads to.  Raises `Refusal`."""
        # Read before the keys are: should they change meanwhile, what was decided by the old ones is remembered in a
        # dictionary that nobody looks at any more.
        generation = self._source.generation
        remembered, memory = self._memory
        if generation != remembered:
            memory = {}
            self._memory = (generation, memory)
        known = memory.get(header)
        if known is not None:
            return known
        alg, kid = checked_algorithm(header, self._rules)
        keys = self._choose(alg, kid)
        decision = Decision(keys, tuple(key._handle(self._backend) for key in keys))
        if len(header) <= _REMEMBERED_BYTES:
            if len(memory) >= _REMEMBERED_HEADERS:
                memory.clear()
            memory[header] = decision
        return decision

    def _choose(self, alg: str, kid: str | None) -> tuple[Key, ...]:
        keys = tuple(self._source.candidates(kid, alg))
        if not keys:
            if kid is not None and any(
                self._source.candidates(kid, other) for other in ALGORITHMS if other != alg
            ):
                raise Refusal(
                    InvalidAlgorithmError, f"header: alg {alg} is not the key's", Status.BAD_ALGORITHM
                )
            raise key_not_found(kid, "no key fits")
        if len(keys) > self._max_candidates:
            raise key_not_found(kid, f"{len(keys)} keys fit, which is ambiguous")
        # Keys that only might be meant fill what room is left: they make no choice ambiguous.
        spares = () if self._spares is None else self._spares(kid, alg)
        return tuple(dict.fromkeys((*keys, *spares)))[: self._max_candidates]

    # --- One token

    def verify_one(self, token: str | bytes) -> Good:
        """Return what a token with a good signature holds.

        Raises the `InvalidTokenError` of the first step that finds fault, and `TypeError` for what is no token.
        """
        backend = self._backend
        # The way of most tokens: the header was seen before, and one crossing does the rest.
        if type(token) is str and len(token) <= self.limits.max_token_bytes and token.isascii():
            data = token.encode("ascii")
            header = data[: data.find(b".")]
            generation, memory = self._memory
            known = memory.get(header)
            if known is not None and generation == self._source.generation:
                keys, handles = known
                if len(handles) == 1:
                    status, payload, names = backend.verify_known(data, self.limits, handles[0])
                    if status == _OK:
                        return header, payload, names, keys[0]
                    raise error_for(status, self.limits)
        split = split_one(backend, token, self.limits)
        try:
            header = split.header
            keys, handles = self.decide(header)
            for number, handle in enumerate(handles):
                if backend.verify_one(split, handle) == Status.OK:
                    return header, split.payload(), split.names(), keys[number]
        except Refusal as refusal:
            raise refusal.error() from None
        finally:
            split.release()
        raise error_for(Status.BAD_SIGNATURE, self.limits)

    # --- Many tokens

    def verify_many(
        self, chunks: Iterable[tuple[list[Any], int | None]], threads: int, want_payloads: bool
    ) -> Iterator[Chunk]:
        """Yield each chunk of tokens when it is verified, in order.

        With each comes how many characters it has, if all of it is `str` and no subclass.
        While the consumer reads one chunk, pool threads verify the next; with one thread all happens in turn.
        """
        previous: Chunk | None = None
        current: Chunk | None = None
        try:
            for tokens, characters in chunks:
                current = Chunk(self, tokens, characters, want_payloads)
                current.start(threads, previous)
                if previous is not None:
                    previous.finish(current)
                    yield previous
                previous, current = current, None
            if previous is not None:
                previous.finish()
                yield previous
        finally:
            for chunk in (previous, current):
                if chunk is not None:
                    chunk.release()

    def split(self, tokens: Sequence[Any], characters: int | None, want_payloads: bool) -> Split:
        return self._backend.split(tokens, self.limits, want_payloads, characters)

    def expect(self, members: Sequence[Expected]) -> Any:
        return self._backend.expect(members)

    def start(
        self, split: Split, keys: Sequence[Any], verdicts: bytes, threads: int, before: Job | None
    ) -> Job:
        return self._backend.verify(split, keys, verdicts, threads, before)


class Chunk:
    """Some tokens on their way: split and decided on when made, verified when finished."""

    def __init__(
        self, verifier: SignatureVerifier, tokens: list[Any], characters: int | None, want_payloads: bool
    ) -> None:
        self.count = len(tokens)
        self._verifier = verifier
        self._split = verifier.split(tokens, characters, want_payloads)
        self._decisions: list[Decision | Refusal] = []
        for header in self._split.headers:
            try:
                self._decisions.append(verifier.decide(header))
            except Refusal as refusal:
                # Its traceback would hold this chunk, and the chunk its refusal: megabytes left to the collector.
                refusal.__context__ = None
                self._decisions.append(refusal.with_traceback(None))
        self._header_of: Sequence[int] | None = None
        self._job: Job | None = None
        self._threads = 1

    def start(self, threads: int, before: Chunk | None) -> None:
        """Begin to verify, with `threads` threads including the caller's and those that are done with `before`."""
        self._threads = threads
        self._job = self._try_candidates(0, None if before is None else before._job)

    def _try_candidates(self, turn: int, before: Job | None) -> Job:
        """Begin to verify with the candidate of this turn of each header that has so many, after the job `before`."""
        handles: list[Any] = []
        verdicts = bytearray()
        for decision in self._decisions:
            if isinstance(decision, Refusal):
                handles.append(None)
                verdicts.append(decision.status)
            else:
                handles.append(decision.handles[turn] if turn < len(decision.handles) else None)
                verdicts.append(Status.BAD_SIGNATURE)
        return self._verifier.start(self._split, handles, bytes(verdicts), self._threads, before)

    def finish(self, following: Chunk | None = None) -> None:
        """Return when each token has its status; meanwhile, where others are at the last, begin with `following`."""
        if self._job is None:
            return
        next_job = None if following is None else following._job
        self._job.wait(next_job)
        self._job = None
        # More candidates than one for a kid are rare and asked for: the tokens that failed try the next.
        most = max((len(d.handles) for d in self._decisions if isinstance(d, Decision)), default=1)
        for turn in range(1, most):
            statuses = self._split.statuses()
            failed = [index for index, status in enumerate(statuses) if status == Status.BAD_SIGNATURE]
            self._split.pend(failed)
            self._job = self._try_candidates(turn, next_job)
            self._job.wait(next_job)
            self._job = None

    def release(self) -> None:
        """Stop what still runs."""
        if self._job is not None:
            self._job.release()
            self._job = None

    def statuses(self) -> bytes:
        """Return one `Status` for each token."""
        return self._split.statuses()

    def payload(self, index: int) -> bytes:
        """Return the payload of one token; of use only where its status is OK."""
        return self._split.payload(index)

    def names(self) -> bytes:
        """Return how many member names each payload shows if it is plain, else 0."""
        return self._split.names()

    def gathered(self, expected: Any, least: int, most: int) -> tuple[memoryview, bytes, bytes]:
        """Return the good and plain payloads as one JSON array, and of each what its bytes show (see base.Split)."""
        return self._split.gathered(expected, least, most)

    def error(self, index: int, status: int) -> InvalidTokenError:
        """Return a new error that says why this token is bad."""
        if Status.BAD_HEADER <= status <= Status.KEY_NOT_FOUND:
            if self._header_of is None:
                self._header_of = self._split.header_of()
            refusal = self._decisions[self._header_of[index]]
            if isinstance(refusal, Refusal):
                return refusal.error()
        return error_for(status, self._verifier.limits)


def split_one(backend: Backend, token: str | bytes, limits: Limits) -> Token:
    """Return one well-formed token in its parts.  Raises `DecodeError`, and `TypeError` for what is no token."""
    if isinstance(token, str):
        # By the type's own methods: what a subclass says of itself counts as little here as in a batch.
        if str.__len__(token) > limits.max_token_bytes:
            raise error_for(Status.TOO_LONG, limits)
        # Asked beforehand: the error of encode() would keep the token.
        if not str.isascii(token):
            raise error_for(Status.BAD_ALPHABET, limits)
        data = str.encode(token, "ascii")
    elif isinstance(token, bytes):
        data = token if type(token) is bytes else bytes.__getitem__(token, slice(None))
    else:
        raise TypeError(f"a token is str or bytes, got {type(token).__name__}")
    split = backend.split_one(data, limits)
    status = split.status
    if status != PENDING:
        split.release()
        raise error_for(status, limits)
    return split


def error_for(status: int, limits: Limits) -> InvalidTokenError:
    """Return a new error for a status that needs no more to be told than itself."""
    return _ERRORS[status](limits)


_ERRORS: dict[int, Callable[[Limits], InvalidTokenError]] = {
    Status.NOT_A_STRING: lambda _: DecodeError("a token is str or bytes"),
    Status.TOO_LONG: lambda limits: DecodeError(f"the token is longer than {limits.max_token_bytes} bytes"),
    Status.BAD_SEGMENTS: lambda _: DecodeError("not three non-empty segments with a dot between them"),
    Status.HEADER_TOO_LONG: lambda limits: DecodeError(
        f"the header segment is longer than {limits.max_header_bytes} bytes"
    ),
    Status.BAD_ALPHABET: lambda _: DecodeError("a segment holds a character outside A-Z a-z 0-9 - _"),
    Status.BAD_LENGTH: lambda _: DecodeError("a segment's length is 1 modulo 4: no base64url"),
    Status.BAD_BITS: lambda _: DecodeError(
        "a segment's unused trailing bits are not zero: no canonical base64url"
    ),
    Status.BAD_SIGNATURE: lambda _: InvalidSignatureError("the signature is not the key's over this token"),
}
