"""Keys: immutable, checked once when they are loaded, safe to share between threads.

There is a class for each role, so that a public key cannot be passed where an HMAC secret belongs.  A private key or
secret lives in its engine's handle (the native engines keep it in memory that is wiped and stays out of core dumps);
the Python object keeps none of its numbers.  Exporting it makes copies in Python objects, which nobody can wipe.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypedDict, final

from . import engines, key_files
from . import jwk as jwk_format
from . import pem as pem_format
from .errors import InvalidKeyError
from .exact import exact_bytes, exact_str
from .key_shapes import looks_like_key
from .rsa_numbers import Limits, PrivateNumbers, PublicNumbers, check_private, check_public

if TYPE_CHECKING:
    import sys

    if sys.version_info >= (3, 11):
        from typing import Self, Unpack
    else:
        from typing_extensions import Self, Unpack

    from .backends.base import Backend

__all__ = ["HMACKey", "LoadOptions", "LoadPolicy", "RSAPrivateKey", "RSAPublicKey", "load_policy"]

_GENERATED_BITS = (2048, 8192)
_MIN_SECRET_BYTES = 32  # RFC 7518 section 3.2: at least as long as the hash
_MAX_SECRET_BYTES = 2**31 - 1  # libcrypto keeps the length in an int: what is above is cut off
_SHOWN_THUMBPRINT = 8


# --- Options of the RSA loaders --------------------------------------------------------------------------------------


class LoadOptions(TypedDict, total=False):
    """What every RSA key loader takes by keyword."""

    min_bits: int  # default 2048, at least 1024
    max_bits: int  # default 8192, at most 16384
    allow_roca: bool  # default False; True takes moduli with the fingerprint of CVE-2017-15361
    check_x5c: bool  # default True; False ignores a JWK's certificates


class LoadPolicy(NamedTuple):
    """Which RSA keys a loader lets in."""

    limits: Limits
    check_x5c: bool


def load_policy(
    *, min_bits: int = 2048, max_bits: int = 8192, allow_roca: bool = False, check_x5c: bool = True
) -> LoadPolicy:
    """Return the policy that a loader's options (see LoadOptions) make.

    Raises ValueError for a number out of its range, TypeError for a wrong type or an unknown name.
    """
    if type(check_x5c) is not bool:
        raise TypeError(f"check_x5c must be a bool, not {type(check_x5c).__name__}")
    return LoadPolicy(Limits.checked(min_bits, max_bits, allow_roca), check_x5c)


def _check_kid(kid: str | None) -> str | None:
    if kid is not None:
        if not isinstance(kid, str):
            raise TypeError(f"kid must be a str or None, not {type(kid).__name__}")
        kid = exact_str(kid)
        try:
            kid.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("kid holds a lone surrogate, which no token can carry") from None
    return kid


def _der_octets(der: bytes) -> bytes:
    if not isinstance(der, bytes):
        raise TypeError(f"DER must be bytes, not {type(der).__name__}")
    return pem_format.octets_of(der)


# --- What all keys share ---------------------------------------------------------------------------------------------


class _Key:
    """The immutable part: a kid, and the engines' handles of one key."""

    __slots__ = ("__weakref__", "_handles", "_home", "_kid")

    alg: str  # the one algorithm that this kind of key is for

    _handles: dict[str, Any]  # by engine, so that a test or a fork of the settings can change engines
    _home: Backend  # the engine that loaded the key
    _kid: str | None

    def _fill(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @abstractmethod
    def _load(self, backend: Backend) -> Any:
        """Return the key in the form of an engine that has not seen it yet."""

    def _handle(self, backend: Backend) -> Any:
        """Return the key in the form of this engine, which is made at the first call."""
        handle = self._handles.get(backend.name)
        if handle is None:
            # Two threads may both load it here; the first one's handle is kept, and the other's is freed.
            handle = self._handles.setdefault(backend.name, self._load(backend))
        return handle

    @property
    def kid(self) -> str | None:
        """The key's ID, as its JWK or its owner says."""
        return self._kid

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def _described(self, *facts: str) -> str:
        kid = () if self._kid is None else (f"kid={jwk_format.shown(self._kid)}",)
        return f"<{type(self).__name__} {', '.join((*facts, *kid))}>"


# --- RSA -------------------------------------------------------------------------------------------------------------


@final
class RSAPublicKey(_Key):
    """An RSA public key, for verifying RS256.

    Made by `from_pem`, `from_der`, `from_jwk`, `from_certificate` or `from_numbers`, which take the options of
    `LoadOptions` by keyword, raise InvalidKeyError for a key that is malformed, weak or of another kind, and TypeError
    for an argument of the wrong type.  Equal keys have the same n and e, whatever their kid.
    """

    __slots__ = ("_numbers",)

    alg = "RS256"

    _numbers: PublicNumbers

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("use RSAPublicKey.from_pem, from_der, from_jwk, from_certificate or from_numbers")

    @classmethod
    def from_pem(
        cls, pem: str | bytes, *, kid: str | None = None, **options: Unpack[LoadOptions]
    ) -> RSAPublicKey:
        """Load SubjectPublicKeyInfo or PKCS#1 in PEM, or an OpenSSH `ssh-rsa` line."""
        policy = load_policy(**options)
        return cls._checked(
            key_files.public_from_pem(pem_format.octets_of(pem)), policy.limits, _check_kid(kid)
        )

    @classmethod
    def from_der(cls, der: bytes, *, kid: str | None = None, **options: Unpack[LoadOptions]) -> RSAPublicKey:
        """Load SubjectPublicKeyInfo or PKCS#1 in DER."""
        policy = load_policy(**options)
        return cls._checked(key_files.public_from_der(_der_octets(der)), policy.limits, _check_kid(kid))

    @classmethod
    def from_certificate(
        cls, pem_or_der: str | bytes, *, kid: str | None = None, **options: Unpack[LoadOptions]
    ) -> RSAPublicKey:
        """Load the key of an X.509 certificate in PEM or DER; its dates and its issuer are not judged."""
        policy = load_policy(**options)
        numbers = key_files.certificate_numbers(pem_format.octets_of(pem_or_der))
        return cls._checked(numbers, policy.limits, _check_kid(kid))

    @classmethod
    def from_jwk(cls, jwk: dict[str, Any] | str | bytes, **options: Unpack[LoadOptions]) -> RSAPublicKey:
        """Load a public RSA JWK, as a dict or as JSON text."""
        policy = load_policy(**options)
        members = jwk_format.members_of(jwk)
        numbers = jwk_format.read_public(members, check_x5c=policy.check_x5c)
        return cls._checked(numbers, policy.limits, jwk_format.kid_of(members))

    @classmethod
    def from_numbers(
        cls, n: int, e: int, *, kid: str | None = None, **options: Unpack[LoadOptions]
    ) -> RSAPublicKey:
        """Load a modulus and an exponent."""
        for name, value in (("n", n), ("e", e)):
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"{name} must be an int, not {type(value).__name__}")
        return cls._checked(PublicNumbers(int(n), int(e)), load_policy(**options).limits, _check_kid(kid))

    @classmethod
    def _checked(cls, numbers: PublicNumbers, limits: Limits, kid: str | None) -> RSAPublicKey:
        check_public(numbers, limits, engines.current())
        return cls._trusted(numbers, kid)

    @classmethod
    def _trusted(cls, numbers: PublicNumbers, kid: str | None) -> RSAPublicKey:
        """Make a key of numbers that have passed the checks."""
        backend = engines.current()
        key = object.__new__(cls)
        key._fill(
            _numbers=numbers, _kid=kid, _home=backend, _handles={backend.name: backend.load_public(numbers)}
        )
        return key

    def _load(self, backend: Backend) -> Any:
        return backend.load_public(self._numbers)

    @property
    def n(self) -> int:
        """The modulus."""
        return self._numbers.n

    @property
    def e(self) -> int:
        """The public exponent."""
        return self._numbers.e

    @property
    def bits(self) -> int:
        """The length of the modulus in bits."""
        return self._numbers.n.bit_length()

    def to_pem(self) -> str:
        """Return SubjectPublicKeyInfo in PEM."""
        return key_files.write_public_pem(self._numbers)

    def to_der(self) -> bytes:
        """Return SubjectPublicKeyInfo in DER."""
        return key_files.write_public_der(self._numbers)

    def to_jwk(self) -> dict[str, str]:
        """Return the members of a JWK, with alg RS256, use sig, and the kid if there is one."""
        return jwk_format.write_public(self._numbers, self._kid)

    def thumbprint(self) -> str:
        """Return the JWK thumbprint (RFC 7638, SHA-256) in base64url."""
        return jwk_format.thumbprint(jwk_format.write_public(self._numbers, None))

    def __eq__(self, other: object) -> bool:
        return self._numbers == other._numbers if isinstance(other, RSAPublicKey) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._numbers)

    def __repr__(self) -> str:
        return self._described(f"{self.bits} bits", f"thumbprint {self.thumbprint()[:_SHOWN_THUMBPRINT]}...")

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled_public_key, (*self._numbers, self._kid)


# The caller's limits are not part of a key, so a pickled one comes back under the widest.
_WIDEST_LIMITS = Limits.checked(1024, 16384, allow_roca=True)


def _unpickled_public_key(n: int, e: int, kid: str | None) -> RSAPublicKey:
    return RSAPublicKey._checked(PublicNumbers(n, e), _WIDEST_LIMITS, kid)


@final
class RSAPrivateKey(_Key):
    """An RSA private key of two primes, for signing RS256.

    Made by `generate`, `from_pem`, `from_der` or `from_jwk`.  The loaders take the options of `LoadOptions` by keyword,
    raise InvalidKeyError for a key that is malformed, inconsistent, weak or of another kind, and TypeError for an
    argument of the wrong type.  It cannot be pickled, and `repr` shows of it what is public.
    """

    __slots__ = ("_public",)

    alg = "RS256"

    _public: RSAPublicKey

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("use RSAPrivateKey.generate, from_pem, from_der or from_jwk")

    @classmethod
    def generate(cls, bits: int = 2048, *, kid: str | None = None) -> RSAPrivateKey:
        """Make a new key of 2048 to 8192 bits, an even number, with e = 65537; ValueError for any other size."""
        if not isinstance(bits, int) or isinstance(bits, bool):
            raise TypeError(f"bits must be an int, not {type(bits).__name__}")
        lowest, highest = _GENERATED_BITS
        # Two primes of equal length make an even one; libcrypto would quietly take one bit off any other.
        if not lowest <= bits <= highest or bits % 2:
            raise ValueError(f"bits must be an even number from {lowest} to {highest}")
        kid = _check_kid(kid)
        return cls._checked(engines.current().generate(bits), Limits(bits, bits), kid)

    @classmethod
    def from_pem(
        cls,
        pem: str | bytes,
        password: str | bytes | None = None,
        *,
        kid: str | None = None,
        **options: Unpack[LoadOptions],
    ) -> RSAPrivateKey:
        """Load PKCS#8 or PKCS#1 in PEM, PKCS#8 under a password, or an unencrypted OpenSSH file.

        A str password is taken as UTF-8.  A password for a key that has none is refused, too.
        """
        key_files.check_password_type(password)
        limits = load_policy(**options).limits
        numbers = key_files.private_from_pem(pem_format.octets_of(pem), password, limits)
        return cls._checked(numbers, limits, _check_kid(kid))

    @classmethod
    def from_der(
        cls,
        der: bytes,
        password: str | bytes | None = None,
        *,
        kid: str | None = None,
        **options: Unpack[LoadOptions],
    ) -> RSAPrivateKey:
        """Load PKCS#8, PKCS#1, or PKCS#8 under a password, in DER."""
        key_files.check_password_type(password)
        limits = load_policy(**options).limits
        numbers = key_files.private_from_der(_der_octets(der), password)
        return cls._checked(numbers, limits, _check_kid(kid))

    @classmethod
    def from_jwk(cls, jwk: dict[str, Any] | str | bytes, **options: Unpack[LoadOptions]) -> RSAPrivateKey:
        """Load a private RSA JWK, as a dict or as JSON text; n, e and d alone are enough."""
        policy = load_policy(**options)
        return cls._from_members(jwk_format.members_of(jwk), policy)

    @classmethod
    def _from_members(cls, members: dict[str, Any], policy: LoadPolicy) -> RSAPrivateKey:
        numbers = jwk_format.read_private(members, check_x5c=policy.check_x5c, limits=policy.limits)
        return cls._checked(numbers, policy.limits, jwk_format.kid_of(members))

    @classmethod
    def _checked(cls, numbers: PrivateNumbers, limits: Limits, kid: str | None) -> RSAPrivateKey:
        backend = engines.current()
        check_private(numbers, limits, backend)
        handle = backend.load_private(numbers)  # makes one signature and verifies it
        key = object.__new__(cls)
        public = RSAPublicKey._trusted(numbers.public, kid)
        key._fill(_public=public, _kid=kid, _home=backend, _handles={backend.name: handle})
        return key

    def _numbers(self) -> PrivateNumbers:
        return self._home.export_private(self._handles[self._home.name])

    def _load(self, backend: Backend) -> Any:
        return backend.load_private(self._numbers())

    def public_key(self) -> RSAPublicKey:
        """Return the public half, with the same kid."""
        return self._public

    @property
    def bits(self) -> int:
        """The length of the modulus in bits."""
        return self._public.bits

    def to_pem(self, password: str | bytes | None = None) -> str:
        """Return PKCS#8 in PEM, encrypted if a password is given (PBES2: PBKDF2-HMAC-SHA256, AES-256-CBC).

        Raises ValueError for an empty password.
        """
        return key_files.write_private_pem(self._numbers(), password)

    def to_der(self, password: str | bytes | None = None) -> bytes:
        """Return PKCS#8 in DER, encrypted if a password is given; ValueError for an empty one."""
        return key_files.write_private_der(self._numbers(), password)

    def to_jwk(self) -> dict[str, str]:
        """Return the members of the private JWK, with alg RS256, use sig, and the kid if there is one."""
        return jwk_format.write_private(self._numbers(), self._kid)

    def thumbprint(self) -> str:
        """Return the JWK thumbprint (RFC 7638, SHA-256) in base64url; it is the public key's."""
        return self._public.thumbprint()

    def __eq__(self, other: object) -> bool:
        return self._public == other._public if isinstance(other, RSAPrivateKey) else NotImplemented

    def __hash__(self) -> int:
        return hash((RSAPrivateKey, self._public))

    def __repr__(self) -> str:
        return self._described(f"{self.bits} bits", f"thumbprint {self.thumbprint()[:_SHOWN_THUMBPRINT]}...")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an RSAPrivateKey cannot be pickled; say to_pem(password) if it has to travel")


# --- HMAC ------------------------------------------------------------------------------------------------------------


@final
class HMACKey(_Key):
    """A shared secret, for signing and verifying HS256.

    `secret_bytes` is bytes, `min_bytes` to 2 GiB of them.  Raises InvalidKeyError if it is not, or if it is a key
    file (PEM, OpenSSH, DER, JWK, JWKS) in any wrapping; TypeError if it is not bytes.  It cannot be pickled, and `repr`
    shows neither the secret nor anything made of it.
    """

    __slots__ = ("_signs", "_size")

    alg = "HS256"

    _size: int
    _signs: bool  # False where the JWK's key_ops name verify alone

    def __init__(
        self, secret_bytes: bytes, *, kid: str | None = None, min_bytes: int = _MIN_SECRET_BYTES
    ) -> None:
        if hasattr(self, "_handles"):
            raise AttributeError("HMACKey is immutable: it cannot be initialised twice")
        self._set_up(secret_bytes, _check_kid(kid), min_bytes, signs=True)

    def _set_up(self, secret: bytes, kid: str | None, min_bytes: int, *, signs: bool) -> None:
        if not isinstance(secret, bytes):
            raise TypeError(f"an HMAC secret must be bytes, not {type(secret).__name__}")
        secret = exact_bytes(secret)
        _check_min_bytes(min_bytes)
        if len(secret) < min_bytes:
            raise InvalidKeyError(
                f"HMAC secret has {len(secret)} bytes, at least {min_bytes} are wanted (option min_bytes)"
            )
        if len(secret) > _MAX_SECRET_BYTES:
            raise InvalidKeyError(
                f"HMAC secret has {len(secret)} bytes, at most {_MAX_SECRET_BYTES} are taken"
            )
        if looks_like_key(secret):
            raise InvalidKeyError("HMAC secret is a key file; a public key must never serve as a secret")
        backend = engines.current()
        handles = {backend.name: backend.load_secret(secret)}
        self._fill(_size=len(secret), _signs=signs, _kid=kid, _home=backend, _handles=handles)

    @classmethod
    def from_jwk(cls, jwk: dict[str, Any] | str | bytes, *, min_bytes: int = _MIN_SECRET_BYTES) -> HMACKey:
        """Load a symmetric JWK (kty oct) for HS256, as a dict or as JSON text."""
        _check_min_bytes(min_bytes)
        members = jwk_format.members_of(jwk)
        key = object.__new__(cls)
        secret = jwk_format.read_secret(members)
        key._set_up(
            secret, jwk_format.kid_of(members), min_bytes, signs="sign" in members.get("key_ops", ("sign",))
        )
        return key

    def _secret(self) -> bytes:
        return self._home.export_secret(self._handles[self._home.name])

    def _load(self, backend: Backend) -> Any:
        return backend.load_secret(self._secret())

    @property
    def bits(self) -> int:
        """The length of the secret in bits."""
        return 8 * self._size

    def to_jwk(self) -> dict[str, str]:
        """Return the members of the JWK, secret included, with alg HS256, use sig, and the kid if there is one."""
        return jwk_format.write_secret(self._secret(), self._kid)

    def thumbprint(self) -> str:
        """Return the JWK thumbprint (RFC 7638, SHA-256) in base64url.

        It is a hash of the secret: harmless for a random one, but it lets others try guesses at a chosen one.
        """
        return jwk_format.thumbprint(jwk_format.write_secret(self._secret(), None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, HMACKey):
            return NotImplemented
        import hmac  # not at the top: it loads libcrypto, which is most of what importing this package would cost

        return hmac.compare_digest(self._secret(), other._secret())

    def __hash__(self) -> int:
        return hash((HMACKey, self._secret()))

    def __repr__(self) -> str:
        return self._described(f"{self.bits} bits")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("an HMACKey cannot be pickled")


def _check_min_bytes(min_bytes: int) -> None:
    if not isinstance(min_bytes, int) or isinstance(min_bytes, bool):
        raise TypeError(f"min_bytes must be an int, not {type(min_bytes).__name__}")
    if min_bytes < 1:
        raise ValueError("min_bytes must be at least 1")
