"""PEM: what RFC 7468 lets stand around a block is accepted, a damaged block never is."""

from __future__ import annotations

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastjwt import pem
from fastjwt.errors import InvalidKeyError

CONTENT = bytes(range(200))
BODY = base64.encodebytes(CONTENT).replace(b"\n", b"").decode()


def block(width: int = 64, begin: str = "PUBLIC KEY", end: str = "PUBLIC KEY", line_end: str = "\n") -> str:
    lines = [BODY[start : start + width] for start in range(0, len(BODY), width)]
    return line_end.join([f"-----BEGIN {begin}-----", *lines, f"-----END {end}-----", ""])


@given(st.binary(min_size=1, max_size=300))
def test_written_blocks_are_read_again(octets: bytes) -> None:
    text = pem.write("PUBLIC KEY", octets)
    assert max(map(len, text.splitlines())) <= 64
    assert pem.read(text.encode()) == ("PUBLIC KEY", octets)


@pytest.mark.parametrize(
    "text",
    [
        block(),
        block(line_end="\r\n"),
        block().rstrip("\n"),
        block(line_end="\r\n").rstrip("\r\n"),
        "Bag Attributes\n    friendlyName: key, with Gr\u00fc\u00dfen\n\n" + block(),
        block() + "\nNotes after the key, -- dashes and all --\n",
        block(width=70),  # as ssh-keygen writes
        block(width=76),  # as MIME encoders write
    ],
    ids=[
        "plain",
        "crlf",
        "no last newline",
        "crlf, no last newline",
        "text before",
        "text after",
        "70",
        "76",
    ],
)
def test_what_may_stand_around_a_block_is_accepted(text: str) -> None:
    assert pem.read(text.encode()) == ("PUBLIC KEY", CONTENT)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no PEM block"),
        (BODY, "no PEM block"),
        ("-----END PUBLIC KEY-----\n", "no PEM block"),
        (block() + block(), "more than one"),
        (block() + block(begin="CERTIFICATE", end="CERTIFICATE"), "more than one"),
        (block() + "-----END PUBLIC KEY-----\n", "more than one"),
        (block() + "-----BEGIN PUBLIC KEY-----\n", "more than one"),
        (block(end="RSA PUBLIC KEY"), "something else ends"),
        (block().replace("-----END PUBLIC KEY-----\n", ""), "line of their own"),
        (block().replace("-----END PUBLIC KEY-----", "----END PUBLIC KEY-----"), "line of their own"),
        (block().replace("\n", "\\n"), "line of their own"),
        (block().replace("\n", " "), "line of their own"),
        (block().replace("\n", "\r"), "line of their own"),
        ("  " + block(), "line of their own"),
        ("\ufeff" + block(), "line of their own"),
        (block().replace("\n", "\n  "), "line of their own"),
        (block().replace("-----END", " -----END"), "line of their own"),
        (block().replace("PUBLIC KEY-----\n", "PUBLIC KEY----- \n"), "line of their own"),
        (block().replace("PUBLIC", "public"), "line of their own"),
        (block(width=1000), "more than 76"),
        (block(width=80), "more than 76"),
        (block().replace(BODY[64:65], "", 1), "different lengths"),
        (block().replace(BODY[:64] + "\n", BODY[:64] + "\n\n"), "different lengths"),
        (block().replace("KEY-----\n", "KEY-----\n\n", 1), "different lengths"),
        (block().replace(BODY[:64], BODY[:60] + "\n" + BODY[60:64]), "different lengths"),
        (block().replace(BODY[:64], "    " + BODY[:64]), "different lengths"),
        (block().replace(BODY[:64], BODY[:4] + "\n" + BODY[4:64]), "different lengths"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n" + BODY + "\n-----END PUBLIC KEY-----\n", "different lengths"),
        (block().replace("\n-----END", "\n\n-----END"), "different lengths"),
        (block().replace(BODY[:64], BODY[:64] + " "), "different lengths"),
        (block().replace(BODY[:4], "AA!A"), "not base64"),
        (block().replace(BODY[:4], "AA-_"), "not base64"),
        (block().replace(BODY[:4], "A\u00e9A"), "not base64"),
        (block().replace(BODY[:4], "AA=="), "not base64"),
        (block().replace(BODY[-4:], BODY[-4:-1]), "not base64"),
        (block().replace(BODY[-4:], "x=\nx"), "different lengths"),
        ("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "nothing between"),
        ("-----BEGIN PUBLIC KEY-----\nAAAB\n====\n-----END PUBLIC KEY-----\n", "not base64"),
        ("-----BEGIN PUBLIC KEY-----\nAAB=\n-----END PUBLIC KEY-----\n", "not base64"),
        (
            "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n\n" + BODY + "\n-----END PUBLIC KEY-----\n",
            "old way",
        ),
        (
            "-----BEGIN PUBLIC KEY-----\nDEK-Info: AES-256-CBC,AA\n\n"
            + BODY
            + "\n-----END PUBLIC KEY-----\n",
            "old way",
        ),
    ],
)
def test_damaged_blocks_are_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidKeyError, match=complaint):
        pem.read(text.encode())


def test_unused_bits_of_the_last_character_are_zero() -> None:
    """`AB==` and `AA==` would both be one zero octet; only the second is its spelling."""
    assert pem.decode_base64(b"AA==", "PEM") == b"\0"
    with pytest.raises(InvalidKeyError, match="malformed PEM: not base64"):
        pem.decode_base64(b"AB==", "PEM")


def test_no_text_at_all_is_no_base64() -> None:
    with pytest.raises(InvalidKeyError, match="not base64"):
        pem.decode_base64(b"", "PEM")


def test_blocks_are_written_in_64_columns() -> None:
    """RFC 7468 section 2."""
    widths = [len(line) for line in pem.write("PUBLIC KEY", bytes(100)).splitlines()[1:-1]]
    assert widths == [64, 64, 8]


def test_key_texts_above_64_kib_are_refused_unread() -> None:
    assert len(pem.octets_of("a" * 65_536)) == 65_536
    for text in ("a" * 65_537, b"a" * 65_537, "\u00e9" * 40_000, "a" * 10_000_000):
        with pytest.raises(InvalidKeyError, match="64 KiB"):
            pem.octets_of(text)


def test_lone_surrogates_become_octets_that_no_format_knows() -> None:
    with pytest.raises(InvalidKeyError):
        pem.read(pem.octets_of(block().replace(BODY[:4], "A\ud800AA")))


@pytest.mark.parametrize("value", [None, 1, bytearray(b"a"), memoryview(b"a"), ["a"]])
def test_other_python_types_are_wrong_use(value: object) -> None:
    with pytest.raises(TypeError, match="must be str or bytes"):
        pem.octets_of(value)  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_any_octets_at_all_are_read_or_refused(octets: bytes) -> None:
    for text in (octets, b"-----BEGIN PUBLIC KEY-----\n" + octets + b"\n-----END PUBLIC KEY-----\n"):
        with contextlib.suppress(InvalidKeyError):
            pem.read(text)
