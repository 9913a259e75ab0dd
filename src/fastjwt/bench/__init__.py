"""The benchmark behind `fastjwt bench`: this machine's engines beside a bare libcrypto loop, with nothing to install.

The comparison with other libraries, on other key sizes and stage by stage, is `./dev bench` of a clone.

All jobs take turns, in another random order each round, so that a slow moment of the machine hits all of them; a ratio
is taken inside a round, to the libcrypto loop of that round, and then the median over the rounds.  What a job answers
is checked before it is timed and after it.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Protocol

from .. import RSAPrivateKey, engine, engines
from .jobs import Job, WrongAnswer, floor_jobs, jobs_of
from .report import Plan, Report, Row, quartiles
from .text import as_text

__all__ = ["Plan", "Report", "WrongAnswer", "as_text", "run"]


class ProgressLine(Protocol):
    """Tells somebody how far a job is."""

    def show(self, done: int, position: int | None = None) -> None:
        """Say that `done` tokens are through, and at which second of the whole this is."""

    def clear(self) -> None:
        """Say no more."""


ProgressMaker = Callable[[str, int], ProgressLine]  # of a job's name and its length in seconds


def run(plan: Plan, progress: ProgressMaker) -> Report:
    """Measure.  Raises `WrongAnswer` if an engine gives one, and ValueError for an engine that cannot run here."""
    started = time.perf_counter()
    names = plan.engines or engines.available()
    for name in names:
        with engines.use(name):
            pass
    threads = plan.threads or engines.usable_cpus()
    load = os.getloadavg()[0]
    before = engines.counters()
    key = RSAPrivateKey.generate(bits=plan.bits)
    jobs = floor_jobs(key)
    for name in names:
        jobs += jobs_of(name, key, threads)

    line = progress("bench", max(1, round(plan.rounds * plan.seconds * len(jobs))))
    rates: dict[Job, list[float]] = {job: [] for job in jobs}
    order = list(jobs)
    tokens = 0
    for _ in range(plan.rounds):
        random.shuffle(order)
        for job in order:
            rate, done = _measure(job, plan.seconds)
            rates[job].append(rate)
            tokens += done
            line.show(tokens, round(sum(map(len, rates.values())) * plan.seconds))
    line.clear()

    floors = {job.operation: rates[job] for job in jobs if job.engine is None}
    info = engine()
    return Report(
        plan=plan,
        openssl_version=info.openssl_version,
        reason=info.reason,
        load_before=load,
        load_after=os.getloadavg()[0],
        floors={operation: quartiles(found) for operation, found in floors.items()},
        rows=[_row(job, rates[job], floors.get(job.floor)) for job in jobs if job.engine is not None],
        counters={name: count - before.get(name, 0) for name, count in engines.counters().items()},
        seconds=time.perf_counter() - started,
    )


def _measure(job: Job, seconds: float) -> tuple[float, int]:
    """Return operations a second over about `seconds`, and how many there were; checks the last answer."""
    done, elapsed, answer = 0, 0.0, None
    while elapsed < seconds:
        begun = time.perf_counter()
        answer = job.run()
        elapsed += time.perf_counter() - begun
        done += job.items
    job.check(answer)
    return done / elapsed, done


def _row(job: Job, rates: list[float], floor: list[float] | None) -> Row:
    ratios = (
        None if floor is None else quartiles([mine / raw for mine, raw in zip(rates, floor, strict=True)])
    )
    return Row(str(job.engine), job.operation, job.threads, quartiles(rates), ratios)
