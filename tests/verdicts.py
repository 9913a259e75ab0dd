"""One verdict, asked for in every way that the API has.

A token gets the same class and the same words alone, completely, in a batch at any place, in a stream, as str and as
bytes; its neighbours in a batch are unharmed; and `verify_signatures` knows its fault if one of the steps up to the
signature found it.
"""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import tokens

import fastjwt
from fastjwt import Status

STEPS_BEFORE_PAYLOAD = ("form", "header", "algorithm", "key", "signature")
STEPS_OF_PAYLOAD = ("json", "claims")

# What `verify_signatures` may call a fault of each step.
_STATUSES = {
    "form": {
        Status.TOO_LONG,
        Status.BAD_SEGMENTS,
        Status.HEADER_TOO_LONG,
        Status.BAD_ALPHABET,
        Status.BAD_LENGTH,
        Status.BAD_BITS,
    },
    "header": {Status.BAD_HEADER},
    "algorithm": {Status.BAD_ALGORITHM},
    "key": {Status.KEY_NOT_FOUND},
    "signature": {Status.BAD_SIGNATURE},
    "json": {Status.OK},
    "claims": {Status.OK},
}

_SHOWN_AT_MOST = 500  # characters of a message: no token, no claim


def spelled_alike(left: Any, right: Any) -> bool:
    """Tell whether two values read from JSON are the same with their types: 1 is neither 1.0 nor True."""
    return repr(left) == repr(right)


class Judge:
    """A verifier, and a token that it accepts, which stands beside each token that is judged."""

    def __init__(
        self, verifier: fastjwt.Verifier, honest: str | None = None, now: float = tokens.NOW
    ) -> None:
        self.verifier = verifier
        self.honest = tokens.token() if honest is None else honest
        self.now = now
        self.honest_claims = verifier.verify(self.honest, now=now)

    def refuses(
        self,
        bad: str | bytes,
        kind: type[fastjwt.InvalidTokenError],
        step: str,
        *,
        or_subclass: bool = False,
        claim: str | None = None,
    ) -> fastjwt.InvalidTokenError:
        """Assert that the token is refused with this class because of this step, however it is asked; return why."""
        __tracebackhide__ = True
        alone = self._refusal_of(bad)
        if or_subclass:
            assert isinstance(alone, kind), f"expected {kind.__name__} or a subclass, got {alone!r}"
        else:
            assert type(alone) is kind, f"expected {kind.__name__}, got {alone!r}"
        if claim is not None:
            assert isinstance(alone, fastjwt.MissingRequiredClaimError)
            assert alone.claim == claim
        _assert_discreet(alone, bad)
        _assert_alike(pickle.loads(pickle.dumps(alone)), alone)
        for other in _spellings(bad):
            _assert_alike(self._refusal_of(other), alone)
            with pytest.raises(fastjwt.InvalidTokenError) as caught:
                self.verifier.verify_complete(other, now=self.now)
            _assert_alike(caught.value, alone)
        for place in range(3):
            self._refuses_in_batch(bad, place, alone)
        self._refuses_in_stream(bad, alone)
        self._refuses_signature(bad, step)
        return alone

    def _refusal_of(self, bad: str | bytes) -> fastjwt.InvalidTokenError:
        with pytest.raises(fastjwt.InvalidTokenError) as caught:
            self.verifier.verify(bad, now=self.now)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None or caught.value.__suppress_context__
        return caught.value

    def _refuses_in_batch(self, bad: str | bytes, place: int, alone: fastjwt.InvalidTokenError) -> None:
        crowd: list[str | bytes] = [self.honest, self.honest]
        crowd.insert(place, bad)
        batch = self.verifier.verify_batch(crowd, now=self.now, threads=1 + place % 2)
        assert set(batch.errors) == {place}
        _assert_alike(batch.errors[place], alone)
        assert list(batch.ok) == [index != place for index in range(3)]
        for index in range(3):
            expected = None if index == place else self.honest_claims
            assert spelled_alike(batch.claims[index], expected)

    def _refuses_in_stream(self, bad: str | bytes, alone: fastjwt.InvalidTokenError) -> None:
        results = list(
            self.verifier.verify_stream(iter([self.honest, bad, self.honest]), chunk=2, now=self.now)
        )
        assert [result.error is None for result in results] == [True, False, True]
        assert results[1].claims is None
        _assert_alike(results[1].error, alone)

    def _refuses_signature(self, bad: str | bytes, step: str) -> None:
        codes = self.verifier.verify_signatures([self.honest, bad, self.honest])
        assert len(codes) == 3
        assert codes[0] == codes[2] == Status.OK
        assert Status(codes[1]) in _STATUSES[step], f"{Status(codes[1])!r} is no fault of step {step}"

    def accepts(self, good: str | bytes, claims: dict[str, Any] | None = None) -> dict[str, Any]:
        """Assert that the token is accepted however it is asked, with these claims if given; return its claims."""
        __tracebackhide__ = True
        seen = self.verifier.verify(good, now=self.now)
        if claims is not None:
            assert spelled_alike(seen, claims)
        for other in _spellings(good):
            assert spelled_alike(self.verifier.verify(other, now=self.now), seen)
            complete = self.verifier.verify_complete(other, now=self.now)
            assert spelled_alike(complete.claims, seen)
            assert complete.header["alg"] == complete.key.alg
        for place in range(3):
            crowd: list[str | bytes] = [self.honest, self.honest]
            crowd.insert(place, good)
            batch = self.verifier.verify_batch(crowd, now=self.now, threads=1 + place % 2)
            assert not batch.errors
            assert all(batch.ok)
            assert spelled_alike(batch.claims[place], seen)
        results = list(self.verifier.verify_stream(iter([self.honest, good]), chunk=1, now=self.now))
        assert [result.error for result in results] == [None, None]
        assert spelled_alike(results[1].claims, seen)
        assert self.verifier.verify_signatures([good, self.honest]) == bytes([Status.OK, Status.OK])
        return seen


def unverified_refuses(bad: str | bytes) -> None:
    """Assert that `decode_unverified` refuses the token's form or JSON with DecodeError."""
    __tracebackhide__ = True
    for spelling in _spellings(bad):
        with pytest.raises(fastjwt.DecodeError) as caught:
            fastjwt.decode_unverified(spelling)
        assert type(caught.value) is fastjwt.DecodeError
        _assert_discreet(caught.value, bad)


def unverified_reads(good: str | bytes, claims: dict[str, Any] | None = None) -> None:
    """Assert that `decode_unverified` shows the token, with these claims if given."""
    __tracebackhide__ = True
    for spelling in _spellings(good):
        seen = fastjwt.decode_unverified(spelling)
        json.dumps(seen.header)
        if claims is not None:
            assert spelled_alike(seen.claims, claims)


def judge(keys: Any = None, honest: str | None = None, /, now: Any = tokens.NOW, **options: Any) -> Judge:
    """Return a judge for a verifier with these keys (default: the main RSA key) and options."""
    return Judge(fastjwt.Verifier(tokens.public() if keys is None else keys, **options), honest, now)


def _spellings(spelling: str | bytes) -> list[str | bytes]:
    """Return the token as it is, and as the other of str and bytes where that says the same."""
    if isinstance(spelling, bytes):
        return [spelling, spelling.decode("ascii")] if spelling.isascii() else [spelling]
    return [spelling, spelling.encode("ascii")] if spelling.isascii() else [spelling]


def _assert_alike(error: object, alone: fastjwt.InvalidTokenError) -> None:
    assert type(error) is type(alone)
    assert str(error) == str(alone)
    assert error.code == alone.code


def _assert_discreet(error: fastjwt.InvalidTokenError, bad: str | bytes) -> None:
    """Assert that the message holds neither the token nor one of its parts."""
    text = str(error) + repr(error)
    assert len(text) <= _SHOWN_AT_MOST
    assert len(pickle.dumps(error)) <= 2 * _SHOWN_AT_MOST
    assert text.isprintable()
    token = bad.decode("latin-1") if isinstance(bad, bytes) else bad
    for part in token.split(".")[:3]:
        for start in range(0, min(len(part), 4096) - 16, 16):
            assert part[start : start + 16] not in text
