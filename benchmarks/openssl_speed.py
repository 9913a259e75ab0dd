"""The floor: what the command `openssl speed` reaches on the same core."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from collections.abc import Sequence


def openssl_speed(
    cores: Sequence[int], bits: int, seconds: int, clock: str = "wall"
) -> tuple[dict[str, float], float]:
    """Return signatures and verifications a second by `openssl speed`, one process a core, and CPU seconds.

    It runs pinned to `cores`, `seconds` long for each of the two; `clock` is "wall" or "cpu".
    """
    command = ["openssl", "speed", "-mr", "-seconds", str(seconds), f"rsa{bits}"]
    if clock == "wall":  # otherwise it takes the time of its own process
        command.insert(2, "-elapsed")
    if len(cores) > 1:
        command[2:2] = ["-multi", str(len(cores))]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, cores)
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return read_speeds(done.stdout), cpu


def read_speeds(text: str) -> dict[str, float]:
    """Return the figures that `openssl speed -mr` printed for one size of RSA keys."""
    # The last such line is the sum over the processes: "+F2:index:bits:signatures per second:verifications per second".
    sign, verify = re.findall(r"^\+F2:\d+:\d+:([\d.]+):([\d.]+)", text, re.MULTILINE)[-1]
    return {"openssl sign": float(sign), "openssl verify": float(verify)}
