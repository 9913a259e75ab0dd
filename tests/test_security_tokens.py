"""security.md 2A: the form of a token, before anything in it is read."""

from __future__ import annotations

import gc
import re
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tokens
from tokens import ALPHABET, b64u, signed, token
from verdicts import judge, unverified_reads, unverified_refuses

import fastjwt
from fastjwt import DecodeError, Status

pytestmark = pytest.mark.usefixtures("engine")

MIB = 1024 * 1024
SEGMENTS = ("header", "payload", "signature")


def parts_of(text: str) -> list[str]:
    return text.split(".")


def refuse_form(bad: str | bytes, **options: Any) -> fastjwt.InvalidTokenError:
    """Assert that a verifier and `decode_unverified` find the token's form at fault."""
    error = judge(**options).refuses(bad, DecodeError, "form")
    unverified_refuses(bad)
    return error


# --- Not str or bytes ----------------------------------------------------------------------------------------------

NOT_TOKENS = {
    "None": None,
    "int": 5,
    "float": 1.5,
    "bool": True,
    "bytearray": bytearray(b"a.b.c"),
    "memoryview": memoryview(b"a.b.c"),
    "list": ["a.b.c"],
    "tuple": ("a", "b", "c"),
    "dict": {"token": "a.b.c"},
    "set": {"a.b.c"},
    "object": object(),
    "type": str,
    "Path": Path("a.b.c"),
}


@pytest.mark.parametrize("item", NOT_TOKENS.values(), ids=NOT_TOKENS.keys())
def test_what_is_neither_str_nor_bytes_is_a_type_error_alone_and_a_decode_error_in_its_place(item):
    """`TypeError` alone; in a batch, one such item harms nobody."""
    asked = judge()
    for ask in (asked.verifier.verify, asked.verifier.verify_complete, fastjwt.decode_unverified):
        with pytest.raises(TypeError):
            ask(item)
    for place in range(3):
        crowd = [asked.honest, asked.honest]
        crowd.insert(place, item)
        batch = asked.verifier.verify_batch(crowd, now=asked.now)
        assert set(batch.errors) == {place}
        assert type(batch.errors[place]) is DecodeError
        assert batch.claims[place] is None
        assert [claims for index, claims in enumerate(batch.claims) if index != place] == [
            asked.honest_claims
        ] * 2
        codes = asked.verifier.verify_signatures(crowd)
        assert [code == Status.OK for code in codes] == [index != place for index in range(3)]
    streamed = list(asked.verifier.verify_stream([asked.honest, item, asked.honest], chunk=2, now=asked.now))
    assert [result.error is None for result in streamed] == [True, False, True]
    assert type(streamed[1].error) is DecodeError


def test_an_honest_token_in_a_bytearray_or_memoryview_is_not_taken_either():
    asked = judge()
    octets = asked.honest.encode()
    buffers: list[Any] = [bytearray(octets), memoryview(octets)]
    for buffer in buffers:
        with pytest.raises(TypeError):
            asked.verifier.verify(buffer)
        assert type(asked.verifier.verify_batch([buffer], now=asked.now).errors[0]) is DecodeError


@pytest.mark.parametrize("tokens_argument", ["a.b.c", b"a.b.c", 5, None, bytearray(b"a"), {"a.b.c": 1}])
def test_one_token_where_many_belong_is_a_type_error(tokens_argument):
    """A str is iterable: taken for a batch it would be judged letter by letter."""
    verifier = judge().verifier
    for ask in (verifier.verify_batch, verifier.verify_signatures):
        with pytest.raises(TypeError):
            ask(tokens_argument)
    with pytest.raises(TypeError):
        list(verifier.verify_stream(tokens_argument))


@pytest.mark.parametrize("argument", [None, 5, object(), {"a": 1}, "e30.e30.AAAA", b"x"], ids=repr)
def test_what_is_no_iterable_of_tokens_is_named_at_once(argument):
    verifier = judge().verifier
    for ask in (verifier.verify_batch, verifier.verify_signatures, verifier.verify_stream):
        with pytest.raises(TypeError, match=r"^expected an iterable of tokens, got"):
            ask(argument)


@pytest.mark.parametrize("error", [TypeError, ValueError, UnicodeError, fastjwt.DecodeError])
def test_an_error_of_the_iterable_of_tokens_is_the_callers(error):
    own = error("the caller's")

    def broken() -> Iterator[str]:
        yield "e30.e30.AAAA"
        raise own

    verifier = judge().verifier
    for ask in (
        verifier.verify_batch,
        verifier.verify_signatures,
        lambda it: list(verifier.verify_stream(it)),
    ):
        with pytest.raises(error) as caught:
            ask(broken())
        assert caught.value is own


def test_subclasses_of_str_and_bytes_are_what_they_hold():
    """What such a class says of itself has no say in what is verified."""

    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "lies"

        def encode(self, *_: Any, **__: Any) -> bytes:
            return b"lies"

    class ShortText(Text):
        __slots__ = ()

        def __len__(self) -> int:
            return 3

    class Octets(bytes):
        def __bytes__(self) -> bytes:
            return b"lies"

    class ShortOctets(Octets):
        def __len__(self) -> int:
            return 3

    asked = judge()
    honest, bad = asked.honest, token({"alg": "none"})
    for good in (Text(honest), ShortText(honest), Octets(honest.encode()), ShortOctets(honest.encode())):
        assert asked.verifier.verify(good, now=asked.now) == asked.honest_claims
        assert fastjwt.decode_unverified(good).claims == asked.honest_claims
    with pytest.raises(DecodeError):
        asked.verifier.verify(ShortText("A" * 262_145), now=asked.now)
    crowds: list[list[Any]] = [
        [Text(honest), Text(bad), honest],
        [ShortText(honest), ShortText(bad), honest],
        [Octets(honest.encode()), Octets(bad.encode()), Text(honest)],
        [ShortOctets(honest.encode()), ShortOctets(bad.encode()), ShortText(honest)],
    ]
    for crowd in crowds:
        batch = asked.verifier.verify_batch(crowd, now=asked.now)
        assert batch.claims == [asked.honest_claims, None, asked.honest_claims]
        assert type(batch.errors[1]) is fastjwt.InvalidAlgorithmError


# --- Beyond ASCII --------------------------------------------------------------------------------------------------

FOREIGN_CHARACTERS = {
    "Latin e acute": "\u00e9",
    "byte order mark": "\ufeff",
    "no-break space": "\u00a0",
    "zero width space": "\u200b",
    "fullwidth A": "\uff21",
    "Cyrillic a": "\u0430",
    "Kelvin sign": "\u212a",
    "fullwidth full stop": "\uff0e",
    "one dot leader": "\u2024",
    "ideographic full stop": "\u3002",
    "minus sign": "\u2212",
    "fullwidth low line": "\uff3f",
    "Arabic digit": "\u0661",
    "emoji": "\U0001f600",
    "mathematical A": "\U0001d400",
    "lone high surrogate": "\ud800",
    "lone low surrogate": "\udfff",
    "surrogates the wrong way round": "\udc00\ud800",
    "NUL": "\x00",
    "DEL": "\x7f",
}


@pytest.mark.parametrize("character", FOREIGN_CHARACTERS.values(), ids=FOREIGN_CHARACTERS.keys())
def test_a_character_beyond_ascii_or_nul_is_refused_wherever_it_stands(character):
    """`DecodeError`, no way out."""
    honest = token()
    header, payload, signature = parts_of(honest)
    for bad in (
        character + honest,
        honest + character,
        f"{header[:-1]}{character}.{payload}.{signature}",
        f"{header}.{payload[:4]}{character}{payload[5:]}.{signature}",
        f"{header}.{payload}.{character}{signature[1:]}",
        f"{header}{character}{payload}.{signature}",
        f"{header}.{payload}{character}{signature}",
        character,
        character * 3,
    ):
        refuse_form(bad)


@pytest.mark.parametrize(
    "octet", [b"\x00", b"\x80", b"\xa0", b"\xc3\xa9", b"\xef\xbb\xbf", b"\xff", b"\xfe\xff"]
)
def test_an_octet_beyond_ascii_or_nul_is_refused_wherever_it_stands(octet):
    honest = token().encode()
    middle = len(honest) // 2
    for bad in (octet + honest, honest + octet, honest[:middle] + octet + honest[middle:], octet):
        refuse_form(bad)


def test_a_token_in_utf_16_or_utf_32_is_refused():
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
        refuse_form(token().encode(encoding))


# --- Size ----------------------------------------------------------------------------------------------------------


def test_256_kib_is_the_longest_token_that_is_read():
    asked = judge()
    asked.accepts(tokens.token_of_length(262_144))
    unverified_reads(tokens.token_of_length(262_144))
    for length in (262_145, 262_146, 262_148, 300_000):
        refuse_form(tokens.token_of_length(length))


def test_max_token_bytes_is_the_way_out_and_narrows_too():
    longer = tokens.token_of_length(300_000)
    judge(max_token_bytes=300_000).accepts(longer)
    judge(max_token_bytes=299_999).refuses(longer, DecodeError, "form")
    exact = tokens.token_of_length(600)
    judge(max_token_bytes=600).accepts(exact)
    judge(max_token_bytes=600).refuses(tokens.token_of_length(602), DecodeError, "form")


@pytest.mark.parametrize("name", ["max_token_bytes", "max_header_bytes"])
def test_a_size_limit_is_a_positive_int(name):
    options: list[Any] = [0, -1]
    for wrong in options:
        with pytest.raises(ValueError, match=name):
            fastjwt.Verifier(tokens.public(), **{name: wrong})
    options = [None, "5", 5.0, True]
    for wrong in options:
        with pytest.raises((TypeError, ValueError)):
            fastjwt.Verifier(tokens.public(), **{name: wrong})


HUGE = 64 * MIB

HUGE_TOKENS = {
    "letters": lambda: "A" * HUGE,
    "dots": lambda: "." * HUGE,
    "an honest beginning": lambda: token() + "A" * HUGE,
    "letters in bytes": lambda: b"A" * HUGE,
    "characters of two octets": lambda: "\u00e9" * (HUGE // 2),
    "characters of four octets": lambda: "\U0001f600" * (HUGE // 4),
}


def _peak_kib(ask: Callable[..., object], *arguments: object) -> int:
    """Return by how much the call raises the process's resident memory at its highest, in KiB."""
    before = _memory_kib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again from here
    ask(*arguments)
    return _memory_kib("VmHWM") - before


def _memory_kib(name: str) -> int:
    return int(re.findall(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[0])


@pytest.mark.parametrize("make", HUGE_TOKENS.values(), ids=HUGE_TOKENS.keys())
def test_a_huge_token_costs_neither_time_nor_memory(make):
    """Refused before any decoding: below 1 ms and 1 MiB whatever the length, alone and among others."""
    asked = judge()
    huge = make()

    def alone() -> None:
        with pytest.raises(DecodeError):
            asked.verifier.verify(huge, now=asked.now)

    def unverified() -> None:
        with pytest.raises(DecodeError):
            fastjwt.decode_unverified(huge)

    def crowd() -> None:
        batch = asked.verifier.verify_batch([asked.honest, huge, asked.honest], now=asked.now, threads=1)
        assert set(batch.errors) == {1}
        assert type(batch.errors[1]) is DecodeError

    gc.collect()  # what other tests left behind must not be collected while it is measured
    for ask in (alone, unverified, crowd):
        took = []
        for _ in range(7):
            began = time.process_time()
            ask()
            took.append(time.process_time() - began)
        assert min(took) < 0.001
        assert min(_peak_kib(ask) for _ in range(3)) < 1024
    tracemalloc.start()
    try:
        crowd()
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()


def test_many_huge_tokens_in_one_batch_cost_no_more_than_their_refusals():
    asked = judge()
    crowd = ["A" * HUGE] * 40 + [asked.honest]  # one object forty times: 2.5 GiB, were they joined
    batch = asked.verifier.verify_batch(crowd, now=asked.now)
    assert set(batch.errors) == set(range(40))
    assert batch.claims[40] == asked.honest_claims


# --- Size of the header --------------------------------------------------------------------------------------------


def _with_header_segment(length: int) -> str:
    """Return an honest token whose encoded header has exactly so many characters."""
    bare = len('{"alg":"RS256","x":""}')
    for filler in range(length * 3 // 4 - bare - 3, length * 3 // 4 - bare + 4):
        made = token({"alg": "RS256", "x": "h" * filler})
        if made.index(".") == length:
            return made
    raise AssertionError(length)


def test_16_kib_is_the_longest_header_measured_encoded():
    judge().accepts(_with_header_segment(16_384))
    unverified_reads(_with_header_segment(16_384))
    for length in (16_386, 16_387, 16_388, 20_000):
        refuse_form(_with_header_segment(length))


def test_max_header_bytes_is_the_way_out_and_narrows_too():
    longer = _with_header_segment(20_000)
    judge(max_header_bytes=20_000).accepts(longer)
    judge(max_header_bytes=19_999).refuses(longer, DecodeError, "form")
    judge(max_header_bytes=20).accepts(token())
    with pytest.raises(DecodeError):
        fastjwt.Verifier(tokens.public(), max_header_bytes=19).verify(token(), now=tokens.NOW)


# --- Segments ------------------------------------------------------------------------------------------------------


def _misshapen() -> dict[str, str]:
    honest = token()
    header, payload, signature = parts_of(honest)
    encrypted = ".".join([b64u(b'{"alg":"RSA-OAEP","enc":"A128GCM"}'), "AAAA", "AAAA", "AAAA", "AAAA"])
    return {
        "nothing": "",
        "one dot": ".",
        "two dots": "..",
        "three dots": "...",
        "four dots": "....",
        "no dot": header + payload + signature,
        "header alone": header,
        "no signature, one dot": f"{header}.{payload}",
        "no payload, one dot": f"{header}.{signature}",
        "empty signature (unsigned)": f"{header}.{payload}.",
        "empty signature under alg none": b64u(b'{"alg":"none"}') + f".{payload}.",
        "empty payload (detached)": f"{header}..{signature}",
        "empty payload, signed so": f"{header}..{b64u(tokens.signature_over(header.encode() + b'.'))}",
        "empty header": f".{payload}.{signature}",
        "empty header and payload": f"..{signature}",
        "only a header": f"{header}..",
        "dot in front": "." + honest,
        "dot behind": honest + ".",
        "dot doubled": f"{header}..{payload}.{signature}",
        "four segments": f"{honest}.{signature}",
        "five segments": encrypted,
        "honest with two more": f"{honest}.{payload}.{signature}",
        "six segments": f"{honest}.{honest}",
        "Bearer in front": "Bearer " + honest,
        "bearer and no space": "Bearer" + honest + ".",
        "joined by a comma": f"{honest},{honest}",
        "joined by nothing": honest + honest,
        "joined by a line end": f"{honest}\n{honest}",
        "flattened JSON": f'{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}',
        "general JSON": (
            f'{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}'
        ),
        "JSON string": f'"{honest}"',
        "JSON list": f'["{honest}"]',
        "spaces for dots": f"{header} {payload} {signature}",
        "encoded dots": f"{header}%2E{payload}%2E{signature}",
        "in base64url once more": b64u(honest.encode()),
    }


@pytest.mark.parametrize("shape", _misshapen().keys())
def test_anything_but_three_segments_is_refused(shape):
    """Not exactly two dots, an empty segment, JWE, the JSON serialisations, a prefix, tokens joined: `DecodeError`."""
    refuse_form(_misshapen()[shape])


@pytest.mark.parametrize(
    "flood", [".", ".a", "a.", "a" * 1000 + "."], ids=["dots", "dot letter", "letter dot", "long"]
)
def test_endless_dots_cost_no_memory(flood):
    """The dots are searched for, never split on: 256 KiB of them make no list of 256 Ki strings."""
    bad = (flood * 262_144)[:262_144]
    asked = judge()
    with pytest.raises(DecodeError):
        asked.verifier.verify(bad, now=asked.now)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError):
            asked.verifier.verify(bad, now=asked.now)
        with pytest.raises(DecodeError):
            fastjwt.decode_unverified(bad)
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()
    refuse_form(bad)


# --- The alphabet --------------------------------------------------------------------------------------------------


def test_each_octet_outside_the_alphabet_is_refused_at_each_end_and_within_of_each_segment():
    """All 191 octets that are neither in the alphabet nor the dot, put in and put in another's place."""
    asked = judge()
    segments = [part.encode() for part in parts_of(asked.honest)]
    crowd = []
    for octet in set(range(256)) - set(ALPHABET) - set(b"."):
        for index, segment in enumerate(segments):
            foreign = bytes([octet])
            spellings = (
                foreign + segment,
                segment + foreign,
                segment[:7] + foreign + segment[7:],
                foreign + segment[1:],
                segment[:-1] + foreign,
                segment[:8] + foreign + segment[9:],
            )
            crowd += [b".".join([*segments[:index], each, *segments[index + 1 :]]) for each in spellings]
    assert len(crowd) == 191 * 18
    batch = asked.verifier.verify_batch([*crowd, asked.honest], now=asked.now)
    assert set(batch.errors) == set(range(len(crowd)))
    assert {type(error) for error in batch.errors.values()} == {DecodeError}
    codes = asked.verifier.verify_signatures(crowd)
    assert Status.OK not in codes
    for bad, code in zip(crowd[::97], codes[::97], strict=True):
        with pytest.raises(DecodeError) as caught:
            asked.verifier.verify(bad, now=asked.now)
        assert str(caught.value) == str(batch.errors[crowd.index(bad)])
        assert Status(code).name.startswith("BAD_")


@pytest.mark.parametrize("foreign", ["+", "/", "=", " ", "\n", "\x80", "\x00", "%"], ids=ascii)
def test_a_foreign_character_is_found_at_every_place_of_a_token(foreign):
    """Readers that work on 16, 32 or 64 characters at once have more places to be wrong in than the ends."""
    asked = judge()
    crowd = [
        asked.honest[:place] + foreign + asked.honest[place + 1 :]
        for place in range(len(asked.honest))
        if asked.honest[place] != "."
    ]
    batch = asked.verifier.verify_batch(crowd, now=asked.now)
    assert len(batch.errors) == len(crowd)
    assert {type(error) for error in batch.errors.values()} == {DecodeError}


@pytest.mark.parametrize("segment", range(3), ids=SEGMENTS)
@pytest.mark.parametrize(
    "foreign",
    [" ", "\t", "\n", "\r", "\r\n", "\v", "\f", "+", "/", "%", "%20", '"', "'", "\\", "~", ",", ":", "="],
    ids=ascii,
)
def test_a_character_outside_the_alphabet_is_refused_by_name(foreign, segment):
    """White space or line ends anywhere, `+ /`, `%`, quotes: `DecodeError`, however the token is asked about."""
    for place in (0, 9, None):
        parts = parts_of(token())
        part = parts[segment]
        parts[segment] = part + foreign if place is None else part[:place] + foreign + part[place:]
        refuse_form(".".join(parts))


def test_the_standard_alphabet_is_not_taken_for_the_url_safe_one():
    """A token whose every part is spelled with `+ /` is another text, and none that is base64url."""
    for number in range(200):  # until all three parts hold one of the two
        honest = token(
            {"alg": "RS256", "x": "\u00ff\u00fe?>" * 3}, {"exp": tokens.LATER, "n": number, "x": "\u00ff?>~"}
        )
        if all(set(part) & set("-_") for part in parts_of(honest)):
            break
    else:
        raise AssertionError("no token with - or _ in each part")
    judge().accepts(honest)
    refuse_form(honest.replace("-", "+").replace("_", "/"))


# --- Padding -------------------------------------------------------------------------------------------------------


def _padded(segment: str) -> str:
    return segment + "=" * (-len(segment) % 4)


def _padded_at_the_end(whole: str) -> str:
    head, signature = whole.rsplit(".", 1)
    return f"{head}.{_padded(signature)}"


def _header_of_remainder(remainder: int) -> str:
    """Return a header segment whose length is this modulo 4."""
    for filler in range(4):
        segment = b64u(tokens.octets_of({"alg": "RS256", "x": "h" * filler}))
        if len(segment) % 4 == remainder:
            return segment
    raise AssertionError(remainder)


def _payload_of_remainder(remainder: int) -> str:
    for filler in range(4):
        segment = b64u(tokens.octets_of({"exp": tokens.LATER, "x": "p" * filler}))
        if len(segment) % 4 == remainder:
            return segment
    raise AssertionError(remainder)


PADDED_TOKENS = {
    "header by two": lambda: signed(_padded(_header_of_remainder(2)), _payload_of_remainder(2)),
    "header by one": lambda: signed(_padded(_header_of_remainder(3)), _payload_of_remainder(2)),
    "payload by two": lambda: signed(_header_of_remainder(2), _padded(_payload_of_remainder(2))),
    "payload by one": lambda: signed(_header_of_remainder(2), _padded(_payload_of_remainder(3))),
    "signature by two": lambda: _padded_at_the_end(token()),
    "all three": lambda: _padded_at_the_end(
        signed(_padded(_header_of_remainder(3)), _padded(_payload_of_remainder(2)))
    ),
    "signature alone can be": lambda: _padded_at_the_end(
        signed(_header_of_remainder(0), _payload_of_remainder(0))
    ),
}


@pytest.mark.parametrize("make", PADDED_TOKENS.values(), ids=PADDED_TOKENS.keys())
def test_padding_is_refused_unless_it_is_allowed(make):
    """`DecodeError`; `allow_padding=True` takes the canonical amount at a segment's end."""
    padded = make()
    refuse_form(padded)
    judge(allow_padding=True).accepts(padded)


def test_padding_of_a_tag_is_refused_unless_it_is_allowed():
    padded = _padded_at_the_end(tokens.with_claims(tokens.SECRET))
    secret = fastjwt.HMACKey(tokens.SECRET)
    honest = tokens.with_claims(tokens.SECRET)
    judge(secret, honest).refuses(padded, DecodeError, "form")
    judge(secret, honest, allow_padding=True).accepts(padded)


@pytest.mark.parametrize("segment", [0, 1], ids=SEGMENTS[:2])
def test_padding_that_was_not_signed_breaks_the_signature(segment):
    """The received bytes are verified, so padding put in afterwards is a change like any other."""
    parts = parts_of(signed(_header_of_remainder(2), _payload_of_remainder(3)))
    parts[segment] = _padded(parts[segment])
    asked = judge(allow_padding=True)
    asked.refuses(".".join(parts), fastjwt.InvalidSignatureError, "signature")


@pytest.mark.parametrize("segment", [0, 1], ids=SEGMENTS[:2])
def test_padding_that_was_signed_must_not_be_taken_away(segment):
    whole = signed(_padded(_header_of_remainder(2)), _padded(_payload_of_remainder(3)))
    parts = parts_of(whole)
    parts[segment] = parts[segment].rstrip("=")
    asked = judge(allow_padding=True)
    asked.accepts(whole)
    asked.refuses(".".join(parts), fastjwt.InvalidSignatureError, "signature")


WRONG_PADDING = {
    "one for two": (2, "="),
    "three for two": (2, "==="),
    "two for one": (3, "=="),
    "three for one": (3, "==="),
    "five for one": (3, "====="),
    "six for two": (2, "======"),
    "four for none": (0, "===="),
    "one for none": (0, "="),
    "two for none": (0, "=="),
    "then white space": (2, "== "),
    "then a line end": (3, "=\n"),
    "percent encoded": (3, "%3D"),
    "letters behind": (2, "==AA"),
    "dots of another script": (3, "\uff1d"),
}


@pytest.mark.parametrize("segment", range(3), ids=SEGMENTS)
@pytest.mark.parametrize("fault", WRONG_PADDING.values(), ids=WRONG_PADDING.keys())
def test_any_other_padding_is_refused_even_where_padding_is_allowed(fault, segment):
    remainder, tail = fault
    if segment == 2:
        octets = {2: 256, 3: 257, 0: 258}[
            remainder
        ]  # a signature's length does not matter here, its form does
        bad = token().rsplit(".", 1)[0] + "." + b64u(bytes(octets)) + tail
    else:
        parts = [_header_of_remainder(remainder), _payload_of_remainder(remainder)]
        parts[segment] += tail
        bad = signed(parts[0], parts[1]) if tail.isascii() else ".".join([*parts, "AAAA"])
    refuse_form(bad)
    judge(allow_padding=True).refuses(bad, DecodeError, "form")


@pytest.mark.parametrize("segment", range(3), ids=SEGMENTS)
@pytest.mark.parametrize("only", ["=", "==", "===", "===="])
def test_padding_alone_is_no_segment(only, segment):
    parts = parts_of(token())
    parts[segment] = only
    refuse_form(".".join(parts))
    judge(allow_padding=True).refuses(".".join(parts), DecodeError, "form")


@pytest.mark.parametrize("segment", range(3), ids=SEGMENTS)
def test_padding_within_a_segment_or_in_front_is_refused(segment):
    for place in (0, 1, 4, 8):
        parts = parts_of(token())
        parts[segment] = parts[segment][:place] + "=" + parts[segment][place:]
        refuse_form(".".join(parts))
        judge(allow_padding=True).refuses(".".join(parts), DecodeError, "form")


# --- One spelling only ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("segment", range(3), ids=SEGMENTS)
def test_a_segment_of_length_one_modulo_four_is_refused(segment):
    """No octet string is spelled so; `allow_padding` is no way out."""
    parts = [_header_of_remainder(0), _payload_of_remainder(0)]
    if segment < 2:
        parts[segment] += "A"
        bad = signed(parts[0], parts[1])
    else:
        bad = token() + "AAA"
        assert len(parts_of(bad)[2]) % 4 == 1
    refuse_form(bad)
    judge(allow_padding=True).refuses(bad, DecodeError, "form")
    judge(allow_padding=True).refuses(bad + "===", DecodeError, "form")


@pytest.mark.parametrize("single", ["A", "-", "Q"])
def test_a_segment_of_one_character_is_refused(single):
    header, payload, signature = parts_of(token())
    for bad in (
        f"{single}.{payload}.{signature}",
        f"{header}.{single}.{signature}",
        f"{header}.{payload}.{single}",
    ):
        refuse_form(bad)


def _other_endings(segment: str) -> list[str]:
    """Return the spellings that a lax reader takes for the same octets: 15 or 3 of them."""
    unused_bits = {2: 4, 3: 2}[len(segment) % 4]
    last = ALPHABET.index(segment[-1].encode())
    assert last % (1 << unused_bits) == 0
    return [segment[:-1] + chr(ALPHABET[last + bits]) for bits in range(1, 1 << unused_bits)]


@pytest.mark.parametrize("remainder", [2, 3])
@pytest.mark.parametrize("segment", [0, 1], ids=SEGMENTS[:2])
def test_unused_trailing_bits_must_be_zero_in_header_and_payload(segment, remainder):
    """Signed in this very spelling, so that nothing but its form refuses it."""
    for other in _other_endings([_header_of_remainder, _payload_of_remainder][segment](remainder)):
        parts = [_header_of_remainder(2), _payload_of_remainder(2)]
        parts[segment] = other
        bad = signed(parts[0], parts[1])
        refuse_form(bad)
        judge(allow_padding=True).refuses(bad, DecodeError, "form")


def test_unused_trailing_bits_of_the_signature_must_be_zero():
    head, signature = token().rsplit(".", 1)
    for other in _other_endings(signature):
        refuse_form(f"{head}.{other}")
        judge(allow_padding=True).refuses(f"{head}.{other}==", DecodeError, "form")


def test_unused_trailing_bits_of_a_tag_must_be_zero():
    honest = tokens.with_claims(tokens.SECRET)
    head, tag = honest.rsplit(".", 1)
    for other in _other_endings(tag):
        judge(fastjwt.HMACKey(tokens.SECRET), honest).refuses(f"{head}.{other}", DecodeError, "form")


def test_no_other_last_character_of_any_segment_is_accepted():
    """Of 64 spellings of each last character, the honest one alone is good: no two texts are one token."""
    asked = judge()
    parts = parts_of(asked.honest)
    for index in range(3):
        crowd = []
        for letter in ALPHABET:
            spoiled = parts[index][:-1] + chr(letter)
            crowd.append(".".join([*parts[:index], spoiled, *parts[index + 1 :]]))
        batch = asked.verifier.verify_batch(crowd, now=asked.now)
        assert [crowd[place] for place in range(64) if batch.ok[place]] == [asked.honest]


# --- Order ---------------------------------------------------------------------------------------------------------


def test_size_is_judged_before_segments_and_segments_before_the_header():
    """The first failing step names the error."""
    long_and_shapeless = "A" * 262_145
    assert "long" in str(refuse_form(long_and_shapeless))
    bad_form_and_header = f"{b64u(b'not JSON')}.{b64u(b'{}')}.AA=="
    assert "header" not in str(refuse_form(bad_form_and_header))
