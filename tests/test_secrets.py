"""Secrets: nothing shows a key, and after its last holder is gone none of it is left in memory."""

from __future__ import annotations

import base64
import copy
import gc
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import child
import pytest
import tokens
from tokens import NOW, SECRET

import fastjwt
from fastjwt import HMACKey, JWKSet, RSAPrivateKey, Signer, Verifier, engines
from fastjwt.rsa_numbers import PrivateNumbers

LEAST_SHOWN = 12  # characters or octets of a secret in a row that must not be seen anywhere


# --- What objects show -----------------------------------------------------------------------------------------------


def spellings(secret: bytes) -> Iterator[str]:
    """Yield the ways in which a text might show these octets."""
    yield secret.hex()
    yield str(int.from_bytes(secret, "big"))
    yield str(int.from_bytes(secret, "little"))
    yield base64.b64encode(secret).decode()
    yield base64.urlsafe_b64encode(secret).decode()
    yield repr(secret)[2:-1]
    yield ":".join(f"{octet:02x}" for octet in secret)
    yield secret.decode("latin-1")


def shows(text: str, secret: bytes) -> bool:
    """Return whether the text holds any piece of a spelling of the secret."""
    lowered = text.lower()
    for spelling in spellings(secret):
        pieces = (spelling[at : at + LEAST_SHOWN] for at in range(len(spelling) - LEAST_SHOWN))
        if any(piece.lower() in lowered for piece in pieces):
            return True
    return False


def octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def secrets_of(key: RSAPrivateKey) -> list[bytes]:
    """Return d, p, q, dp, dq and qi, from the JWK that the key exports."""
    jwk = key.to_jwk()
    return [tokens.unb64u(jwk[name]) for name in ("d", "p", "q", "dp", "dq", "qi")]


def test_the_search_finds_a_secret_that_is_shown() -> None:
    assert all(shows(f"x {spelling} y", SECRET) for spelling in spellings(SECRET))
    assert shows(f"n={int.from_bytes(SECRET, 'big')}"[10:60], SECRET)
    assert not shows("<HMACKey 256 bits>" * 100, SECRET)


def all_views(thing: Any) -> str:
    """Return everything that an object tells of itself without being asked for its secrets."""
    asked = ("_", "to_", "from_", "generate", "thumbprint")
    views = [repr(thing), str(thing), f"{thing}", f"{thing!a}", repr([thing]), repr({"k": thing})]
    views += [repr(getattr(thing, name)) for name in dir(thing) if not name.startswith(asked)]
    views += [repr(vars(thing)) if hasattr(thing, "__dict__") else ""]
    slots = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
    views += [repr(getattr(thing, slot, None)) for slot in slots]
    return "\n".join(views)


def test_no_object_shows_a_private_key(engine: str) -> None:
    key = RSAPrivateKey.generate(kid="me")
    signer = Signer(key, issuer="i", ttl=60)
    handle = key._handle(engines.current())
    for text in (
        *map(all_views, (key, key.public_key(), signer, signer.sign_batch)),
        repr(handle),
        str([handle]),
    ):
        assert not any(shows(text, secret) for secret in secrets_of(key)), text


def test_no_object_shows_a_shared_secret(engine: str) -> None:
    key = HMACKey(SECRET, kid="me")
    signer = Signer(key)
    verifier = Verifier(key, require=())
    keys = JWKSet.from_dict({"keys": [tokens.secret_jwk(kid="me")]}, allow_secret_members=True)
    complete = verifier.verify_complete(signer.sign({"n": 1}))
    handle = key._handle(engines.current())
    things = (key, signer, verifier, keys, keys.keys, complete, Verifier(keys))
    for text in (*map(all_views, things), repr(handle), str([handle])):
        assert not shows(text, SECRET), text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_holds_a_secret_cannot_be_pickled(
    engine: str, private_key: RSAPrivateKey, protocol: int
) -> None:
    keys = JWKSet.from_dict({"keys": [tokens.secret_jwk(kid="me")]}, allow_secret_members=True)
    holders = [private_key, HMACKey(SECRET), Signer(private_key), Signer(HMACKey(SECRET)), keys]
    for holder in (*holders, Verifier(HMACKey(SECRET)), HMACKey(SECRET)._handle(engines.current())):
        with pytest.raises((TypeError, pickle.PicklingError)):
            pickle.dumps({"deep": [holder]}, protocol)
    for holder in holders:
        with pytest.raises(TypeError):
            pickle.dumps(holder, protocol)


def test_copies_of_a_key_are_the_key_itself_and_nothing_is_doubled(engine: str) -> None:
    for key in (RSAPrivateKey.generate(), HMACKey(SECRET), Signer(HMACKey(SECRET))):
        assert copy.copy(key) is key
        assert copy.deepcopy(key) is key
        assert copy.deepcopy({"k": [key]})["k"][0] is key


def unfit(thing: Any) -> Any:
    """Return a thing of a type that does not fit, which type checkers would notice."""
    return thing


def test_no_error_shows_a_key(engine: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong with a key in hand: neither message, repr nor the logged traceback tells of it."""
    key = RSAPrivateKey.generate()
    jwk: dict[str, Any] = dict(key.to_jwk())
    broken = {**jwk, "dp": jwk["dq"]}
    pem = key.to_pem()
    hostile: list[Any] = [
        lambda: RSAPrivateKey.from_jwk(broken),
        lambda: RSAPrivateKey.from_jwk(json.dumps(broken)),
        lambda: RSAPrivateKey.from_jwk({**jwk, "alg": "PS256"}),
        lambda: RSAPrivateKey.from_pem(pem[:-100]),
        lambda: RSAPrivateKey.from_pem(pem.replace("A", "B")),
        lambda: RSAPrivateKey.from_pem(key.to_pem("secret"), "wrong"),
        lambda: RSAPrivateKey.from_der(key.to_der() + b"\x00"),
        lambda: RSAPrivateKey.from_jwk({**jwk, "d": jwk["d"][:-2] + "AA"}),
        lambda: fastjwt.RSAPublicKey.from_pem(pem),
        lambda: fastjwt.RSAPublicKey.from_jwk(jwk),
        lambda: HMACKey(pem.encode()),
        lambda: HMACKey(SECRET[:31]),
        lambda: HMACKey.from_jwk({"kty": "oct", "k": tokens.b64u(SECRET), "alg": "HS512"}),
        lambda: Verifier(unfit(key)),
        lambda: Signer(unfit(pem)),
        lambda: Signer(key, kid=pem),
        lambda: Signer(key, headers={"jwk": jwk, "alg": "x"}),
        lambda: pickle.dumps(key),
        lambda: unfit(key).n,
        lambda: setattr(key, "d", 1),
        lambda: unfit(key) + 1,
    ]
    kinds = (fastjwt.InvalidKeyError, TypeError, ValueError, AttributeError)
    for attempt in hostile:
        with pytest.raises(kinds) as caught:
            attempt()
        logging.getLogger("application").error("failed", exc_info=caught.value)
        text = f"{caught.value} {caught.value!r} {caught.value.args!r}"
        text += "".join(traceback.format_exception(caught.value))
        assert not any(shows(text, secret) for secret in (*secrets_of(key), SECRET)), text
    assert caplog.text
    assert not any(shows(caplog.text, secret) for secret in secrets_of(key))
    skipped = JWKSet.from_dict({"keys": [jwk, tokens.secret_jwk(), broken]})
    assert len(skipped.skipped) == 3
    assert not any(shows(all_views(skipped), secret) for secret in (*secrets_of(key), SECRET))


def test_a_complete_and_an_unverified_token_show_neither_header_nor_claims(engine: str) -> None:
    """They are tuples of what they hold all the same."""
    key = HMACKey(SECRET, kid="me")
    token = Signer(key, headers={"x": "the-header-0815"}).sign({"sub": "3f1c9a-the-customer"})
    complete = Verifier(key, require=()).verify_complete(token)
    unverified = fastjwt.decode_unverified(token)
    for shown in (complete, unverified):
        text = f"{shown} {shown!r} {shown!s} {[shown]} {shown!a}"
        assert "customer" not in text
        assert "0815" not in text
        assert type(shown).__name__ in repr(shown)
        assert shown.claims == {"sub": "3f1c9a-the-customer"}
        assert shown.header["x"] == "the-header-0815"
        assert isinstance(shown, tuple)
    header, claims, by = complete
    assert (header, claims, by) == complete
    assert by is key
    assert complete._fields == ("header", "claims", "key")
    assert repr(key) in repr(complete)
    assert unverified == (header, claims)
    assert pickle.loads(pickle.dumps(unverified)) == unverified


def held_by(error: BaseException) -> str:
    """Return all that an error, and those in whose handling it was raised, hold in their attributes."""
    held: list[str] = []
    todo: list[BaseException | None] = [error]
    seen: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        todo += [one.__context__, one.__cause__]
        attributes = [name for name in dir(one) if name not in ("__traceback__", "__context__", "__cause__")]
        held += [repr(getattr(one, name, None)) for name in attributes]
        held += [repr(one), str(one)]
    return "\n".join(held)


CANARY = "the-customer-4711"


def _bad_payloads() -> dict[str, bytes]:
    filler = b'"sub":"%s"' % CANARY.encode()
    return {
        "cut off": b"{" + filler,
        "not UTF-8": b"{" + filler + b',"x":"\xff"}',
        "surrogate": b"{" + filler + b',"x":"\\ud800"}',
        "twice": b"{" + filler + b"," + filler + b"}",
        "NaN": b"{" + filler + b',"x":NaN}',
        "too large": b"{" + filler + b',"x":1e999}',
        "too many digits": b"{" + filler + b',"x":' + b"1" * 400 + b"}",
        "deep": b"{" + filler + b',"x":' + b"[" * 99 + b"]" * 99 + b"}",
        "list": b"[{" + filler + b"}]",
        "string": b'"' + CANARY.encode() + b'"',
    }


@pytest.mark.parametrize("payload", _bad_payloads().values(), ids=_bad_payloads().keys())
def test_no_error_holds_a_token_or_its_claims_in_its_chain(
    engine: str, json_reader: str, payload: bytes
) -> None:
    """Neither `__context__` nor `__cause__`: reporters of errors send all of the chain to places of their own."""
    key = HMACKey(SECRET)
    verifier = Verifier(key, require=())
    as_payload = tokens.token(tokens.HS256, payload, SECRET)
    as_header = f"{tokens.b64u(payload)}.e30.AAAA"
    errors: list[BaseException] = []
    for token in (as_payload, as_header, f"{as_payload}\u00e9", CANARY, CANARY + "\ud800"):
        for call in (verifier.verify, verifier.verify_complete, fastjwt.decode_unverified):
            with pytest.raises(fastjwt.DecodeError) as caught:
                call(token)
            errors.append(caught.value)
        errors += verifier.verify_batch([token]).errors.values()
    signer = Signer(key)
    for minting in (lambda: signer.sign(payload), lambda: signer.sign_batch([payload])):
        with pytest.raises(ValueError, match="claims") as refused:
            minting()
        errors.append(refused.value)
    for loading in (
        lambda: RSAPrivateKey.from_jwk(payload),
        lambda: HMACKey.from_jwk(payload.decode("latin-1")),
        lambda: JWKSet.from_json(payload),
    ):
        with pytest.raises((fastjwt.InvalidKeyError, fastjwt.JWKSError)) as unusable:
            loading()
        errors.append(unusable.value)
    assert len(errors) == 25
    for error in errors:
        held = held_by(error)
        assert CANARY not in held
        assert tokens.b64u(CANARY.encode())[4:-4] not in held


def test_no_error_of_minting_holds_claims_in_its_chain(engine: str, json_reader: str) -> None:
    signer = Signer(HMACKey(SECRET))
    bad: list[Any] = ["\ud800", 10**400, float("nan"), {1}, {1: 2}, b"x", float("inf")]
    for value in [*bad, *([1.5, value] for value in bad)]:
        claims = {"sub": CANARY, "x": value}
        for minting in (
            signer.sign,
            lambda one: signer.sign_batch([one]),
            lambda one: list(signer.sign_stream([one])),
        ):
            with pytest.raises((TypeError, ValueError)) as caught:
                minting(claims)
            assert CANARY not in held_by(caught.value)


def test_no_error_holds_a_password_or_a_secret_in_its_chain() -> None:
    key = RSAPrivateKey.generate()
    encrypted = key.to_pem("other")
    for attempt in (
        lambda: RSAPrivateKey.from_pem(encrypted, CANARY + "\ud800"),
        lambda: key.to_pem(CANARY + "\ud800"),
        lambda: HMACKey.from_jwk({"kty": "oct", "k": CANARY + "\u00e9"}),
    ):
        with pytest.raises((fastjwt.InvalidKeyError, ValueError)) as caught:
            attempt()
        assert CANARY not in held_by(caught.value)


def test_nothing_is_logged_or_printed_by_itself(
    engine: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        key = RSAPrivateKey.generate()
        verifier = Verifier(key.public_key(), require=())
        verifier.verify_batch([*Signer(key).sign_batch([{}] * 9), "x", ""])
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_results_and_refusals_show_neither_token_nor_claims(engine: str) -> None:
    claims = {"sub": "3f1c9a-the-customer", "exp": NOW - 1}
    expired = tokens.token(None, claims)
    good = tokens.token(None, {**claims, "exp": NOW + 1})
    batch = Verifier(tokens.public()).verify_batch([good, expired, good[:-9] + "AAAAAAAAA"], now=NOW)
    text = "".join(
        map(repr, (batch, list(batch), batch.valid, batch.invalid, batch.errors, *batch.errors.values()))
    )
    assert "customer" not in text
    for token in (good, expired):
        assert not any(token[at : at + LEAST_SHOWN] in text for at in range(len(token) - LEAST_SHOWN))


# --- What stays in memory --------------------------------------------------------------------------------------------

native = pytest.mark.skipif(
    "openssl" not in engines.available(), reason="the native extension cannot run here"
)
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="reads another process's memory through Linux's /proc"
)

# Makes a key in C alone, so that no copy of it is in Python's objects, and waits for orders.  What its parent has to
# look for goes down a pipe from a buffer that is wiped at once.
HOLDER = """
    import gc, os, sys
    from fastjwt import engines
    from fastjwt._native import ffi, lib

    engine = {"openssl": lib.FJ_ENGINE_OPENSSL, "avx512ifma": lib.FJ_ENGINE_IFMA}[os.environ["FASTJWT_ENGINE"]]
    backend = engines.current()
    status = ffi.new("int *")
    room = ffi.new("uint8_t[]", 4096)

    def wait():
        sys.stdin.readline()

    def tell(text):
        print(text, flush=True)

    def send(key, part):
        length = lib.fj_key_export(key, room, part)
        os.write(int(sys.argv[1]), ffi.buffer(room, length))
        ffi.memmove(room, bytes(length), length)

    def new_rsa():
        generated = lib.fj_key_generate(status, 2048)
        lengths = [lib.fj_key_export(generated, ffi.NULL, part) for part in range(lib.FJ_PART_QI + 1)]
        parts = ffi.new("struct fj_octets[]", len(lengths))
        copies = [ffi.new("uint8_t[]", length) for length in lengths]
        for part, copy in enumerate(copies):
            lib.fj_key_export(generated, copy, part)
            parts[part].data, parts[part].len = copy, lengths[part]
        lib.fj_key_release(generated)
        if sys.argv[2] == "refused":
            copies[lib.FJ_PART_DP][100] ^= 1
            copies[lib.FJ_PART_DQ][100] ^= 1
        key = lib.fj_key_private(status, parts, engine)
        if key == ffi.NULL:
            for part in range(lib.FJ_PART_D, lib.FJ_PART_QI + 1):
                os.write(int(sys.argv[1]), ffi.buffer(copies[part]))
        for copy, length in zip(copies, lengths):
            ffi.memmove(copy, bytes(length), length)
        return key

    def new_secret():
        octets = ffi.new("struct fj_octets *")
        with open("/dev/urandom", "rb", buffering=0) as source:
            source.readinto(ffi.buffer(room, 32))
        octets.data, octets.len = room, 32
        key = lib.fj_key_secret(status, octets[0])
        ffi.memmove(room, bytes(32), 32)
        return key

    key = new_secret() if sys.argv[2] == "secret" else new_rsa()
    if key != ffi.NULL:
        handle = ffi.gc(key, lib.fj_key_release)
        for count in (1, 3, 9):
            backend.sign(handle, b"e30.", [b"{}"] * count, 3).wait()
        for part in [lib.FJ_PART_SECRET] if sys.argv[2] == "secret" else range(lib.FJ_PART_D, lib.FJ_PART_QI + 1):
            send(handle, part)
    os.close(int(sys.argv[1]))
    tell("held")
    wait()
    if key != ffi.NULL:
        ffi.release(handle)
    gc.collect()
    tell("released")
    wait()
"""


def writable_memory(pid: int) -> Iterator[bytes]:
    """Yield the contents of each region that the process may write to."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines():
            bounds, rights = line.split()[:2]
            if rights.startswith("rw") and "[vvar" not in line:
                start, end = (int(bound, 16) for bound in bounds.split("-"))
                memory.seek(start)
                try:
                    yield memory.read(end - start)
                except OSError:
                    continue  # a guard page, or a device


def found(pid: int, secret: bytes) -> int:
    """Return how often any piece of the secret is found in a process, in either order of its octets."""
    pieces = []
    for order in (secret, secret[::-1]):
        pieces += [order[at : at + LEAST_SHOWN] for at in range(0, len(order) - LEAST_SHOWN + 1, LEAST_SHOWN)]
    pattern = re.compile(b"|".join(map(re.escape, pieces)), re.DOTALL)
    return sum(len(pattern.findall(region)) for region in writable_memory(pid))


@native
@linux
@pytest.mark.parametrize("what", ["private", "secret", "refused"])
@pytest.mark.parametrize("name", [name for name in engines.available() if name != "pure"])
def test_no_octet_of_a_key_is_left_in_memory_when_its_last_holder_is_gone(name: str, what: str) -> None:
    """Looked for by another process, in the whole memory of this one: C heap, secret pages, stacks of all threads."""
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLDER), str(writer), what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child.environment(FASTJWT_ENGINE=name),
        pass_fds=[writer],
    )
    os.close(writer)
    with process, os.fdopen(reader, "rb") as pipe:
        assert process.stdin
        assert process.stdout
        octets_sent = pipe.read()
        assert process.stdout.readline() == b"held\n"
        size = 32 if what == "secret" else 128
        secrets = [octets_sent[at : at + size] for at in range(0, len(octets_sent), size)]
        assert len(secrets) == (1 if what == "secret" else 7)  # d has the length of two
        if what != "refused":
            assert all(found(process.pid, secret) for secret in secrets), (
                "the search does not find what is there"
            )
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"released\n"
        left = [found(process.pid, secret) for secret in secrets]
        process.stdin.write(b"\n")
    assert not any(left), left


@native
@linux
def test_a_keys_own_pages_stay_out_of_core_files(private_key: RSAPrivateKey) -> None:
    """The flag dd in /proc/self/smaps says that a dump leaves a region out (madvise MADV_DONTDUMP)."""

    def kept_out() -> int:
        total = size = 0
        for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
            if line.startswith("Size:"):
                size = int(line.split()[1]) * 1024
            elif line.startswith("VmFlags:") and " dd" in line:
                total += size
        return total

    der = private_key.to_der()
    for name in engines.available():
        if name == "pure":
            continue
        with engines.use(name):
            gc.collect()  # keys of earlier tests, so that none of them goes in between
            before = kept_out()
            keys: list[Any] = [RSAPrivateKey.from_der(der) for _ in range(5)]
            keys += [HMACKey(bytes(range(32, 64 + number))) for number in range(5)]
            assert kept_out() - before >= 10 * 4096
            del keys
            assert kept_out() == before


def test_the_numbers_of_a_private_key_are_in_no_attribute(engine: str) -> None:
    """They are in the engine's handle alone, and come out when somebody exports them."""
    key = RSAPrivateKey.generate()
    numbers = set(key._numbers()[2:])
    seen: set[int] = set()

    def walk(thing: Any, depth: int) -> None:
        if id(thing) in seen or depth > 6:
            return
        seen.add(id(thing))
        assert not (isinstance(thing, int) and thing in numbers)
        assert not isinstance(thing, PrivateNumbers)
        if isinstance(thing, dict):
            for name, value in thing.items():
                walk(name, depth + 1)
                walk(value, depth + 1)
        elif isinstance(thing, tuple | list | set | frozenset):
            for value in thing:
                walk(value, depth + 1)
        elif type(thing).__module__.startswith("fastjwt"):
            for kind in type(thing).__mro__:
                for slot in getattr(kind, "__slots__", ()):
                    walk(getattr(thing, slot, None), depth + 1)
            walk(getattr(thing, "__dict__", {}), depth + 1)

    walk(key, 0)
    walk(Signer(key), 0)
