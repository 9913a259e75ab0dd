"""Fork: a child starts its own pool, blinding and random state, and never waits for its parent's.

A child must be right within five seconds, whatever the parent was in the middle of.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import child
import pytest
from kernel import built
from scale import scaled

import fastjwt
from fastjwt import HMACKey, RSAPrivateKey, Signer, Verifier, engines

CHILD_SECONDS = 5.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


class Setting:
    """A signer, a verifier, and tokens that are known to be right."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self.key = key
        self.signer = Signer(key)
        self.verifier = Verifier(key.public_key(), require=())
        self.claims: list[dict[str, Any]] = [{"n": number} for number in range(40)]
        self.tokens = self.signer.sign_batch(self.claims, threads=2)

    def is_right(self, threads: int = 3) -> bool:
        """Sign, verify, load and refuse; return whether all of it is right."""
        bad = [self.tokens[0][:-9] + "AAAAAAAAA", "x"]
        fresh = RSAPrivateKey.from_der(self.key.to_der())
        return (
            self.signer.sign_batch(self.claims, threads=threads) == self.tokens
            and Signer(fresh).sign(self.claims[7]) == self.tokens[7]
            and list(self.verifier.verify_batch(self.tokens + bad, threads=threads).ok)
            == [True] * 40 + [False] * 2
            and self.verifier.verify(self.tokens[3]) == {"n": 3}
        )


@pytest.fixture
def setting(engine: str, private_key: RSAPrivateKey) -> Setting:
    return Setting(private_key)


@contextmanager
def busy(work: Callable[[], Any], threads: int = 2) -> Iterator[None]:
    """Do `work` again and again in other threads."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            work()

    workers = [threading.Thread(target=run) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.join()


# --- In the middle of something --------------------------------------------------------------------------------------


def test_a_child_forked_while_other_threads_sign_and_verify_is_right(setting: Setting) -> None:
    longer = setting.tokens * 5

    def work() -> None:
        setting.signer.sign_batch(setting.claims, threads=3)
        setting.verifier.verify_batch(longer, threads=3)

    with busy(work):
        for number in range(scaled(10, 1_000)):
            time.sleep(0.001 * (number % 7))
            assert child.forked(setting.is_right) < CHILD_SECONDS
    assert setting.is_right()


def test_a_child_forked_while_other_threads_load_keys_is_right(setting: Setting) -> None:
    """Loading makes contexts, which takes libcrypto's locks."""
    der = setting.key.to_der()

    def work() -> None:
        key = RSAPrivateKey.from_der(der)
        Signer(key).sign_batch(setting.claims[:4], threads=2)
        Verifier(key.public_key(), require=()).verify_batch(setting.tokens[:4], threads=2)

    with busy(work):
        for number in range(scaled(5, 500)):
            time.sleep(0.001 * (number % 5))
            assert child.forked(setting.is_right) < CHILD_SECONDS
    assert setting.is_right()


def test_forks_go_ahead_in_the_middle_of_generating_a_key(setting: Setting) -> None:
    """The search for primes takes seconds, and the thread that forks keeps the GIL while it waits: one at most."""
    bits = 8192 if fastjwt.engine().name == "pure" else 4096
    for _ in range(100):
        done = threading.Event()

        def generate(done: threading.Event = done) -> None:
            RSAPrivateKey.generate(bits)
            done.set()

        thread = threading.Thread(target=generate)
        thread.start()
        time.sleep(0.01)  # it is at it, unless it was lucky
        children = 0
        while not done.is_set() and children < 2:
            assert child.forked(lambda: True) < CHILD_SECONDS
            time.sleep(0.01)  # for the thread to say so, if it was waited for
            children += not done.is_set()
        right = child.forked(setting.is_right)
        thread.join()
        assert right < CHILD_SECONDS
        if children == 2:
            return
    raise AssertionError("no two children were forked during any of 100 generations")


@pytest.mark.skipif("openssl" not in engines.available(), reason="the native extension cannot run here")
def test_forks_go_ahead_though_a_thread_stays_inside() -> None:
    """As if a debugger had stopped it there; the child begins with a gate of its own."""
    program = built("fork-gate", ["tests/native/fork_gate.c", "csrc/fork.c", "csrc/pool.c"], ["-pthread"])
    done = subprocess.run([program], capture_output=True, text=True, timeout=child.HANG_SECONDS, check=False)
    assert (done.returncode, done.stdout) == (0, "child entered\nparent went on\nnext fork waited\n")


@pytest.mark.parametrize("taken", [0, 1, 7, 8, 9, 16, 30])
def test_a_stream_that_was_begun_before_a_fork_goes_on_in_both_processes(
    setting: Setting, taken: int
) -> None:
    """The pool was at the next chunk; its threads do not exist in the child, which does that chunk again."""
    stream = iter(setting.verifier.verify_stream([*setting.tokens, "x"], chunk=8, threads=3))
    signing = iter(setting.signer.sign_stream(setting.claims, chunk=8, threads=3))
    begun = [result.ok for result in itertools.islice(stream, taken)]
    minted = list(itertools.islice(signing, taken))

    def goes_on() -> bool:
        return (
            begun + [result.ok for result in stream] == [True] * 40 + [False]
            and minted + list(signing) == setting.tokens
        )

    assert child.forked(goes_on) < CHILD_SECONDS
    assert goes_on()


def test_a_stream_that_was_begun_before_a_fork_may_be_dropped_in_the_child(setting: Setting) -> None:
    for taken in (0, 1, 9):
        stream = iter(setting.verifier.verify_stream(setting.tokens, chunk=8, threads=3))
        assert all(result.ok for result in itertools.islice(stream, taken))
        dropped = [stream]

        def drops(dropped: list[Any] = dropped) -> bool:
            dropped.clear()
            return setting.is_right()

        del stream
        assert child.forked(drops) < CHILD_SECONDS
        assert all(result.ok for result in dropped[0])


def test_a_child_of_a_child_and_a_thread_of_a_child_are_right(setting: Setting) -> None:
    def in_a_thread() -> bool:
        answers: list[bool] = []
        thread = threading.Thread(target=lambda: answers.append(setting.is_right()))
        thread.start()
        thread.join()
        return answers == [True]

    def in_a_grandchild() -> bool:
        return setting.is_right() and child.forked(setting.is_right) < CHILD_SECONDS and setting.is_right()

    assert child.forked(in_a_thread) < CHILD_SECONDS
    assert child.forked(in_a_grandchild) < CHILD_SECONDS


def test_a_fork_from_a_thread_that_is_not_the_main_one_leaves_a_child_that_is_right(setting: Setting) -> None:
    seconds: list[float] = []
    thread = threading.Thread(target=lambda: seconds.append(child.forked(setting.is_right)))
    with busy(lambda: setting.signer.sign_batch(setting.claims, threads=3), threads=1):
        thread.start()
        thread.join()
    assert seconds
    assert seconds[0] < CHILD_SECONDS


def test_keys_dropped_in_a_child_still_serve_the_parent(setting: Setting) -> None:
    keys = [RSAPrivateKey.from_der(setting.key.to_der())]
    signer = Signer(keys[0])
    assert signer.sign(setting.claims[0]) == setting.tokens[0]

    def drops() -> bool:
        keys.clear()
        return setting.is_right()

    assert child.forked(drops) < CHILD_SECONDS
    assert signer.sign(setting.claims[1]) == setting.tokens[1]


# --- Generations -----------------------------------------------------------------------------------------------------


def told_by_children(tell: Callable[[], str], count: int) -> list[str]:
    """Fork `count` children that each tell something; return what they told."""
    told = []
    for _ in range(count):
        reader, writer = os.pipe()

        def tells(writer: int = writer) -> bool:
            return os.write(writer, tell().encode()) > 0

        child.forked(tells)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            told.append(pipe.read())
    return told


def test_each_process_has_random_numbers_of_its_own(engine: str) -> None:
    signer = Signer(HMACKey(bytes(range(32))), jti=True)

    def tell() -> str:
        return fastjwt.decode_unverified(signer.sign({})).claims["jti"]

    tell()  # whatever random state there is exists before the fork
    told = [*told_by_children(tell, 5), tell(), *told_by_children(tell, 5)]
    assert len(set(told)) == 11


def test_siblings_generate_different_keys(engine: str) -> None:
    RSAPrivateKey.generate()
    told = told_by_children(lambda: RSAPrivateKey.generate().thumbprint(), 3)
    assert len(set(told)) == 3


@pytest.mark.skipif("openssl" not in engines.available(), reason="the native extension cannot run here")
def test_a_child_is_another_generation_and_so_is_its_child() -> None:
    """Contexts, which hold blinding factors, are used by the generation that made them and by no other."""
    from fastjwt._native import lib

    before = lib.fj_generation()

    def tell() -> str:
        inner = told_by_children(lambda: json.dumps(lib.fj_generation()), 1)
        return json.dumps([lib.fj_generation(), json.loads(inner[0])])

    assert json.loads(told_by_children(tell, 1)[0]) == [before + 1, before + 2]
    assert lib.fj_generation() == before


# --- multiprocessing -------------------------------------------------------------------------------------------------


def sign_elsewhere(work: tuple[str, str, int]) -> str:
    """Sign in a worker process."""
    name, pem, number = work
    with engines.use(name):
        key = RSAPrivateKey.from_pem(pem)
        minted = Signer(key).sign_batch([{"n": number}] * 9, threads=2)
        assert all(Verifier(key.public_key(), require=()).verify_batch(minted, threads=2).ok)
        return minted[8]


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_worker_processes_of_every_start_method_are_right(
    engine: str, private_key: RSAPrivateKey, method: str
) -> None:
    pem = private_key.to_pem()
    expected = [Signer(private_key).sign({"n": number}) for number in range(6)]
    context = multiprocessing.get_context(method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, about forking with threads
        with context.Pool(2) as pool:
            made = pool.map_async(sign_elsewhere, [(engine, pem, number) for number in range(6)])
            assert made.get(child.HANG_SECONDS) == expected


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_a_public_key_travels_to_worker_processes(private_key: RSAPrivateKey, method: str) -> None:
    key = private_key.public_key()
    context = multiprocessing.get_context(method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with context.Pool(1) as pool:
            assert pool.map_async(fastjwt.RSAPublicKey.thumbprint, [key]).get(child.HANG_SECONDS) == [
                key.thumbprint()
            ]


# --- The end of a process --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", engines.available())
def test_an_interpreter_may_end_in_the_middle_of_anything(name: str) -> None:
    """Daemon threads in batches, a suspended stream, the pool at work: it ends at once, quietly, with its own code."""
    for seconds in (0.0, 0.01, 0.05):
        child.output_of(
            """
            import sys, threading, time
            import fastjwt
            key = fastjwt.RSAPrivateKey.generate()
            signer = fastjwt.Signer(key)
            verifier = fastjwt.Verifier(key.public_key(), require=())
            tokens = signer.sign_batch([{}] * 50, threads=3)
            expected = tokens[0]
            def work():
                while True:
                    assert signer.sign_batch([{}] * 50, threads=3) == [expected] * 50
                    assert all(verifier.verify_batch(tokens * 10, threads=3).ok)
            for _ in range(3):
                threading.Thread(target=work, daemon=True).start()
            stream = verifier.verify_stream(tokens * 50, chunk=64, threads=3)
            assert next(stream).ok
            time.sleep(float(sys.argv[1]))
            """,
            str(seconds),
            FASTJWT_ENGINE=name,
        )


@pytest.mark.parametrize("name", engines.available())
def test_what_runs_at_exit_may_still_use_fastjwt(name: str) -> None:
    said = child.output_of(
        """
        import atexit
        def last():
            assert signer.sign_batch([{"n": 1}] * 20, threads=3) == tokens
            assert all(fastjwt.Verifier(key.public_key(), require=()).verify_batch(tokens, threads=3).ok)
            print("good")
        atexit.register(last)  # before fastjwt registers anything, so it runs after that
        import fastjwt
        key = fastjwt.RSAPrivateKey.generate()
        signer = fastjwt.Signer(key)
        tokens = signer.sign_batch([{"n": 1}] * 20, threads=3)
        """,
        FASTJWT_ENGINE=name,
    )
    assert said == "good"
