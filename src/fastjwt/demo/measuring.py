"""The figures for one thread: the library and bare libcrypto, in turn, so that both see the same machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from .. import RSAPrivateKey, Verifier, engine, engines
from .outcome import Measurement
from .spoiling import Workshop, claims_of

__all__ = ["measure_one_thread"]

_ROUNDS = 3  # of which the median counts
_ROUND_SECONDS = 0.4

_Job = Callable[[int], object]  # does so many operations


def measure_one_thread(
    shop: Workshop, verifier: Verifier, tokens: list[str], key: RSAPrivateKey
) -> dict[str, Measurement]:
    """Return what one thread mints and verifies a second; `tokens` are honest ones."""
    claims = [claims_of(index, shop.now) for index in range(len(tokens))]
    jobs: dict[str, _Job] = {
        "mint": lambda count: shop.signer.sign_batch(claims[:count], threads=1),
        "verify": lambda count: verifier.verify_batch(tokens[:count], now=shop.now, threads=1),
    }
    raw_loops = _raw_loops(key)
    measured = {}
    for name, job in jobs.items():
        raw_loop = raw_loops.get(name)
        count = _count_for_a_round(job, len(tokens))
        raw_count = 0 if raw_loop is None else _count_for_a_round(raw_loop)
        ours, raw = [], []
        for _ in range(_ROUNDS):
            if raw_loop is not None:
                raw.append(_rate(raw_loop, raw_count))
            ours.append(_rate(job, count))
        measured[name] = Measurement(
            name, 1, statistics.median(ours), statistics.median(raw) if raw else None
        )
    return measured


def _raw_loops(key: RSAPrivateKey) -> dict[str, _Job]:
    """Return loops of bare libcrypto operations, or none if the engine in use does not call libcrypto itself."""
    if engine().name == "pure":
        return {}
    from ..backends import native

    handle = key._handle(engines.current())
    return {
        "mint": lambda count: native.raw_floor(handle, "sign", count),
        "verify": lambda count: native.raw_floor(handle, "verify", count),
    }


def _rate(job: _Job, count: int) -> float:
    """Return operations a second over at least a round's time."""
    done = 0
    begun = time.perf_counter()
    while (elapsed := time.perf_counter() - begun) < _ROUND_SECONDS:
        job(count)
        done += count
    return done / elapsed


def _count_for_a_round(job: _Job, limit: int = 1_000_000) -> int:
    """Return how many operations make about half a round, so that a slow key does not make it long."""
    count = min(64, limit)
    job(count)  # the first call pays for contexts and caches
    begun = time.perf_counter()
    job(count)
    rate = count / (time.perf_counter() - begun)
    return max(1, min(limit, int(rate * _ROUND_SECONDS / 2)))
