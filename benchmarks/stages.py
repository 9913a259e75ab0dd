"""The steps of a verification, each alone: split, base64url, SHA-256, RSA, JSON, claims.

`split` is the whole first crossing into C: joining the tokens, finding segments, decoding them, knowing headers; so it
holds `base64url`, which is the decoder alone.  The others follow one another: their sum and `split` is about what
`verify_batch` costs.  `claims` of the native engines holds the gathering of payloads, since the same call in C looks at
them.
"""

from __future__ import annotations

import base64
import ctypes
import hashlib
import shlex
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import answers
import corpus as material
from contenders import Contender
from corpus import Corpus

import fastjwt
from fastjwt import engines, jwt, strict_json
from fastjwt.backends.base import Limits
from fastjwt.jws import Chunk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
_BUILT = ROOT / "build" / "bench"

_AT_ONCE = jwt._chunk_size(1)  # tokens that verify_batch takes into C together


class NoLibrary(Exception):
    """The C steps cannot be built here; the message says why."""


class Stage(NamedTuple):
    """A step over `items` tokens; `run(count)` does it so many times."""

    items: int
    run: Callable[[int], Any]
    check: Callable[[Any], None]


def make(name: str, contender: Contender, corpus: Corpus) -> Stage:
    """Return a step, ready to run; its answer was checked, and that it would notice a wrong one."""
    engine = contender.id.removeprefix("fastjwt-")
    stage = {
        "split": _split,
        "base64url": _base64url,
        "sha256": _sha256,
        "rsa": _rsa,
        "json": _json,
        "claims": _claims,
    }[name](engine, corpus)
    stage.check(stage.run(1))
    return stage


def _repeated(once: Callable[[], Any]) -> Callable[[int], Any]:
    def run(count: int) -> Any:
        answer = None
        for _ in range(count):
            answer = once()
        return answer

    return run


def _expect(expected: Any) -> Callable[[Any], None]:
    def check(answer: Any) -> None:
        if answer != expected:
            raise answers.WrongAnswer("a step's result is not another library's")

    return check


# --- In Python -------------------------------------------------------------------------------------------------------


def _split(engine: str, corpus: Corpus) -> Stage:
    tokens = corpus.tokens[: len(corpus.tokens) // _AT_ONCE * _AT_ONCE] or corpus.tokens
    chunks = [tokens[start : start + _AT_ONCE] for start in range(0, len(tokens), _AT_ONCE)]
    limits = Limits()
    with engines.use(engine) as backend:
        pass

    def once() -> list[bytes]:
        payloads: list[bytes] = []
        for chunk in chunks:
            split = backend.split(chunk, limits, True)
            split.names()
            split.statuses()
            payloads = [split.payload(len(chunk) - 1)]
        return payloads

    return Stage(len(tokens), _repeated(once), _expect([answers.octets(tokens[-1].split(".")[1])]))


def _payloads(corpus: Corpus) -> list[bytes]:
    return [answers.octets(token.split(".")[1]) for token in corpus.tokens]


def _json(engine: str, corpus: Corpus) -> Stage:
    payloads = _payloads(corpus)
    if engine == "pure":
        return Stage(
            len(payloads),
            _repeated(lambda: [strict_json.read_object(payload) for payload in payloads]),
            _expect(corpus.claims),
        )
    # What the native engines gather and count: a chunk's payloads as one array, and the member names of each.
    chunks = [payloads[start : start + _AT_ONCE] for start in range(0, len(payloads), _AT_ONCE)]
    gathered = [
        (memoryview(b"[" + b",".join(chunk) + b"]"), bytes(len(corpus.claims[0]) for _ in chunk))
        for chunk in chunks
    ]

    def once() -> list[Any]:
        claims: list[Any] = []
        for text, names in gathered:
            claims += strict_json.read_plain_list(text, names) or []
        return claims

    return Stage(len(payloads), _repeated(once), _expect(corpus.claims))


def _claims(engine: str, corpus: Corpus) -> Stage:
    with engines.use(engine):
        verifier = fastjwt.Verifier(
            fastjwt.RSAPublicKey.from_pem(corpus.public_pem),
            issuer=material.ISSUER,
            audience=material.AUDIENCE,
        )
    policy = verifier._policy
    claims: list[Any] = corpus.claims
    now, late = time.time(), claims[0]["exp"] + 1
    # Would it notice?  The same rules refuse what has expired.
    answers.must_refuse(lambda _: policy.judge(claims[0], late), "")
    if engine == "pure":
        if policy.doubtful(claims, late) != list(range(len(claims))):
            raise answers.WrongAnswer("an expired token is not looked at again")
        return Stage(len(claims), _repeated(lambda: policy.doubtful(claims, now)), _expect([]))
    # The native engines gather a chunk's payloads, and tell of each whether its bytes show that the rules are met.
    chunks = []
    for start in range(0, len(corpus.tokens), _AT_ONCE):
        chunk = Chunk(verifier._signatures, corpus.tokens[start : start + _AT_ONCE], None, True)
        chunk.start(1, None)
        chunk.finish()
        chunks.append(chunk)

    def shown(moment: float) -> list[bytes]:
        bounds = policy.whole_bounds(moment)
        return [chunk.gathered(verifier._expected, *bounds)[2] for chunk in chunks]

    if any(map(any, shown(late))):
        raise answers.WrongAnswer("an expired token is not looked at again")
    expected = [b"\x01" * chunk.count for chunk in chunks]
    return Stage(len(claims), _repeated(lambda: shown(now)), _expect(expected))


# --- In C ------------------------------------------------------------------------------------------------------------


@cache
def _library() -> ctypes.CDLL:
    """Return stages.c linked with all of csrc/, compiled like the extension unless that was done for these sources."""
    sources = [*sorted((ROOT / "csrc").glob("*.c")), HERE / "stages.c"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*sources, *(ROOT / "csrc").glob("*.h")]))
    path = _BUILT / f"stages-{digest.hexdigest()[:16]}.so"
    if not path.exists():
        _BUILT.mkdir(parents=True, exist_ok=True)
        flags = subprocess.run(
            [sys.executable, "csrc/build_native.py"], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        making = path.with_suffix(".making")
        command = [
            "cc",
            *shlex.split(flags),
            "-O3",
            "-shared",
            "-fPIC",
            "-fvisibility=hidden",
            "-o",
            str(making),
        ]
        try:
            subprocess.run(
                [*command, *map(str, sources), "-lcrypto"],
                capture_output=True,
                text=True,
                check=True,
                cwd=ROOT,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise NoLibrary(f"the C steps cannot be built: {error}") from None
        making.rename(path)
    library = ctypes.CDLL(str(path))
    library.stages_key.restype = ctypes.c_void_p
    for name in ("stages_base64url", "stages_sha256", "stages_rsa"):
        getattr(library, name).restype = ctypes.c_size_t
    return library


def _key(engine: str, corpus: Corpus) -> ctypes.c_void_p:
    numbers = answers.public_key(corpus.public_pem).public_numbers()
    n, e = (number.to_bytes((number.bit_length() + 7) // 8, "big") for number in (numbers.n, numbers.e))
    key = _library().stages_key(
        n, ctypes.c_size_t(len(n)), e, ctypes.c_size_t(len(e)), int(engine == "avx512ifma")
    )
    if key is None:
        raise NoLibrary("the C steps cannot use this key")
    return ctypes.c_void_p(key)


def _lengths(parts: list[bytes]) -> Any:
    return (ctypes.c_uint64 * len(parts)).from_buffer(array("Q", map(len, parts)))


def _base64url(_: str, corpus: Corpus) -> Stage:
    segments = [part.encode() for token in corpus.tokens for part in token.split(".")[1:]]
    text, lengths, count = b"".join(segments), _lengths(segments), ctypes.c_size_t(len(segments))
    expected = b"".join(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)) for part in segments)
    out = ctypes.create_string_buffer(len(expected))
    decode = _library().stages_base64url

    def once() -> tuple[int, Any]:
        return decode(out, text, lengths, count), out

    def check(answer: tuple[int, Any]) -> None:
        _expect((len(segments), expected))((answer[0], answer[1].raw))

    return Stage(len(corpus.tokens), _repeated(once), check)


def _sha256(engine: str, corpus: Corpus) -> Stage:
    messages = [token.rpartition(".")[0].encode() for token in corpus.tokens]
    text, lengths, count = b"".join(messages), _lengths(messages), ctypes.c_size_t(len(messages))
    out = ctypes.create_string_buffer(32 * len(messages))
    key, digest = _key(engine, corpus), _library().stages_sha256

    def once() -> tuple[int, Any]:
        return digest(out, key, text, lengths, count), out

    expected = b"".join(hashlib.sha256(message).digest() for message in messages)

    def check(answer: tuple[int, Any]) -> None:
        _expect((len(messages), expected))((answer[0], answer[1].raw))

    return Stage(len(messages), _repeated(once), check)


def _rsa(engine: str, corpus: Corpus) -> Stage:
    parts = [token.rpartition(".") for token in corpus.tokens]
    digests = b"".join(hashlib.sha256(message.encode()).digest() for message, _, _ in parts)
    signatures = b"".join(answers.octets(signature) for _, _, signature in parts)
    key, verify = _key(engine, corpus), _library().stages_rsa
    size, count = ctypes.c_size_t(corpus.bits // 8), ctypes.c_size_t(len(parts))
    spoiled = bytearray(digests)
    spoiled[-1] ^= 1
    if verify(key, signatures, size, bytes(spoiled), count) != len(parts) - 1:
        raise answers.WrongAnswer("a bad signature was taken")
    return Stage(
        len(parts), _repeated(lambda: verify(key, signatures, size, digests, count)), _expect(len(parts))
    )
