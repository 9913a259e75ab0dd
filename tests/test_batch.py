"""Batches: what becomes of a token does not depend on how many come with it, nor on where it stands among them."""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any
from unittest import mock

import pytest
import tokens
from hypothesis import given
from hypothesis import strategies as st
from scale import cases
from tokens import LATER, NOW, OTHER_SECRET, SECRET, public_jwk, rsa_key, token

import fastjwt
from fastjwt import HMACKey, JWKSet, RSAPublicKey, Signer, Status, Verifier, engines

SIZES = [0, 1, 7, 8, 9, 63, 64, 65]
LARGE = 1000
PLACES_IN_LARGE = [
    0,
    1,
    6,
    7,
    8,
    9,
    15,
    16,
    63,
    64,
    65,
    499,
    504,
    511,
    512,
    513,
    767,
    768,
    991,
    992,
    993,
    998,
    999,
]

# --- Honest tokens of several keys, and bad ones of every kind -------------------------------------------------------

KEY_OF_KID: dict[str, Callable[[], tokens.Key]] = {
    "small": lambda: rsa_key("small"),
    "other": lambda: rsa_key("other"),
    "large": lambda: rsa_key("large", 3072),
    "larger": lambda: rsa_key("larger", 4096),
    "three": lambda: rsa_key("three", 2048, 3),
    "odd": lambda: rsa_key("odd", 2056),
    "secret": lambda: SECRET,
}


@cache
def key_set() -> JWKSet:
    """Return a set of all those keys."""
    members: list[dict[str, Any]] = []
    for kid, make in KEY_OF_KID.items():
        key = make()
        members.append(
            tokens.secret_jwk(key, kid=kid) if isinstance(key, bytes) else public_jwk(key, kid=kid)
        )
    return JWKSet.from_dict({"keys": members}, allow_secret_members=True)


def verifier() -> Verifier:
    return Verifier(key_set())


def honest(number: int, kid: str | None = None) -> str:
    """Return the good token of this number; they differ in key, length and claims."""
    kid = list(KEY_OF_KID)[number % len(KEY_OF_KID)] if kid is None else kid
    return _honest(number % 100, kid)


@cache
def _honest(number: int, kid: str) -> str:
    key = KEY_OF_KID[kid]()
    header = {"alg": "HS256" if isinstance(key, bytes) else "RS256", "kid": kid}
    return token(header, {"exp": LATER, "n": number, "x": "x" * (number * 7 % 200)}, key)


@cache
def bad_tokens() -> dict[str, Any]:
    """Return an item for each step at which a token may fail, and things that are no tokens."""
    good = _honest(1, "small")
    header, payload, signature = good.split(".")
    swapped = "B" if signature[20] != "B" else "C"
    unused = tokens.ALPHABET[tokens.ALPHABET.index(ord(signature[-1])) + 1 :][:1].decode()
    return {
        "signature": f"{header}.{payload}.{signature[:20]}{swapped}{signature[21:]}",
        "another token's signature": f"{header}.{payload}.{_honest(2, 'small').split('.')[2]}",
        "another key's": f"{header}.{payload}.{_honest(1, 'other').split('.')[2]}",
        "a signature of another length": f"{header}.{payload}.{_honest(1, 'large').split('.')[2]}",
        "a tag where RSA is wanted": f"{header}.{payload}.{'A' * 43}",
        "expired": token({"alg": "RS256", "kid": "small"}, {"exp": NOW}, rsa_key("small")),
        "no exp": token({"alg": "RS256", "kid": "small"}, {}, rsa_key("small")),
        "not JSON": token({"alg": "RS256", "kid": "small"}, b"{", rsa_key("small")),
        "unknown kid": token({"alg": "RS256", "kid": "?"}, None, rsa_key("small")),
        "no kid": token({"alg": "RS256"}, None, rsa_key("small")),
        "other algorithm": token({"alg": "HS256", "kid": "small"}, None, SECRET),
        "none": token({"alg": "none", "kid": "small"}),
        "header not JSON": "e30x.e30.AAAA",
        "empty": "",
        "two segments": "e30.e30",
        "dots": "." * 5000,
        "foreign character": good.replace(".", "!.", 1),
        "line end": good + "\n",
        "not ASCII": good + "\u00e9",
        "surrogate": "\ud800",
        "unused bits": f"{header}.{payload}.{signature[:-1]}{unused}",
        "too long": "A" * 262_145,
        "as bytes, not ASCII": good.encode() + b"\xff",
        "nothing": None,
        "number": 7,
        "bytearray": bytearray(good, "ascii"),
        "list": [good],
        "stand-in": mock.Mock(spec=str),
    }


def alone(item: Any, judge: Verifier) -> tuple[Any, ...]:
    """Return what `verify` says of one item: its claims, or class and words of the refusal."""
    try:
        return ("claims", repr(judge.verify(item, now=NOW)))
    except fastjwt.InvalidTokenError as error:
        return (type(error), str(error))
    except TypeError:
        return (fastjwt.DecodeError, "a token is str or bytes")


def together(batch: fastjwt.BatchResult) -> list[tuple[Any, ...]]:
    """Return what a batch says of each item, in the same form."""
    return [
        ("claims", repr(result.claims)) if result.error is None else (type(result.error), str(result.error))
        for result in batch
    ]


# --- Batch equals singles --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_a_batch_says_of_each_token_what_verify_says(engine: str, size: int, threads: int) -> None:
    judge = verifier()
    crowd = [honest(number) for number in range(size)]
    batch = judge.verify_batch(crowd, now=NOW, threads=threads)
    assert together(batch) == [alone(item, judge) for item in crowd]
    assert list(batch.ok) == [True] * size
    assert batch.errors == {}
    assert judge.verify_signatures(crowd, threads=threads) == bytes(size)


@pytest.mark.parametrize("size", [size for size in SIZES if size])
def test_one_bad_token_is_refused_at_each_place_and_only_there(engine: str, size: int) -> None:
    judge = verifier()
    kinds = itertools.cycle(bad_tokens().items())
    verdicts = {kind: alone(item, judge) for kind, item in bad_tokens().items()}
    for place in range(size):
        kind, item = next(kinds)
        crowd: list[Any] = [honest(number, "small") for number in range(size)]
        crowd[place] = item
        batch = judge.verify_batch(crowd, now=NOW, threads=1 + place % 3)
        assert set(batch.errors) == {place}, kind
        assert together(batch)[place] == verdicts[kind]
        assert [claims is None for claims in batch.claims] == [index == place for index in range(size)]


@pytest.mark.parametrize("place", PLACES_IN_LARGE)
def test_one_wrong_signature_in_a_thousand_is_found_at_its_place(engine: str, place: int) -> None:
    judge = verifier()
    crowd = [honest(number, "small") for number in range(LARGE)]
    crowd[place] = bad_tokens()["signature"]
    codes = judge.verify_signatures(crowd, threads=2)
    assert codes == bytes(Status.BAD_SIGNATURE if index == place else 0 for index in range(LARGE))


def test_every_kind_of_bad_item_keeps_its_verdict_in_one_mixed_batch(engine: str) -> None:
    judge = verifier()
    crowd = [item for number, bad in enumerate(bad_tokens().values()) for item in (honest(number), bad)]
    batch = judge.verify_batch(crowd, now=NOW, threads=2)
    assert together(batch) == [alone(item, judge) for item in crowd]
    assert sorted(batch.errors) == list(range(1, len(crowd), 2))
    assert [result.index for result in batch.invalid] == sorted(batch.errors)
    assert [result.index for result in batch.valid] == list(range(0, len(crowd), 2))


crowds = st.lists(
    st.one_of(
        st.builds(honest, st.integers(0, 99)),
        st.builds(honest, st.integers(0, 99), st.just("small")),
        st.builds(lambda number: honest(number).encode("ascii"), st.integers(0, 99)),
        st.builds(lambda kind: bad_tokens()[kind], st.sampled_from(sorted(bad_tokens()))),
        st.text(max_size=20),
        st.binary(max_size=20),
        st.sampled_from([None, 1, 2.5, [], {}, (), object()]),
    ),
    max_size=33,
)


@pytest.mark.parametrize("name", engines.available())
@cases(60)
@given(crowd=crowds, threads=st.integers(1, 4))
def test_any_mixture_of_items_keeps_each_items_verdict(name: str, crowd: list[Any], threads: int) -> None:
    with engines.use(name):
        judge = verifier()
        batch = judge.verify_batch(crowd, now=NOW, threads=threads)
        assert together(batch) == [alone(item, judge) for item in crowd]
        codes = judge.verify_signatures(crowd, threads=threads)
        assert all((code == 0) >= good for code, good in zip(codes, batch.ok, strict=True))
        streamed = list(judge.verify_stream(iter(crowd), chunk=7, now=NOW, threads=threads))
        assert together(batch) == together(
            fastjwt.BatchResult([r.claims for r in streamed], _errors(streamed))
        )


def _errors(results: list[fastjwt.TokenResult]) -> dict[int, fastjwt.InvalidTokenError]:
    assert [result.index for result in results] == list(range(len(results)))
    return {result.index: result.error for result in results if result.error is not None}


def test_keys_of_all_sizes_and_kinds_mix_in_one_batch(engine: str) -> None:
    judge = verifier()
    crowd = [honest(number) for number in range(5 * len(KEY_OF_KID) + 3)]
    before = engines.counters()
    batch = judge.verify_batch(crowd, now=NOW, threads=2)
    assert all(batch.ok)
    assert [claims["n"] for claims in batch.claims if claims] == list(range(len(crowd)))
    assert sum(engines.counters().values()) - sum(before.values()) == len(crowd)


def test_subclasses_that_lie_about_themselves_are_what_they_hold(engine: str) -> None:
    class Short(str):
        __slots__ = ()

        def __len__(self) -> int:
            return 3

    class Long(bytes):
        def __len__(self) -> int:
            return 5000

        def __bytes__(self) -> bytes:
            raise RuntimeError("asked")

    good = honest(0)
    crowd: list[Any] = [Short(good), good, Long(good, "ascii"), mock.Mock(spec=bytes), good]
    batch = verifier().verify_batch(crowd, now=NOW, threads=1)
    assert list(batch.ok) == [True, True, True, False, True]
    assert verifier().verify(Long(good, "ascii"), now=NOW) == verifier().verify(Short(good), now=NOW)
    signature = tokens.unb64u(good.split(".")[2])
    assert fastjwt.hazmat.verify_pkcs1_sha256(
        RSAPublicKey.from_jwk(public_jwk(rsa_key("small"))),
        Long(signature),
        Long(good.rsplit(".", 1)[0], "ascii"),
    )


def test_several_candidates_are_tried_in_order_for_each_token_by_itself(engine: str) -> None:
    keys: list[RSAPublicKey | HMACKey] = [
        tokens.public(rsa_key(name)) for name in ("small", "other", "third")
    ]
    crowd = [token(None, None, rsa_key(name)) for name in ("third", "small", "other", "fourth", "small")]
    crowd[2:2] = ["", "."]
    judge = Verifier(keys, max_candidates=3)
    batch = judge.verify_batch(crowd, now=NOW, threads=2)
    assert list(batch.ok) == [True, True, False, False, True, False, True]
    assert type(batch.errors[5]) is fastjwt.InvalidSignatureError
    assert judge.verify_complete(crowd[0], now=NOW).key == keys[2]


def test_a_batch_is_an_iterable_of_tokens_and_no_token_itself(engine: str) -> None:
    wrongs: list[Any] = [honest(0), honest(0).encode(), {"a": 1}, bytearray(3), None, 7]
    for wrong in wrongs:
        with pytest.raises(TypeError):
            verifier().verify_batch(wrong)
    empties: list[Iterable[str]] = [[], (), iter(()), set()]
    for empty in empties:
        batch = verifier().verify_batch(empty)
        assert (len(batch), batch.claims, batch.errors, list(batch.ok)) == (0, [], {}, [])


def test_a_list_that_changes_while_it_is_verified_is_verified_as_it_was(engine: str) -> None:
    """The items are copied before the GIL is given up; here a generator empties the list on the way."""
    crowd = [honest(number, "small") for number in range(40)]

    def emptied() -> Iterator[str]:
        for item in list(crowd):
            crowd.clear()
            yield item

    assert all(verifier().verify_batch(emptied(), now=NOW, threads=2).ok)


# --- Signing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_sign_batch_makes_the_tokens_that_sign_makes(engine: str, size: int, threads: int) -> None:
    for kid in ("small", "large", "three", "odd", "secret") if size <= 9 else ("small", "secret"):
        key = KEY_OF_KID[kid]()
        signer = Signer(HMACKey(key) if isinstance(key, bytes) else tokens.fast_private(key), kid=kid)
        claims = [{"n": number, "x": "x" * number} for number in range(size)]
        minted = signer.sign_batch(claims, threads=threads)
        assert minted == [signer.sign(members) for members in claims]
        assert minted == [
            token({"alg": "RS256" if kid != "secret" else "HS256", "typ": "JWT", "kid": kid}, members, key)
            for members in claims
        ]


def test_a_thousand_tokens_are_minted_in_input_order(engine: str, private_key: fastjwt.RSAPrivateKey) -> None:
    minted = Signer(private_key).sign_batch(({"n": number} for number in range(LARGE)), threads=2)
    assert [fastjwt.decode_unverified(made).claims["n"] for made in minted] == list(range(LARGE))
    assert Verifier(private_key.public_key(), require=()).verify_signatures(minted) == bytes(LARGE)


@pytest.mark.parametrize("place", [0, 1, 7, 8, 9, 64])
@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ({"a": float("nan")}, ValueError),
        ({"a": {1, 2}}, TypeError),
        (b"[]", ValueError),
        ("{}", TypeError),
        (None, TypeError),
    ],
)
def test_bad_claims_are_named_by_their_index_before_anything_is_signed(
    engine: str, private_key: fastjwt.RSAPrivateKey, place: int, bad: Any, kind: type[Exception]
) -> None:
    claims: list[Any] = [{"n": number} for number in range(65)]
    claims[place] = bad
    before = engines.counters()
    with pytest.raises(kind, match=f"index {place}: "):
        Signer(private_key).sign_batch(claims)
    assert engines.counters() == before


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=0),
            st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4),
        ),
        max_size=20,
    )
)
@cases(40)
def test_what_a_batch_minted_verifies_to_the_claims_that_went_in(claims: list[Any]) -> None:
    claims = [member if isinstance(member, dict) else b'{"raw": 1}' for member in claims]
    claims = [
        {f"x{name}": value for name, value in member.items()} if isinstance(member, dict) else member
        for member in claims
    ]
    key = tokens.fast_private(rsa_key("small"))
    try:
        minted = Signer(key).sign_batch(claims, threads=2)
    except ValueError:
        return
    expected = [member if isinstance(member, dict) else json.loads(member) for member in claims]
    assert Verifier(key.public_key(), require=()).verify_batch(minted, threads=2).claims == expected


# --- Streams ---------------------------------------------------------------------------------------------------------


class Tap:
    """An iterable that knows how far it was read."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.read = 0

    def __iter__(self) -> Iterator[Any]:
        for item in self.items:
            self.read += 1
            yield item


@pytest.mark.parametrize("chunk", [1, 2, 7, 8, 64, 1000])
def test_a_stream_reads_at_most_two_chunks_ahead_of_its_consumer(engine: str, chunk: int) -> None:
    tap = Tap([honest(number, "secret") for number in range(300)])
    for taken, result in enumerate(verifier().verify_stream(tap, chunk=chunk, now=NOW, threads=2)):
        assert result.index == taken
        assert result.claims is not None
        assert result.claims["n"] == taken % 100
        assert tap.read <= min(300, taken + 2 * chunk)
    assert tap.read == 300


@pytest.mark.parametrize("chunk", [1, 7, 8, 1000])
def test_a_signing_stream_reads_at_most_one_chunk_ahead_of_its_consumer(engine: str, chunk: int) -> None:
    tap = Tap([{"n": number} for number in range(50)])
    signer = Signer(HMACKey(SECRET))
    made = []
    for taken, minted in enumerate(signer.sign_stream(tap, chunk=chunk)):
        assert tap.read <= min(50, taken + chunk)
        made.append(minted)
    assert made == [signer.sign({"n": number}) for number in range(50)]


def test_chunks_that_end_where_the_text_is_long_keep_the_order(engine: str) -> None:
    """Among short tokens stand some of 250 KB, items of other types, and texts that lie about themselves."""

    class Liar(str):
        """Does not say how long it is."""

        __slots__ = ()

        def __len__(self) -> int:
            raise AssertionError

    class Octets(bytes):
        """Says that it is longer than memory."""

        def __len__(self) -> int:
            return 2**62

    def item(number: int) -> Any:
        if number % 3 == 0:
            return long[number % 2]
        if number % 7 == 0:
            return [None, number, Liar(honest(number, "secret")), Octets(long[0].encode())][number % 4]
        return honest(number, "secret")

    header = {"alg": "HS256", "kid": "secret"}
    long = [token(header, {"exp": LATER, "n": n, "x": "x" * 180_000}, SECRET) for n in range(2)]
    long[1] = long[1][:-1] + ("A" if long[1][-1] != "A" else "E")
    crowd = [item(number) for number in range(200)]
    judge = verifier()
    expected = [alone(each, judge) for each in crowd]
    for threads in (1, 3):
        batch = judge.verify_batch(iter(crowd), now=NOW, threads=threads)
        assert together(batch) == expected
        for chunk in (5, 8192):
            streamed = list(judge.verify_stream(iter(crowd), chunk=chunk, now=NOW, threads=threads))
            assert [result.index for result in streamed] == list(range(200))
            assert together(fastjwt.BatchResult([r.claims for r in streamed], _errors(streamed))) == expected
        codes = judge.verify_signatures(iter(crowd), threads=threads)
        assert [code == 0 for code in codes] == [what == "claims" for what, _ in expected]


def test_a_chunk_of_long_tokens_is_no_longer_than_sixteen_mebibytes(engine: str) -> None:
    long = token(tokens.HS256, {"exp": LATER, "x": "x" * 190_000}, SECRET)
    for each, threads in itertools.product((long, long.encode(), long + "x" * 9_000_000), (1, 8)):
        tap = Tap([each] * 300)
        for result in Verifier(HMACKey(SECRET)).verify_stream(tap, now=NOW, threads=threads):
            if result.index % 16 == 0:
                assert (tap.read - result.index) * min(len(each), 2**18) <= 2 * 17 * 2**20


def test_nothing_is_read_before_a_stream_is_asked(engine: str) -> None:
    tap = Tap([honest(0)])
    stream = verifier().verify_stream(tap)
    assert tap.read == 0
    assert next(iter(stream)).index == 0


def test_a_stream_takes_an_endless_iterable(engine: str) -> None:
    endless = itertools.cycle([honest(0, "secret"), "bad"])
    stream = verifier().verify_stream(endless, chunk=16, now=NOW)
    taken = list(itertools.islice(stream, 100))
    assert [bool(result) for result in taken] == [True, False] * 50


@pytest.mark.parametrize("place", [0, 1, 5, 8, 16, 17])
def test_an_iterable_that_raises_is_heard_and_the_next_call_is_right(engine: str, place: int) -> None:
    class Broken(Exception):
        """What a database driver might raise."""

    def broken() -> Iterator[str]:
        for number in range(place):
            yield honest(number, "small")
        raise Broken

    judge = verifier()
    with pytest.raises(Broken):
        judge.verify_batch(broken(), now=NOW, threads=3)
    with pytest.raises(Broken):
        judge.verify_signatures(broken(), threads=3)
    seen: list[int] = []
    with pytest.raises(Broken):
        seen.extend(result.index for result in judge.verify_stream(broken(), chunk=8, now=NOW, threads=3))
    assert seen == list(range(len(seen)))
    assert len(seen) <= place
    with pytest.raises(Broken):
        Signer(HMACKey(SECRET)).sign_batch({"n": 1} for _ in broken())
    assert all(judge.verify_batch([honest(number) for number in range(20)], now=NOW, threads=3).ok)


def test_a_stream_that_is_dropped_in_the_middle_leaves_nothing_running(engine: str) -> None:
    crowd = [honest(number, "small") for number in range(400)]
    for taken in (0, 1, 7, 8, 9, 100):
        stream = verifier().verify_stream(crowd, chunk=64, now=NOW, threads=3)
        assert all(result.ok for result in itertools.islice(stream, taken))
        del stream
    gc.collect()
    assert all(verifier().verify_batch(crowd, now=NOW, threads=3).ok)


def test_each_chunk_is_judged_as_of_the_time_at_which_it_is_read(engine: str) -> None:
    times = iter([LATER - 1, LATER - 1, LATER, LATER])
    judge = Verifier(key_set(), clock=lambda: next(times))
    crowd = [honest(number, "secret") for number in range(8)]
    assert [result.ok for result in judge.verify_stream(crowd, chunk=2)] == [True] * 4 + [False] * 4


def test_a_batch_is_judged_as_of_one_moment(engine: str) -> None:
    asked = 0

    def clock() -> float:
        nonlocal asked
        asked += 1
        return NOW

    crowd = [honest(number, "secret") for number in range(5000)]
    assert all(Verifier(key_set(), clock=clock).verify_batch(crowd).ok)
    assert asked == 1


@pytest.mark.parametrize("wrong", [0, -1, 1025, True, 1.5, "2"])
def test_threads_out_of_range_are_refused_before_anything_is_read(engine: str, wrong: Any) -> None:
    tap = Tap([honest(0)])
    calls: list[Any] = [
        verifier().verify_batch,
        verifier().verify_signatures,
        verifier().verify_stream,
        Signer(HMACKey(SECRET)).sign_batch,
        Signer(HMACKey(SECRET)).sign_stream,
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError), match="threads"):
            call(tap, threads=wrong)
    assert tap.read == 0


def test_a_symmetric_key_in_a_list_is_tried_for_its_algorithm_alone(engine: str) -> None:
    judge = Verifier(
        [HMACKey(SECRET), HMACKey(OTHER_SECRET), tokens.public(rsa_key("small"))], max_candidates=2
    )
    crowd = [
        token(tokens.HS256, None, SECRET),
        token(tokens.HS256, None, OTHER_SECRET),
        token(None, None, rsa_key("small")),
        token(None, None, rsa_key("other")),
    ]
    assert list(judge.verify_batch(crowd, now=NOW, threads=2).ok) == [True, True, True, False]
