"""The DER reader takes each value in its one spelling, and the writer writes that one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastjwt import der
from fastjwt.errors import InvalidKeyError


def reader(octets: bytes) -> der.Reader:
    return der.Reader(octets, "test value")


@given(st.integers(min_value=0, max_value=1 << 2100))
def test_integers_survive_a_round_trip(value: int) -> None:
    fields = reader(der.integer(value))
    assert fields.integer() == value
    fields.finish()


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (255, "020200ff"),
        (256, "02020100"),
        (65537, "0203010001"),
    ],
)
def test_integers_are_written_in_their_shortest_form(value: int, octets: str) -> None:
    assert der.integer(value).hex() == octets


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        ("0200", "shortest form"),
        ("02020001", "shortest form"),
        ("0202007f", "shortest form"),
        ("0202ff80", "shortest form"),
        ("0201ff", "negative"),
        ("020180", "negative"),
        ("0202ff7f", "negative"),
    ],
)
def test_integers_that_are_negative_or_too_long_are_refused(octets: str, complaint: str) -> None:
    with pytest.raises(InvalidKeyError, match=complaint):
        reader(bytes.fromhex(octets)).integer()


@pytest.mark.parametrize(
    ("octets", "value"), [("0201ff", -1), ("020180", -128), ("0202ff7f", -129), ("020101", 1)]
)
def test_a_signed_integer_may_be_negative_where_the_caller_says_so(octets: str, value: int) -> None:
    assert reader(bytes.fromhex(octets)).integer(signed=True) == value


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_lengths_of_all_sizes_survive_a_round_trip(length: int) -> None:
    contents = bytes(length)
    fields = reader(der.octet_string(contents))
    assert fields.octet_string() == contents
    fields.finish()


@pytest.mark.parametrize(
    "octets",
    [
        "0480",  # indefinite
        "04800000",
        "048101aa",  # long form for a short length
        "04817f" + "aa" * 127,
        "04820080" + "aa" * 128,  # a zero in front
        "04ff",
        "0484000000" + "01aa",
    ],
)
def test_lengths_in_any_other_form_are_refused(octets: str) -> None:
    with pytest.raises(InvalidKeyError, match="shortest definite form"):
        reader(bytes.fromhex(octets)).octet_string()


@pytest.mark.parametrize("octets", ["04", "0401", "0403aabb", "0481", "0481ff", "048201", "0484ffffffff"])
def test_values_that_end_early_are_refused(octets: str) -> None:
    with pytest.raises(InvalidKeyError):
        reader(bytes.fromhex(octets)).octet_string()


def test_another_type_than_the_expected_one_is_named() -> None:
    with pytest.raises(InvalidKeyError, match="test value: expected INTEGER, found OCTET STRING"):
        reader(der.octet_string(b"a")).integer()
    with pytest.raises(InvalidKeyError, match="expected SEQUENCE, found tag 0xa0"):
        reader(der.element(der.context(0), b"")).inside()
    with pytest.raises(InvalidKeyError, match="expected NULL, found nothing"):
        reader(b"").null()


def test_octets_after_the_last_element_are_refused() -> None:
    fields = reader(der.null() + b"\0\0")
    fields.null()
    with pytest.raises(InvalidKeyError, match="2 octets too many"):
        fields.finish()


def test_a_null_holds_nothing() -> None:
    with pytest.raises(InvalidKeyError, match="NULL"):
        reader(bytes.fromhex("050100")).null()


@pytest.mark.parametrize("octets", ["0300", "030101", "03020780"])
def test_a_bit_string_is_of_whole_octets(octets: str) -> None:
    with pytest.raises(InvalidKeyError, match="whole octets"):
        reader(bytes.fromhex(octets)).bit_string()


def test_bit_strings_survive_a_round_trip() -> None:
    assert reader(der.bit_string(b"abc")).bit_string() == b"abc"


@pytest.mark.parametrize(
    ("dotted", "octets"),
    [
        ("1.2.840.113549.1.1.1", "06092a864886f70d010101"),
        ("1.3.101.112", "06032b6570"),
        ("2.16.840.1.101.3.4.1.42", "060960864801650304012a"),
        ("2.999.3", "0603883703"),  # X.690 section 8.19.5
        ("0.0", "060100"),
        ("1.2.16384.128", "06062a8180008100"),
        (f"2.25.{(1 << 128) - 1}", "0614" + "6983" + "ff" * 17 + "7f"),  # the largest UUID, ITU-T X.667
    ],
)
def test_object_identifiers_are_read_and_written(dotted: str, octets: str) -> None:
    assert reader(bytes.fromhex(octets)).object_identifier() == dotted
    assert der.object_identifier(dotted).hex() == octets


@pytest.mark.parametrize(
    "octets", ["0600", "06028001", "06022a86", "06032a8001", "060180", "06282a" + "ff" * 38 + "7f"]
)
def test_malformed_object_identifiers_are_refused(octets: str) -> None:
    with pytest.raises(InvalidKeyError, match="OBJECT IDENTIFIER"):
        reader(bytes.fromhex(octets)).object_identifier()


def test_tag_numbers_above_thirty_are_refused() -> None:
    with pytest.raises(InvalidKeyError, match="tag number"):
        reader(bytes.fromhex("1f2001aa")).any_element()


def test_skipping_looks_at_all_levels() -> None:
    good = der.sequence((der.sequence((der.null(), der.octet_string(b"\x30\x05"))),))
    fields = reader(good)
    fields.skip(der.SEQUENCE)
    fields.finish()
    with pytest.raises(InvalidKeyError, match="ends too early"):
        reader(der.sequence((der.element(der.SEQUENCE, b"\x05\x01"),))).skip()


def test_deep_nesting_is_refused_without_recursing_into_it() -> None:
    octets = b""
    for _ in range(2000):
        octets = der.element(der.SEQUENCE, octets)
    with pytest.raises(InvalidKeyError, match="nested deeper than 32"):
        reader(octets).skip()


@given(st.binary(max_size=64))
def test_any_octets_at_all_are_read_or_refused(octets: bytes) -> None:
    fields = reader(octets)
    with contextlib.suppress(InvalidKeyError):
        while fields.next_tag() is not None:
            fields.skip()


def test_a_number_of_any_size_can_be_named() -> None:
    """Python refuses to print one of more than 4,300 digits."""
    assert der.shown(7) == "7"
    assert der.shown(-1) == "-1"
    assert der.shown(1 << 15_000) == "of 15001 bits"
