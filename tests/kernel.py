"""The kernel from outside its engine: programs of tests/native/, built when they are needed, and a key's constants.

The constants are computed here, in Python integers, from their equations in csrc/rsa52.h and not by csrc/key52.c.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from scale import SCALE

from fastjwt.rsa_numbers import PrivateNumbers

ROOT = Path(__file__).resolve().parent.parent
CSRC = ROOT / "csrc"
NATIVE = ROOT / "tests" / "native"
BUILT = ROOT / "build" / "native"

LANES = 8
LIMB_BITS = 52
LIMB = (1 << LIMB_BITS) - 1
WORD = (1 << 64) - 1

LIMBS_OF = {2048: 40, 3072: 60, 4096: 80}

HAS_IFMA = "avx512ifma" in (Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else "")


def slow() -> bool:
    """Return whether the long tests are wanted in full."""
    return SCALE >= 100


# --- Programs --------------------------------------------------------------------------------------------------------


@cache
def _headers() -> bytes:
    paths = sorted([*CSRC.glob("*.h"), *NATIVE.glob("*.h")])
    return b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in paths)


@cache
def language() -> tuple[str, ...]:
    """Return the flags that csrc/ is written for."""
    done = subprocess.run(
        [sys.executable, str(CSRC / "build_native.py")], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return tuple(shlex.split(done.stdout))


def _made(name: str, command: Sequence[str], inputs: bytes) -> Path:
    """Return what a compiler's command makes, run unless that was done for these very inputs."""
    stamp = hashlib.sha256(shlex.join(command).encode() + b"\0" + inputs).hexdigest()[:16]
    path = BUILT / f"{name}-{stamp}"
    if not path.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f"{path.name}.{os.getpid()}")
        done = subprocess.run([*command, "-o", str(making)], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        making.rename(path)
    return path


def built(
    name: str, sources: Sequence[str], flags: Sequence[str], link: Sequence[str] = (), compiler: str = "gcc"
) -> Path:
    """Return a program or library of these sources (paths from the root), of which each is compiled once."""
    compile_ = [compiler, *language(), f"-I{NATIVE}", "-Wall", "-Wextra", "-Werror=implicit", "-g", *flags]
    objects = [
        _made(
            f"{Path(source).stem}.o",
            [*compile_, "-x", "c", "-c", source],
            _headers() + (ROOT / source).read_bytes(),
        )
        for source in sources
    ]
    names = [str(path) for path in objects]
    return _made(name, [compiler, *flags, *names, "-pthread", *link], b"")


def core(*, without: str = "") -> list[str]:
    """Return the sources of the C side, but for one."""
    return [f"csrc/{path.name}" for path in sorted(CSRC.glob("*.c")) if path.name != without]


def run(
    command: Sequence[str | Path], stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program; its output as text."""
    done = subprocess.run(
        [str(part) for part in command], input=stdin, capture_output=True, env={**os.environ, **environment}
    )
    return subprocess.CompletedProcess(
        done.args,
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )


@cache
def routines(lanes: str) -> ctypes.CDLL:
    """Return tests/native/routines.c over these lanes, `avx512` (compiled like the extension) or `portable`."""
    flags = ["-O3"] if lanes == "avx512" else ["-O1", "-DPORTABLE", "-Wno-stringop-overflow"]
    return ctypes.CDLL(
        str(
            built(
                f"routines-{lanes}.so",
                ["tests/native/routines.c"],
                ["-shared", "-fPIC", "-fvisibility=hidden", *flags],
            )
        )
    )


# --- Limbs -----------------------------------------------------------------------------------------------------------


def limbs_of(value: int, count: int) -> list[int]:
    """Return the limbs of a number, least significant first."""
    assert 0 <= value < 1 << LIMB_BITS * count
    return [value >> LIMB_BITS * i & LIMB for i in range(count)]


def value_of(limbs: Sequence[int]) -> int:
    """Return what limbs stand for that were carried but not masked: all but the last end at bit 52."""
    return sum((limb & LIMB) << LIMB_BITS * i for i, limb in enumerate(limbs[:-1])) + (
        limbs[-1] << LIMB_BITS * (len(limbs) - 1)
    )


def column_sum(columns: Sequence[int]) -> int:
    """Return what columns stand for whose carries have not been added."""
    return sum(column << LIMB_BITS * i for i, column in enumerate(columns))


def packed(lanes: Sequence[Sequence[int]]) -> Any:
    """Lay eight numbers out as the kernel does: limb by limb, eight lanes each."""
    assert len(lanes) == LANES
    flat = [limb & WORD for of_lanes in zip(*lanes, strict=True) for limb in of_lanes]
    return (ctypes.c_uint64 * len(flat))(*flat)


def empty(limbs: int) -> Any:
    return (ctypes.c_uint64 * (LANES * limbs))()


def unpacked(array: Any) -> list[list[int]]:
    """Return the limbs of each lane."""
    flat = list(array)
    return [flat[lane::LANES] for lane in range(LANES)]


# --- A key's constants -----------------------------------------------------------------------------------------------


class Public52(ctypes.Structure):
    """struct fj_public52."""

    _fields_ = (
        ("limbs", ctypes.c_size_t),
        ("bytes", ctypes.c_size_t),
        ("k0", ctypes.c_uint64),
        ("n", ctypes.c_uint64 * 80),
        ("hash_factor", ctypes.c_uint64 * 80),
        ("padding_factor", ctypes.c_uint64 * 80),
        ("r_squared", ctypes.c_uint64 * 80),
    )


class Prime52(ctypes.Structure):
    """struct fj_prime52."""

    _fields_ = (
        ("k0", ctypes.c_uint64),
        ("p", ctypes.c_uint64 * 40),
        ("r_squared", ctypes.c_uint64 * 40),
        ("r_cubed", ctypes.c_uint64 * 40),
        ("one", ctypes.c_uint64 * 40),
        ("exponent", ctypes.c_uint8 * 256),
    )


class Private52(ctypes.Structure):
    """struct fj_private52."""

    _fields_ = (("p", Prime52), ("q", Prime52), ("q_inverse", ctypes.c_uint64 * 40))


class Blinding52(ctypes.Structure):
    """struct fj_blinding52."""

    _fields_ = (("a", ctypes.c_uint64 * (8 * 80)), ("b", ctypes.c_uint64 * (8 * 80)))


def encoded(digest: bytes, length: int) -> int:
    """Return EM of RFC 8017 section 9.2 as a number."""
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    return int.from_bytes(b"\x00\x01" + b"\xff" * (length - 3 - len(info)) + b"\x00" + info, "big")


def _put(array: Any, value: int, limbs: int) -> None:
    array[:limbs] = limbs_of(value, limbs)


def public52(n: int) -> Public52:
    """Return the constants of a modulus."""
    bits = n.bit_length()
    limbs = LIMBS_OF[bits]
    r = 1 << LIMB_BITS * limbs
    k = pow(r, -65536, n)
    out = Public52(limbs=limbs, bytes=bits // 8, k0=-pow(n, -1, 1 << 52) % (1 << 52))
    _put(out.n, n, limbs)
    _put(out.hash_factor, k * 2**260 % n, limbs)
    _put(out.padding_factor, encoded(bytes(32), bits // 8) * k % n, limbs)
    _put(out.r_squared, r * r % n, limbs)
    return out


def _prime52(out: Prime52, p: int, exponent: int, limbs: int, length: int) -> None:
    r = 1 << LIMB_BITS * limbs
    out.k0 = -pow(p, -1, 1 << 52) % (1 << 52)
    _put(out.p, p, limbs)
    _put(out.one, r % p, limbs)
    _put(out.r_squared, r**2 % p, limbs)
    _put(out.r_cubed, r**3 % p, limbs)
    out.exponent[:length] = exponent.to_bytes(length, "big")


def private52(key: PrivateNumbers) -> Private52:
    """Return the constants of a private key."""
    bits = key.n.bit_length()
    half = LIMBS_OF[bits] // 2
    out = Private52()
    _prime52(out.p, key.p, key.dp, half, bits // 16)
    _prime52(out.q, key.q, key.dq, half, bits // 16)
    _put(out.q_inverse, (key.qi << LIMB_BITS * half) % key.p, half)
    return out


def blinding52(n: int, units: Sequence[int]) -> Blinding52:
    """Return a = u^65537 R and b = R/u modulo n, a unit for each lane."""
    limbs = LIMBS_OF[n.bit_length()]
    r = 1 << LIMB_BITS * limbs
    out = Blinding52()
    out.a[: 8 * limbs] = packed([limbs_of(pow(u, 65537, n) * r % n, limbs) for u in units])[:]
    out.b[: 8 * limbs] = packed([limbs_of(pow(u, -1, n) * r % n, limbs) for u in units])[:]
    return out


def workspace(library: ctypes.CDLL) -> tuple[Any, int]:
    """Return memory for signing, and the address in it that is aligned as the kernel wants it."""
    library.workspace_len.restype = ctypes.c_size_t
    memory = ctypes.create_string_buffer(library.workspace_len() + 64)
    return memory, (ctypes.addressof(memory) + 63) // 64 * 64
