"""Ctrl-C and cancellation: heard within 100 ms in the middle of any batch, and the next call is right."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import child
import pytest
from scale import scaled

from fastjwt import RSAPrivateKey, Signer, Verifier, engines

HEARD_SECONDS = 0.1
TRIES = 5  # the best counts: another process may hold the CPUs for longer than that

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals of POSIX systems")

# Reads lines from its parent: each starts the batch, which the parent interrupts.  Times are CLOCK_MONOTONIC's, which
# all processes of a machine share.
BATCHES = """
    import itertools, signal, sys, time
    import fastjwt
    signal.signal(signal.SIGINT, signal.default_int_handler)
    key = fastjwt.RSAPrivateKey.generate()
    signer = fastjwt.Signer(key)
    verifier = fastjwt.Verifier(key.public_key(), require=())
    few = signer.sign_batch([{"n": n} for n in range(30)], threads=2)
    many = [few[n % 30] for n in range(1_000_000)]
    claims = [{"n": n % 30} for n in range(200_000)]
    endless = itertools.cycle(few)
    threads = int(sys.argv[2])
    work = {
        "sign_batch": lambda: signer.sign_batch(claims, threads=threads),
        "sign_stream": lambda: sum(1 for _ in signer.sign_stream(itertools.cycle(claims), threads=threads)),
        "verify_batch": lambda: verifier.verify_batch(many, threads=threads),
        "verify_signatures": lambda: verifier.verify_signatures(many, threads=threads),
        "verify_stream": lambda: sum(1 for _ in verifier.verify_stream(endless, threads=threads)),
    }[sys.argv[1]]
    while sys.stdin.readline():
        try:
            print("ready", flush=True)
            work()
            print("done", flush=True)
        except KeyboardInterrupt:
            heard = time.monotonic()
            assert signer.sign_batch([{"n": n} for n in range(30)], threads=threads) == few
            assert verifier.verify_batch(few, threads=threads).claims == [{"n": n} for n in range(30)]
            assert verifier.verify_signatures([*few, "x"], threads=threads) == bytes(30) + b"\\x03"
            print(heard, flush=True)
"""


@pytest.mark.parametrize(
    ("work", "threads"),
    [
        ("sign_batch", 1),
        ("sign_batch", 2),
        ("sign_stream", 2),
        ("verify_batch", 2),
        ("verify_signatures", 1),
        ("verify_stream", 2),
    ],
)
@pytest.mark.parametrize("name", engines.available())
def test_ctrl_c_is_heard_within_100_ms_and_the_next_call_is_right(name: str, work: str, threads: int) -> None:
    with child.start(BATCHES, work, str(threads), FASTJWT_ENGINE=name) as process:
        assert process.stdin
        assert process.stdout
        best = float("inf")
        try:
            for number in range(TRIES):
                process.stdin.write(b"again\n")
                process.stdin.flush()
                assert process.stdout.readline() == b"ready\n"
                time.sleep(0.1 + 0.013 * number)
                sent = time.monotonic()
                process.send_signal(signal.SIGINT)
                answer = process.stdout.readline()
                assert answer.strip() != b"done", "the batch was too short to be interrupted"
                best = min(best, float(answer) - sent)
                if best < HEARD_SECONDS:
                    break
        finally:
            process.stdin.close()
            process.wait(child.HANG_SECONDS)
            said = process.stderr.read().decode() if process.stderr else ""
    assert not said
    assert process.returncode == 0
    assert best < HEARD_SECONDS


@pytest.mark.parametrize(
    "work", ["signer.sign_batch(claims, threads=4)", "verifier.verify_batch(tokens, threads=4)"]
)
def test_a_signal_at_any_moment_leaves_no_thread_with_buffers_that_are_gone(work: str) -> None:
    """An exception may come between the start of a job in C and the first step of Python after it.

    Whatever a pool thread then wrote would land in memory that others use: here in bytes that must stay zero, or in the
    allocator's own lists.
    """
    child.output_of(
        f"""
        import random, signal, sys, time
        import fastjwt
        class Interruption(Exception):
            pass
        def interrupt(*_):
            raise Interruption
        signal.signal(signal.SIGALRM, interrupt)
        key = fastjwt.RSAPrivateKey.generate()
        signer = fastjwt.Signer(key)
        verifier = fastjwt.Verifier(key.public_key(), require=())
        claims = [{{"n": n}} for n in range(100)]
        tokens = signer.sign_batch(claims, threads=1)
        end = time.monotonic() + float(sys.argv[1])
        while time.monotonic() < end:
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.00005, 0.004))
                {work}
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Interruption:
                pass
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert not any(map(any, [bytes(3000) for _ in range(50)]))
        assert signer.sign_batch(claims, threads=4) == tokens
        assert all(verifier.verify_batch(tokens, threads=4).ok)
        """,
        str(min(60.0, 1.5 * scaled(1, 40))),
    )


@pytest.mark.skipif("openssl" not in engines.available(), reason="the native extension cannot run here")
@pytest.mark.parametrize("call", ["fj_sign_start", "fj_verify_start", "fj_job_run"])
def test_an_interruption_right_after_a_call_of_c_stops_the_job(
    monkeypatch: pytest.MonkeyPatch, private_key: RSAPrivateKey, call: str
) -> None:
    """Python answers a signal that arrived during a call before the call's result is used."""
    from fastjwt._native import ffi, lib

    from fastjwt.backends import native

    stopped: list[bool] = []

    class Interrupted:
        """The library, with a Ctrl-C during one of its functions."""

        def __getattr__(self, name: str) -> Any:
            if name == call:
                return self.interrupted
            return self.release if name == "fj_job_release" else getattr(lib, name)

        def interrupted(self, *arguments: Any) -> Any:
            getattr(lib, call)(*arguments)
            raise KeyboardInterrupt

        def release(self, job: Any) -> None:
            stopped.append(job[0] != ffi.NULL)
            lib.fj_job_release(job)

    with engines.use("openssl"):
        signer = Signer(private_key)
        verifier = Verifier(private_key.public_key(), require=())
        tokens = signer.sign_batch([{}] * 30, threads=3)
        monkeypatch.setattr(native, "lib", Interrupted())
        batches: dict[bool, Callable[[], Any]] = {
            True: lambda: verifier.verify_batch(tokens, threads=3),
            False: lambda: signer.sign_batch([{}] * 30, threads=3),
        }
        with pytest.raises(KeyboardInterrupt):
            batches[call == "fj_verify_start"]()
        gc.collect()
        assert stopped.count(True) == 1
        monkeypatch.undo()
        assert signer.sign_batch([{}] * 30, threads=3) == tokens


# --- asyncio ---------------------------------------------------------------------------------------------------------


def test_a_cancelled_task_leaves_its_batch_to_a_thread_that_harms_nobody(
    engine: str, private_key: RSAPrivateKey
) -> None:
    """`asyncio.to_thread` cannot stop a thread: it works on to its end with buffers that only it knows."""
    claims = [{"n": number} for number in range(40)]
    expected = Signer(private_key).sign_batch(claims, threads=2)

    async def cancelled(number: int) -> None:
        signer = Signer(private_key)
        verifier = Verifier(private_key.public_key(), require=())
        tasks = [
            asyncio.create_task(asyncio.to_thread(signer.sign_batch, claims * 5, threads=3)),
            asyncio.create_task(asyncio.to_thread(verifier.verify_batch, expected * 20, threads=3)),
        ]
        await asyncio.sleep(0.001 * number)
        for task in tasks:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(answer, asyncio.CancelledError) or answer for answer in answers)
        del signer, verifier, tasks, answers
        gc.collect()
        assert await asyncio.to_thread(Signer(private_key).sign_batch, claims, threads=3) == expected

    for number in range(scaled(4, 100)):
        asyncio.run(cancelled(number))
    assert all(Verifier(private_key.public_key(), require=()).verify_batch(expected, threads=3).ok)


def test_a_time_limit_over_a_batch_is_kept(private_key: RSAPrivateKey) -> None:
    """The loop goes on while C works: the GIL is free, so that the limit is noticed in time."""
    verifier = Verifier(private_key.public_key(), require=())
    crowd = [Signer(private_key).sign({})] * 20_000

    async def limited() -> float:
        begin = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(verifier.verify_signatures, crowd, threads=1), 0.02)
        return time.monotonic() - begin

    loop = asyncio.new_event_loop()
    try:
        best = min(loop.run_until_complete(limited()) for _ in range(TRIES))
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    assert best < 0.02 + HEARD_SECONDS


def test_other_threads_run_while_one_is_in_a_batch(engine: str, private_key: RSAPrivateKey) -> None:
    """A batch gives up the GIL for its whole duration: a counter in another thread goes on."""
    if engine == "pure":
        pytest.skip("the engine `pure` gives up the GIL for each token by itself")
    verifier = Verifier(private_key.public_key(), require=())
    crowd = [Signer(private_key).sign({})] * 30_000

    async def ticking() -> int:
        ticks = 0
        work = asyncio.create_task(asyncio.to_thread(verifier.verify_signatures, crowd, threads=1))
        while not work.done():
            ticks += 1
            await asyncio.sleep(0.0005)
        await work
        return ticks

    assert asyncio.run(ticking()) > 5


def test_interruptions_of_one_thread_neither_stop_the_others_nor_delay_forks_on_the_pure_engine() -> None:
    """It lets a fork wait for threads inside `cryptography`: whom an exception threw out is inside no longer."""
    child.output_of(
        """
        import os, random, signal, sys, threading, time
        import fastjwt
        key = fastjwt.RSAPrivateKey.generate()
        verifier = fastjwt.Verifier(key.public_key(), require=())
        token = fastjwt.Signer(key).sign({})
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        for _ in range(int(sys.argv[1])):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(2e-5, 1e-3))
                while True:
                    verifier.verify(token)
            except KeyboardInterrupt:
                pass
            signal.setitimer(signal.ITIMER_REAL, 0)
            other = threading.Thread(target=verifier.verify, args=(token,), daemon=True)
            other.start()
            other.join(30)
            assert not other.is_alive()
        quickest = 9.0
        for _ in range(3):  # the first waits for a mark that was left, if Python 3.10 let one be left
            before = time.monotonic()
            pid = os.fork()
            if pid == 0:
                verifier.verify(token)
                os._exit(0)
            quickest = min(quickest, time.monotonic() - before)
            assert os.waitpid(pid, 0)[1] == 0
        assert quickest < 0.9
        """,
        str(scaled(400, 40_000)),
        FASTJWT_ENGINE="pure",
    )
