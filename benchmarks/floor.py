"""How close fastjwt comes to raw OpenSSL: ratios to `openssl speed`, measured in the same rounds on the same core.

    python benchmarks/floor.py                      # about three minutes, prints a table
    python benchmarks/floor.py --json floor.json    # the same, with every sample and the circumstances
    python benchmarks/floor.py --engine openssl     # another engine than the best one

How it measures, and why:

* Each worker process is pinned before it imports fastjwt, because threads of a pool inherit the affinity of whoever
  starts them.  `openssl speed` runs pinned in the same way.
* The contenders take turns, in another random order each round, so that a slow minute of the machine hits all of them;
  ratios are taken inside a round, then medians over the rounds.
* Every answer is checked, against claims and tokens made by another library, before its time counts.
* A sample begins with work that does not count.  While the others had their turn, neighbours emptied the caches, and a
  hypervisor may have taken pages away that nobody touched: on one guest each hundredth page of a process that had slept
  half a second came back after 100 to 300 us.  `openssl speed` holds next to no memory and has nothing to get back; for
  ten thousand tokens it is 10 to 20 ms, once, which a batch job of minutes does not notice.
* A call's time ends with its answer, which is dropped before the next call and outside of its time.
* A sample is retaken when other processes or the hypervisor took part of the core meanwhile, never for its result.
* Time is wall clock, on both sides.  On a machine that others use all the time `--clock cpu` takes processor time, on
  both sides; then only one-core rows make sense.
* The garbage collector stays on, as it is for users.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import circumstances
import corpus
from cores import TOLERATED, busy_seconds
from openssl_speed import openssl_speed

import fastjwt

# A sample in which others took more than TOLERATED of the pinned cores is taken again, up to so many times.
RETAKES = 5

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}

SINGLES_SIGN = 100  # single signatures between two looks at the clock
# Their claims are held until they are compared: of many more, page faults would be measured.
SINGLES_VERIFY = 100
BATCH_SIGN = 1000
BATCH_VERIFY = 10_000
# Before a sample counts it works for this part of its seconds: dictionaries take five calls to find their memory again.
WARM_UP = 0.25


class Operation(NamedTuple):
    """One row of the table: what is done, on how many threads, what it is compared with, and what we want to reach."""

    name: str
    threads: int
    floor: str
    wanted: float | None


OPERATIONS = (
    Operation("sign_batch", 1, "openssl sign", 0.97),
    Operation("sign", 1, "openssl sign", 0.96),
    Operation("verify_batch", 1, "openssl verify", 0.80),
    Operation("verify", 1, "openssl verify", 0.75),
    Operation("verify_signatures", 1, "openssl verify", None),
    Operation("sign_batch", 2, "sign_batch on 1", 1.85),
    Operation("verify_batch", 2, "verify_batch on 1", 1.85),
)

# What the machine itself gives two processes over one: no thread pool can be expected to beat it.
OPENSSL_SCALING = (
    Operation("openssl sign", 2, "openssl sign on 1", None),
    Operation("openssl verify", 2, "openssl verify on 1", None),
)


# --- in a worker process ---


class Task(NamedTuple):
    """One timed call and the check of what it returned; `items` is the number of tokens in it."""

    items: int
    run: Callable[[], Any]
    expected: Any


class Workbench:
    """Keys, tokens and tasks of one pinned process."""

    def __init__(self, material: corpus.Corpus, threads: int) -> None:
        """Prepare the tasks; check, before anything is timed, that exactly the spoiled tokens are refused."""
        claims, tokens = material.claims, material.tokens
        signer = fastjwt.Signer(fastjwt.RSAPrivateKey.from_pem(material.private_pem), kid=corpus.KEY_ID)
        public = fastjwt.RSAPublicKey.from_pem(material.public_pem)
        keys = fastjwt.JWKSet.from_dict({"keys": [{**public.to_jwk(), "kid": corpus.KEY_ID}]})
        verifier = fastjwt.Verifier(keys, issuer=corpus.ISSUER, audience=corpus.AUDIENCE)
        sign, verify = signer.sign, verifier.verify
        # fastjwt writes header and claims in the corpus' order and spacing, and RS256 is deterministic: same tokens.
        self.tasks = {
            "sign": Task(
                SINGLES_SIGN, lambda: [sign(each) for each in claims[:SINGLES_SIGN]], tokens[:SINGLES_SIGN]
            ),
            "sign_batch": Task(
                BATCH_SIGN,
                lambda: signer.sign_batch(claims[:BATCH_SIGN], threads=threads),
                tokens[:BATCH_SIGN],
            ),
            "verify": Task(
                SINGLES_VERIFY,
                lambda: [verify(each) for each in tokens[:SINGLES_VERIFY]],
                claims[:SINGLES_VERIFY],
            ),
            "verify_batch": Task(
                BATCH_VERIFY, lambda: verifier.verify_batch(tokens, threads=threads).claims, claims
            ),
            "verify_signatures": Task(
                BATCH_VERIFY, lambda: verifier.verify_signatures(tokens, threads=threads), bytes(BATCH_VERIFY)
            ),
        }
        spoiled = {number: corpus.spoil(tokens[number]) for number in range(0, len(tokens), 97)}
        mixed = [spoiled.get(number, token) for number, token in enumerate(tokens)]
        if list(verifier.verify_batch(mixed, threads=threads).errors) != list(spoiled):
            raise AssertionError("verify_batch does not find exactly the spoiled tokens")

    def measure(self, name: str, seconds: float, clock: Callable[[], float]) -> float:
        """Repeat a task, and after a warm-up for `seconds` of timed work; return tokens per second.

        Raises if an answer is wrong.
        """
        self._repeat(name, seconds * WARM_UP, clock)
        return self._repeat(name, seconds, clock)

    def _repeat(self, name: str, seconds: float, clock: Callable[[], float]) -> float:
        task = self.tasks[name]
        elapsed, items = 0.0, 0
        while elapsed < seconds:
            start = clock()
            answer = task.run()
            elapsed += clock() - start
            items += task.items
            if answer != task.expected:
                raise AssertionError(f"{name} gave a wrong answer")
            del answer  # what it costs to give up ten thousand dictionaries is not the next call's
        return items / elapsed


_workbench: Workbench


def _start_worker(cores: Sequence[int], material: corpus.Corpus) -> None:
    global _workbench
    os.sched_setaffinity(0, cores)
    _workbench = Workbench(material, threads=len(cores))
    gc.collect()
    gc.freeze()  # the corpus is no garbage of the work that is measured


def _measure(name: str, seconds: float, clock: str) -> tuple[float, float]:
    """Return tokens per second, and the CPU time that this process took for timing and checking together."""
    before = time.process_time()
    rate = _workbench.measure(name, seconds, CLOCKS[clock])
    return rate, time.process_time() - before


# --- in the conducting process ---


class Worker:
    """A process pinned to some cores, with a workbench in it."""

    def __init__(self, cores: Sequence[int], material: corpus.Corpus) -> None:
        self.cores = cores
        self._process = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(cores, material)
        )

    def measure(self, name: str, seconds: float, clock: str) -> tuple[float, float]:
        """Measure there; return tokens per second and CPU seconds."""
        return self._process.submit(_measure, name, seconds, clock).result()

    def close(self) -> None:
        """End the process."""
        self._process.shutdown()


# Measures once: tokens per second by name, and the CPU seconds that it took.
Work = Callable[[], tuple[dict[str, float], float]]


class Sample(NamedTuple):
    """One figure: tokens per second, in which round, and which part of the cores others took meanwhile."""

    round: int
    name: str
    threads: int
    rate: float
    others: float
    retakes: int


def take(number: int, cores: Sequence[int], retakes: int, work: Work) -> list[Sample]:
    """Measure once, and again while others disturb it; return the samples of the least disturbed attempt."""
    attempts = []
    for retake in range(retakes + 1 if number >= 0 else 1):
        start, before = time.perf_counter(), busy_seconds(cores)
        rates, cpu = work()
        others = max(0.0, busy_seconds(cores) - before - cpu) / (time.perf_counter() - start) / len(cores)
        attempts.append(
            [Sample(number, name, len(cores), rate, others, retake) for name, rate in rates.items()]
        )
        if others <= TOLERATED:
            break
    return min(attempts, key=lambda samples: samples[0].others)


def run(options: argparse.Namespace) -> list[Sample]:
    """Measure all contenders in rounds of random order; return every sample."""
    material = corpus.make(BATCH_VERIFY, options.bits)
    retakes = RETAKES if options.clock == "wall" else 0  # processor time stands still while others work
    workers = {
        threads + 1: Worker(options.cores[: threads + 1], material) for threads in range(len(options.cores))
    }

    def contender(operation: Operation) -> tuple[Sequence[int], Work]:
        worker = workers[operation.threads]

        def work() -> tuple[dict[str, float], float]:
            rate, cpu = worker.measure(operation.name, options.seconds, options.clock)
            return {operation.name: rate}, cpu

        return worker.cores, work

    def floor(cores: Sequence[int]) -> tuple[Sequence[int], Work]:
        return cores, lambda: openssl_speed(cores, options.bits, options.seconds, options.clock)

    contenders = [floor(worker.cores) for worker in workers.values()]
    contenders += [contender(operation) for operation in OPERATIONS if operation.threads in workers]
    order, samples = random.Random(options.seed), []
    try:
        for number in range(-1, options.rounds):  # round -1 warms up caches and clocks, and is not kept
            order.shuffle(contenders)
            for index, (cores, work) in enumerate(contenders):
                taken = take(number, cores, retakes, work)
                samples += taken if number >= 0 else []
                if sys.stderr.isatty():
                    progress = f"round {number + 1}/{options.rounds}, {index + 1}/{len(contenders)}"
                    print(f"\r{progress} ", end="", file=sys.stderr)
    finally:
        for worker in workers.values():
            worker.close()
    return samples


class Result(NamedTuple):
    """One row: median rate, and median, quartiles of the ratios to the floor of the same round."""

    operation: str
    threads: int
    rate: float
    floor: str
    ratio: float
    low: float
    high: float
    wanted: float | None


def results(samples: Sequence[Sample]) -> list[Result]:
    """Return a row for each operation that was measured."""
    rates: dict[tuple[str, int], dict[int, float]] = {}
    for sample in samples:
        rates.setdefault((sample.name, sample.threads), {})[sample.round] = sample.rate
    rows = []
    for operation in (*OPERATIONS, *OPENSSL_SCALING):
        mine = rates.get((operation.name, operation.threads))
        if mine is None:
            continue
        theirs = rates[operation.floor.removesuffix(" on 1"), 1]
        ratios = [mine[number] / theirs[number] for number in mine]
        low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
        median_rate = statistics.median(mine.values())
        rows.append(
            Result(
                operation.name,
                operation.threads,
                median_rate,
                operation.floor,
                middle,
                low,
                high,
                operation.wanted,
            )
        )
    return rows


def table(rows: Sequence[Result]) -> str:
    """Return the rows as text; ratios are medians over the rounds with their quartiles."""
    lines = [
        f"{'operation':<20}{'threads':>8}{'a second':>12}  {'ratio':>6}  {'quartiles':<15}{'wanted':>7}  to"
    ]
    for row in rows:
        wanted = f"{row.wanted:.2f}" if row.wanted else ""
        quartiles = f"{row.low:.3f} - {row.high:.3f}"
        figures = f"{row.rate:>12,.0f}  {row.ratio:>6.3f}  {quartiles:<15}{wanted:>7}"
        lines.append(f"{row.operation:<20}{row.threads:>8}{figures}  {row.floor}")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--bits", type=int, default=2048, choices=(2048, 3072, 4096), help="size of the key (2048)"
    )
    parser.add_argument(
        "--engine", help="the engine to measure, as FASTJWT_ENGINE would name it (the best one)"
    )
    parser.add_argument("--rounds", type=int, default=9, help="rounds that count (9)")
    parser.add_argument(
        "--seconds", type=int, default=1, help="whole seconds a sample (1), as openssl speed takes them"
    )
    parser.add_argument(
        "--cores",
        type=lambda text: [int(core) for core in text.split(",")],
        default=cores[-2:],
        help="one or two cores to pin to, such as 2,3; the first serves all one-core rows (the last two)",
    )
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="wall", help="what counts as time (wall)")
    parser.add_argument("--seed", type=int, default=None, help="of the random order of the contenders")
    parser.add_argument(
        "--json", metavar="FILE", help="write circumstances, samples and results there, - for stdout"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 if a median misses what is wanted")
    options = parser.parse_args()
    if options.clock == "cpu":
        options.cores = options.cores[:1]
    if options.rounds < 2 or options.seconds < 1 or not 1 <= len(options.cores) <= 2:
        parser.error(
            "quartiles need two rounds or more, openssl speed a whole second or more, and cores are one or two"
        )
    return options


def main() -> int:
    """Measure, print, and say with `--check` whether everything that is wanted was reached."""
    options = arguments()
    if options.engine:
        os.environ["FASTJWT_ENGINE"] = options.engine  # read at the first use, here and in the workers
    about = circumstances.record() | {
        "bits": options.bits,
        "rounds": options.rounds,
        "clock": options.clock,
        "pinned_to": options.cores,
    }
    if about["openssl_command"] != about["openssl"].split(" (")[0]:
        print(
            f"warning: the command is {about['openssl_command']}, the engine uses {about['openssl']}",
            file=sys.stderr,
        )
    samples = run(options)
    about["load_after"] = os.getloadavg()[0]
    rows = results(samples)
    if options.json:
        document = {
            "circumstances": about,
            "results": [row._asdict() for row in rows],
            "samples": [sample._asdict() for sample in samples],
        }
        text = json.dumps(document, indent=1)
        print(text) if options.json == "-" else Path(options.json).write_text(text + "\n")
    if options.json != "-":
        for name, value in about.items():
            print(f"{name:<16} {value}")
        disturbed = max(sample.others for sample in samples)
        above = sum(sample.others > TOLERATED for sample in samples)
        print(
            f"{'others':<16} at most {disturbed:.1%} of a sample; {above} of {len(samples)} above {TOLERATED:.0%}\n"
        )
        print(table(rows))
    missed = [row for row in rows if row.wanted and row.ratio < row.wanted]
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
