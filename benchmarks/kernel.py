"""How fast the kernel is alone: eight operations at once in C, beside `openssl speed` in the same rounds on one core.

    python benchmarks/kernel.py                # about two minutes, prints two tables
    python benchmarks/kernel.py --json FILE    # the same figures for a program

It compiles benchmarks/kernel.c with csrc/ and the flags of the extension.  The first table has the ratios to OpenSSL:
of verifying, and of signing with blinding and with the check of every signature.  The second has each routine, and how
much of the multipliers it uses: its multiply-adds (csrc/mont52.inc.h) against how many the core could have done in the
time, measured beside it.  Before them stand 1,368 multiply-adds with a load of a vector for each 24, 8, 6, 4 or 3 of
them: on some CPUs loads take the clock down.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import circumstances

ROOT = Path(__file__).resolve().parents[1]
BITS = {40: 2048, 60: 3072, 80: 4096}
LANES = 8

Figures = dict[
    tuple[str, int], tuple[float, float]
]  # of routine and limbs: nanoseconds, possible multiply-adds


def multiply_adds(routine: str, limbs: int) -> int | None:
    """Return how many multiply-adds a routine does: low and high halves of its products and of its reduction.

    "load/madds" always does as many, with a load for each `limbs` of them.
    """
    return {"square": 3 * limbs**2 + limbs, "multiply": 4 * limbs**2, "load/madds": 24 * 57}.get(routine)


def build(folder: Path) -> Path:
    """Compile the program as the extension is compiled."""
    flags = runpy.run_path(str(ROOT / "csrc" / "build_native.py"))["COMPILE"]
    program = folder / "kernel"
    command = ["cc", *flags, "-Icsrc", "benchmarks/kernel.c", "-o", str(program)]
    subprocess.run(command, cwd=ROOT, check=True)
    return program


def run(program: Path, milliseconds: int, core: int) -> Figures:
    """Run the program on one core; return its figures."""
    command = [str(program), str(milliseconds)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    figures: Figures = {}
    for line in done.stdout.splitlines():
        routine, limbs, nanoseconds, possible = line.split()
        figures[routine, int(limbs)] = float(nanoseconds), float(possible)
    return figures


def openssl_speed(core: int) -> dict[int, tuple[float, float]]:
    """Return OpenSSL's signatures and verifications a second by bits of the modulus."""
    done = subprocess.run(
        ["openssl", "speed", "-elapsed", "-mr", "-seconds", "1", *[f"rsa{bits}" for bits in BITS.values()]],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    rates = {}
    for line in done.stdout.splitlines():
        if line.startswith("+F2:"):
            _, _, bits, sign, verify = line.split(":")
            rates[int(bits)] = float(sign), float(verify)
    return rates


def ratios(figures: Figures, floor: dict[int, tuple[float, float]]) -> dict[str, float]:
    """Return this round's ratios to OpenSSL by operation and size of the key."""
    found = {}
    for limbs, bits in BITS.items():
        sign, verify = floor[bits]
        verify_ns = figures["verify", limbs][0]
        found[f"verify {bits}"] = LANES * 1e9 / verify_ns / verify
        found[f"sign {bits}"] = LANES * 1e9 / (figures["sign8", limbs][0] + verify_ns) / sign
        found[f"verify one {bits}"] = 1e9 / figures["verify1", limbs][0] / verify
    return found


def main() -> int:
    """Measure in rounds and print medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    parser.add_argument("--milliseconds", type=int, default=100, help="of each figure in a round (100)")
    parser.add_argument(
        "--core", type=int, default=min(os.sched_getaffinity(0)), help="to run on (the first)"
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    if "avx512ifma" not in circumstances.record()["flags"]:
        print("this CPU offers no AVX-512 IFMA: the kernel cannot run here", file=sys.stderr)
        return 1
    by_round: list[dict[str, float]] = []
    routines: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        for _ in range(options.rounds):
            floor = openssl_speed(options.core)
            figures = run(program, options.milliseconds, options.core)
            by_round.append(ratios(figures, floor))
            for name, figure in figures.items():
                routines.setdefault(name, []).append(figure)
    medians = {name: statistics.median(each[name] for each in by_round) for name in by_round[0]}
    print(f"{'kernel alone':<18}{'ratio to openssl speed':>24}   from - to")
    for operation, ratio in medians.items():
        seen = [each[operation] for each in by_round]
        print(f"{operation:<18}{ratio:>24.2f}   {min(seen):.2f} - {max(seen):.2f}")
    print(f"\n{'routine':<12}{'limbs':>6}{'us':>10}{'of the multipliers':>20}")
    table = []
    for (routine, limbs), taken in routines.items():
        nanoseconds = statistics.median(each[0] for each in taken)
        possible = statistics.median(each[1] for each in taken)
        done = multiply_adds(routine, limbs)
        table.append(
            {
                "routine": routine,
                "limbs": limbs,
                "nanoseconds": nanoseconds,
                "possible_multiply_adds": possible,
            }
        )
        share = f"{done / possible:>20.0%}" if done else ""
        print(f"{routine:<12}{limbs:>6}{nanoseconds / 1000:>10.2f}{share}")
    if options.json:
        document = {
            "circumstances": circumstances.record(),
            "ratios": medians,
            "rounds": by_round,
            "routines": table,
        }
        Path(options.json).write_text(json.dumps(document, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
