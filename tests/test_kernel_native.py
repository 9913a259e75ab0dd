"""The C programs of tests/native: faults, constant time, wiping, and the kernel's twin under sanitizers and valgrind.

What is little by default is all of it at `FASTJWT_TEST_SCALE=100`, as `./dev native` has it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import kernel
import pytest
import rsa_material
from kernel import HAS_IFMA, LANES, blinding52, built, core, encoded, private52, public52, run
from scale import scaled

from fastjwt.rsa_numbers import PrivateNumbers
from fastjwt.status import Status

Need = Callable[..., str]

needs_ifma = pytest.mark.skipif(not HAS_IFMA, reason="this CPU offers no AVX-512 IFMA")

SANITIZED = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
HOOKS = "-DFASTJWT_TEST_HOOKS"
TWIN = [*core(without="rsa52_ifma.c"), "tests/native/rsa52_portable.c"]
QUIET = "-Wno-stringop-overflow"  # gcc 12 takes a struct's two-dimensional array for one row of it


@cache
def numbers(bits: int = 2048) -> PrivateNumbers:
    return rsa_material.numbers(rsa_material.key(0, bits))


def given_key(of: PrivateNumbers) -> bytes:
    """Return a key as tests/native/given.h reads it."""
    octets = [part.to_bytes((part.bit_length() + 7) // 8, "big") for part in of]
    return b"".join(len(part).to_bytes(4, "little") + part for part in octets)


def given_constants(of: PrivateNumbers, seed: int = 0) -> bytes:
    """Return constants and blinding as tests/native/given.h reads them."""
    rng = random.Random(seed)
    units = [rng.randrange(2, of.n) for _ in range(LANES)]
    return bytes(public52(of.n)) + bytes(private52(of)) + bytes(blinding52(of.n, units))


def figures(line: str) -> dict[str, int]:
    """Return the name=number pairs of a line."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}


# --- The twin --------------------------------------------------------------------------------------------------------


def test_twin_signs_and_verifies_like_libcrypto_without_undefined_behaviour() -> None:
    """All of csrc/ with the portable kernel, under AddressSanitizer and UndefinedBehaviorSanitizer, at every size."""
    program = built("twin-sanitized", ["tests/native/twin.c", *TWIN], [*SANITIZED, QUIET], ["-lcrypto"])
    for bits, most in (
        (2048, 5),
        (3072, 1),
        (4096, 1),
    ):  # a key is tried with two signatures when it is loaded
        done = run([program, "8" if kernel.slow() else str(most)], given_key(numbers(bits)))
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        assert done.stdout.endswith(" redone 0\n")


def test_sanitizers_catch_a_planted_index(tmp_path: Path) -> None:
    """A checker that never fired is not known to work."""
    source = tmp_path / "planted.c"
    source.write_text("int main(int c, char **v) { int a[3] = {0}; (void)v; return a[c + 2]; }")
    done = run([built("planted", [str(source)], SANITIZED)])
    assert done.returncode != 0
    assert "out of bounds" in done.stderr


def test_twin_reads_nothing_uninitialised_and_leaks_nothing(need: Need) -> None:
    """The same program under valgrind, which cannot run AVX-512; loading a key signs twice."""
    valgrind = need("valgrind")
    program = built("twin", ["tests/native/twin.c", *TWIN], ["-O2", QUIET], ["-lcrypto"])
    most = "8" if kernel.slow() else "1"
    done = run(
        [valgrind, "--quiet", "--error-exitcode=9", "--leak-check=full", program, most], given_key(numbers())
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" redone 0\n")


# --- Constant time ---------------------------------------------------------------------------------------------------


def expected_signatures(of: PrivateNumbers, count: int) -> str:
    """Return what tests/native/constant_time.c prints, by a power in Python integers."""
    length = of.n.bit_length() // 8
    signatures = [pow(encoded(bytes([17 * lane + 1]) * 32, length), of.d, of.n) for lane in range(count)]
    return "".join(f"{s:0{2 * length}x}\n" for s in signatures)


@cache
def instrumented() -> Path:
    return built(
        "constant-time",
        ["tests/native/constant_time.c", "csrc/rsa52_ifma.c"],
        ["-O2", "-fsanitize=memory", "-fno-omit-frame-pointer", HOOKS],
        compiler="clang-14",
    )


@needs_ifma
@pytest.mark.parametrize("count", [8, 3])
@pytest.mark.parametrize("secret", ["all", "key", "blinding"])
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_no_branch_and_no_address_depends_on_a_secret(need: Need, bits: int, secret: str, count: int) -> None:
    """MemorySanitizer follows p, q, dp, dq, q_inverse and the blinding through the kernel, and has nothing to report.

    That it followed them is seen in m1 and in the signatures, which are marked as secret when they come out.
    """
    need("clang-14", "-fsanitize=memory")
    done = run([instrumented(), secret, str(count), "none"], given_constants(numbers(bits)))
    assert done.stderr == ""
    assert done.returncode == 0
    assert done.stdout == expected_signatures(numbers(bits), count)


@needs_ifma
@pytest.mark.parametrize("secret", ["all", "key", "blinding"])
@pytest.mark.parametrize("leak", ["branch", "index"])
def test_a_planted_leak_is_reported(need: Need, leak: str, secret: str) -> None:
    """One branch on a bit of m1, or one table entry chosen by m1, and MemorySanitizer speaks up."""
    need("clang-14", "-fsanitize=memory")
    done = run([instrumented(), secret, "8", leak], given_constants(numbers()))
    assert done.returncode != 0
    assert "MemorySanitizer: use-of-uninitialized-value" in done.stderr
    assert "fj_test_point" in done.stderr


def under_memcheck(valgrind: str, leak: str, count: int) -> tuple[int, str, str]:
    program = built(
        "constant-time-twin",
        ["tests/native/constant_time.c", "tests/native/rsa52_portable.c"],
        ["-O2", HOOKS, QUIET],
    )
    done = run(
        [valgrind, "--quiet", "--error-exitcode=9", program, "all", str(count), leak],
        given_constants(numbers()),
    )
    return done.returncode, done.stdout, done.stderr


def test_twin_is_constant_time_too(need: Need) -> None:
    """Valgrind follows the same marks through the same source over plain C: a second opinion by another tool."""
    code, out, complaints = under_memcheck(need("valgrind"), "none", 4)
    assert (code, complaints) == (0, "")
    assert out == expected_signatures(numbers(), 4)


@pytest.mark.parametrize("leak", ["branch", "index"])
def test_valgrind_reports_a_planted_leak(need: Need, leak: str) -> None:
    if not kernel.slow():
        pytest.skip("takes valgrind as long as the test before: ./dev native runs it")
    code, _, complaints = under_memcheck(need("valgrind"), leak, 4)
    assert code == 9
    assert "uninitialised value" in complaints


# --- Faults ----------------------------------------------------------------------------------------------------------


@cache
def faults() -> Path:
    return built("faults", ["tests/native/faults.c", *core()], ["-O3", HOOKS], ["-lcrypto"])


@needs_ifma
@pytest.mark.parametrize("lanes", [0x01, 0x08, 0x80, 0xFF])
def test_a_kernel_that_signs_wrongly_fails_its_known_answer_test(lanes: int) -> None:
    """Also in every lane at once, where libcrypto mends all of it and the signatures come out right."""
    wrong = figures(run([faults(), "selftest", str(lanes)]).stdout)["kernel"]
    right = figures(run([faults(), "selftest", "0"]).stdout)["kernel"]
    assert (right, wrong) == (0, 2)  # FJ_KERNEL_READY, FJ_KERNEL_WRONG


@needs_ifma
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_no_faulty_signature_comes_out(bits: int) -> None:
    """Bits flip in constants and intermediates; what leaves is right, and libcrypto redid the lanes hit and no other.

    For a release: every bit of p, q, dp, dq and q_inverse, and 10,000 intermediates, at 2048 bits.
    """
    program = faults()
    step, count = (1, 12_000) if kernel.slow() else (16, 800)
    if bits != 2048:
        step, count = 64 if kernel.slow() else 256, count // 20
    done = run([program, str(step), str(count)], given_key(numbers(bits)))
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    kinds = {line.split()[0]: figures(line) for line in done.stdout.splitlines()}
    unchecked = kinds.pop("unchecked")
    for kind, tally in kinds.items():
        assert tally["escaped"] == 0, kind
        assert tally["strays"] == 0, kind
    for constant in ("p", "q", "dp", "dq", "q_inverse"):
        assert kinds[constant]["harmless"] == 0
    assert sum(tally["redone"] for tally in kinds.values()) >= (
        10_000 if kernel.slow() and bits == 2048 else 1
    )
    # The same faults in m1 with nobody to check give the key away: the faults are real ones.
    assert unchecked["factored"] >= 0.9 * unchecked["injected"]


@needs_ifma
@pytest.mark.parametrize("lanes", [0x01, 0x28, 0xFF])
def test_what_libcrypto_signs_again_is_verified_too(lanes: int) -> None:
    """Kernel and libcrypto are both wrong, as on a broken machine: there is no signature, and the others are right."""
    done = run([faults(), "again", str(lanes)], given_key(numbers()))
    assert done.returncode == 0, done.stderr
    assert figures(done.stdout) == {"good": 0xFF & ~lanes, "none": lanes, "broken": 1}


# --- What is left behind ---------------------------------------------------------------------------------------------


@needs_ifma
@pytest.mark.parametrize("count", [8, 3])
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_nothing_secret_is_left_behind(bits: int, count: int) -> None:
    """Neither the workspace nor the dead stack holds a limb of a constant or of an intermediate after signing."""
    program = built("wiped", ["tests/native/wiped.c", "csrc/rsa52_ifma.c"], ["-O3", HOOKS])
    done = run([program, str(count)], given_constants(numbers(bits)))
    assert done.returncode == 0, done.stderr
    found = figures(done.stdout)
    assert found["seen"] > 10_000
    assert (found["stack"], found["workspace"]) == (0, 0)


def test_a_wrong_trial_signature_is_wiped() -> None:
    """It is wrong modulo one prime and right modulo the other, so it gives the key away to whoever gets the memory."""
    program = built("trial", ["tests/native/trial.c", *core()], ["-O2"], ["-lcrypto", "-Wl,--wrap=free"])
    of = numbers()
    for wrong in (of._replace(dp=of.dp ^ 2, d=of.d ^ 2), of):
        done = run([program], given_key(wrong))
        assert done.returncode == 0, done.stderr
        good = int(wrong is of)
        assert figures(done.stdout) == {"loaded": good, "refused": 1 - good, "freed": 1, "dirty": 0}


# --- Providers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("provider", "seen"), [("other", 2), ("default", 0)])
def test_another_provider_of_rsa_verifies_itself(provider: str, seen: int) -> None:
    """Our own comparison takes the place of the default provider's alone: a site's module keeps its work."""
    program = built("provider", ["tests/native/provider.c", *core()], ["-O2"], ["-lcrypto"])
    done = run([program, provider], given_key(numbers()))
    assert done.returncode == 0, done.stderr
    assert figures(done.stdout) == {"good": Status.OK, "spoiled": Status.BAD_SIGNATURE, "seen": seen}


# --- Time ------------------------------------------------------------------------------------------------------------


def welch(what: str, batches: int) -> float:
    """Return the largest |t| that tests/native/timing.c finds between two classes of so many batches of eight."""
    program = built("timing", ["tests/native/timing.c", "csrc/rsa52_ifma.c"], ["-O3"], ["-lm"])
    of = numbers()
    unblinded = bytes(public52(of.n)) + bytes(private52(of)) + bytes(blinding52(of.n, [1] * LANES))
    done = run([program, what, str(batches)], unblinded)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return float(done.stdout.rpartition("t=")[2])


@needs_ifma
@pytest.mark.parametrize("what", ["message", "exponent", "weight"])
def test_time_does_not_tell_messages_or_exponents_apart(what: str) -> None:
    """Welch's t-test: fixed against random messages, exponents of one bit against ones, light against heavy.

    For a release, at `FASTJWT_TEST_SCALE=1256`: a million signatures a class, two minutes each on a quiet core.
    """
    assert welch(what, scaled(100, 125_600)) < 4.5


@needs_ifma
def test_time_does_tell_a_planted_difference() -> None:
    """A thousand cycles in more than a million are found, given enough batches: the test above can fail."""
    if not kernel.slow():
        pytest.skip("takes three minutes of a quiet core: FASTJWT_TEST_SCALE=100 runs it")
    assert welch("planted", 120_000) > 4.5
