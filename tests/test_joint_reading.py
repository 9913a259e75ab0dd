"""Payloads that are verified together are read together, and still each is judged as if it had come alone.

A batch reads its plain payloads as the elements of one JSON array (csrc/names.h says why that is sound).  A payload
might try to close what a neighbour opened, or to pass for two.
"""

from __future__ import annotations

from typing import Any

import pytest
import tokens
from hypothesis import given, settings
from hypothesis import strategies as st
from scale import scaled

import fastjwt
from fastjwt import Verifier, engines
from fastjwt.backends.base import Limits

GOOD = b'{"exp":1700003600,"sub":"a"}'

# Each begins and ends as an object does.  Alone, some are JSON and most are not.
FRAGMENTS = [
    b'{"exp":1700003600}',
    b'{"exp":1700003600,"a":[1]}',
    b'{"exp":1700003600,"a":[1}',
    b'{"exp":1700003600,"a":1]}',
    b'{"exp":1700003600},{"exp":1700003600}',
    b'{"exp":1700003600,"a":{"b":1}}',
    b'{"exp":1700003600,"a":{"b":1}',
    b'{"exp":1700003600,"a":"}',
    b'{","exp":1700003600}',
    b'{"exp":1700003600,"a":"\\"}',
    b'{"exp":1700003600,"a":"\\\\"}',
    b'{"exp":1700003600,"a":"\\\\\\"}',
    b'{"exp":1700003600,"a":"{"}',
    b'{"exp":1700003600,"a":"["}',
    b'{"exp":1700003600,"a":"]"}',
    b'{"exp":1700003600,"exp":1700003600}',
    b'{"exp":1700003600,"\\u0065xp":1}',
    b'{"exp":1700003600,"a":"\xff"}',
    b'{"exp":1700003600,"a":12345678901234567890}',
    b'{"exp":1}',
    b"{}",
    b"{,}",
    b"{]}",
    b"{[}",
]


def verdict(verifier: Verifier, token: str) -> Any:
    """Return the claims of a token that comes alone, or its error as text."""
    try:
        return verifier.verify(token, now=tokens.NOW)
    except fastjwt.InvalidTokenError as error:
        return f"{error.code}: {error}"


def verdicts(verifier: Verifier, batch: list[str]) -> list[Any]:
    """Return the same for tokens that come together."""
    result = verifier.verify_batch(batch, now=tokens.NOW)
    return [
        claims if claims is not None else f"{result.errors[index].code}: {result.errors[index]}"
        for index, claims in enumerate(result.claims)
    ]


@pytest.fixture
def verifier(engine: str) -> Verifier:
    return Verifier(fastjwt.HMACKey(tokens.SECRET))


@pytest.mark.parametrize("first", FRAGMENTS)
def test_no_payload_borrows_from_its_neighbour(verifier: Verifier, first: bytes) -> None:
    for second in FRAGMENTS:
        batch = [
            tokens.token(tokens.HS256, payload, tokens.SECRET)
            for payload in (GOOD, first, second, first, GOOD)
        ]
        alone = [verdict(verifier, token) for token in batch]
        assert verdicts(verifier, batch) == alone
        assert alone[0] == alone[4] == {"exp": 1700003600, "sub": "a"}


pieces = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"1", b"a", b'"exp":1700003600', b'"a":']
)
payloads = st.one_of(
    st.lists(pieces, max_size=8).map(lambda inner: b"{" + b"".join(inner) + b"}"),
    st.sampled_from(FRAGMENTS),
)


@pytest.mark.parametrize("name", engines.available())
@settings(max_examples=scaled(100, 10_000), deadline=None)
@given(st.lists(payloads, min_size=1, max_size=12))
def test_any_payloads_together_have_the_verdicts_that_they_have_alone(name: str, many: list[bytes]) -> None:
    with engines.use(name):
        verifier = Verifier(fastjwt.HMACKey(tokens.SECRET))
        batch = [tokens.token(tokens.HS256, payload, tokens.SECRET) for payload in many]
        assert verdicts(verifier, batch) == [verdict(verifier, token) for token in batch]


@pytest.mark.parametrize("name", [name for name in engines.available() if name != "pure"])
@pytest.mark.parametrize(
    ("text", "names"),
    [
        (b'{"a":1}', 1),
        (b'{"a":1,"b":[2]}', 2),
        (b'{"a":"\\/"}', 1),
        (b"{}", 0),
        (b' {"a":1}', 0),
        (b'{"a":1} ', 0),
        (b'{"a" :1}', 0),
        (b'{"a":{"b":1}}', 0),
        (b'{"a":"}"}', 0),
        (b'{"a":"\\""}', 0),
        (b'{"a":"\\\\"}', 0),
        (b'{"a":1,"b}', 0),
        (b'{"a":1234567890123456789}', 0),
        (b"[1]", 0),
        (b'{"a":[' + b"[" * 63 + b"1" + b"]" * 63 + b"]}", 0),
        (b'{"a":[' + b"[" * 62 + b"1" + b"]" * 62 + b"]}", 1),
        (b"{" + b",".join(b'"%d":0' % i for i in range(255)) + b"}", 255),
        (b"{" + b",".join(b'"%d":0' % i for i in range(256)) + b"}", 0),
    ],
)
def test_only_a_text_that_may_stand_among_others_is_plain(name: str, text: bytes, names: int) -> None:
    for filler in range(0, 130, 13):  # wherever the blocks of 64 bytes begin
        padded = text.replace(b'"a"', b'"' + b"a" * (filler + 1) + b'"')
        with engines.use(name) as backend:
            split = backend.split(
                [tokens.token(tokens.HS256, padded, tokens.SECRET)], Limits(), want_payloads=True
            )
        assert list(split.names()) == [names]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_token_with_a_line_end_is_one_token(verifier: Verifier, place: int) -> None:
    """Tokens cross into C with a line end between each two; one that brings its own is no two."""
    good = tokens.token(tokens.HS256, GOOD, tokens.SECRET)
    for spoiled in (good + "\n", "\n" + good, f"{good}\n{good}", "\n", good.replace(".", ".\n", 1)):
        batch: list[str] = [good] * 3
        batch[place] = spoiled
        result = verifier.verify_batch(batch, now=tokens.NOW)
        assert list(result.errors) == [place]
        assert result.errors[place].code == fastjwt.DecodeError.code
        assert verifier.verify_signatures(batch)[place] != 0
