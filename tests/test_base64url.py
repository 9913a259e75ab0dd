"""Strict base64url: one octet string has one spelling, in Python and on every engine, whatever the length."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scale import cases

import fastjwt
from fastjwt import Status, base64url, engines
from fastjwt.backends.base import Backend, Limits

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FOREIGN = bytes(sorted(set(range(256)) - set(ALPHABET)))

# Around the widths that a decoder may work in: 4 characters, 16, 32 and 64 of them, and their octets.
LENGTHS = [
    *range(1, 20),
    *range(30, 36),
    *range(46, 52),
    *range(62, 70),
    *range(94, 100),
    *range(126, 132),
    192,
    256,
]

FAULTS = {"alphabet": Status.BAD_ALPHABET, "length": Status.BAD_LENGTH, "bits": Status.BAD_BITS, None: 253}

any_text = st.one_of(
    st.binary(max_size=300),
    st.lists(st.sampled_from(sorted(ALPHABET)), max_size=300).map(bytes),
    st.lists(st.sampled_from(sorted(ALPHABET + b"=+/ .\n\x80")), max_size=80).map(bytes),
)


def reference(octets: bytes) -> bytes:
    """Return the spelling of RFC 7515 appendix C, by the standard library."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def segment_status(backend: Backend, text: bytes, place: int = 1) -> tuple[int, bytes]:
    """Return the status that `text` gets as this segment of a token, and the payload's octets."""
    segments = [b"e30", b"e30", b"AAAA"]
    segments[place] = text
    split = backend.split([b".".join(segments)], Limits(), want_payloads=True)
    return split.statuses()[0], split.payload(0)


# --- Round trips -----------------------------------------------------------------------------------------------------


@cases(100)
@given(st.binary(max_size=600))
def test_what_was_encoded_decodes_to_itself_and_spells_as_the_standard_library_does(octets: bytes) -> None:
    text = base64url.encode(octets)
    assert text.encode("ascii") == reference(octets)
    assert base64url.decode(text) == octets
    assert base64url.decode(text.encode("ascii")) == octets


@cases(100)
@given(any_text)
def test_a_text_is_accepted_only_if_it_is_the_one_spelling_of_its_octets(text: bytes) -> None:
    try:
        octets = base64url.decode(text)
    except base64url.Fault:
        padded = text + b"=" * (-len(text) % 4)
        if not set(text) - set(ALPHABET) and len(text) % 4 != 1:
            assert reference(base64.urlsafe_b64decode(padded)) != text
    else:
        assert reference(octets) == text


def test_each_octet_string_of_one_or_two_has_exactly_one_spelling() -> None:
    """Of 64^2 and 64^3 texts, 256 and 65,536 are accepted, and no two spell the same."""
    pairs = {base64url.decode(bytes((a, b))) for a in ALPHABET for b in ALPHABET if b in b"AQgw"}
    assert len(pairs) == 256
    refused = [bytes((a, b)) for a in ALPHABET for b in ALPHABET if b not in b"AQgw"]
    assert all(base64url.fault_of(text) == "bits" for text in refused)
    last = b"AEIMQUYcgkosw048"
    assert (
        len({base64url.decode(bytes((a, b, c))) for a in ALPHABET for b in ALPHABET for c in last}) == 65_536
    )
    assert all(
        base64url.fault_of(bytes((a, 65, c))) == "bits" for a in ALPHABET for c in ALPHABET if c not in last
    )


@pytest.mark.parametrize("text", ["é", "AA\ud800A", "AAA\u0660", "\uff21" * 4, "AAA\u0000"])
def test_text_that_is_not_ascii_is_a_fault_and_no_unicode_error(text: str) -> None:
    with pytest.raises(base64url.Fault):
        base64url.decode(text)


def test_only_the_canonical_padding_is_taken_off() -> None:
    taken = {b"AA==": b"AA", b"AAA=": b"AAA", b"AAAAAA==": b"AAAAAA", b"AAAA": b"AAAA", b"": b""}
    kept = (b"AA=", b"AAAA=", b"A===", b"=", b"AAA==", b"AAAAA===", b"AA== ", b"AAAA====")
    assert {text: base64url.without_padding(text) for text in taken} == taken
    for text in kept:
        assert base64url.fault_of(base64url.without_padding(text)) == "alphabet"


# --- On every engine -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", engines.available())
@pytest.mark.parametrize("place", [0, 1, 2])
@cases(100)
@given(text=any_text)
def test_every_engine_finds_the_same_fault_in_a_segment(name: str, place: int, text: bytes) -> None:
    if not text or b"." in text:
        return
    with engines.use(name) as backend:
        status, payload = segment_status(backend, text, place)
    assert status == FAULTS[base64url.fault_of(text)]
    if place == 1 and status == FAULTS[None]:
        assert payload == base64url.decode(text)


@pytest.mark.parametrize("length", LENGTHS)
def test_a_foreign_byte_is_found_at_every_place_of_a_segment(engine: str, length: int) -> None:
    """Each place of each length around the widths of vectors, with foreign bytes taken in turn."""
    backend = engines.current()
    honest = bytes(ALPHABET[(7 * index + length) % 64] for index in range(length))
    spoiled = [
        honest[:place] + FOREIGN[(place + length) % len(FOREIGN) :][:1] + honest[place + 1 :]
        for place in range(length)
    ]
    tokens = [b"e30." + text + b".AAAA" for text in spoiled if b"." not in text]
    split = backend.split(tokens, Limits(), want_payloads=False)
    assert set(split.statuses()) == {Status.BAD_ALPHABET}


@pytest.mark.parametrize("length", [4, 12, 64, 65, 70, 128])
def test_each_foreign_byte_is_found_wherever_it_stands(engine: str, length: int) -> None:
    backend = engines.current()
    for foreign in FOREIGN.replace(b".", b""):
        for place in {0, length // 2, length - 1}:
            text = bytearray(b"A" * length)
            text[place] = foreign
            assert segment_status(backend, bytes(text))[0] == Status.BAD_ALPHABET, (foreign, place)


@pytest.mark.parametrize("length", LENGTHS)
def test_each_character_keeps_its_value_at_every_place(engine: str, length: int) -> None:
    backend = engines.current()
    whole = length + (length % 4 == 1)
    for shift in range(64):
        text = bytearray(ALPHABET[(index + shift) % 64] for index in range(whole))
        if whole % 4:
            text[-1] = ord("A")  # ends on unused bits, which are zero
        status, payload = segment_status(backend, bytes(text))
        assert status == FAULTS[None]
        assert payload == base64.urlsafe_b64decode(bytes(text) + b"=" * (-len(text) % 4))


@pytest.mark.parametrize("length", LENGTHS)
def test_unused_bits_must_be_zero_at_every_length(engine: str, length: int) -> None:
    backend = engines.current()
    for last in ALPHABET:
        text = b"A" * (length - 1) + bytes((last,))
        expected = FAULTS[base64url.fault_of(text)]
        assert segment_status(backend, text)[0] == expected


def test_every_engine_encodes_payloads_of_every_length_alike(engine: str) -> None:
    backend = engines.current()
    handle = backend.load_secret(bytes(32))
    payloads = [bytes((31 * index + length) % 256 for index in range(length)) for length in range(400)]
    signing = backend.sign(handle, b"e30.", payloads, 1)
    signing.wait()
    for payload, token in zip(payloads, signing.tokens(), strict=True):
        assert token.split(".")[1].encode("ascii") == reference(payload)


def test_neighbours_in_the_joined_text_never_reach_into_a_segment(engine: str) -> None:
    """A token's fault is its own, wherever the vectors of its neighbours end."""
    backend = engines.current()
    texts = [b"A" * length for length in range(1, 140)]
    tokens = [
        part
        for text in texts
        for part in (b"e30." + text + b".AAAA", b"e30.!" + text + b".AAAA", b"\xff\x00.=")
    ]
    statuses = backend.split(tokens, Limits(), want_payloads=True).statuses()
    assert list(statuses[0::3]) == [FAULTS[base64url.fault_of(text)] for text in texts]
    assert set(statuses[1::3]) == {Status.BAD_ALPHABET}
    assert set(statuses[2::3]) == {Status.BAD_SEGMENTS}


def test_padding_is_taken_where_it_is_allowed_and_the_received_bytes_are_verified(engine: str) -> None:
    key = fastjwt.HMACKey(bytes(range(32)))
    padded = [b"e30=.eyJhIjoxfQ==", b"e30=.eyJhIjoxMn0=", b"e30.eyJhIjoxfQ=="]
    backend = engines.current()
    handle = key._handle(backend)
    for signed in padded:
        tag = base64.urlsafe_b64encode(backend.sign_message(handle, signed))
        split = backend.split([signed + b"." + tag], Limits(allow_padding=True), want_payloads=True)
        assert split.statuses()[0] == FAULTS[None]
        job = backend.verify(split, [handle], bytes([Status.BAD_SIGNATURE]), 1)
        job.wait()
        assert split.statuses()[0] == Status.OK
        strict = backend.split([signed + b"." + tag], Limits(), want_payloads=True)
        assert strict.statuses()[0] == Status.BAD_ALPHABET
