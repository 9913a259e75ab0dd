"""What is timed: each operation of each engine, and the bare libcrypto loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import InvalidSignatureError, RSAPrivateKey, Signer, Verifier, engines
from ..demo.spoiling import AUDIENCE, ISSUER, KID, claims_of

__all__ = ["Job", "WrongAnswer", "floor_jobs", "jobs_of"]

# Operations between two looks at the clock: a few milliseconds of each.
_SINGLES = 20
_BATCH = 400

_OPERATIONS = ("sign", "sign_batch", "verify", "verify_batch", "verify_signatures")


class WrongAnswer(Exception):
    """An engine answered wrongly: its time says nothing."""


@dataclass(frozen=True, eq=False)
class Job:
    """One thing to time: `run` does `items` operations, `check` raises `WrongAnswer` if it did them wrongly."""

    engine: str | None  # None: the libcrypto loop
    operation: str
    threads: int
    items: int
    run: Callable[[], Any]
    check: Callable[[Any], None]

    @property
    def floor(self) -> str:
        """The operation of the libcrypto loop that it is divided by."""
        return self.operation.partition("_")[0]


def floor_jobs(key: RSAPrivateKey) -> list[Job]:
    """Return loops of bare libcrypto operations, or none where no native engine can run."""
    if "openssl" not in engines.available():
        return []
    from ..backends import native

    with engines.use("openssl") as backend:
        handle = key._handle(backend)

    def loop(operation: str) -> Job:
        return Job(
            None,
            operation,
            1,
            _SINGLES,
            lambda: native.raw_floor(handle, operation, _SINGLES),
            lambda _: None,  # C checks the status of each
        )

    return [loop("sign"), loop("verify")]


def jobs_of(name: str, key: RSAPrivateKey, threads: int) -> list[Job]:
    """Return an engine's jobs: all on one thread, and batches once more on `threads` where the engine uses them."""
    now = int(time.time())
    claims = [claims_of(index, now) for index in range(_BATCH)]
    with engines.use(name):
        signer = Signer(key, kid=KID)
        verifier = Verifier(key.public_key(), issuer=ISSUER, audience=AUDIENCE)
        tokens = signer.sign_batch(claims, threads=1)
    _must_refuse(name, verifier, tokens[0])

    def job(operation: str, on: int) -> Job:
        runs: dict[str, tuple[int, Callable[[], Any], Any]] = {
            "sign": (_SINGLES, lambda: [signer.sign(each) for each in claims[:_SINGLES]], tokens[:_SINGLES]),
            "sign_batch": (_BATCH, lambda: signer.sign_batch(claims, threads=on), tokens),
            "verify": (
                _SINGLES,
                lambda: [verifier.verify(token) for token in tokens[:_SINGLES]],
                claims[:_SINGLES],
            ),
            "verify_batch": (_BATCH, lambda: verifier.verify_batch(tokens, threads=on).claims, claims),
            "verify_signatures": (
                _BATCH,
                lambda: verifier.verify_signatures(tokens, threads=on),
                bytes(_BATCH),
            ),
        }
        items, run, expected = runs[operation]

        def check(answer: Any) -> None:
            if answer != expected:
                raise WrongAnswer(f"the engine {name} gave a wrong answer: {operation}")

        check(run())  # which also pays for contexts and caches
        return Job(name, operation, on, items, run, check)

    jobs = [job(operation, 1) for operation in _OPERATIONS]
    if threads > 1 and name != "pure":  # which works on one
        jobs += [job(operation, threads) for operation in _OPERATIONS if "_" in operation]
    return jobs


def _must_refuse(name: str, verifier: Verifier, token: str) -> None:
    body, _, signature = token.rpartition(".")
    spoiled = f"{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    try:
        verifier.verify(spoiled)
    except InvalidSignatureError:
        return
    raise WrongAnswer(f"the engine {name} took a token with a spoiled signature")
