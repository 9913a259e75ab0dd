"""What this machine and this Python are."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from .build import DISTRIBUTION

__all__ = ["describe_machine", "describe_python", "ifma"]

_FLAGS = ("avx512ifma", "avx512vbmi", "sha_ni")


def describe_python() -> dict[str, Any]:
    """Return which Python runs, with which versions of what the package stands on."""
    from .. import strict_json

    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "packages": {name: _version_of(name) for name in (DISTRIBUTION, "cffi", "cryptography", "orjson")},
        "json_reader": strict_json.current(),
        "owners_of_fastjwt": sorted(set(importlib.metadata.packages_distributions().get("fastjwt", []))),
    }


def _version_of(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe_machine() -> dict[str, Any]:
    """Return the system, the CPU with the flags that engines use, and how many CPUs may be used."""
    from .. import engines

    model, flags = _cpu()
    return {
        "system": f"{platform.system()} {platform.release()}",
        "distribution": _os_name(),
        "architecture": platform.machine(),
        "cpu": model or platform.processor() or None,
        "flags": {name: None if flags is None else name in flags for name in _FLAGS},
        "avx512ifma": ifma(flags, engines.why_not("avx512ifma")),
        "cpus": _cpus(),
    }


def _cpu(cpuinfo: Path = Path("/proc/cpuinfo")) -> tuple[str | None, frozenset[str] | None]:
    """Return the CPU's name and its flags as Linux lists them, None where it does not."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None, None
    first = text.split("\n\n", 1)[0]
    fields = dict(re.findall(r"^([^:\n]+?)\s*:[ \t]*(.*)$", first, re.MULTILINE))
    flags = fields.get("flags") or fields.get("Features")
    return fields.get("model name"), frozenset(flags.split()) if flags else None


def ifma(flags: frozenset[str] | None, why_not: str) -> dict[str, Any]:
    """Return what CPU and system say about the AVX-512 IFMA kernel, and what follows.

    `why_not` is what keeps the engine from running, an empty text if nothing does.
    """
    return {
        "cpu_flag": None if flags is None else "avx512ifma" in flags,
        # Linux lists no flag of AVX-512 unless it saves the registers that go with it (XCR0), so avx512f tells that.
        "system_saves_registers": None if flags is None else "avx512f" in flags,
        "available": not why_not,
        "decision": why_not or "the kernel can run here",
    }


def _cpus() -> dict[str, Any]:
    from .. import engines

    try:
        affinity = len(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        affinity = None
    return {
        "present": os.cpu_count(),
        "by_affinity": affinity,
        "by_control_group": engines._cgroup_cpus() or None,
        "usable": engines.usable_cpus(),
    }


def _os_name() -> str | None:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME")
    except OSError:
        return None
