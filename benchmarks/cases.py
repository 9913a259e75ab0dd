"""What is measured, how often and how long: the plan of a run, and the cases that it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from contenders import ALL, Contender
from corpus import RSA_BITS, SECRET_BITS

BATCH_SIGN = 1000
BATCH_VERIFY = 10_000
SCALE = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000)
STAGES = ("split", "base64url", "sha256", "rsa", "json", "claims")

# What both give figures of that others are divided by.
FLOOR = "openssl-speed"


class Case(NamedTuple):
    """One row of the result; `floor` says which figure of the floor it is divided by, "" for none."""

    operation: str
    alg: str
    contender: str
    bits: int
    threads: int
    batch: int
    floor: str
    block: str  # cases of one block are measured one after the other, with a floor of their own
    rounds: int  # in how many of the run's rounds it is measured

    @property
    def name(self) -> str:
        """A name for lists and messages."""
        of_many = f"x{self.batch}" if self.batch > 1 else ""
        return f"{self.operation}{of_many} {self.alg}-{self.bits} {self.contender} t{self.threads}"


class Plan(NamedTuple):
    """How a run is made.

    `seconds` is how long one sample takes at least, in seconds; `calls` into how many timed calls it is divided.
    """

    mode: str
    rounds: int
    seconds: float
    calls: int
    bits: tuple[int, ...]
    hmac: bool
    scale: tuple[int, ...]
    scale_of_others: int  # the largest batch of an engine that is not the best
    scale_threads: bool  # also on all threads
    streams: tuple[int, ...]
    retakes: int  # of a self-timed sample that others disturbed
    contenders: tuple[str, ...] = ()  # only these; all if empty
    operations: tuple[str, ...] = ()  # likewise

    def wants(self, contender: str, operation: str) -> bool:
        """Return whether the plan was narrowed to something else."""
        return (not self.contenders or contender in self.contenders) and (
            not self.operations or operation in self.operations
        )


WHOLE = Plan(
    mode="whole",
    rounds=5,
    seconds=0.3,
    calls=5,
    bits=RSA_BITS,
    hmac=True,
    scale=SCALE,
    scale_of_others=1000,
    scale_threads=True,
    streams=SCALE[-3:],
    retakes=2,
)
QUICK = WHOLE._replace(
    mode="quick",
    rounds=3,
    seconds=0.1,
    calls=4,
    bits=(2048,),
    scale=SCALE[:-2],
    scale_of_others=100,
    scale_threads=False,
    streams=SCALE[-3:-1],
    retakes=1,
)
# For the tests: whether all of it works, in seconds.
SMOKE = QUICK._replace(
    mode="smoke", rounds=2, seconds=0.01, calls=1, scale=SCALE[:3], streams=SCALE[2:3], retakes=0
)
PLANS = {plan.mode: plan for plan in (WHOLE, QUICK, SMOKE)}

# Batches from here on form a block of their own.
_LONG_BATCH = 100_000
_LONG_BATCHES = "long batches"

# What one token of a batch takes in memory with its claims and its answer, by a wide margin.
_BYTES_A_TOKEN = 8000

# A batch that takes so many seconds is not measured in each round: (tokens at least, rounds).
_LONG = {"verify": ((1_000_000, 3),), "sign": ((1_000_000, 1), (100_000, 2))}


def tokens_of(plan: Plan) -> int:
    """Return how many tokens a run needs of each key, beside the large batches."""
    return BATCH_VERIFY if plan.mode != "smoke" else 2000


class Field:
    """The contenders that can run here, and the threads of this run; makes the cases of each kind."""

    def __init__(self, plan: Plan, available: Sequence[str], threads: int) -> None:
        self.plan = plan
        self.threads = threads
        self._contenders = [contender for contender in ALL if contender.id in available]

    def _taking_part(self, operation: str, alg: str = "RS256") -> Iterator[type[Contender]]:
        for contender in self._contenders:
            if self.plan.wants(contender.id, operation) and contender.takes_part_in(operation, alg):
                yield contender

    def _keys(self) -> Iterator[tuple[str, int]]:
        for bits in self.plan.bits:
            yield "RS256", bits
        if self.plan.hmac:
            yield "HS256", SECRET_BITS

    def floors(self) -> Iterator[Case]:
        """Yield the floor of each block, on one core, and where the run has more also on all of its cores."""
        if FLOOR in [contender.id for contender in self._contenders]:
            for bits in self.plan.bits:
                for threads in {1, self.threads}:
                    yield self._floor(bits, threads, f"RS256 {bits}", self.plan.rounds)
            scaling = [*self.scaling("sign_batch"), *self.scaling("verify_batch")]
            rounds = [case.rounds for case in scaling if case.block == _LONG_BATCHES]
            if rounds:
                yield self._floor(2048, 1, _LONG_BATCHES, max(rounds))

    def _floor(self, bits: int, threads: int, block: str, rounds: int) -> Case:
        return Case("floor", "RS256", FLOOR, bits, threads, 1, "", block, rounds)

    def singles(self, operation: str) -> Iterator[Case]:
        """Yield the cases of `sign` or `verify`."""
        for alg, bits in self._keys():
            for contender in self._taking_part(operation, alg):
                if contender.id != FLOOR and (self.threads == 1 or contender.id != "libcrypto-loop"):
                    yield self._case(operation, alg, contender, bits, 1)

    def batches(self, operation: str) -> Iterator[Case]:
        """Yield the cases of `sign_batch`, `verify_batch` or `verify_signatures` with the usual number of tokens."""
        for alg, bits in self._keys():
            for contender in self._batching(operation, alg):
                yield self._case(operation, alg, contender, bits, usual_batch(self.plan, operation))

    def scaling(self, operation: str) -> Iterator[Case]:
        """Yield batches of other sizes with 2048 bits, the large ones of the best engine only: they take long."""
        if self.threads > 1 and not self.plan.scale_threads:
            return
        for contender in self._batching(operation, "RS256"):
            best = contender is next(self._batching(operation, "RS256"))
            for batch in self.plan.scale:
                wanted = batch != usual_batch(self.plan, operation) and fits(batch)
                if wanted and (best or batch <= self.plan.scale_of_others):
                    case = self._case(operation, "RS256", contender, 2048, batch)
                    rounds = rounds_of(self.plan, operation, batch)
                    # Between the others' short samples and their floor, long ones would let the machine drift.
                    block = _LONG_BATCHES if batch >= _LONG_BATCH else case.block
                    yield case._replace(block=block, rounds=rounds)

    def _batching(self, operation: str, alg: str) -> Iterator[type[Contender]]:
        for contender in self._taking_part(operation, alg):
            if self.threads == 1 or contender.threaded_batches:
                yield contender

    def stages(self) -> Iterator[Case]:
        """Yield the steps of a verification by the best engine, on one thread."""
        for stage in STAGES:
            yield from self._of_the_best(
                f"stage:{stage}",
                usual_batch(self.plan, "verify_batch"),
                "verify" if stage == "rsa" else "",
                "RS256 2048",
                self.plan.rounds,
            )

    def keys(self, operation: str) -> Iterator[Case]:
        """Yield the imports of one form of key, on one thread."""
        if self.threads == 1:
            for contender in self._taking_part(operation):
                batch = 100 if operation == "key:jwks-100" else 1
                yield Case(
                    operation, "RS256", contender.id, 2048, 1, batch, "", "RS256 2048", self.plan.rounds
                )

    def memory(self) -> Iterator[Case]:
        """Yield streams of growing length by the best engine, whose memory is measured once."""
        for batch in filter(fits, self.plan.streams):
            yield from self._of_the_best("memory:verify_stream", batch, "", _LONG_BATCHES, 1)

    def _of_the_best(self, operation: str, batch: int, floor: str, block: str, rounds: int) -> Iterator[Case]:
        """Yield the case of the first engine that verifies batches, on one thread."""
        able = [
            contender
            for contender in self._contenders
            if contender.takes_part_in("verify_batch") and self.plan.wants(contender.id, operation)
        ]
        if able and self.threads == 1:
            yield Case(operation, "RS256", able[0].id, 2048, 1, batch, floor, block, rounds)

    def _case(self, operation: str, alg: str, contender: type[Contender], bits: int, batch: int) -> Case:
        floor = operation.split("_", maxsplit=1)[0] if alg == "RS256" else ""
        return Case(
            operation,
            alg,
            contender.id,
            bits,
            self.threads,
            batch,
            floor,
            f"{alg} {bits}",
            self.plan.rounds,
        )


def fits(batch: int) -> bool:
    """Return whether the machine has memory for a batch of this size: tokens, claims, and both once more."""
    try:
        line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemAvailable" in line)
    except (OSError, StopIteration):
        return batch <= 100_000
    return batch * _BYTES_A_TOKEN < int(line.split()[1]) * 1024


def usual_batch(plan: Plan, operation: str) -> int:
    """Return how many tokens a call takes where no other number is asked for."""
    if plan.mode == "smoke":
        return 100
    return BATCH_SIGN if operation == "sign_batch" else BATCH_VERIFY


def rounds_of(plan: Plan, operation: str, batch: int) -> int:
    """Return in how many rounds a batch of this size is measured: the largest ones take long."""
    for least, rounds in _LONG[operation.split("_", maxsplit=1)[0]]:
        if batch >= least:
            return min(rounds, plan.rounds)
    return plan.rounds
