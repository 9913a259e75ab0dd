"""One run of the suite in one pinned process: takes the samples, and knows who could not take part."""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from typing import Any

import contenders
import pytest
from answers import WrongAnswer
from cases import PLANS, Case, Field
from cores import TOLERATED, Watch, undisturbed
from progress import Progress
from stages import NoLibrary
from tasks import Task, Workshop

from fastjwt import engines

# Which engines may do the work of which: the kernel leaves to libcrypto what does not fill or does not fit its lanes.
_HELPERS = {"avx512ifma": ("avx512ifma", "openssl"), "openssl": ("openssl",), "pure": ("pure",)}

# From so many tokens in a call on, the kernel must have done nearly all of them itself.
_KERNEL_BATCH = 64
_KERNEL_SHARE = 0.9


class Run:
    """The plan, the contenders that can run here, and the samples' way through pytest-benchmark."""

    def __init__(self, options: argparse.Namespace, cores: Sequence[int]) -> None:
        plan = PLANS[options.mode]
        self.plan = plan._replace(
            rounds=options.rounds or plan.rounds,
            seconds=options.seconds or plan.seconds,
            contenders=_names(options.contenders),
            operations=_names(options.operations),
        )
        self.cores = cores
        self.reasons = contenders.survey()
        able = [name for name, reason in self.reasons.items() if reason is None]
        self.field = Field(self.plan, able, len(cores))
        self.clock = options.clock
        self.workshop = Workshop(self.plan, cores, options.clock)
        self._load_before = os.getloadavg()[0]
        self._progress = Progress(options.progress, options.later_items)

    def begin(self, items: int) -> None:
        """Say that so many samples will be taken."""
        self._progress.begin(items)

    def close(self) -> None:
        """End what was started."""
        self._progress.end()
        self.workshop.close()

    def about(self) -> dict[str, Any]:
        """Return what belongs to the whole run and not to one sample; can be written as JSON."""
        return {
            "mode": self.plan.mode,
            "cores": list(self.cores),
            "clock": self.clock,
            "reasons": self.reasons,
            "contenders": [self._describe(contender) for contender in contenders.ALL],
            "counters": engines.counters(),
            "load_before": self._load_before,
            "load_after": os.getloadavg()[0],
        }

    def _describe(self, contender: type[contenders.Contender]) -> dict[str, Any]:
        reason = self.reasons[contender.id]
        return {
            "id": contender.id,
            "label": contender.label,
            "distribution": contender.distribution,
            "version": contender.version() if reason is None else None,
            "language": contender.language,
            "library": contender.library() if reason is None else "",
            "how": contender.how,
            "available": reason is None,
            "reason": reason,
        }

    def sample(self, benchmark: Any, case: Case, round_number: int) -> None:
        """Take one sample; leave it in the benchmark's extra information."""
        self._progress.show(case.name)
        if self.reasons[case.contender] is not None:
            pytest.skip(f"{case.contender}: {self.reasons[case.contender]}")
        try:
            self._take(benchmark, case, self.workshop.task(case), round_number)
        except WrongAnswer:
            raise
        except NoLibrary as error:
            pytest.skip(str(error))
        except Exception as error:
            if contenders.by_id(case.contender).distribution is None:  # ours, or the floor
                raise
            # A peer that fails later on is listed with the reason, like one that cannot be imported.
            self.reasons[case.contender] = reason = f"{type(error).__name__}: {error}"
            pytest.skip(f"{case.contender}: {reason}")

    def _take(self, benchmark: Any, case: Case, task: Task, round_number: int) -> None:
        contender = task.contender
        watch = Watch(self.cores, contender.processes() if contender else ())
        before = contender.counted() if contender else {}
        answers: list[Any] = []

        def prepare() -> None:
            if not task.times_itself:
                answers.clear()
            watch.mark()

        def call() -> None:
            answers.append(task.run())

        benchmark.group = f"{case.operation} {case.alg}-{case.bits} t{case.threads} x{case.batch}"
        # The first of several calls finds the caches full of another contender's work, and is not timed.
        warm_ups = 1 if task.calls > 1 else 0
        benchmark.pedantic(call, setup=prepare, warmup_rounds=warm_ups, rounds=task.calls, iterations=1)
        watch.mark()
        for answer in answers:
            task.check(answer)
        answers = answers[-task.calls :]
        counted = _difference(before, contender.counted() if contender else {})
        prove_engine(case, counted, task.items * (task.calls + warm_ups))

        sample = {**case._asdict(), "round": round_number}
        if case.operation == "floor":
            others = answers[0].pop("others")
            sample |= {"rates": answers[0], "others": others}
        else:
            shares = watch.shares()[-task.calls :]
            kept = undisturbed(shares)
            seconds = (
                [timing.seconds for timing in answers] if task.times_itself else benchmark.stats.stats.data
            )
            sample |= {
                "rate": task.items / statistics.fmean(seconds[number] for number in kept),
                "others": max(shares[number] for number in kept),
                "dropped": len(shares) - len(kept),
            }
        extra = {name: count for name, count in counted.items() if count}
        if case.operation.startswith("memory:"):
            sample["memory"] = answers[0].answer
        benchmark.extra_info.update(sample | {"counted": extra, "disturbed": sample["others"] > TOLERATED})


def prove_engine(case: Case, counted: dict[str, int], items: int) -> None:
    """Raise AssertionError unless the counters say that the case's engine did the work, and no other."""
    operation = case.operation.partition("_")[0]
    if not case.contender.startswith("fastjwt-") or operation not in {"sign", "verify"}:
        return
    engine = case.contender.removeprefix("fastjwt-")
    kind = operation if case.alg == "RS256" else "hmac"
    done = {name.partition(".")[0]: count for name, count in counted.items() if name.endswith(f".{kind}")}
    own = sum(done.get(helper, 0) for helper in _HELPERS[engine])
    others = sum(done.values()) - own
    # A key that was made meanwhile counts as well, so there may be more.
    if own < items or others:
        raise AssertionError(f"{case.name}: {items} operations, but the engines counted {done}")
    if (
        engine == "avx512ifma"
        and kind != "hmac"
        and case.batch >= _KERNEL_BATCH
        and done.get(engine, 0) < _KERNEL_SHARE * items
    ):
        raise AssertionError(f"{case.name}: the kernel did only {done.get(engine, 0)} of {items}")


def _difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items()}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)
