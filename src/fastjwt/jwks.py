"""JSON Web Key Sets (RFC 7517 section 5): from a document to the keys that a token's header may mean.

A member that cannot be used never harms the others: it is skipped, and listed with the reason.  One kind of member does
reach beyond itself.  Who can read a published secret can sign with it, so the `kid` of a private or symmetric member,
and the key itself, are unusable in the whole set, unless the caller says that the set is his own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, final

from . import jwk, strict_json
from .errors import InvalidKeyError, JWKSError
from .exact import exact_bytes, exact_str
from .keys import HMACKey, LoadOptions, LoadPolicy, RSAPrivateKey, RSAPublicKey, load_policy
from .rsa_numbers import PublicNumbers

if TYPE_CHECKING:
    import sys

    if sys.version_info >= (3, 11):
        from typing import Unpack
    else:
        from typing_extensions import Unpack

__all__ = ["JWKSet", "Skipped"]

_MAX_BYTES = 1_048_576
_MAX_KEYS = 1024

# Checking a modulus costs as the cube of its length.  A set may cost as much as its permitted number of members of this
# length, at least the default number: 10 s on a native engine, 2 minutes on the pure one.  That is 128 of 8192 bits,
# where 1 MiB would hold 740 of them, and 16 of 16384 bits.
_WORK_UNIT_BITS = 4096


class Skipped(NamedTuple):
    """A member of a key set that is not used: its place in the list, its kid if it has one, and why."""

    index: int  # type: ignore[assignment]  # hides tuple.index(), which three different fields have no use for
    kid: str | None
    reason: str


@final
class JWKSet:
    """The usable keys of a key set, chosen by `kid`.  Immutable, and safe to share between threads.

    `keys` has them in the document's order; `skipped` lists the members that cannot be used.  The same key under the
    same kid counts once.
    """

    __slots__ = ("__weakref__", "_by_header", "_keys", "_skipped")

    generation = 0
    """Changes when the keys do, which those of a document never do."""

    _keys: tuple[RSAPublicKey | HMACKey, ...]
    _skipped: tuple[Skipped, ...]
    _by_header: dict[tuple[str | None, str], tuple[RSAPublicKey | HMACKey, ...]]

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError("use JWKSet.from_json, from_dict or from_keys")

    @classmethod
    def from_json(
        cls,
        text: str | bytes,
        *,
        allow_secret_members: bool = False,
        max_bytes: int = _MAX_BYTES,
        max_keys: int = _MAX_KEYS,
        **options: Unpack[LoadOptions],
    ) -> JWKSet:
        """Read a key set from JSON text.

        `max_bytes` and `max_keys` bound the document; `options` are those of the RSA key loaders, for each member.
        `allow_secret_members=True` is for a set that you own: private RSA members then count by their public part, and
        symmetric members are HMACKeys.  Raises JWKSError for a document that is no key set, ValueError and TypeError
        for wrong options.
        """
        _check_cap("max_bytes", max_bytes)
        _check_cap("max_keys", max_keys)
        reading = _Reading(load_policy(**options), _checked_flag(allow_secret_members))
        if isinstance(text, str):
            # An unpaired surrogate becomes octets that are no UTF-8, so the reader refuses it.
            octets = exact_str(text)[: max_bytes + 1].encode("utf-8", "surrogatepass")
        elif isinstance(text, bytes):
            octets = exact_bytes(text)
        else:
            raise TypeError(f"a key set must be str or bytes, not {type(text).__name__}")
        if len(octets) > max_bytes:
            raise JWKSError(f"key set is longer than {max_bytes} bytes (option max_bytes)")
        try:
            document = strict_json.read_object(octets)
        except strict_json.JSONFault as fault:
            reason = f"key set: {fault}"
        else:
            return reading.set_of(document, max_keys)
        raise JWKSError(reason)

    @classmethod
    def from_dict(
        cls,
        d: dict[str, Any],
        *,
        allow_secret_members: bool = False,
        max_bytes: int = _MAX_BYTES,
        max_keys: int = _MAX_KEYS,
        **options: Unpack[LoadOptions],
    ) -> JWKSet:
        """Read a key set that was parsed before; options and errors as for `from_json`.

        `max_bytes` is taken for the sake of callers who pass the same options to both, and bounds nothing here.
        """
        _check_cap("max_bytes", max_bytes)
        _check_cap("max_keys", max_keys)
        if not isinstance(d, dict):
            raise TypeError(f"a key set must be a dict, not {type(d).__name__}")
        reading = _Reading(load_policy(**options), _checked_flag(allow_secret_members))
        return reading.set_of(d, max_keys)

    @classmethod
    def from_keys(cls, keys: Iterable[RSAPublicKey]) -> JWKSet:
        """Make a set of public keys, to be published with `to_json`; TypeError for keys that are not public."""
        public = tuple(keys)
        for key in public:
            if not isinstance(key, RSAPublicKey):
                hint = "; say private.public_key()" if isinstance(key, RSAPrivateKey) else ""
                raise TypeError(f"a public key set holds RSAPublicKey, not {type(key).__name__}{hint}")
        return cls._of(public, ())

    @classmethod
    def _of(cls, keys: Iterable[RSAPublicKey | HMACKey], skipped: Iterable[Skipped]) -> JWKSet:
        distinct = {(key.kid, key): key for key in keys}
        self = object.__new__(cls)
        object.__setattr__(self, "_keys", tuple(distinct.values()))
        object.__setattr__(self, "_skipped", tuple(skipped))
        object.__setattr__(self, "_by_header", _by_header(distinct.values()))
        return self

    @property
    def keys(self) -> tuple[RSAPublicKey | HMACKey, ...]:
        """The usable keys, in the document's order."""
        return self._keys

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The members that are not used, in the document's order."""
        return self._skipped

    def candidates(self, kid: str | None, alg: str) -> tuple[RSAPublicKey | HMACKey, ...]:
        """Return the different keys that a header may mean, in the document's order.

        With a `kid`: those that bear exactly it.  Without: all that are for `alg`.  A member without a kid is never
        meant by a token that names one.
        """
        return self._by_header.get((kid, alg), ())

    def to_dict(self) -> dict[str, Any]:
        """Return the set of the public members; symmetric keys are left out."""
        return {"keys": [key.to_jwk() for key in self._keys if isinstance(key, RSAPublicKey)]}

    def to_json(self) -> str:
        """Return the set of the public members as JSON text; symmetric keys are left out."""
        return strict_json.write(self.to_dict()).decode("utf-8")

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[RSAPublicKey | HMACKey]:
        return iter(self._keys)

    def __repr__(self) -> str:
        return f"<JWKSet of {len(self._keys)} keys, {len(self._skipped)} members skipped>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("JWKSet is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("JWKSet is immutable")

    def __copy__(self) -> JWKSet:
        return self

    def __deepcopy__(self, memo: object) -> JWKSet:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return JWKSet._of, (self._keys, self._skipped)


def _by_header(
    keys: Iterable[RSAPublicKey | HMACKey],
) -> dict[tuple[str | None, str], tuple[RSAPublicKey | HMACKey, ...]]:
    """Return which keys each pair of kid and algorithm means; the same key under two kids is one key without kid."""
    lists: dict[tuple[str | None, str], dict[RSAPublicKey | HMACKey, None]] = {}
    for key in keys:
        for kid in {key.kid, None}:
            lists.setdefault((kid, key.alg), {}).setdefault(key)
    return {header: tuple(distinct) for header, distinct in lists.items()}


def _check_cap(name: str, value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1")


def _checked_flag(allow_secret_members: bool) -> bool:
    if not isinstance(allow_secret_members, bool):
        raise TypeError(f"allow_secret_members must be a bool, not {type(allow_secret_members).__name__}")
    return allow_secret_members


class _Reading:
    """One walk through the members of a document."""

    def __init__(self, policy: LoadPolicy, allow_secret_members: bool) -> None:
        self._policy = policy
        self._allow_secret_members = allow_secret_members
        self._checked: set[PublicNumbers] = set()
        self._work = self._work_left = 0
        self._secret_kids: set[str] = set()
        self._secret_moduli: set[int] = set()

    def set_of(self, document: dict[str, Any], max_keys: int) -> JWKSet:
        members = document.get("keys")
        if not isinstance(members, list):
            what = "it is a single JWK" if "kty" in document else "it has no member 'keys' that is a list"
            raise JWKSError(f"not a key set: {what}")
        if len(members) > max_keys:
            raise JWKSError(
                f"key set has {len(members)} members, at most {max_keys} are taken (option max_keys)"
            )
        self._work = self._work_left = max(max_keys, _MAX_KEYS) * _WORK_UNIT_BITS**3
        usable: list[tuple[int, RSAPublicKey | HMACKey]] = []
        skipped: list[Skipped] = []
        for index, member in enumerate(list(members)):
            try:
                usable.append((index, self._key_of(member)))
            except InvalidKeyError as error:
                skipped.append(Skipped(index, _kid_of(member), str(error)))
        keys = []
        for index, key in usable:
            if self._is_compromised(key):
                reason = "a member of the set publishes a secret of this kid or of this key"
                skipped.append(Skipped(index, key.kid, reason))
            else:
                keys.append(key)
        return JWKSet._of(keys, sorted(skipped))

    def _key_of(self, member: object) -> RSAPublicKey | HMACKey:
        """Return the key of one member; InvalidKeyError if there is none to use."""
        if not isinstance(member, dict):
            raise InvalidKeyError(f"member is not an object but {type(member).__name__}")
        members = jwk.members_of(member)
        if not jwk.holds_secret(members):
            return self._public_key(jwk.read_public(members, check_x5c=self._policy.check_x5c), members)
        if self._allow_secret_members:
            if members.get("kty") == "oct":
                return HMACKey.from_jwk(members)
            self._spend(max(jwk.moduli_of(members), default=0))
            return RSAPrivateKey._from_members(members, self._policy).public_key()
        kid = _kid_of(members)
        if kid is not None:
            self._secret_kids.add(kid)
        self._secret_moduli |= jwk.moduli_of(members)
        raise InvalidKeyError("member publishes a private key or a secret (option allow_secret_members)")

    def _public_key(self, numbers: PublicNumbers, members: dict[str, Any]) -> RSAPublicKey:
        kid = jwk.kid_of(members)
        if numbers in self._checked:
            return RSAPublicKey._trusted(numbers, kid)
        self._spend(numbers.n)
        key = RSAPublicKey._checked(numbers, self._policy.limits, kid)
        self._checked.add(numbers)
        return key

    def _spend(self, modulus: int) -> None:
        bits = modulus.bit_length()
        work = bits**3
        if bits > self._policy.limits.max_bits:
            return  # it is refused before anything is computed with it
        if work > self._work_left:
            keys = self._work // _WORK_UNIT_BITS**3
            raise InvalidKeyError(
                f"key of {bits} bits was not checked: with those before it the set would cost more work than"
                f" {keys} keys of {_WORK_UNIT_BITS} bits (raise max_keys to allow more)"
            )
        self._work_left -= work

    def _is_compromised(self, key: RSAPublicKey | HMACKey) -> bool:
        return key.kid in self._secret_kids or (
            isinstance(key, RSAPublicKey) and key.n in self._secret_moduli
        )


def _kid_of(member: object) -> str | None:
    kid = member.get("kid") if isinstance(member, dict) else None
    return exact_str(kid) if isinstance(kid, str) else None
