"""Threads: keys, signers and verifiers are shared without locks; `./dev tsan` runs this file under ThreadSanitizer."""

from __future__ import annotations

import gc
import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import child
import pytest
import tokens
from scale import scaled
from tokens import NOW

import fastjwt
from fastjwt import HMACKey, RSAPrivateKey, RSAPublicKey, Signer, Status, Verifier, engines
from fastjwt.backends.base import Limits

THREADS = 64
ROUNDS = scaled(4, 15_625)  # of each thread: 10^6 signatures and as many verdicts before a release


def together(count: int, work: Callable[[int], None]) -> None:
    """Run `work(0)` to `work(count - 1)` in as many threads that begin at once; raise what any of them raised."""
    barrier = threading.Barrier(count)
    raised: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test wants to see it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def spoiled(token: str) -> str:
    return token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]


def test_64_threads_share_one_signer_and_one_verifier(engine: str, private_key: RSAPrivateKey) -> None:
    """Half work on single tokens, half on batches that share the pool; no answer is another thread's."""
    signer = Signer(private_key)
    verifier = Verifier(private_key.public_key(), require=())
    expected = signer.sign_batch([{"n": number} for number in range(THREADS)], threads=1)

    def work(number: int) -> None:
        mine = expected[number]
        for turn in range(ROUNDS):
            if (number + turn) % 2:
                assert signer.sign({"n": number}) == mine
                assert verifier.verify(mine) == {"n": number}
                with pytest.raises(fastjwt.InvalidSignatureError):
                    verifier.verify(spoiled(mine))
            else:
                assert signer.sign_batch([{"n": number}] * 3, threads=1 + number % 3) == [mine] * 3
                crowd = [mine, spoiled(mine), expected[number - 1]] * 5
                batch = verifier.verify_batch(crowd, threads=1 + number % 4)
                assert list(batch.ok) == [True, False, True] * 5
                assert batch.claims[0] == {"n": number}

    before = sum(engines.counters().values())
    together(THREADS, work)
    singles = sum((number + turn) % 2 for number in range(THREADS) for turn in range(ROUNDS))
    batches = THREADS * ROUNDS - singles
    assert sum(engines.counters().values()) - before == 3 * singles + 18 * batches


def test_long_batches_of_several_threads_share_the_pool(engine: str, private_key: RSAPrivateKey) -> None:
    signer = Signer(private_key)
    verifier = Verifier(private_key.public_key(), require=())
    expected = signer.sign_batch([{"n": number} for number in range(120)], threads=1)
    wrong = [spoiled(token) if number % 7 == 3 else token for number, token in enumerate(expected)]
    codes = bytes(Status.BAD_SIGNATURE if number % 7 == 3 else 0 for number in range(120))

    def work(number: int) -> None:
        for _ in range(scaled(2, 200)):
            if number % 2:
                assert signer.sign_batch([{"n": n} for n in range(120)], threads=4) == expected
            else:
                assert verifier.verify_signatures(wrong * 4, threads=4) == codes * 4

    together(6, work)


def test_keys_of_all_kinds_are_shared(engine: str) -> None:
    secret = HMACKey(tokens.SECRET)
    small = tokens.fast_private(tokens.rsa_key("small"))
    odd = tokens.fast_private(tokens.rsa_key("odd", 2056))
    keys: list[Any] = [small.public_key(), odd.public_key(), secret]
    verifier = Verifier(keys, max_candidates=2)
    crowd = [
        tokens.token(None, None, tokens.rsa_key("small")),
        tokens.token(None, None, tokens.rsa_key("odd", 2056)),
        tokens.token(tokens.HS256, None, tokens.SECRET),
        tokens.token(None, None, tokens.rsa_key("other")),
    ]

    def work(number: int) -> None:
        for _ in range(scaled(3, 500)):
            batch = verifier.verify_batch(crowd * 3, now=NOW, threads=1 + number % 3)
            assert list(batch.ok) == [True, True, True, False] * 3

    together(16, work)


def test_threads_that_load_use_and_drop_the_same_key_do_not_meet(
    engine: str, private_key: RSAPrivateKey
) -> None:
    pem = private_key.to_pem()
    jwk = private_key.public_key().to_jwk()
    token = Signer(private_key).sign({})

    def work(number: int) -> None:
        for _ in range(scaled(2, 200)):
            if number % 2:
                assert Signer(RSAPrivateKey.from_pem(pem)).sign({}) == token
            else:
                verifier = Verifier(RSAPublicKey.from_jwk(jwk), require=())
                assert list(verifier.verify_batch([token, "x"], threads=2).ok) == [True, False]

    together(8, work)


def test_one_key_is_loaded_into_another_engine_by_many_threads_at_once(private_key: RSAPrivateKey) -> None:
    if len(engines.available()) < 2:
        pytest.skip("only one engine can run here: there is none to load keys into")
    home, other = engines.available()[:2]
    with engines.use(home):
        key = RSAPrivateKey.from_pem(private_key.to_pem())
    with engines.use(other):
        handles: list[Any] = [None] * 16

        def work(number: int) -> None:
            handles[number] = key._handle(engines.current())

        together(16, work)
        assert all(handle is handles[0] for handle in handles)
        assert Verifier(key.public_key(), require=()).verify(Signer(key).sign({"n": 1})) == {"n": 1}


# --- Lifetimes -------------------------------------------------------------------------------------------------------


def test_a_key_may_be_dropped_while_a_batch_works_with_it(engine: str, private_key: RSAPrivateKey) -> None:
    pem = private_key.to_pem()
    crowd = [Signer(private_key).sign({})] * 200
    for _ in range(scaled(5, 500)):
        key = RSAPrivateKey.from_pem(pem)
        stream = Verifier(key.public_key(), require=()).verify_stream(crowd, chunk=50, threads=3)
        assert next(iter(stream)).ok  # the pool is at the second chunk
        del key
        gc.collect()
        assert all(result.ok for result in stream)


@pytest.mark.skipif("openssl" not in engines.available(), reason="the native extension cannot run here")
@pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="the system does not list a process's threads"
)
@pytest.mark.parametrize("engine", ["openssl", "avx512ifma"])
def test_chunks_that_overlap_take_no_thread_more_than_asked_for(engine: str) -> None:
    if engine not in engines.available():
        pytest.skip("the engine cannot run here")
    done = child.run(
        """
        import os
        import threading
        import fastjwt

        def threads():
            return len(os.listdir("/proc/self/task"))

        threading.Thread(target=int).start()  # where ThreadSanitizer watches, its own thread comes with the first
        keys = [fastjwt.RSAPrivateKey.generate(2048) for _ in range(2)]
        before = threads()
        tokens = fastjwt.Signer(keys[1]).sign_batch([{"exp": 2**40}] * 3000, threads=2)
        assert threads() == before + 1, threads() - before
        # What the first key does not verify is tried with the second, while the next chunk has begun.
        verifier = fastjwt.Verifier([key.public_key() for key in keys], max_candidates=2, require=())
        assert all(verifier.verify_batch(tokens * 3, threads=2).ok)
        assert threads() == before + 1, threads() - before
        print(fastjwt.engine().name)
        """,
        FASTJWT_ENGINE=engine,
    )
    assert (done.stdout, done.stderr, done.returncode) == (f"{engine}\n", "", 0)


@pytest.mark.skipif("openssl" not in engines.available(), reason="the native extension cannot run here")
def test_c_holds_a_key_that_python_has_let_go() -> None:
    from fastjwt._native import ffi

    token = tokens.token()
    with engines.use("openssl") as backend:
        for _ in range(scaled(5, 500)):
            split = backend.split([token] * 200, Limits(), want_payloads=False)
            numbers = tokens.public()._numbers
            handle = backend.load_public(numbers)
            job = backend.verify(split, [handle], bytes([Status.KEY_NOT_FOUND]), 3)
            ffi.release(handle)  # the last reference of Python
            job.wait()
            assert split.statuses() == bytes(200)


@pytest.mark.skipif("openssl" not in engines.available(), reason="the native extension cannot run here")
def test_a_job_that_is_dropped_lets_go_of_its_buffers_first() -> None:
    token = tokens.token()
    with engines.use("openssl") as backend:
        handle = tokens.public()._handle(backend)
        for _ in range(scaled(30, 3000)):
            split = backend.split([token] * 100, Limits(), want_payloads=False)
            job = backend.verify(split, [handle], bytes([Status.KEY_NOT_FOUND]), 3)
            del job, split
        gc.collect()


# --- What is decided while keys change -------------------------------------------------------------------------------


class Changing:
    """A source of keys that changes while it is being asked, as a client of a JWKS URL may."""

    def __init__(self, old: RSAPublicKey, new: RSAPublicKey) -> None:
        self.old = old
        self.new = new
        self.generation = 0
        self.asked = 0
        self.meanwhile: Callable[[], Any] = lambda: None

    def candidates(self, kid: str | None, alg: str) -> Sequence[RSAPublicKey]:
        self.asked += 1
        answer = self.old if self.generation == 0 else self.new
        if self.asked == 1:
            self.generation = 1  # another thread fetches the new keys now, and uses them
            self.meanwhile()
        return (answer,) if alg == "RS256" else ()


def test_what_old_keys_decided_while_they_changed_is_not_remembered(engine: str) -> None:
    """The thread that asked for the old keys comes back last; its decision must not outlive them."""
    source = Changing(tokens.public(tokens.rsa_key("old")), tokens.public(tokens.rsa_key("new")))
    verifier = Verifier(source)
    by_old = tokens.token(None, None, tokens.rsa_key("old"))
    by_new = tokens.token(None, None, tokens.rsa_key("new"))
    source.meanwhile = lambda: verifier.verify(by_new, now=NOW)
    verifier.verify(by_old, now=NOW)  # began before the change
    for _ in range(2):
        with pytest.raises(fastjwt.InvalidSignatureError):
            verifier.verify(by_old, now=NOW)
        assert not verifier.verify_batch([by_old], now=NOW).ok[0]
        verifier.verify(by_new, now=NOW)


def test_a_source_of_keys_may_verify_tokens_itself(engine: str) -> None:
    """Verifying inside a verification, in one thread, disturbs neither: each token has buffers of its own."""
    outer_key = tokens.public(tokens.rsa_key("outer"))
    inner_claims: list[Any] = []

    class Nested:
        generation = 0

        def candidates(self, kid: str | None, alg: str) -> Sequence[RSAPublicKey]:
            inner = Verifier(tokens.public(tokens.rsa_key("inner")))
            token = tokens.token(
                None, {"exp": NOW + 1, "who": "inner", "x": "y" * 700}, tokens.rsa_key("inner")
            )
            inner_claims.append(inner.verify(token, now=NOW))
            with pytest.raises(fastjwt.DecodeError):
                inner.verify("z" * 9000, now=NOW)
            return (outer_key,)

    token = tokens.token(None, {"exp": NOW + 1, "who": "outer"}, tokens.rsa_key("outer"))
    complete = Verifier(Nested()).verify_complete(token, now=NOW)
    assert complete.claims == {"exp": NOW + 1, "who": "outer"}
    assert complete.header == tokens.RS256
    assert [claims["who"] for claims in inner_claims] == ["inner"] * len(inner_claims)
    assert inner_claims


def test_a_flood_of_headers_from_many_threads_changes_no_verdict(engine: str) -> None:
    """More distinct headers than are remembered at once, so that the memory is emptied again and again."""
    verifier = Verifier(tokens.public())
    crowd = [tokens.token({"alg": "RS256", "n": number}) for number in range(100)]

    def work(number: int) -> None:
        mixed = itertools.islice(itertools.cycle(crowd), number, number + 150)
        for token in mixed:
            assert verifier.verify(token, now=NOW)
        assert all(verifier.verify_batch(crowd, now=NOW, threads=2).ok)

    together(8, work)
