"""Under what circumstances something was measured: a figure without them says nothing."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fastjwt

# What decides which code a big-number or hashing library takes; the model's name alone may be just "Xeon".
FLAGS = ("adx", "avx2", "avx512f", "avx512ifma", "avx512vbmi", "bmi2", "sha_ni", "vaes")


def _cpu_info(field: str) -> str:
    """Return the first value of `field` in /proc/cpuinfo, or an empty text where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.split(":")[0].strip() == field), "")


def output(*command: str) -> str:
    """Return what a command printed, or an empty text if it failed or does not exist."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=30, cwd=Path(__file__).parent, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def stolen_seconds() -> float:
    """Return how long the hypervisor has kept all cores from this machine since the start."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()
    except OSError:
        return 0.0
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def record() -> dict[str, Any]:
    """Return the machine, the software and the engine, as they are now; every value can be written as JSON."""
    engine = fastjwt.engine()
    flags = _cpu_info("flags").split()
    return {
        "utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": output("git", "rev-parse", "--short=12", "HEAD"),
        "dirty": bool(output("git", "status", "--porcelain", "--untracked-files=no")),
        "cpu": f"{_cpu_info('model name')} (family {_cpu_info('cpu family')}, model {_cpu_info('model')})",
        "flags": [flag for flag in FLAGS if flag in flags],
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "kernel": platform.release(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "fastjwt": fastjwt.__version__,
        "engine": engine.name,
        "engine_reason": engine.reason,
        "openssl": engine.openssl_version,
        "openssl_command": output("openssl", "version").split(" (")[0],
        "argv": sys.argv[1:],
    }
