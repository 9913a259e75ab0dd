"""JSON Web Tokens (RFC 7519): the two objects that conduct the walk, `Signer` and `Verifier`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple, NoReturn

from . import engines, strict_json
from .backends.base import Limits, Signing
from .claims import ClaimsPolicy, finite_seconds
from .errors import DecodeError, InvalidKeyError, InvalidTokenError
from .header import ALGORITHMS, HeaderRules, read_header, typ_key
from .jwks import JWKSet
from .jws import Chunk, KeySource, SignatureVerifier, split_one
from .keyring import VerifyingKey, algorithms_of, source_of
from .keys import HMACKey, RSAPrivateKey
from .minting import ClaimsWriter, header_segment
from .results import BatchResult, TokenResult, Verified

__all__ = ["Signer", "Unverified", "Verifier", "decode_unverified"]

Claims = Mapping[str, Any] | bytes

# Tokens that cross into C together, for each thread and at the least: enough to make a crossing's cost vanish (20 us
# with all of Python's part), few enough that their buffers stay in the second-level cache, and that the heap's free end
# is seldom long enough to be given back, for page faults on the next chunk.  One thread takes 2 % longer with 128, and
# with 384; two take 1 % longer with 512 together, and 2 to 8 % with 1024.
_CHUNK = 128
_CHUNK_LEAST = 256
# Payloads that are signed together: some milliseconds of work, so that what Python wrote is still in the caches when it
# is signed, and what was signed when Python reads it.  In chunks of 2048 a token takes 10 us more.
_SIGN_CHUNK = 64
# For each of several threads, which wait for each other at the end of a chunk: for half a millisecond.
_SIGN_CHUNK_SHARED = 256
# Where items are long, a chunk ends with so many characters of them: its buffers take several times as much.
_CHUNK_TEXT = 4 * 2**20
# How many items are read before they are measured: as many of the longest tokens, of 256 KiB each, are 8 MiB.
_READ_AT_ONCE = 32
_STR = {str}
_BYTES = {bytes}
# Where the caller has used up the stack, that is no verdict on the token.
_NO_STACK = "too little of the stack is left (see sys.setrecursionlimit)"
_MAX_CANDIDATES = 8
_MAX_TOKEN_BYTES = 2**31 - 1


def _checked_threads(threads: int | None) -> int:
    if threads is None:
        return engines.usable_cpus()
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise TypeError(f"threads must be an int or None, got {type(threads).__name__}")
    if not 1 <= threads <= 1024:
        raise ValueError("threads must be from 1 to 1024")
    return threads


def _chunk_size(threads: int) -> int:
    return max(_CHUNK_LEAST, _CHUNK * threads)


def _checked_size(value: int, what: str, most: int, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} must be an int, got {type(value).__name__}")
    if not least <= value <= most:
        raise ValueError(f"{what} must be from {least} to {most}")
    return value


def _checked_flag(value: bool, what: str) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{what} must be a bool, got {type(value).__name__}")
    return value


def _items(iterable: Iterable[Any], what: str) -> Iterable[Any]:
    kind = type(iterable)
    if isinstance(iterable, str | bytes | bytearray | memoryview | Mapping):
        raise TypeError(f"expected an iterable of {what}, got one {kind.__name__}")
    if not isinstance(iterable, Iterable) and not hasattr(kind, "__getitem__"):
        raise TypeError(f"expected an iterable of {what}, got {kind.__name__}")
    return iterable


def _chunks(iterable: Iterable[Any], size: int) -> Iterator[tuple[list[Any], int | None]]:
    """Yield lists of `size` items, fewer where they are long, and at the end; reads no further than asked.

    With each comes how many characters it has, if all of it is `str` and no subclass, else None.
    """
    if type(iterable) is not list:
        yield from _read_chunks(iterable, size)
        return
    # A list's items are there already: they can be measured all at once, and are most often few enough.
    at = 0
    while chunk := iterable[at : at + size]:
        kinds = set(map(type, chunk))
        text = sum(map(len, chunk)) if kinds in (_STR, _BYTES) else _CHUNK_TEXT
        if text < _CHUNK_TEXT:
            yield chunk, text if kinds == _STR else None
        else:
            yield from _read_chunks(chunk, size)
        at += size


def _read_chunks(iterable: Iterable[Any], size: int) -> Iterator[tuple[list[Any], int | None]]:
    """Yield the same of anything that can be iterated over."""
    items = iter(iterable)
    chunk: list[Any] = []
    text = 0
    plain = True
    while some := list(islice(items, min(_READ_AT_ONCE, size - len(chunk)))):
        chunk += some
        if set(map(type, some)) == _STR:
            text += sum(map(len, some))
        else:
            text += _text_of(some)
            plain = False
        if len(chunk) == size or text >= _CHUNK_TEXT:
            yield chunk, text if plain else None
            chunk = []
            text = 0
            plain = True
    if chunk:
        yield chunk, text if plain else None


def _text_of(items: list[Any]) -> int:
    """Return how many characters or octets the items have together; those of other types, which are refused, none."""
    if set(map(type, items)) == _BYTES:
        return sum(map(len, items))
    text = 0
    for item in items:
        kind = type(item)  # an isinstance() would believe an object's own __class__, and a len() its __len__
        if issubclass(kind, str):
            text += str.__len__(item)
        elif issubclass(kind, bytes):
            text += bytes.__len__(item)
    return text


class Signer:
    """Mints tokens with one key.

    `private` is an RSAPrivateKey (RS256) or an HMACKey (HS256).  `kid` goes into the header (default: the key's own);
    `headers` are further header members, such as `{"typ": "at+jwt"}`.  `issuer` and `audience` are put into each token
    as `iss` and `aud`; `ttl` (seconds or timedelta) adds `iat` and `exp`; `jti=True` adds a random `jti`.  Claims that
    already hold `exp`, `nbf`, `iat` or `jti` keep them; other `iss` or `aud` than the signer's are a ValueError.

    A signer is immutable and may be shared by threads.
    """

    def __init__(
        self,
        private: RSAPrivateKey | HMACKey,
        kid: str | None = None,
        headers: Mapping[str, Any] | None = None,
        issuer: str | None = None,
        audience: str | Iterable[str] | None = None,
        ttl: float | timedelta | None = None,
        jti: bool = False,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not isinstance(private, RSAPrivateKey | HMACKey):
            raise TypeError(f"signing takes an RSAPrivateKey or an HMACKey, got {type(private).__name__}")
        if isinstance(private, HMACKey) and not private._signs:
            raise InvalidKeyError("the key's JWK is for verifying alone (key_ops)")
        if kid is not None and not isinstance(kid, str):
            raise TypeError(f"kid must be a str, got {type(kid).__name__}")
        self._backend = engines.current()
        self._handle = private._handle(self._backend)
        self._prefix = header_segment(private.alg, private.kid if kid is None else kid, headers)
        signature_bytes = (private.bits + 7) // 8 if private.alg == "RS256" else 32
        room = Limits().max_token_bytes - len(self._prefix) - 1 - (signature_bytes * 4 + 2) // 3
        self._writer = ClaimsWriter(
            issuer=issuer, audience=audience, ttl=ttl, jti=jti, clock=clock, max_payload_bytes=room * 3 // 4
        )
        self._description = f"{private.alg}, {private.bits} bits"

    def __repr__(self) -> str:
        return f"<Signer {self._description}>"

    def __copy__(self) -> Signer:
        return self

    def __deepcopy__(self, memo: object) -> Signer:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Signer cannot be pickled: it holds a key that must not travel by itself")

    def sign(self, claims: Claims) -> str:
        """Return a token with these claims: a dict, or bytes that are already a JSON object.

        Raises TypeError and ValueError for claims that must not be minted.
        """
        try:
            return self._backend.sign_one(self._handle, self._prefix, self._writer.write(claims))
        except RecursionError:
            pass
        raise ValueError("claims: nested too deeply for the stack that is left")

    def sign_batch(self, claims_iterable: Iterable[Claims], threads: int | None = None) -> list[str]:
        """Return a token for each item, in input order.

        All claims are read before anything is signed: TypeError and ValueError name the index of the item at fault.
        `threads=None` means the CPUs that this process may use, 1 the calling thread alone.
        """
        threads = _checked_threads(threads)
        engines.warn_if_slow()
        payloads = list(self._written(_items(claims_iterable, "claims")))
        tokens: list[str] = []
        for some in self._signed(payloads, threads):
            tokens += some
        return tokens

    def sign_stream(
        self, claims_iterable: Iterable[Claims], chunk: int = 8192, threads: int | None = None
    ) -> Iterator[str]:
        """Yield a token for each item, in input order, holding `chunk` of them at a time, fewer where they are long.

        Raises as `sign_batch` does, when the chunk that holds the item at fault is reached.
        """
        threads = _checked_threads(threads)
        size = _checked_size(chunk, "chunk", 2**20)
        engines.warn_if_slow()
        return self._stream(_items(claims_iterable, "claims"), size, threads)

    def _stream(self, claims_iterable: Iterable[Claims], size: int, threads: int) -> Iterator[str]:
        for payloads, _ in _chunks(self._written(claims_iterable), size):
            for some in self._signed(payloads, threads):
                yield from some

    def _signed(self, payloads: list[bytes], threads: int) -> Iterator[list[str]]:
        """Yield the tokens of some payloads at a time, in order.

        With several threads, those of the pool sign the next while Python takes the last ones apart.
        """
        size = _SIGN_CHUNK if threads == 1 else _SIGN_CHUNK_SHARED * threads
        previous: Signing | None = None
        current: Signing | None = None
        try:
            for some, _ in _chunks(payloads, size):
                current = self._backend.sign(self._handle, self._prefix, some, threads, previous)
                if previous is not None:
                    previous.wait(current)
                    yield previous.tokens()
                previous, current = current, None
            if previous is not None:
                previous.wait()
                yield previous.tokens()
        finally:
            for signing in (previous, current):
                if signing is not None:
                    signing.release()

    def _written(self, claims_iterable: Iterable[Claims]) -> Iterator[bytes]:
        """Yield the payload of each item.  Raises TypeError and ValueError with the index of the item at fault."""
        write = self._writer.write
        for index, claims in enumerate(claims_iterable):  # what the caller's iterable raises is the caller's
            try:
                payload = write(claims, True)
            except (TypeError, ValueError, RecursionError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                fault = f"claims at index {index}: {error}"
                break
            yield payload
        else:
            return
        raise kind(fault)


class Verifier:
    """Verifies tokens with one policy: use one for each kind of token (RFC 8725 section 3.12).

    `keys` is one RSAPublicKey or HMACKey, a list of them, or a JWKSet.  The algorithm follows from the key, never from
    the token.  `issuer` is the expected `iss` (a list means any of them), `audience` the names of this service (one
    match with `aud` suffices), `subject` the expected `sub`; `leeway` (seconds, 0 to 86,400) widens `exp`, `nbf`, `iat`
    and `max_age`; `require` names claims that must be there; `typ` is the expected header `typ`; `max_age` (seconds)
    bounds the age by `iat`; `algorithms` narrows what the keys allow; `clock` tells the time (seconds since 1970).

    Keyword-only limits and ways out of strict defaults: `max_token_bytes`, `max_header_bytes`, `allow_padding`,
    `max_json_depth`, `allow_duplicate_claims`, `allow_future_iat`, `allow_any_audience`, `allow_nonstring_ids`,
    `max_candidates`.  Wrong ones are a TypeError or ValueError here, never a verdict on a token.

    A verifier may be shared by threads.
    """

    def __init__(
        self,
        keys: VerifyingKey | Sequence[VerifyingKey] | JWKSet | KeySource,
        issuer: str | Iterable[str] | None = None,
        audience: str | Iterable[str] | None = None,
        subject: str | None = None,
        leeway: float | timedelta = 0,
        require: Iterable[str] = ("exp",),
        typ: str | None = None,
        max_age: float | timedelta | None = None,
        algorithms: Iterable[str] | None = None,
        clock: Callable[[], float] = time.time,
        *,
        max_token_bytes: int = 262_144,
        max_header_bytes: int = 16_384,
        allow_padding: bool = False,
        max_json_depth: int = 64,
        allow_duplicate_claims: bool = False,
        allow_future_iat: bool = False,
        allow_any_audience: bool = False,
        allow_nonstring_ids: bool = False,
        max_candidates: int = 1,
    ) -> None:
        source = source_of(keys)
        if typ is not None and not isinstance(typ, str):
            raise TypeError(f"typ must be a str, got {type(typ).__name__}")
        if not callable(clock):
            raise TypeError("clock must be callable")
        self._clock = clock
        self._policy = ClaimsPolicy(
            issuer=issuer,
            audience=audience,
            subject=subject,
            leeway=leeway,
            require=require,
            max_age=max_age,
            max_json_depth=max_json_depth,
            allow_duplicate_claims=_checked_flag(allow_duplicate_claims, "allow_duplicate_claims"),
            allow_future_iat=_checked_flag(allow_future_iat, "allow_future_iat"),
            allow_any_audience=_checked_flag(allow_any_audience, "allow_any_audience"),
            allow_nonstring_ids=_checked_flag(allow_nonstring_ids, "allow_nonstring_ids"),
        )
        rules = HeaderRules(
            None if typ is None else typ_key(typ), _allowed_algorithms(algorithms, source), max_json_depth
        )
        limits = Limits(
            _checked_size(max_token_bytes, "max_token_bytes", _MAX_TOKEN_BYTES),
            _checked_size(max_header_bytes, "max_header_bytes", _MAX_TOKEN_BYTES),
            _checked_flag(allow_padding, "allow_padding"),
        )
        candidates = _checked_size(max_candidates, "max_candidates", _MAX_CANDIDATES)
        self._signatures = SignatureVerifier(source, rules, limits, candidates)
        expected = self._policy.expected()
        self._expected = None if expected is None else self._signatures.expect(expected)

    def verify(self, token: str | bytes, now: float | None = None) -> dict[str, Any]:
        """Return the claims of a good token, as of `now` (seconds; default: the clock's time).

        Raises the `InvalidTokenError` that says what is wrong with it, and TypeError for what is neither str nor bytes.
        """
        try:
            moment = self._time(now)  # first of all: a wrong one is wrong use, whatever the token
            _, payload, names, _ = self._signatures.verify_one(token)
            return self._policy.claims_of(payload, names, moment)
        except RecursionError:
            pass
        raise MemoryError(_NO_STACK)

    def verify_complete(self, token: str | bytes, now: float | None = None) -> Verified:
        """Return header, claims and key of a good token; otherwise as `verify`."""
        try:
            moment = self._time(now)
            header, payload, names, key = self._signatures.verify_one(token)
            claims = self._policy.claims_of(payload, names, moment)
            return Verified(read_header(header, self._policy.max_json_depth), claims, key)
        except RecursionError:
            pass
        raise MemoryError(_NO_STACK)

    def verify_batch(
        self, tokens: Iterable[str | bytes], now: float | None = None, threads: int | None = None
    ) -> BatchResult:
        """Return what became of each token.  A bad one never raises and never harms its neighbours.

        All are judged as of one moment.  `threads=None` means the CPUs that this process may use, 1 the calling
        thread alone.
        """
        threads = _checked_threads(threads)
        moment = self._time(now)
        engines.warn_if_slow()
        claims: list[dict[str, Any] | None] = []
        errors: dict[int, InvalidTokenError] = {}
        for chunk in self._verified(_items(tokens, "tokens"), threads, _chunk_size(threads)):
            self._read_claims(chunk, moment, claims, errors)
        return BatchResult(claims, errors)

    def verify_stream(
        self,
        iterable: Iterable[str | bytes],
        chunk: int = 8192,
        now: float | None = None,
        threads: int | None = None,
    ) -> Iterator[TokenResult]:
        """Yield what became of each token, in input order, holding two chunks of them at most.

        `chunk` bounds how many tokens a chunk has; those of long tokens have fewer.  Without `now` each chunk is judged
        as of the time at which it is read.
        """
        threads = _checked_threads(threads)
        size = _checked_size(chunk, "chunk", 2**20)
        if now is not None:
            self._time(now)
        engines.warn_if_slow()
        return self._stream(_items(iterable, "tokens"), size, now, threads)

    def _stream(
        self, iterable: Iterable[str | bytes], size: int, now: float | None, threads: int
    ) -> Iterator[TokenResult]:
        start = 0
        # No more at once than a batch takes: larger chunks are not faster, and their buffers are held while all of
        # their results are handed out.
        for chunk in self._verified(iterable, threads, min(size, _chunk_size(threads))):
            claims: list[dict[str, Any] | None] = []
            errors: dict[int, InvalidTokenError] = {}
            self._read_claims(chunk, self._time(now), claims, errors)
            for index, member in enumerate(claims):
                yield TokenResult(start + index, member, errors.get(index))
            start += chunk.count

    def verify_signatures(self, tokens: Iterable[str | bytes], threads: int | None = None) -> bytes:
        """Return one `Status` for each token: form, header, key and signature only; 0 is good.

        The payload's JSON is not read, so no claim is checked: what passes here `verify` may still refuse.
        """
        threads = _checked_threads(threads)
        engines.warn_if_slow()
        chunks = _chunks(_items(tokens, "tokens"), _chunk_size(threads))
        return b"".join(
            [chunk.statuses() for chunk in self._signatures.verify_many(chunks, threads, want_payloads=False)]
        )

    def _verified(self, tokens: Iterable[str | bytes], threads: int, size: int) -> Iterator[Chunk]:
        return self._signatures.verify_many(_chunks(tokens, size), threads, want_payloads=True)

    def _read_claims(
        self,
        chunk: Chunk,
        now: float,
        claims: list[dict[str, Any] | None],
        errors: dict[int, InvalidTokenError],
    ) -> None:
        """Append the claims of each token of a verified chunk, or None with its error."""
        policy = self._policy
        plain: list[dict[str, Any]] | None = None
        shown = b""
        if policy.reads_plain:
            text, counts, shown = chunk.gathered(self._expected, *policy.whole_bounds(now))
            plain = strict_json.read_plain_list(text, counts)
        if plain is None:
            plain, shown, names = [], b"", bytes(chunk.count)
        else:
            names = chunk.names()
        # Of most tokens their bytes tell that every rule is met; where they do not, all is still to be asked.
        unclear = [number for number, met in enumerate(shown) if not met] if 0 in shown else []
        doubts = policy.doubtful([plain[number] for number in unclear], now)
        if len(plain) == chunk.count and not doubts:
            claims += plain
            return
        doubtful = {unclear[number] for number in doubts}
        numbers = iter(range(len(plain)))
        for index, status in enumerate(chunk.statuses()):
            value: dict[str, Any] | None = None
            try:
                if status != 0:  # Status.OK, without the enum's look-up
                    raise chunk.error(index, status)
                if names[index] == 0:
                    value = policy.claims_of(chunk.payload(index), 0, now)
                else:
                    number = next(numbers)
                    if number in doubtful:
                        policy.judge(plain[number], now)
                    value = plain[number]
            except InvalidTokenError as error:
                error.__context__ = None  # with its own traceback it would keep the payload
                errors[len(claims)] = error.with_traceback(None)
            claims.append(value)

    def _time(self, now: float | None) -> float:
        moment, what = (self._clock(), "the clock's time") if now is None else (now, "now")
        # Most times are this, and a call costs as much as all else here; what is not finite differs from itself by NaN.
        if type(moment) is float and moment - moment == 0:
            return moment
        return finite_seconds(moment, what)


def _allowed_algorithms(algorithms: Iterable[str] | None, source: KeySource) -> frozenset[str]:
    """Return what the keys allow, narrowed by `algorithms`."""
    by_keys = algorithms_of(source) or frozenset(ALGORITHMS)
    if algorithms is None:
        return by_keys
    if isinstance(algorithms, str | bytes) or not isinstance(algorithms, Iterable):
        raise TypeError('algorithms must be a list such as ["RS256"]')
    names = list(algorithms)
    if not names:
        raise ValueError("algorithms is empty: no token could be verified")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"algorithms must hold str only, got {type(name).__name__}")
        if name not in ALGORITHMS:
            raise ValueError(f"algorithm {name[:64]!r} is not supported; there are {', '.join(ALGORITHMS)}")
    allowed = by_keys & frozenset(names)
    if not allowed:
        raise ValueError(
            f"algorithms allows {', '.join(names)}, but the keys are for {', '.join(by_keys)}:"
            " no token could be verified"
        )
    return allowed


class Unverified(NamedTuple):
    """What a token says of itself.  Nobody has vouched for any of it."""

    header: dict[str, Any]
    claims: dict[str, Any]

    def __repr__(self) -> str:  # claims are somebody's data, and what is printed ends up in logs
        return "<Unverified header and claims>"


def decode_unverified(token: str | bytes) -> Unverified:
    """Return header and claims of a token for looking at; NOTHING is verified.

    Raises `DecodeError` where the form is wrong, and TypeError for what is neither str nor bytes.
    """
    try:
        split = split_one(engines.current(), token, Limits())
        segment, payload = split.header, split.payload()
        split.release()
        header = read_header(segment)
        return Unverified(header, strict_json.read_object(payload))
    except strict_json.JSONFault as fault:
        raise DecodeError(f"payload: {fault}") from None
    except RecursionError:
        pass
    raise MemoryError(_NO_STACK)
