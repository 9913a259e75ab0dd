"""Memory: a process verifies a stream of tokens, then as large a batch, and says by how much it grew at most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from contenders.base import Timing

_DISTINCT = (
    4096  # tokens that a stream repeats, so that it is the stream whose memory is seen and not its source
)


def stream_in_a_process(engine: str, count: int, cores: Sequence[int]) -> Timing:
    """Return how long a stream of `count` tokens took.

    The answer holds `peak_growth_bytes` and `bytes_per_token` of the stream, and the same with `batch_` before it of
    `verify_batch`, which keeps all claims.
    """
    done = subprocess.run(
        [sys.executable, __file__, str(count)],
        env={**os.environ, "FASTJWT_ENGINE": engine},
        preexec_fn=lambda: os.sched_setaffinity(0, cores[:1]),
        capture_output=True,
        text=True,
        check=True,
    )
    measured = json.loads(done.stdout)
    return Timing(count, measured.pop("seconds"), measured)


def _resident_bytes(field: str) -> int:
    """Return VmRSS (now) or VmHWM (at most, since it was reset) of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"/proc/self/status has no {field}")


def _measure(count: int) -> dict[str, Any]:
    import corpus

    import fastjwt

    small = corpus.enlarged(corpus.make(10, 2048), _DISTINCT)
    verifier = fastjwt.Verifier(
        fastjwt.RSAPublicKey.from_pem(small.public_pem), issuer=corpus.ISSUER, audience=corpus.AUDIENCE
    )

    def tokens(number: int) -> Iterator[str]:
        return (small.tokens[index % _DISTINCT] for index in range(number))

    def run(number: int) -> int:
        return sum(
            result.claims == small.claims[result.index % _DISTINCT]
            for result in verifier.verify_stream(tokens(number), threads=1)
        )

    def run_batch(number: int) -> int:
        claims = verifier.verify_batch(tokens(number), threads=1).claims
        return sum(each == small.claims[index % _DISTINCT] for index, each in enumerate(claims))

    run(3 * 8192)  # whatever is allocated once
    seconds, growth = _grown(run, count)
    _, batch_growth = _grown(run_batch, count)
    return {
        "seconds": seconds,
        "peak_growth_bytes": growth,
        "bytes_per_token": growth / count,
        "batch_peak_growth_bytes": batch_growth,
        "batch_bytes_per_token": batch_growth / count,
    }


def _grown(run: Callable[[int], int], count: int) -> tuple[float, int]:
    """Return how many seconds the work took, and by how many bytes the process grew at most meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins anew
    before = _resident_bytes("VmRSS")
    start = time.perf_counter()
    good = run(count)
    seconds = time.perf_counter() - start
    if good != count:
        raise AssertionError(f"{count - good} of {count} claims are not the tokens'")
    return seconds, max(0, _resident_bytes("VmHWM") - before)


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]))))
