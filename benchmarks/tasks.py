"""From a case to what is timed: the call, how many operations are in it, and the check of its answer."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import answers
import contenders
import corpus
import stages
from cases import FLOOR, Case, Plan, tokens_of
from contenders import Contender, Timing
from contenders.libcrypto import OpenSSLSpeed
from cores import TOLERATED, busy_seconds
from corpus import Corpus
from streams import stream_in_a_process

KEY_SET = 100

_WARM_UP = 32


class Task(NamedTuple):
    """One timed call.

    `items` is the number of operations in a call, `calls` how many calls make a sample.  `check` gets a call's answer
    and raises `answers.WrongAnswer`.  Where `times_itself` is true the answer is a `Timing`.
    """

    items: int
    calls: int
    run: Callable[[], Any]
    check: Callable[[Any], None]
    contender: Contender | None = None
    times_itself: bool = False


class Workshop:
    """The keys, tokens, contenders and tasks of one pinned process; each is made when it is first needed."""

    def __init__(self, plan: Plan, cores: Sequence[int], clock: str = "wall") -> None:
        self.plan = plan
        self.cores = cores
        self.clock = clock
        self._corpora: dict[tuple[str, int], Corpus] = {}
        self._large: Corpus | None = None
        self._contenders: dict[tuple[str, str, int], Contender] = {}
        self._tasks: dict[Case, Task] = {}
        self._pool = ThreadPoolExecutor(len(cores))
        self._key_set: str = ""

    def task(self, case: Case) -> Task:
        """Return the task of a case.

        What it does was checked: the first answers are right, and a spoiled token is refused.
        """
        if case not in self._tasks:
            kind = case.operation.partition(":")[0]
            make = {
                "floor": self._floor,
                "sign": self._single,
                "verify": self._single,
                "stage": self._stage,
                "key": self._key_import,
                "memory": self._stream,
            }.get(kind, self._batch)
            self._tasks[case] = make(case)
            # Keys and tokens are no garbage of the work that is measured, and the collector need not look at them.
            gc.collect()
            gc.freeze()
        return self._tasks[case]

    def close(self) -> None:
        """End what the contenders have started."""
        self._pool.shutdown()
        for contender in self._contenders.values():
            contender.close()

    # --- Material

    def corpus(self, alg: str, bits: int, count: int = 0) -> Corpus:
        """Return the corpus of a key, with `count` tokens at least."""
        small = self._corpora.get((alg, bits))
        if small is None:
            usual = tokens_of(self.plan)
            small = corpus.make_with_secret(usual) if alg == "HS256" else corpus.make(100, bits)
            self._corpora[alg, bits] = small = corpus.enlarged(small, usual)
        if count <= len(small.tokens):
            return small
        if self._large is None or len(self._large.tokens) < count:
            self._large = corpus.enlarged(small, count)
        return self._large

    def contender(self, case: Case) -> Contender:
        """Return the contender, with its keys made."""
        name = (case.contender, case.alg, case.bits)
        if name not in self._contenders:
            made = contenders.by_id(case.contender)(self.corpus(case.alg, case.bits))
            made.clock = self.clock
            self._contenders[name] = made
        return self._contenders[name]

    # --- Tasks

    def _size(self, run: Callable[[int], Any], most: int, least: int = 1) -> tuple[int, int]:
        """Return how many operations make a call of the wanted time, and how many calls then make a sample.

        A call does `least` operations or a multiple of them, and `most` at most.
        """
        clock = contenders.CLOCKS[self.clock]
        count = least
        while True:
            start = clock()
            answer = run(count)
            elapsed = answer.seconds if isinstance(answer, Timing) else clock() - start
            if elapsed > self.plan.seconds / self.plan.calls / 4 or count >= most:
                return sized(self.plan, max(elapsed, 1e-9) / count, most, least)
            count = min(most, count * 4)

    def _single(self, case: Case) -> Task:
        contender = self.contender(case)
        material = self.corpus(case.alg, case.bits)
        threads, operation = case.threads, case.operation
        given: Sequence[Any] = material.claims if operation == "sign" else material.tokens
        check = answers.check_tokens if operation == "sign" else answers.check_claims
        if contender.times_itself:
            return self._self_timed(contender, case, check)
        function = contender.function(operation)
        check(material, [function(given[0])])
        if operation == "verify":
            answers.must_refuse(function, corpus.spoil(material.tokens[0]))

        def alone(count: int) -> list[Any]:
            return [function(each) for each in given[:count]]

        def loop(part: Sequence[Any]) -> list[Any]:
            return [function(each) for each in part]

        def shared(count: int) -> list[Any]:
            share = count // threads
            parts = [given[share * number : share * (number + 1)] for number in range(threads)]
            return [each for part in self._pool.map(loop, parts) for each in part]

        run = alone if threads == 1 else shared
        count, calls = self._size(run, len(given) // threads * threads, threads)
        return Task(count, calls, lambda: run(count), lambda answer: check(material, answer), contender)

    def _self_timed(self, contender: Contender, case: Case, check: Callable[..., None]) -> Task:
        material = contender.corpus
        if case.operation == "verify" and not contender.refuses(corpus.spoil(material.tokens[0])):
            raise answers.WrongAnswer("a spoiled token was taken")
        contender.timed(
            case.operation, case.threads * _WARM_UP, case.threads
        )  # workers start at the first request
        count, calls = self._size(
            lambda number: contender.timed(case.operation, number, case.threads), 1_000_000, case.threads
        )

        def checked(timing: Timing) -> None:
            if timing.answer is not None:
                check(material, timing.answer)

        return Task(
            count,
            calls,
            lambda: contender.timed(case.operation, count, case.threads),
            checked,
            contender,
            times_itself=True,
        )

    def _floor(self, case: Case) -> Task:
        floor = self.contender(case)
        assert isinstance(floor, OpenSSLSpeed)
        cores = self.cores[: case.threads]

        def run() -> dict[str, float]:
            """Measure, and again while others disturb it; what they took decides, never the result."""
            attempts = []
            # Processor time stands still while others work.
            for _ in range(self.plan.retakes + 1 if self.clock == "wall" else 1):
                start, before = time.perf_counter(), busy_seconds(cores)
                rates, cpu = floor.floor(case.threads)
                others = max(0.0, busy_seconds(cores) - before - cpu) / (time.perf_counter() - start)
                attempts.append((others / len(cores), rates))
                if attempts[-1][0] <= TOLERATED:
                    break
            others, rates = min(attempts, key=lambda attempt: attempt[0])
            return {**rates, "others": others}

        return Task(1, 1, run, lambda _: None, floor)

    def _batch(self, case: Case) -> Task:
        contender = self.contender(case)
        material = self.corpus(case.alg, case.bits, case.batch)
        batch, threads, operation = case.batch, case.threads, case.operation
        function = contender.function(operation)
        given: Sequence[Any] = material.claims if operation == "sign_batch" else material.tokens
        # As many batches in a row as make a call of the wanted time, and different ones as long as there are some.
        most = max(1, len(given) // batch)
        pieces = [given[number * batch : (number + 1) * batch] for number in range(min(most, 2000))]

        def check(answer: list[Any]) -> None:
            for number, piece in enumerate(answer):
                if operation == "sign_batch":
                    answers.check_tokens(material, piece, number * batch)
                elif operation == "verify_batch":
                    answers.check_claims(material, piece, number * batch)
                elif bytes(piece) != bytes(batch):
                    raise answers.WrongAnswer("a good token has a status that is not 0")
            if operation != "sign_batch":
                first = 0 if operation == "verify_signatures" else material.claims[0]
                if answer[0][0] != first:
                    raise answers.WrongAnswer("another answer for the first token")

        if operation != "sign_batch":
            self._must_find_the_spoiled(function, material, threads)

        def run(count: int) -> list[Any]:
            return [function(piece, threads) for piece in pieces[:count]]

        if batch >= 100_000:  # a call of many seconds, which needs no other to warm up
            return Task(batch, 1, lambda: run(1), check, contender)
        count, calls = self._size(run, len(pieces))
        return Task(count * batch, calls, lambda: run(count), check, contender)

    def _must_find_the_spoiled(
        self, function: Callable[..., Any], material: Corpus, threads: int, every: int = 7
    ) -> None:
        """Raise `answers.WrongAnswer` unless exactly the spoiled tokens of a batch are refused."""
        tokens = material.tokens[:100]
        mixed = [corpus.spoil(token) if number % every == 3 else token for number, token in enumerate(tokens)]
        got = list(function(mixed, threads))
        good = [each == 0 if isinstance(each, int) else each is not None for each in got]
        if good != [number % every != 3 for number in range(len(tokens))]:
            raise answers.WrongAnswer("not exactly the spoiled tokens of a batch are refused")

    def _stage(self, case: Case) -> Task:
        contender = self.contender(case)
        stage = stages.make(case.operation.partition(":")[2], contender, self.corpus(case.alg, case.bits))
        count, calls = self._size(stage.run, 1000)
        return Task(count * stage.items, calls, lambda: stage.run(count), stage.check, contender)

    def _key_import(self, case: Case) -> Task:
        contender = self.contender(case)
        material = self.corpus(case.alg, case.bits)
        import_key = contender.function(case.operation)
        public = answers.public_key(material.public_pem).public_numbers()
        given: Any
        if case.operation == "key:jwks-100":
            if not self._key_set:
                self._key_set = json.dumps({"keys": corpus.key_set(KEY_SET)})
            given = self._key_set
            moduli = [answers.number(member["n"]) for member in json.loads(given)["keys"]]
        else:
            given = {
                "key:private-pem": material.private_pem,
                "key:public-pem": material.public_pem,
                "key:public-jwk": {
                    "kty": "RSA",
                    "n": corpus.segment(public.n.to_bytes(case.bits // 8, "big")),
                    "e": "AQAB",
                    "alg": "RS256",
                    "use": "sig",
                },
            }[case.operation]
            moduli = [public.n]

        def run(count: int) -> Any:
            key = None
            for _ in range(count):
                key = import_key(given)
            return key

        def check(key: Any) -> None:
            keys = key if case.operation == "key:jwks-100" else [key]
            if [contender.modulus(each) for each in keys] != moduli:
                raise answers.WrongAnswer("a key was imported as another one")

        check(run(1))
        count, calls = self._size(run, 10_000)
        return Task(count * len(moduli), calls, lambda: run(count), check, contender)

    def _stream(self, case: Case) -> Task:
        contender = self.contender(case)
        engine = case.contender.removeprefix("fastjwt-")
        return Task(
            case.batch,
            1,
            lambda: stream_in_a_process(engine, case.batch, self.cores),
            lambda _: None,  # the process has checked its answers
            contender,
            times_itself=True,
        )


assert OpenSSLSpeed.id == FLOOR


def sized(plan: Plan, seconds_each: float, most: int, least: int = 1) -> tuple[int, int]:
    """Return how many operations of so many seconds make a call, and how many calls a sample.

    Slow operations fill a sample with fewer calls; where there is too little material for a long call, there are more.
    """
    wanted = plan.seconds / plan.calls
    count = min(most, max(least, round(wanted / seconds_each / least) * least))
    calls = round(plan.seconds / (count * seconds_each))
    return count, max(1, min(calls, 4 * plan.calls))
