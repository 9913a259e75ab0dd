"""The demonstration behind `fastjwt demo`: mint tokens, spoil some, verify all, and be measured against the truth.

Each kind of spoiling says which error it must lead to, so that the outcome can be compared token by token: a verifier
that lets one spoiled token pass, refuses an honest one, or refuses for the wrong reason fails the demonstration.
Everything but the keys and the time of day comes from a seed and is the same each time.

What is timed is the library's work alone: claims are made before the clock starts, verdicts compared after it stops.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from .. import JWKSet, RSAPrivateKey, Signer, Verifier, engine
from .measuring import measure_one_thread
from .outcome import Measurement, Outcome, Plan
from .spoiling import AUDIENCE, ISSUER, KID, Case, Kind, Workshop, choose, claims_of
from .text import as_text

__all__ = ["Outcome", "Plan", "as_text", "run"]

_SEED = 7519  # the number of the JWT's RFC

# Tokens handed to the library at once: enough for its pipeline to run full, few enough to show progress.
_MINT_AT_ONCE = 10_000
_VERIFY_AT_ONCE = 25_000

_SAMPLE = 5_000  # tokens for the figures of one thread


class ProgressLine(Protocol):
    """Tells somebody how far a job is."""

    def show(self, done: int, position: int | None = None) -> None:
        """Say that `done` tokens are through."""

    def clear(self) -> None:
        """Say no more."""


ProgressMaker = Callable[[str, int], ProgressLine]  # of a job's name and its number of tokens


def run(plan: Plan, progress: ProgressMaker) -> Outcome:
    """Mint, spoil, verify, compare and measure."""
    started = time.perf_counter()
    source = random.Random(_SEED)  # noqa: S311 - to be the same each time is its point
    info = engine()
    key = RSAPrivateKey.generate(bits=plan.bits)
    other_key = RSAPrivateKey.generate(bits=plan.bits)
    shop = Workshop(
        signer=Signer(key, kid=KID),
        forger=Signer(other_key, kid=KID),
        stranger=Signer(key, kid="demo-9"),
        public_pem=key.public_key().to_pem().encode("ascii"),
        now=int(time.time()),
        random=source,
    )
    verifier = Verifier(_key_set(key, other_key), issuer=ISSUER, audience=AUDIENCE)

    tokens, mint_seconds = _mint(shop, plan, progress)
    outcome = Outcome(
        plan=plan,
        engine=info.name,
        openssl_version=info.openssl_version,
        threads=1 if info.name == "pure" else plan.threads or info.threads,  # the pure engine works on one
        token_bytes=sum(map(len, tokens)) / len(tokens),
    )
    sample = tokens[:_SAMPLE]
    chosen = choose(plan.tokens, source)
    for index, kind in chosen.items():
        tokens[index] = kind.spoil(Case(shop, claims_of(index, shop.now), tokens[index]))
    verify_seconds = _verify(verifier, tokens, chosen, outcome, shop, progress)

    line = progress("measure", 0)
    alone = measure_one_thread(shop, verifier, sample, key)
    line.clear()
    for operation, seconds in (("mint", mint_seconds), ("verify", verify_seconds)):
        rate = plan.tokens / seconds
        outcome.measurements.append(Measurement(operation, outcome.threads, rate, alone[operation].raw))
        if outcome.threads != 1:
            outcome.measurements.append(alone[operation])
    outcome.seconds = time.perf_counter() - started
    return outcome


def _key_set(key: RSAPrivateKey, other_key: RSAPrivateKey) -> JWKSet:
    """Return a set of two, as while keys are being rotated, so that the kid has something to choose."""
    kids = ((key, KID), (other_key, "demo-2"))
    return JWKSet.from_dict({"keys": [{**one.public_key().to_jwk(), "kid": kid} for one, kid in kids]})


def _pieces(count: int, at_once: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, at_once):
        yield start, min(start + at_once, count)


def _mint(shop: Workshop, plan: Plan, progress: ProgressMaker) -> tuple[list[str], float]:
    """Return the tokens, and the seconds that minting them took."""
    line = progress("mint", plan.tokens)
    tokens: list[str] = []
    seconds = 0.0
    for start, end in _pieces(plan.tokens, _MINT_AT_ONCE):
        claims = [claims_of(index, shop.now) for index in range(start, end)]
        begun = time.perf_counter()
        tokens += shop.signer.sign_batch(claims, threads=plan.threads)
        seconds += time.perf_counter() - begun
        line.show(end)
    line.clear()
    return tokens, seconds


def _verify(
    verifier: Verifier,
    tokens: list[str],
    chosen: dict[int, Kind],
    outcome: Outcome,
    shop: Workshop,
    progress: ProgressMaker,
) -> float:
    """Verify all tokens, compare each verdict with the truth, and return the seconds that verifying took."""
    line = progress("verify", len(tokens))
    seconds = 0.0
    for start, end in _pieces(len(tokens), _VERIFY_AT_ONCE):
        piece = tokens[start:end]
        begun = time.perf_counter()
        batch = verifier.verify_batch(piece, now=shop.now, threads=outcome.plan.threads)
        seconds += time.perf_counter() - begun
        for index, claims in enumerate(batch.claims, start):
            error = batch.errors.get(index - start)
            outcome.compare(
                index,
                chosen.get(index),
                None if error is None else error.code,
                claims_are_right=claims == claims_of(index, shop.now),
            )
        line.show(end)
    line.clear()
    return seconds
