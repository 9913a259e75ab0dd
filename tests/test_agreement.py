"""All engines make the same tokens and give the same verdicts: RS256 is deterministic, so this is the strongest test.

A thousand random cases by default.  For a release, `FASTJWT_TEST_SCALE=100` makes 100,000 of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
import tokens
from scale import scaled
from tokens import NOW, rsa_key

import fastjwt
from fastjwt import HMACKey, JWKSet, RSAPrivateKey, Signer, Verifier, engines, hazmat

ENGINES = engines.available()

CASES = scaled(1_000, 100_000)
BATCH = 250  # cases that are tried together

pytestmark = pytest.mark.skipif(
    len(ENGINES) < 2, reason="only one engine can run here: there is none to agree with"
)


@cache
def keys() -> dict[str, RSAPrivateKey | HMACKey]:
    """Return keys of several kinds and sizes by their kid; the sizes that sign slowly are few among the cases."""
    return {
        "a": tokens.fast_private(rsa_key("small")),
        "b": tokens.fast_private(rsa_key("other")),
        "e3": tokens.fast_private(rsa_key("three", 2048, 3)),
        "odd": tokens.fast_private(rsa_key("odd", 2056)),
        "3072": tokens.fast_private(rsa_key("large", 3072)),
        "4096": tokens.fast_private(rsa_key("larger", 4096)),
        "h": HMACKey(tokens.SECRET),
    }


WEIGHTS = {"a": 30, "b": 20, "e3": 10, "odd": 3, "3072": 2, "4096": 1, "h": 34}


@cache
def key_set() -> JWKSet:
    """Return the set in which a verifier finds those keys."""
    members: list[dict[str, Any]] = []
    for kid, key in keys().items():
        jwk: dict[str, Any] = key.to_jwk() if isinstance(key, HMACKey) else key.public_key().to_jwk()
        members.append({**jwk, "kid": kid})
    return JWKSet.from_dict({"keys": members}, allow_secret_members=True)


# --- Random cases ----------------------------------------------------------------------------------------------------


def random_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(9 if depth < 3 else 7)
    if kind == 0:
        return rng.randrange(-(10 ** rng.randrange(1, 30)), 10 ** rng.randrange(1, 30))
    if kind == 1:
        return rng.choice([0.5, -0.0, 1e22, 1.5e-7, rng.random(), rng.uniform(-1e20, 1e20)])
    if kind == 2:
        return rng.choice([True, False, None])
    if kind == 7:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 8:
        return {random_text(rng, 8): random_value(rng, depth + 1) for _ in range(rng.randrange(4))}
    return random_text(rng, rng.choice([0, 3, 10, 40, 200]))


def random_text(rng: random.Random, length: int) -> str:
    return "".join(rng.choice('abcXYZ019 -_.:"\\/\n\té€😀{}[],') for _ in range(rng.randrange(length + 1)))


def random_claims(rng: random.Random) -> dict[str, Any]:
    """Return claims that a signer takes; most of them a verifier takes, too."""
    claims = {random_text(rng, 8) or "x": random_value(rng) for _ in range(rng.randrange(6))}
    claims = {f"x{name}": value for name, value in claims.items()}
    if rng.random() < 0.9:
        claims["exp"] = rng.choice([tokens.LATER, tokens.LATER + 0.5, NOW + 1, NOW, NOW - 1, 10**15])
    if rng.random() < 0.3:
        claims[rng.choice(["iat", "nbf"])] = rng.choice([NOW, NOW + 1, NOW - 1, NOW - 0.5])
    if rng.random() < 0.3:
        claims[rng.choice(["iss", "sub", "jti"])] = random_text(rng, 10)
    if rng.random() < 0.1:
        claims["aud"] = rng.choice(["me", ["me", "you"], "you"])
    return claims


def spoil(rng: random.Random, token: str, others: list[str]) -> Any:
    """Return the token with something done to it that may matter or not, or something that is no token at all."""
    segments = token.split(".")
    return rng.choice(_SPOILERS)(rng, token, segments, rng.choice(others).split("."))


def _change_character(rng: random.Random, token: str, *_: Any) -> str:
    place = rng.randrange(len(token))
    return token[:place] + rng.choice("ABab01-_.=+/ \x00é") + token[place + 1 :]


def _flip_bit_of_signature(rng: random.Random, _: str, segments: list[str], __: list[str]) -> str:
    signature = bytearray(tokens.unb64u(segments[2]))
    signature[rng.randrange(len(signature))] ^= 1 << rng.randrange(8)
    return ".".join([*segments[:2], tokens.b64u(bytes(signature))])


def _numeric_signature(rng: random.Random, _: str, segments: list[str], __: list[str]) -> str:
    size = len(tokens.unb64u(segments[2]))
    value = rng.choice([0, 1, 2, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), rng.getrandbits(8 * size)])
    n = tokens.n_of(rsa_key("small"))
    if rng.random() < 0.5 and n < 2 ** (8 * size):
        value = rng.choice([n - 1, n, n + 1 if n + 1 < 2 ** (8 * size) else n])
    return ".".join([*segments[:2], tokens.b64u(value.to_bytes(size, "big"))])


def _other_length(rng: random.Random, _: str, segments: list[str], __: list[str]) -> str:
    signature = tokens.unb64u(segments[2])
    changed = rng.choice(
        [b"\x00" + signature, signature + b"\x00", signature[1:], signature[:-1], b"\x00", signature * 2]
    )
    return ".".join([*segments[:2], tokens.b64u(changed)])


_HEADERS: list[bytes] = [
    b'{"alg":"none"}',
    b'{"alg":"HS256","kid":"a"}',
    b'{"alg":"RS256","kid":"h"}',
    b'{"alg":"RS256"}',
    b'{"alg":"RS256","kid":"z"}',
    b'{"alg":"RS256","alg":"RS256","kid":"a"}',
    b'{"alg":"RS256","kid":"a","crit":["x"]}',
    b'{"alg":"RS256","kid":1}',
    b"{",
    b"[]",
    b"\xff",
]

_SPOILERS: list[Callable[..., Any]] = [
    _change_character,
    _change_character,
    _flip_bit_of_signature,
    _numeric_signature,
    _other_length,
    lambda rng, token, *_: token[: rng.randrange(len(token))],
    lambda rng, token, *_: token + rng.choice(["", "A", "AA", "=", ".", " ", "\n", "\u00e9"]),
    lambda rng, token, *_: token.encode("ascii"),
    lambda _, token, segments, other: ".".join([segments[0], other[1], segments[2]]),
    lambda _, token, segments, other: ".".join([other[0], segments[1], segments[2]]),
    lambda _, token, segments, other: ".".join([*segments[:2], other[2]]),
    lambda rng, *_: rng.choice([None, 3, b"", "", "..", "a.b.c", bytearray(b"a.b.c"), rng.randbytes(40)]),
    lambda rng, token, segments, _: ".".join([tokens.b64u(rng.choice(_HEADERS)), *segments[1:]]),
]


def batches(seed: int) -> Iterator[random.Random]:
    """Yield a source of randomness for each batch, which the batch's number alone determines."""
    for number in range(-(-CASES // BATCH)):
        yield random.Random(f"{seed} {number}")


# --- Agreement -------------------------------------------------------------------------------------------------------


def verdicts(batch: fastjwt.BatchResult) -> list[tuple[Any, ...]]:
    """Return the claims, or class and words of the refusal, of each token."""
    return [
        (repr(result.claims),) if result.error is None else (type(result.error), str(result.error))
        for result in batch
    ]


def test_tokens_and_verdicts_of_all_engines_are_equal() -> None:
    kids = list(WEIGHTS)
    kinds: set[Any] = set()
    signers: dict[tuple[str, str], Signer] = {}
    verifiers: dict[str, Verifier] = {}
    for name in ENGINES:
        with engines.use(name):
            verifiers[name] = Verifier(key_set(), audience="me", require=("exp",))
            for kid, key in keys().items():
                signers[name, kid] = Signer(key, kid=kid)
    for rng in batches(1):
        chosen = rng.choices(kids, list(WEIGHTS.values()), k=BATCH)
        claims = [{"aud": "me", **random_claims(rng)} for _ in chosen]
        minted: dict[str, list[str]] = {}
        for name in ENGINES:
            minted[name] = [""] * BATCH
            for kid in kids:
                places = [place for place, other in enumerate(chosen) if other == kid]
                made = signers[name, kid].sign_batch([claims[place] for place in places], threads=2)
                for place, token in zip(places, made, strict=True):
                    minted[name][place] = token
        honest = minted[ENGINES[0]]
        for name in ENGINES[1:]:
            assert minted[name] == honest
        crowd = [token if rng.random() < 0.5 else spoil(rng, token, honest) for token in honest]
        seen = {name: verifiers[name].verify_batch(crowd, now=NOW, threads=2) for name in ENGINES}
        codes = {name: verifiers[name].verify_signatures(crowd, threads=2) for name in ENGINES}
        expected = verdicts(seen[ENGINES[0]])
        kinds |= {verdict[0] if len(verdict) == 2 else "claims" for verdict in expected}
        for name in ENGINES[1:]:
            assert verdicts(seen[name]) == expected
            assert codes[name] == codes[ENGINES[0]]
        for place, token in enumerate(honest):
            if crowd[place] is token:
                assert codes[ENGINES[0]][place] == 0
    # The cases were not all alike.
    assert {
        "claims",
        fastjwt.DecodeError,
        fastjwt.InvalidSignatureError,
        fastjwt.ExpiredSignatureError,
    } <= kinds


def test_single_tokens_get_the_same_verdict_on_all_engines() -> None:
    rng = random.Random("singles")
    claims = [{"aud": "me", **random_claims(rng)} for _ in range(BATCH)]
    honest = Signer(keys()["a"], kid="a").sign_batch(claims)
    judges = []
    for name in ENGINES:
        with engines.use(name):
            judges.append(Verifier(key_set(), audience="me"))
    for token in honest:
        item = spoil(rng, token, honest)
        seen = set()
        for judge in judges:
            try:
                seen.add(repr(judge.verify(item, now=NOW)))
            except (fastjwt.InvalidTokenError, TypeError) as error:
                seen.add(f"{type(error)}: {error}")
        assert len(seen) == 1, seen


@pytest.mark.parametrize("kid", ["a", "e3", "odd", "3072", "4096"])
def test_raw_signatures_of_any_message_are_equal_and_the_padding_is_the_one_and_only(kid: str) -> None:
    """Judged by Python's integers: s^e mod n is the encoded message of RFC 8017 section 9.2."""
    rng = random.Random(kid)
    key = keys()[kid]
    assert isinstance(key, RSAPrivateKey)
    public = key.public_key()
    size = (key.bits + 7) // 8
    for length in [
        0,
        1,
        55,
        56,
        63,
        64,
        65,
        119,
        120,
        1000,
        *(rng.randrange(5000) for _ in range(scaled(5, 10_000))),
    ]:
        message = rng.randbytes(length)
        signatures = set()
        for name in ENGINES:
            with engines.use(name):
                signatures.add(hazmat.sign_pkcs1_sha256(key, message))
        assert len(signatures) == 1
        signature = signatures.pop()
        raised = pow(int.from_bytes(signature, "big"), public.e, public.n)
        assert raised.to_bytes(size, "big") == tokens.encoded_message(message, size)
        for name in ENGINES:
            with engines.use(name):
                assert hazmat.verify_pkcs1_sha256(public, signature, message)
                assert not hazmat.verify_pkcs1_sha256(public, signature, message + b"\x00")


@pytest.mark.parametrize("kid", ["a", "e3", "odd", "3072"])
def test_edge_signatures_are_refused_by_all_engines(kid: str) -> None:
    key = keys()[kid]
    assert isinstance(key, RSAPrivateKey)
    public = key.public_key()
    size = (key.bits + 7) // 8
    good = int.from_bytes(hazmat.sign_pkcs1_sha256(key, b"m"), "big")
    edges = [
        0,
        1,
        2,
        public.n - 1,
        public.n,
        public.n + 1,
        good + public.n,
        public.n - good,
        2 ** (8 * size) - 1,
    ]
    edges += [good ^ (1 << bit) for bit in range(0, 8 * size, 7)]
    for name in ENGINES:
        with engines.use(name):
            for value in edges:
                if value < 2 ** (8 * size):
                    assert not hazmat.verify_pkcs1_sha256(public, value.to_bytes(size, "big"), b"m")
            for length in (0, 1, size - 1, size + 1, 2 * size):
                assert not hazmat.verify_pkcs1_sha256(
                    public, good.to_bytes(2 * size, "big")[-length:], b"m"
                ) or (length == size)
            assert hazmat.verify_pkcs1_sha256(public, good.to_bytes(size, "big"), b"m")


def test_keys_generated_by_one_engine_work_in_every_other() -> None:
    for maker in ENGINES:
        with engines.use(maker):
            key = RSAPrivateKey.generate()
        tokens_of = {}
        for name in ENGINES:
            with engines.use(name):
                copy = RSAPrivateKey.from_pem(key.to_pem())
                assert copy.to_der() == key.to_der()
                tokens_of[name] = Signer(copy).sign({"n": 1})
                Verifier(key.public_key(), require=()).verify(tokens_of[name])
        assert len(set(tokens_of.values())) == 1
