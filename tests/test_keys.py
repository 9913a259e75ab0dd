"""The key classes: what they take, what they show, and that nobody can change or move what is private."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import sys
import threading
import time
import weakref
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rsa_material import (
    base64url,
    certificate,
    key,
    numbers,
    prime,
    private_file,
    private_jwk,
    private_numbers,
    public_file,
    public_jwk,
)

from fastjwt import HMACKey, JWKSet, RSAPrivateKey, RSAPublicKey, engines, hazmat
from fastjwt.errors import InvalidKeyError, JWKSError
from fastjwt.key_shapes import looks_like_key

ITS = numbers(key())
PUBLIC = RSAPublicKey.from_numbers(ITS.n, ITS.e)
PRIVATE = RSAPrivateKey.from_pem(private_file(key()))
SECRET = bytes(range(32))
ALL = [PUBLIC, PRIVATE, HMACKey(SECRET)]

SMALL = key(0, 1024)
CERTIFICATE = certificate(SMALL)

# Each way to a 1024-bit key, for the options that every RSA loader takes.
LOADERS: dict[str, Any] = {
    "public pem": lambda **options: RSAPublicKey.from_pem(public_file(SMALL), **options),
    "public der": lambda **options: RSAPublicKey.from_der(
        public_file(SMALL, encoding=Encoding.DER), **options
    ),
    "public jwk": lambda **options: RSAPublicKey.from_jwk(public_jwk(SMALL), **options),
    "certificate": lambda **options: RSAPublicKey.from_certificate(
        CERTIFICATE.public_bytes(Encoding.PEM), **options
    ),
    "numbers": lambda **options: RSAPublicKey.from_numbers(*numbers(SMALL).public, **options),
    "private pem": lambda **options: RSAPrivateKey.from_pem(private_file(SMALL), **options),
    "private der": lambda **options: RSAPrivateKey.from_der(
        private_file(SMALL, encoding=Encoding.DER), **options
    ),
    "private jwk": lambda **options: RSAPrivateKey.from_jwk(private_jwk(SMALL), **options),
}


# --- Making keys


@pytest.mark.parametrize("kind", [RSAPublicKey, RSAPrivateKey])
def test_rsa_keys_are_not_made_by_calling_the_class(kind: Any) -> None:
    for arguments in ((), (ITS.n, ITS.e), (public_file(key()),)):
        with pytest.raises(TypeError, match="from_pem"):
            kind(*arguments)


def test_generated_keys_are_good_and_different(engine: str) -> None:
    first, second = RSAPrivateKey.generate(), RSAPrivateKey.generate(2048, kid="second")
    assert first != second
    assert (first.bits, first.public_key().e, first.kid, second.kid) == (2048, 65537, None, "second")
    assert second.public_key().kid == "second"
    signature = hazmat.sign_pkcs1_sha256(first, b"message")
    assert hazmat.verify_pkcs1_sha256(first.public_key(), signature, b"message")
    assert not hazmat.verify_pkcs1_sha256(second.public_key(), signature, b"message")


@pytest.mark.parametrize("bits", [2050, 3072])
def test_generated_keys_have_the_wanted_size(engine: str, bits: int) -> None:
    assert RSAPrivateKey.generate(bits=bits).bits == bits


@pytest.mark.parametrize("bits", [0, -1, 1024, 2047, 2049, 3071, 8193, 1 << 100])
def test_other_sizes_are_not_generated(bits: int) -> None:
    with pytest.raises(ValueError, match="2048 to 8192"):
        RSAPrivateKey.generate(bits)


@pytest.mark.parametrize("bits", [2048.0, "2048", None, True])
def test_sizes_are_integers(bits: Any) -> None:
    with pytest.raises(TypeError):
        RSAPrivateKey.generate(bits)


@pytest.mark.parametrize("loader", LOADERS)
def test_every_loader_takes_the_options(engine: str, loader: str) -> None:
    load = LOADERS[loader]
    with pytest.raises(InvalidKeyError, match="1024 bits, at least 2048"):
        load()
    with pytest.raises(InvalidKeyError, match="1024 bits, at least 1025"):
        load(min_bits=1025)
    assert load(min_bits=1024).bits == 1024
    assert load(min_bits=1024, max_bits=1024, allow_roca=True, check_x5c=False).bits == 1024


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"min_bits": 1023}, ValueError),
        ({"max_bits": 16385}, ValueError),
        ({"min_bits": 4096, "max_bits": 2048}, ValueError),
        ({"min_bits": "1024"}, TypeError),
        ({"allow_roca": None}, TypeError),
        ({"check_x5c": 0}, TypeError),
        ({"minbits": 1024}, TypeError),
        ({"min_bytes": 16}, TypeError),
    ],
)
def test_wrong_options_are_wrong_use(loader: str, options: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        LOADERS[loader](**options)


def test_options_are_taken_by_keyword_only() -> None:
    with pytest.raises(TypeError):
        RSAPublicKey.from_pem(public_file(SMALL), 1024)  # type: ignore[call-arg, arg-type]
    with pytest.raises(TypeError):
        RSAPrivateKey.from_pem(private_file(SMALL), None, 1024)  # type: ignore[call-arg, arg-type]
    with pytest.raises(TypeError):
        HMACKey(SECRET, "kid")  # type: ignore[call-arg]


@pytest.mark.parametrize("loader", [name for name in LOADERS if "jwk" not in name])
def test_a_kid_is_given_by_keyword_where_the_format_has_none(loader: str) -> None:
    load = LOADERS[loader]
    assert load(min_bits=1024).kid is None
    assert load(min_bits=1024, kid="2024-05").kid == "2024-05"
    for wrong in (1, b"a", ["a"]):
        with pytest.raises(TypeError, match="kid"):
            load(min_bits=1024, kid=wrong)
    with pytest.raises(ValueError, match="surrogate"):
        load(min_bits=1024, kid="\ud800")


def test_a_jwk_has_its_own_kid() -> None:
    with pytest.raises(TypeError):
        RSAPublicKey.from_jwk(public_jwk(key()), kid="a")  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [None, 1.0, "65537", b"1", True])
def test_numbers_are_integers(value: Any) -> None:
    with pytest.raises(TypeError, match="n must be an int"):
        RSAPublicKey.from_numbers(value, 65537)
    with pytest.raises(TypeError, match="e must be an int"):
        RSAPublicKey.from_numbers(ITS.n, value)


@pytest.mark.parametrize(
    ("n", "e"),
    [(0, 65537), (1, 65537), (-ITS.n, 65537), (ITS.n + 1, 65537), (ITS.n, 0), (ITS.n, 1), (ITS.n, 1 << 33)],
    ids=["0", "1", "negative", "even", "e=0", "e=1", "e=2^33"],
)
def test_numbers_that_are_no_rsa_key_are_refused(engine: str, n: int, e: int) -> None:
    with pytest.raises(InvalidKeyError):
        RSAPublicKey.from_numbers(n, e)


def test_very_long_numbers_are_refused_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(InvalidKeyError, match="bits"):
        RSAPublicKey.from_numbers(1 << 10_000_000, 65537)
    with pytest.raises(InvalidKeyError, match="exponent"):
        RSAPublicKey.from_numbers(ITS.n, 1 << 10_000_000)
    assert time.perf_counter() - started < 0.1


def test_odd_but_consistent_private_keys_sign(engine: str) -> None:
    """A larger d, p below q, and primes of unequal length: every engine has to sign with them."""
    small, large = sorted((ITS.p, ITS.q))
    order = (ITS.p - 1) * (ITS.q - 1)
    d = ITS.d if ITS.d + order >= ITS.n else ITS.d + order
    for odd in (
        private_numbers(small, large),
        private_numbers(large, small),
        private_numbers(prime(1248, 1), prime(800, 1)),
        private_numbers(prime(800, 1), prime(1248, 1)),
        private_numbers(prime(1024, 1, 3), prime(1024, 2, 3), 3),
        ITS._replace(d=d),
    ):
        private = RSAPrivateKey.from_jwk(private_jwk(odd))
        signature = hazmat.sign_pkcs1_sha256(private, b"message")
        assert hazmat.verify_pkcs1_sha256(private.public_key(), signature, b"message")
        assert private._numbers() == odd


# --- What keys show


def test_properties(engine: str) -> None:
    public = RSAPublicKey.from_numbers(ITS.n, ITS.e, kid="a")
    assert (public.n, public.e, public.bits, public.kid, public.alg) == (ITS.n, ITS.e, 2048, "a", "RS256")
    assert (PRIVATE.bits, PRIVATE.kid, PRIVATE.alg) == (2048, None, "RS256")
    secret = HMACKey(bytes(40), kid="s")
    assert (secret.bits, secret.kid, secret.alg) == (320, "s", "HS256")
    assert PRIVATE.thumbprint() == public.thumbprint() == PUBLIC.thumbprint()
    assert PRIVATE.public_key() == public
    assert PRIVATE.public_key() is PRIVATE.public_key()


def test_exports_are_read_again(engine: str) -> None:
    private = RSAPrivateKey.from_jwk(private_jwk(key(), kid="k"))
    public = private.public_key()
    for again in (
        RSAPrivateKey.from_pem(private.to_pem()),
        RSAPrivateKey.from_der(private.to_der()),
        RSAPrivateKey.from_jwk(private.to_jwk()),
    ):
        assert again == private
        assert again._numbers() == private._numbers() == ITS
    for public_again in (
        RSAPublicKey.from_pem(public.to_pem()),
        RSAPublicKey.from_der(public.to_der()),
        RSAPublicKey.from_jwk(public.to_jwk()),
    ):
        assert public_again == public
    assert private.to_jwk() == private_jwk(key(), alg="RS256", use="sig", kid="k")
    assert public.to_jwk() == public_jwk(key(), alg="RS256", use="sig", kid="k")
    assert PUBLIC.to_jwk() == public_jwk(key(), alg="RS256", use="sig")
    secret = HMACKey(SECRET, kid="s")
    assert secret.to_jwk() == {"kty": "oct", "k": base64url(SECRET), "alg": "HS256", "use": "sig", "kid": "s"}
    assert HMACKey.from_jwk(secret.to_jwk()) == secret


def test_repr_shows_what_is_public(engine: str) -> None:
    thumbprint = PUBLIC.thumbprint()
    assert repr(PUBLIC) == str(PUBLIC) == f"<RSAPublicKey 2048 bits, thumbprint {thumbprint[:8]}...>"
    private = RSAPrivateKey.from_pem(private_file(key()), kid="k")
    assert repr(private) == f"<RSAPrivateKey 2048 bits, thumbprint {thumbprint[:8]}..., kid='k'>"
    assert repr(HMACKey(SECRET)) == "<HMACKey 256 bits>"
    assert repr(HMACKey(SECRET, kid="s")) == "<HMACKey 256 bits, kid='s'>"


def test_repr_escapes_and_cuts_a_kid() -> None:
    shown = repr(HMACKey(SECRET, kid="\x1b[31m\n\u202e'" + "x" * 500))
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) < 150
    assert shown.endswith("...>")


def test_no_private_number_is_an_attribute_of_a_key(engine: str) -> None:
    private = RSAPrivateKey.from_jwk(private_jwk(key()))
    secret = HMACKey(SECRET)
    for holder in (private, secret):
        assert not hasattr(holder, "__dict__")
        for name in dir(holder):
            if not callable(getattr(holder, name)):
                assert getattr(holder, name) not in (*ITS[2:], SECRET)
    for text in (repr(private), repr(secret), repr(private._handles), repr(secret._handles)):
        for number in ITS[2:]:
            assert str(number) not in text
            assert f"{number:x}" not in text
        assert repr(SECRET) not in text


# --- Keys as values


def test_keys_are_equal_by_their_material() -> None:
    assert RSAPublicKey.from_numbers(ITS.n, ITS.e, kid="other") == PUBLIC
    assert RSAPublicKey.from_numbers(ITS.n, 3) != PUBLIC
    assert (
        len({PUBLIC, RSAPublicKey.from_pem(public_file(key())), RSAPublicKey.from_pem(public_file(key(1)))})
        == 2
    )
    assert RSAPrivateKey.from_pem(private_file(key())) == PRIVATE
    assert RSAPrivateKey.from_pem(private_file(key(1))) != PRIVATE
    assert len({PRIVATE, RSAPrivateKey.from_pem(private_file(key()))}) == 1
    assert HMACKey(SECRET) == HMACKey(SECRET, kid="s")
    assert HMACKey(SECRET) != HMACKey(SECRET + b"\0")
    assert len({HMACKey(SECRET), HMACKey(SECRET), HMACKey(SECRET + b"\0")}) == 2
    assert PUBLIC != PRIVATE
    assert PRIVATE != PUBLIC
    assert HMACKey(SECRET) != SECRET
    assert ITS.public != PUBLIC


@pytest.mark.parametrize("one", ALL, ids=lambda one: type(one).__name__)
def test_keys_are_immutable(one: Any) -> None:
    for name in ("kid", "_kid", "bits", "_handles", "_home", "new", "alg"):
        with pytest.raises(AttributeError):
            setattr(one, name, None)
    for name in ("_kid", "kid", "_handles"):
        with pytest.raises(AttributeError):
            delattr(one, name)


@pytest.mark.parametrize("one", ALL, ids=lambda one: type(one).__name__)
def test_a_copy_is_the_key_itself(one: Any) -> None:
    assert copy.copy(one) is copy.deepcopy(one) is copy.deepcopy([one])[0] is one


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_public_keys_can_be_pickled_and_secret_ones_cannot(engine: str, protocol: int) -> None:
    public = RSAPublicKey.from_numbers(ITS.n, ITS.e, kid="a")
    moved = pickle.loads(pickle.dumps(public, protocol))
    assert moved == public
    assert moved.kid == "a"
    small = RSAPublicKey.from_jwk(public_jwk(SMALL), min_bits=1024)
    assert pickle.loads(pickle.dumps(small, protocol)) == small
    for holder in (PRIVATE, HMACKey(SECRET), [PRIVATE], {"key": HMACKey(SECRET)}):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(holder, protocol)


def test_keys_can_be_referred_to_weakly_and_are_freed() -> None:
    private = RSAPrivateKey.from_jwk(private_jwk(key()))
    reference = weakref.ref(private)
    del private
    gc.collect()
    assert reference() is None


def test_the_key_classes_are_final() -> None:
    """A check by isinstance would let in what a subclass makes of a key."""
    if sys.version_info < (3, 11):
        pytest.skip("@final leaves no trace before Python 3.11")
    for kind in (RSAPublicKey, RSAPrivateKey, HMACKey):
        assert vars(kind)["__final__"]


# --- Engines and threads


def test_a_key_of_one_engine_works_with_every_other() -> None:
    signatures = set()
    for first in engines.available():
        with engines.use(first):
            private = RSAPrivateKey.from_jwk(private_jwk(key()))
            secret = HMACKey(SECRET)
        for second in engines.available():
            with engines.use(second):
                signatures.add(hazmat.sign_pkcs1_sha256(private, b"message"))
                assert hazmat.verify_pkcs1_sha256(private.public_key(), max(signatures), b"message")
                assert private._numbers() == ITS
                assert private.to_jwk() == private_jwk(key(), alg="RS256", use="sig")
                assert engines.current().sign_message(secret._handle(engines.current()), b"") is not None
    assert len(signatures) == 1


def test_a_handle_is_made_once_for_each_engine(engine: str) -> None:
    backend = engines.current()
    for one in (PUBLIC, PRIVATE, HMACKey(SECRET)):
        assert one._handle(backend) is one._handle(backend)


def test_threads_that_load_a_handle_at_once_get_the_same_one(engine: str) -> None:
    others = [name for name in engines.available() if name != engine]
    if not others:
        pytest.skip("there is one engine only")
    with engines.use(others[0]):
        private = RSAPrivateKey.from_jwk(private_jwk(key()))
    backend = engines.current()
    barrier = threading.Barrier(8)
    handles = []

    def load() -> None:
        barrier.wait()
        handles.append(private._handle(backend))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(handles) == 8
    assert all(handle is handles[0] for handle in handles)


# --- HMAC


@pytest.mark.parametrize("size", [0, 1, 16, 31])
def test_short_secrets_are_refused_unless_min_bytes_says_otherwise(engine: str, size: int) -> None:
    with pytest.raises(InvalidKeyError, match=f"{size} bytes, at least 32"):
        HMACKey(bytes(size))
    jwk = {"kty": "oct", "k": base64url(bytes(size))}
    with pytest.raises(InvalidKeyError, match=f"{size} bytes, at least 32"):
        HMACKey.from_jwk(jwk)
    if size:
        assert HMACKey(bytes(size), min_bytes=size).bits == 8 * size
        assert HMACKey.from_jwk(jwk, min_bytes=1).bits == 8 * size
    with pytest.raises(InvalidKeyError, match="at least 33"):
        HMACKey(bytes(32), min_bytes=33)


@pytest.mark.parametrize(
    ("min_bytes", "kind"), [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)]
)
def test_min_bytes_is_a_positive_integer(min_bytes: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="min_bytes"):
        HMACKey(SECRET, min_bytes=min_bytes)
    with pytest.raises(kind, match="min_bytes"):
        HMACKey.from_jwk({"kty": "oct", "k": base64url(SECRET)}, min_bytes=min_bytes)


@pytest.mark.parametrize("secret", ["a" * 32, bytearray(32), memoryview(bytes(32)), None, 1, PUBLIC])
def test_a_secret_is_bytes(secret: Any) -> None:
    with pytest.raises(TypeError, match="must be bytes"):
        HMACKey(secret)


def test_a_secret_whose_length_is_no_c_int_is_refused(engine: str) -> None:
    """Of 2^32 + 32 bytes libcrypto would take the first 32, and the standard library's hmac overflows."""
    with pytest.raises(InvalidKeyError, match="at most 2147483647"):
        HMACKey(bytes(2**31))


def test_key_files_are_no_secrets(engine: str) -> None:
    for octets in (
        public_file(key()),
        public_file(key(), encoding=Encoding.DER),
        b"\xef\xbb\xbf " + public_file(key()),
        base64url(public_file(key(), encoding=Encoding.DER)).encode(),
        certificate(key()).public_bytes(Encoding.DER),
    ):
        with pytest.raises(InvalidKeyError, match="key file"):
            HMACKey(octets)
        with pytest.raises(InvalidKeyError, match="key file"):
            HMACKey.from_jwk({"kty": "oct", "k": base64url(octets)})


def test_options_of_rsa_loaders_are_none_of_a_secret() -> None:
    for options in ({"min_bits": 1024}, {"check_x5c": False}, {"unknown": 1}):
        with pytest.raises(TypeError):
            HMACKey(SECRET, **options)
        with pytest.raises(TypeError):
            HMACKey.from_jwk({"kty": "oct", "k": base64url(SECRET)}, **options)


def test_a_secret_remembers_whether_it_may_sign() -> None:
    jwk = {"kty": "oct", "k": base64url(SECRET)}
    assert HMACKey(SECRET)._signs
    assert HMACKey.from_jwk(jwk)._signs
    assert HMACKey.from_jwk({**jwk, "key_ops": ["sign", "verify"]})._signs
    assert not HMACKey.from_jwk({**jwk, "key_ops": ["verify"]})._signs


@settings(deadline=None)
@given(secret=st.binary(min_size=32, max_size=200))
def test_secrets_survive_a_round_trip(secret: bytes) -> None:
    assume(not looks_like_key(secret))  # those are refused
    assert HMACKey(secret)._secret() == secret
    assert HMACKey.from_jwk(HMACKey(secret).to_jwk())._secret() == secret


# --- Subclasses that lie, and names of parameters


class LyingBytes(bytes):
    """Says that it is other octets, of another length."""

    def __bytes__(self) -> bytes:
        return b"these are other octets, and more of them than there were"

    def __len__(self) -> int:
        return 64

    def __getitem__(self, at: Any) -> Any:
        return b"y"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


class LyingStr(str):
    """Likewise, as text."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"

    def __len__(self) -> int:
        return 1

    def __getitem__(self, at: Any) -> Any:
        return "{}"

    def encode(self, *_: Any) -> bytes:
        return b"{}"

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


def test_a_secret_is_stored_as_it_was_measured(engine: str) -> None:
    secret = HMACKey(LyingBytes(SECRET))
    assert secret == HMACKey(SECRET)
    assert secret.bits == 256
    with pytest.raises(InvalidKeyError, match="31 bytes"):
        HMACKey(LyingBytes(SECRET[:31]))
    with pytest.raises(InvalidKeyError, match="key file"):
        HMACKey(LyingBytes(public_file(key())))


@pytest.mark.parametrize("lying", [LyingBytes, LyingStr])
def test_key_texts_are_taken_for_what_they_are(engine: str, json_reader: str, lying: Any) -> None:
    def text(octets: bytes) -> Any:
        return lying(octets) if lying is LyingBytes else lying(octets.decode())

    assert RSAPublicKey.from_pem(text(public_file(key()))) == PUBLIC
    assert RSAPrivateKey.from_pem(text(private_file(key()))) == PRIVATE
    assert RSAPublicKey.from_jwk(text(json.dumps(public_jwk(key(), kid="k")).encode())) == PUBLIC
    assert RSAPrivateKey.from_jwk(text(json.dumps(private_jwk(key())).encode())) == PRIVATE
    assert HMACKey.from_jwk(text(json.dumps(HMACKey(SECRET).to_jwk()).encode())) == HMACKey(SECRET)
    pem_certificate = text(certificate(key()).public_bytes(Encoding.PEM))
    assert RSAPublicKey.from_certificate(pem_certificate) == PUBLIC
    assert JWKSet.from_json(text(json.dumps({"keys": [public_jwk(key())]}).encode())).keys == (PUBLIC,)
    encrypted = private_file(key(), password=b"secret")
    assert RSAPrivateKey.from_pem(encrypted, password=text(b"secret")) == PRIVATE


def test_der_is_taken_for_what_it_is(engine: str) -> None:
    assert RSAPublicKey.from_der(LyingBytes(public_file(key(), encoding=Encoding.DER))) == PUBLIC
    assert RSAPrivateKey.from_der(LyingBytes(private_file(key(), encoding=Encoding.DER))) == PRIVATE
    octets = certificate(key()).public_bytes(Encoding.DER)
    assert RSAPublicKey.from_certificate(LyingBytes(octets)) == PUBLIC


def test_members_are_taken_for_what_they_are(engine: str) -> None:
    def lying(value: Any) -> Any:
        return LyingStr(value) if isinstance(value, str) else [LyingStr(item) for item in value]

    members = {**private_jwk(key()), "kid": "mine", "alg": "RS256", "key_ops": ["sign", "verify"]}
    loaded = RSAPrivateKey.from_jwk({name: lying(value) for name, value in members.items()})
    assert loaded == PRIVATE
    assert (loaded.kid, type(loaded.kid)) == ("mine", str)
    for name, wrong in (("kty", "EC"), ("alg", "RS512"), ("use", "enc"), ("key_ops", ["encrypt"])):
        with pytest.raises(InvalidKeyError, match=f"'{name}'"):
            RSAPrivateKey.from_jwk({**private_jwk(key()), name: lying(wrong)})
    in_a_set = JWKSet.from_dict({"keys": [{**public_jwk(key()), "kid": LyingStr("mine")}]})
    assert in_a_set.candidates("mine", "RS256") == (PUBLIC,)
    assert in_a_set.candidates("other", "RS256") == ()
    assert type(HMACKey(SECRET, kid=LyingStr("mine")).kid) is str
    assert type(RSAPublicKey.from_numbers(*ITS.public, kid=LyingStr("mine")).kid) is str


def test_no_key_can_be_initialised_twice(engine: str) -> None:
    secret = HMACKey(SECRET, kid="a")
    with pytest.raises(AttributeError, match="immutable"):
        secret.__init__(bytes(range(100, 140)), kid="b")
    assert secret == HMACKey(SECRET)
    assert (secret.kid, secret.bits) == ("a", 256)
    for loaded in (PUBLIC, PRIVATE, JWKSet.from_keys([PUBLIC])):
        before = repr(loaded)
        with pytest.raises(TypeError):
            loaded.__init__(5, 6)
        assert repr(loaded) == before


def test_parameters_bear_the_names_of_the_design() -> None:
    jwk, private = public_jwk(key()), private_jwk(key())
    der, private_der = (make(key(), encoding=Encoding.DER) for make in (public_file, private_file))
    assert RSAPublicKey.from_pem(pem=public_file(key())) == PUBLIC
    assert RSAPublicKey.from_der(der=der) == RSAPublicKey.from_jwk(jwk=jwk) == PUBLIC
    assert RSAPublicKey.from_numbers(n=PUBLIC.n, e=PUBLIC.e) == PUBLIC
    pem_or_der = certificate(key()).public_bytes(Encoding.PEM)
    assert RSAPublicKey.from_certificate(pem_or_der=pem_or_der) == PUBLIC
    assert RSAPrivateKey.from_pem(pem=private_file(key()), password=None) == PRIVATE
    assert RSAPrivateKey.from_der(der=private_der, password=None) == PRIVATE
    assert RSAPrivateKey.from_jwk(jwk=private) == PRIVATE
    assert RSAPrivateKey.generate(bits=2048).bits == 2048
    secret = HMACKey(secret_bytes=SECRET)
    assert HMACKey.from_jwk(jwk=secret.to_jwk()) == secret
    assert JWKSet.from_dict(d={"keys": [jwk]}).keys == (PUBLIC,)
    assert JWKSet.from_json(text=json.dumps({"keys": [jwk]})).keys == (PUBLIC,)
    assert hazmat.verify_pkcs1_sha256(
        public=PUBLIC, message=b"m", signature=hazmat.sign_pkcs1_sha256(private=PRIVATE, message=b"m")
    )


# --- What errors refer to


class Refers:
    """Everything that an exception and those before it hold, as one text."""

    def __init__(self, error: BaseException) -> None:
        seen: list[BaseException] = []
        todo: list[BaseException | None] = [error]
        while todo:
            each = todo.pop()
            if each is not None and each not in seen:
                seen.append(each)
                todo += [each.__context__, each.__cause__]
        self.text = repr([(each, each.args, vars(each), getattr(each, "object", b"")) for each in seen])
        self.text += repr([getattr(each, name, "") for each in seen for name in ("doc", "filename")])


WORD = "Zm9yZ2V0LW1lLWZvcmdldC1tZQ"
OCT_TEXT = json.dumps({"kty": "oct", "k": WORD})


@pytest.mark.parametrize(
    "text",
    [
        OCT_TEXT[:-1],
        OCT_TEXT + "x",
        OCT_TEXT[:-1] + ', "x": NaN}',
        OCT_TEXT[:-1] + ', "k": ""}',
        OCT_TEXT[:-1] + ', "x": 1e999}',
        OCT_TEXT[:-1] + ', "x": ' + "9" * 400 + "}",
        OCT_TEXT[:-1] + ', "x": "\\ud800"}',
        OCT_TEXT[:-1] + ', "x": ' + "[" * 70 + "]" * 70 + "}",
        OCT_TEXT[:-1] + ', "x": "\ud800"}',
        OCT_TEXT.encode() + b"\xff",
        OCT_TEXT.encode("utf-16"),
        b"\xef\xbb\xbf" + OCT_TEXT.encode(),
        json.dumps({"kty": "oct", "k": WORD + "="}),
        json.dumps({"kty": "oct", "k": WORD + "\u00e9"}, ensure_ascii=False),
        json.dumps({"kty": "oct", "k": [WORD]}),
        json.dumps({"kty": WORD}),
        f"[{OCT_TEXT}]",
    ],
    ids=range(17),
)
def test_no_error_refers_to_the_text_of_a_key(engine: str, json_reader: str, text: str | bytes) -> None:
    shown = WORD in str(text) and f'"kty": "{WORD}"' in str(
        text
    )  # there it is no secret, but an unknown type
    loaders: list[Any] = [HMACKey.from_jwk, RSAPrivateKey.from_jwk, RSAPublicKey.from_jwk, JWKSet.from_json]
    for load in loaders:
        with pytest.raises((InvalidKeyError, JWKSError)) as caught:
            load(text)
        assert shown or WORD not in Refers(caught.value).text
    as_member = str(text) if isinstance(text, str) else text.decode("latin-1")
    for name in ("k", "kid"):
        with pytest.raises(InvalidKeyError) as caught:
            HMACKey.from_jwk({"kty": "oct", "k": "AA", name: as_member})
        assert name == "kid" or WORD not in Refers(caught.value).text


def test_no_error_refers_to_a_password_or_a_damaged_key_file(engine: str) -> None:
    word = "forget-me"
    encrypted = private_file(key(), password=b"secret")
    plain = private_file(key()).decode()
    line = plain.split("\n")[5]
    for load in (
        lambda: RSAPrivateKey.from_pem(encrypted, password=word + "\ud800"),
        lambda: RSAPrivateKey.from_pem(encrypted, password=word),
        lambda: PRIVATE.to_pem(password=word + "\ud800"),
        lambda: RSAPrivateKey.from_pem(plain.replace(line, line[:-1])),
        lambda: RSAPrivateKey.from_pem(plain.replace(line, line[:-1] + "\u00e9")),
        lambda: RSAPrivateKey.from_pem(plain.replace(line, line[:-1] + "\ud800")),
        lambda: RSAPrivateKey.from_pem(plain.replace("END", "EN")),
    ):
        with pytest.raises((InvalidKeyError, ValueError)) as caught:
            load()
        assert word not in Refers(caught.value).text
        assert line not in Refers(caught.value).text
