"""JSON Web Keys (RFC 7517, RFC 7518 section 6): from their members to numbers and back.

A JWK says what its key is for; one that says anything but "verify (or sign) RS256, HS256" does not load.  The dict may
come from the caller as it is and hold anything, so every member is looked at before it is used.
"""

from __future__ import annotations

import binascii
import re
from typing import Any

from . import base64url, certificate, pem, strict_json
from .errors import InvalidKeyError
from .exact import exact_value
from .rsa_numbers import Limits, PrivateNumbers, PublicNumbers, private_from_exponent

__all__ = [
    "holds_secret",
    "kid_of",
    "members_of",
    "moduli_of",
    "read_private",
    "read_public",
    "read_secret",
    "shown",
    "thumbprint",
    "write_private",
    "write_public",
    "write_secret",
]

Members = dict[str, Any]

_CRT_MEMBERS = ("p", "q", "dp", "dq", "qi")
_PRIVATE_MEMBERS = ("d", *_CRT_MEMBERS, "oth")

# By key type (RFC 7518 section 6, RFC 8037 section 2).  A key whose type is unknown or misspelled may be any of them.
_SECRET_MEMBERS = {
    "RSA": _PRIVATE_MEMBERS,
    "EC": ("d", "k", "priv"),
    "OKP": ("d", "k", "priv"),
}
_ANY_SECRET_MEMBER = (*_PRIVATE_MEMBERS, "k", "priv")

_MOST_GUESSED_BYTES = 16384 // 8
_NOT_BASE64 = re.compile("[^A-Za-z0-9+/]")
_TO_STANDARD = str.maketrans("-_", "+/")

_SHOWN_CHARACTERS = 64


def shown(text: str) -> str:
    """Return at most 64 characters of a foreign text, escaped, for messages and `repr`."""
    cut = text[:_SHOWN_CHARACTERS]
    return ascii(cut) + ("..." if len(text) > len(cut) else "")


# --- Reading ---------------------------------------------------------------------------------------------------------


def members_of(jwk: dict[str, Any] | str | bytes) -> Members:
    """Return the members of a JWK given as a dict or as JSON text.

    Raises InvalidKeyError for a text that is not strict JSON or above 64 KiB, TypeError for other Python types.
    """
    if isinstance(jwk, dict):
        # A plain one of plain texts, that nobody changes between two looks.
        return {exact_value(name): exact_value(value) for name, value in dict(jwk).items()}
    if not isinstance(jwk, (str, bytes)):
        raise TypeError(f"a JWK must be a dict, str or bytes, not {type(jwk).__name__}")
    try:
        return strict_json.read_object(pem.octets_of(jwk))
    except strict_json.JSONFault as fault:
        reason = f"JWK: {fault}"
    raise InvalidKeyError(reason)


def kid_of(members: Members) -> str | None:
    """Return the JWK's `kid`, None if it has none; InvalidKeyError if it is not a string that UTF-8 can spell."""
    if "kid" not in members:
        return None
    kid = members["kid"]
    if not isinstance(kid, str):
        raise InvalidKeyError(f"JWK member 'kid' must be a string, not {type(kid).__name__}")
    try:
        kid.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidKeyError("JWK member 'kid' holds a lone surrogate") from None
    return kid


def holds_secret(members: Members) -> bool:
    """Tell whether a JWK of any type holds what only its owner may know, well-formed or not.

    `k` beside `kty` RSA is a member that means nothing (RFC 7517 section 4), and no secret.
    """
    kty = members.get("kty")
    if not isinstance(kty, str):
        kty = ""
    return kty == "oct" or any(name in members for name in _SECRET_MEMBERS.get(kty, _ANY_SECRET_MEMBER))


def moduli_of(members: Members) -> set[int]:
    """Return n, and p times q, of a JWK of which nothing else is known; what cannot be read at all is left out.

    It is for recognising a key that was given away, so any spelling will do: padded, in standard base64, with blanks.
    """
    n, p, q = (_number_at_a_guess(members.get(name)) for name in ("n", "p", "q"))
    return {modulus for modulus in (n, p * q) if modulus}


def _number_at_a_guess(value: object) -> int:
    """Return the number that a member means, 0 if it means none or one beyond every RSA key."""
    if isinstance(value, int):
        return value if 0 < value.bit_length() <= 8 * _MOST_GUESSED_BYTES else 0
    if not isinstance(value, str) or len(value) > 2 * _MOST_GUESSED_BYTES:
        return 0
    text = _NOT_BASE64.sub("", value.translate(_TO_STANDARD))
    text = text[:-1] if len(text) % 4 == 1 else text  # one character alone spells nothing
    return int.from_bytes(binascii.a2b_base64(text + "=" * (-len(text) % 4)), "big")


def read_public(members: Members, *, check_x5c: bool) -> PublicNumbers:
    """Return n and e of a public RSA JWK; InvalidKeyError for anything else.  The numbers are not judged here."""
    _check_kty(members, "RSA")
    if any(name in members for name in _PRIVATE_MEMBERS):
        raise InvalidKeyError("JWK holds a private key; load it with RSAPrivateKey.from_jwk")
    _check_purpose(members, "RS256", ("verify",))
    return _read_modulus_and_exponent(members, check_x5c)


def read_private(members: Members, *, check_x5c: bool, limits: Limits) -> PrivateNumbers:
    """Return the numbers of a private RSA JWK, its primes recovered if only n, e and d are there.

    Raises InvalidKeyError.  The numbers are not judged here beyond what recovering the primes takes.
    """
    _check_kty(members, "RSA")
    if "oth" in members:
        raise InvalidKeyError("JWK has more than two primes ('oth'), which is not supported")
    if "d" not in members:
        raise InvalidKeyError("JWK has no 'd': it holds no private key")
    _check_purpose(members, "RS256", ("sign",))
    n, e = _read_modulus_and_exponent(members, check_x5c)
    d = _read_number(members, "d")
    absent = [name for name in _CRT_MEMBERS if name not in members]
    if not absent:
        return PrivateNumbers(n, e, d, *(_read_number(members, name) for name in _CRT_MEMBERS))
    if len(absent) < len(_CRT_MEMBERS):  # RFC 7518 section 6.3.2: all or none
        raise InvalidKeyError(f"JWK has some of p, q, dp, dq and qi, but not {', '.join(absent)}")
    return private_from_exponent(n, e, d, limits)


def read_secret(members: Members) -> bytes:
    """Return the secret of a symmetric JWK for HS256; InvalidKeyError for anything else."""
    _check_kty(members, "oct")
    _check_purpose(members, "HS256", ("verify",))
    return _read_octets(members, "k")


def _check_kty(members: Members, expected: str) -> None:
    kty = members.get("kty")
    if not isinstance(kty, str):
        what = "a set of keys; load it with JWKSet" if "keys" in members else "no key"
        raise InvalidKeyError(f"JWK member 'kty' must be a string: this is {what}")
    if kty != expected:
        raise InvalidKeyError(f"JWK member 'kty' is {shown(kty)}, expected {expected!r}")


def _check_purpose(members: Members, algorithm: str, operations: tuple[str, ...]) -> None:
    """Refuse a key that its own `alg`, `use` or `key_ops` keeps from the operations (RFC 7517 sections 4.2 to 4.4)."""
    alg = members.get("alg")
    if alg is not None and not (isinstance(alg, str) and alg == algorithm):
        found = shown(alg) if isinstance(alg, str) else type(alg).__name__
        raise InvalidKeyError(f"JWK member 'alg' is {found}, expected {algorithm!r}")
    use = members.get("use", "sig")
    if not (isinstance(use, str) and use == "sig"):
        found = shown(use) if isinstance(use, str) else type(use).__name__
        raise InvalidKeyError(f"JWK member 'use' is {found}, expected 'sig'")
    if "key_ops" not in members:
        return
    key_ops = members["key_ops"]
    if not isinstance(key_ops, list) or not all(isinstance(name, str) for name in key_ops):
        raise InvalidKeyError("JWK member 'key_ops' must be a list of strings")
    allowed = set(key_ops)
    if len(allowed) != len(key_ops):
        raise InvalidKeyError("JWK member 'key_ops' names an operation twice")
    if not allowed.issuperset(operations):
        raise InvalidKeyError(f"JWK member 'key_ops' does not allow to {' and '.join(operations)}")
    if "use" in members and not allowed <= {"sign", "verify"}:
        raise InvalidKeyError("JWK members 'use' and 'key_ops' contradict each other")


def _read_modulus_and_exponent(members: Members, check_x5c: bool) -> PublicNumbers:
    numbers = PublicNumbers(_read_number(members, "n"), _read_number(members, "e"))
    if check_x5c and "x5c" in members and _read_first_certificate(members["x5c"]) != numbers:
        raise InvalidKeyError("JWK member 'x5c' begins with the certificate of another key")
    return numbers


def _read_number(members: Members, name: str) -> int:
    # Leading zero octets are against RFC 7518 section 2, but written by many; they change nothing.
    return int.from_bytes(_read_octets(members, name), "big")


def _read_octets(members: Members, name: str) -> bytes:
    if name not in members:
        raise InvalidKeyError(f"JWK has no {name!r}")
    value = members[name]
    if not isinstance(value, str):
        raise InvalidKeyError(f"JWK member {name!r} must be a string, not {type(value).__name__}")
    if len(value) > pem.MAX_KEY_BYTES:
        raise InvalidKeyError(f"JWK member {name!r} is longer than 64 KiB")
    try:
        return base64url.decode(value)
    except ValueError as fault:
        raise InvalidKeyError(f"JWK member {name!r} is {fault}") from None


def _read_first_certificate(chain: object) -> PublicNumbers:
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        raise InvalidKeyError("JWK member 'x5c' must be a list of strings")
    # RFC 7517 section 4.7: base64 with padding, not base64url.
    text = pem.octets_of(chain[0])
    return certificate.read(pem.decode_base64(text, "JWK member 'x5c'"))


# --- Writing ---------------------------------------------------------------------------------------------------------


def _text_of(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _write(kty: str, material: dict[str, str], alg: str, kid: str | None) -> dict[str, str]:
    members = {"kty": kty, **material, "alg": alg, "use": "sig"}
    return members if kid is None else {**members, "kid": kid}


def write_public(numbers: PublicNumbers, kid: str | None) -> dict[str, str]:
    """Return the members of a public RSA JWK, numbers without leading zeros."""
    return _write("RSA", {name: _text_of(number) for name, number in numbers._asdict().items()}, "RS256", kid)


def write_private(numbers: PrivateNumbers, kid: str | None) -> dict[str, str]:
    """Return the members of a private RSA JWK, numbers without leading zeros."""
    return _write("RSA", {name: _text_of(number) for name, number in numbers._asdict().items()}, "RS256", kid)


def write_secret(secret: bytes, kid: str | None) -> dict[str, str]:
    """Return the members of a symmetric JWK for HS256."""
    return _write("oct", {"k": base64url.encode(secret)}, "HS256", kid)


def thumbprint(members: dict[str, str]) -> str:
    """Return the SHA-256 thumbprint of a JWK that was written here (RFC 7638 section 3), in base64url."""
    import hashlib  # loads libcrypto, which is most of what it costs to import this package

    required = ("e", "kty", "n") if members["kty"] == "RSA" else ("k", "kty")
    # No value here needs an escape, so the canonical JSON is written directly.
    canonical = ",".join(f'"{name}":"{members[name]}"' for name in required)
    return base64url.encode(hashlib.sha256(f"{{{canonical}}}".encode("ascii")).digest())
