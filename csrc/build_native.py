"""Tell cffi how to make `fastjwt._native`: one C library, compiled with its Python module in one piece.

setup.py calls `make`.  Run as a program, this prints the flags that csrc/ is compiled with, for the linters.

More flags for one build (sanitizers, coverage) come through FASTJWT_CFLAGS and FASTJWT_LDFLAGS; they stand last, so
they win.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
from pathlib import Path

from cffi import FFI

CSRC = Path(__file__).resolve().parent

# What the sources are written in; the linters need to know it as well.
LANGUAGE = ["-std=c11", "-D_GNU_SOURCE", "-pthread"]

# -fvisibility=hidden leaves one symbol to export, PyInit__native, so that nothing of ours can answer for another
# library's function in the same process, nor the other way round.
COMPILE = [*LANGUAGE, "-O3", "-fvisibility=hidden", "-Wall", "-Wextra"]

# Left to itself gcc puts instructions in order only after it has given out registers, when there is little to move.
# Asked to do it before, for CPUs of the kind that run the kernel, it makes signing and verifying 3 % faster (gcc 12,
# Granite Rapids, benchmarks/kernel.c).  These flags choose no instructions: the result runs on every CPU.
if platform.machine() in {"x86_64", "AMD64"}:
    COMPILE += ["-mtune=icelake-server", "-fschedule-insns", "-fsched-pressure"]

# All symbols are bound when the library is loaded.  Bound at its first call, a function's resolver saves all vector
# registers on the stack, with whatever part of a key was just copied, and nobody wipes that.
LINK = ["-pthread", *(["-Wl,-z,relro,-z,now"] if sys.platform.startswith("linux") else [])]


def relative(pattern: str) -> list[str]:
    """Return the files of csrc/ that match, relative to the project root as setuptools wants them, in a fixed order."""
    return sorted(f"{CSRC.name}/{path.name}" for path in CSRC.glob(pattern))


def from_environment(name: str) -> list[str]:
    """Return the flags in an environment variable, split as a shell would."""
    return shlex.split(os.environ.get(name, ""))


def make() -> FFI:
    """Return the FFI that generates and compiles `fastjwt._native`."""
    ffi = FFI()
    ffi.cdef((CSRC / "fastjwt.cdef.h").read_text(encoding="utf-8"))
    ffi.set_source(
        "fastjwt._native",
        '#include "fastjwt.h"',
        sources=relative("*.c"),
        depends=relative("*.h"),
        include_dirs=[CSRC.name],
        libraries=["crypto"],
        extra_compile_args=[*COMPILE, *from_environment("FASTJWT_CFLAGS")],
        extra_link_args=[*LINK, *from_environment("FASTJWT_LDFLAGS")],
    )
    return ffi


if __name__ == "__main__":
    print(shlex.join([*LANGUAGE, f"-I{CSRC.name}"]))
