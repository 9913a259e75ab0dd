"""OpenSSH keys: the public line and the unencrypted private file are read, everything beside them is refused."""

from __future__ import annotations

import base64
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from rsa_material import key, numbers, private_file, public_file

from fastjwt import openssh, pem
from fastjwt.errors import InvalidKeyError
from fastjwt.rsa_numbers import Limits

ITS = numbers(key())
LINE = public_file(key(), PublicFormat.OpenSSH, Encoding.OpenSSH)
PRIVATE = pem.read(private_file(key(), PrivateFormat.OpenSSH)).octets


def string(octets: bytes) -> bytes:
    return struct.pack(">I", len(octets)) + octets


def mpint(value: int) -> bytes:
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big") if value else b"")


def blob(n: int = ITS.n, e: int = ITS.e, name: bytes = b"ssh-rsa") -> bytes:
    return string(name) + mpint(e) + mpint(n)


def section(
    *,
    check: bytes = b"abcdabcd",
    name: bytes = b"ssh-rsa",
    comment: bytes = b"me",
    padding: bytes | None = None,
    **changed: int,
) -> bytes:
    its = {**ITS._asdict(), **changed}
    contents = (
        check
        + string(name)
        + b"".join(mpint(its[n]) for n in ("n", "e", "d", "qi", "p", "q"))
        + string(comment)
    )
    return contents + (bytes(range(1, 8))[: -len(contents) % 8] if padding is None else padding)


def file(
    inside: bytes,
    *,
    magic: bytes = b"openssh-key-v1\0",
    cipher: bytes = b"none",
    derivation: bytes = b"none",
    options: bytes = b"",
    count: int = 1,
    public: bytes | None = None,
    surplus: bytes = b"",
) -> bytes:
    head = magic + string(cipher) + string(derivation) + string(options) + struct.pack(">I", count)
    return head + string(blob() if public is None else public) + string(inside) + surplus


def line(octets: bytes, name: str = "ssh-rsa") -> bytes:
    return f"{name} {base64.b64encode(octets).decode()}".encode()


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b" me@host", b" two words\n", b" caf\xc3\xa9\n", b" "])
def test_public_lines_are_read_with_and_without_a_comment(end: bytes) -> None:
    assert openssh.is_public_line(LINE + end)
    assert openssh.read_public_line(LINE + end) == ITS.public


@pytest.mark.parametrize(
    "text",
    [
        LINE + b"\n" + LINE,
        LINE + b"\n\n",
        LINE + b" me@host\n" + LINE,
        LINE + b" me@host\n" + LINE + b" me@host\n",
        LINE[:-4],
        LINE[:-1] + b"!",
        b"ssh-rsa",
        b"ssh-rsa ",
        b"ssh-rsa  " + LINE.split()[1],
        b"ssh-rsa\t" + LINE.split()[1],
        line(blob() + b"\0"),
        line(blob(), "ssh-dss"),
        line(blob(name=b"ssh-dss")),
        line(string(b"ssh-rsa") + string(b"\x80") + mpint(ITS.n)),
        line(string(b"ssh-rsa") + string(b"\0\x01\0\x01") + mpint(ITS.n)),
        line(string(b"ssh-rsa") + string(b"\0") + mpint(ITS.n)),
        line(string(b"ssh-rsa") + mpint(ITS.e)),
        line(b""),
        line(b"\xff\xff\xff\xff"),
        public_file(ed25519.Ed25519PrivateKey.generate(), PublicFormat.OpenSSH, Encoding.OpenSSH),
        public_file(ec.generate_private_key(ec.SECP256R1()), PublicFormat.OpenSSH, Encoding.OpenSSH),
    ],
)
def test_other_public_lines_are_refused(text: bytes) -> None:
    assert openssh.is_public_line(text)
    with pytest.raises(InvalidKeyError):
        openssh.read_public_line(text)


def test_integers_whose_first_bit_is_set_have_a_zero_in_front() -> None:
    for e in (127, 128, 255, 256, 0x8000):
        assert openssh.read_public_line(line(blob(e=e))).e == e


def test_the_padding_counts_up_from_one_and_is_as_short_as_can_be() -> None:
    for comment_length in range(8):
        unpadded = section(comment=b"c" * comment_length, padding=b"")
        needed = -len(unpadded) % 8
        assert openssh.read_private(file(unpadded + bytes(range(1, needed + 1))), Limits()) == ITS
        for padding in (bytes(needed), bytes(range(2, needed + 2)), bytes(range(1, needed + 9))):
            if padding:
                with pytest.raises(InvalidKeyError, match="padding"):
                    openssh.read_private(file(unpadded + padding), Limits())


def test_private_files_are_read() -> None:
    assert openssh.read_private(PRIVATE, Limits()) == ITS
    assert openssh.read_private(file(section()), Limits()) == ITS


def test_a_private_exponent_of_either_kind_gives_the_same_reduced_ones() -> None:
    found = openssh.read_private(file(section(d=ITS.d)), Limits())
    assert (found.dp, found.dq) == (ITS.dp, ITS.dq)


@pytest.mark.parametrize(
    ("octets", "complaint"),
    [
        (file(section(), magic=b"openssh-key-v2\0"), "openssh-key-v1"),
        (b"", "openssh-key-v1"),
        (b"openssh", "openssh-key-v1"),
        (file(section(), cipher=b"aes256-ctr"), "encrypted; convert it"),
        (file(section(), derivation=b"bcrypt"), "encrypted; convert it"),
        (file(section(), options=b"x"), "encrypted; convert it"),
        (file(section(), count=0), "than one"),
        (file(section(), count=2), "than one"),
        (file(section(), surplus=b"\0"), "left over"),
        (file(section(), public=blob(n=ITS.n + 2)), "another private key"),
        (file(section(), public=blob(e=3)), "another private key"),
        (file(section(), public=blob(name=b"ssh-dss")), "expected an RSA key"),
        (file(section(check=b"abcdabce")), "check integers"),
        (file(section(name=b"ssh-ed25519")), "expected an RSA key"),
        (file(section(padding=b"\0" * 4)), "padding|blocks"),
        (file(section() + bytes(range(1, 9))), "padding"),
        (file(section() + b"\1"), "whole blocks"),
        (file(section(qi=ITS.qi + 1)), "inverse"),
        (file(section(p=ITS.q)), "common factor"),
        (file(section(p=1)), "outside its range"),
        (file(section(q=0)), "outside its range"),
        (file(section(p=1 << 100_000)), "outside its range"),
        (file(section(n=1 << 100_000)), "bits"),
        (file(section(d=0)), "outside its range"),
    ],
)
def test_other_private_files_are_refused(octets: bytes, complaint: str) -> None:
    with pytest.raises(InvalidKeyError, match=complaint):
        openssh.read_private(octets, Limits())


def test_every_truncation_is_refused() -> None:
    for length in range(len(PRIVATE)):
        with pytest.raises(InvalidKeyError):
            openssh.read_private(PRIVATE[:length], Limits())


def test_keys_of_ssh_keygen_are_read(need: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(
        [need("ssh-keygen"), "-q", "-t", "rsa", "-b", "3072", "-N", "", "-C", "a b", "-f", path], check=True
    )
    private = openssh.read_private(pem.read(path.read_bytes()).octets, Limits())
    assert private.n.bit_length() == 3072
    assert openssh.read_public_line(path.with_suffix(".pub").read_bytes()) == private.public


def test_encrypted_keys_of_ssh_keygen_are_refused_with_the_way_out(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    path = tmp_path / "key"
    subprocess.run(
        [need("ssh-keygen"), "-q", "-t", "rsa", "-b", "2048", "-N", "secret", "-f", path], check=True
    )
    with pytest.raises(InvalidKeyError, match="ssh-keygen -p -m PKCS8"):
        openssh.read_private(pem.read(path.read_bytes()).octets, Limits())
