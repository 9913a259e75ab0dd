"""Keys from files, in whatever form they come: PEM, DER, JWK, certificate, key set.

What a file holds is seen from its content, never from its name.  Which keys are good is for the library to say; here
a key that it refuses becomes an `InputFault` that names the file.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fastjwt.cli.exits import InputFault, UsageFault
from fastjwt.cli.reading import read_small
from fastjwt.errors import InvalidKeyError, JWKSError

if TYPE_CHECKING:
    from fastjwt import HMACKey, JWKSet, RSAPrivateKey, RSAPublicKey

__all__ = ["key_set", "password_from", "private_key", "public_keys", "verifying_key"]

_KEY_BYTES = 64 * 1024
_PASSWORD_BYTES = 4096
_KEY_SET_BYTES = 1024 * 1024


def private_key(path: str, password_file: str | None, **options: Any) -> RSAPrivateKey | HMACKey:
    """Return the key in `path` that signs: an RSA private key, or an HMAC secret as a JWK.

    `options` go to the library's loader.
    """
    from fastjwt import HMACKey, RSAPrivateKey

    content = read_small(path, _KEY_BYTES, "a key")
    with _naming(path):
        members = _json_object(content)
        if members is not None:
            _refuse_set(members, "fastjwt signs with one key: give that one as a JWK of its own")
            return (
                HMACKey.from_jwk(content)
                if _is_secret(members)
                else RSAPrivateKey.from_jwk(content, **options)
            )
        if b"-----BEGIN" not in content and content[:1] == b"\x30":
            return RSAPrivateKey.from_der(
                content, password=_password(content, password_file, path), **options
            )
        password = _password(content, password_file, path)
        return RSAPrivateKey.from_pem(content, password=password, **options)


def verifying_key(path: str, **options: Any) -> RSAPublicKey | HMACKey:
    """Return the key in `path` that verifies: an RSA public key or certificate, or an HMAC secret as a JWK."""
    from fastjwt import HMACKey, RSAPublicKey

    content = read_small(path, _KEY_BYTES, "a key")
    with _naming(path):
        members = _json_object(content)
        if members is not None:
            _refuse_set(members, "give it with --jwks")
            return (
                HMACKey.from_jwk(content)
                if _is_secret(members)
                else RSAPublicKey.from_jwk(content, **options)
            )
        if b"PRIVATE KEY-----" in content:
            raise InvalidKeyError(
                "is a private key; to verify, give the public one (`fastjwt jwks` makes a key set of it)"
            )
        return _public_from_text_or_der(content, options)


def public_keys(path: str, password_file: str | None, **options: Any) -> list[RSAPublicKey]:
    """Return the public keys of a file that holds a private key, a public one, or a key set."""
    from fastjwt import JWKSet, RSAPrivateKey, RSAPublicKey

    content = read_small(path, _KEY_SET_BYTES, "a key or a key set")
    with _naming(path):
        members = _json_object(content)
        if members is not None:
            if "keys" in members:
                keys = JWKSet.from_json(content, **options)
                if keys.skipped:
                    fault = keys.skipped[0]
                    raise JWKSError(f"member {fault.index + 1} of the set cannot be used: {fault.reason}")
                return [key for key in keys if isinstance(key, RSAPublicKey)]
            if _is_secret(members):
                raise InvalidKeyError("is an HMAC secret, which has no public part to publish")
            if "d" in members:
                return [RSAPrivateKey.from_jwk(content, **options).public_key()]
            return [RSAPublicKey.from_jwk(content, **options)]
        if b"PRIVATE KEY-----" in content:
            password = _password(content, password_file, path)
            return [RSAPrivateKey.from_pem(content, password=password, **options).public_key()]
        if content[:1] == b"\x30":
            if _is_encrypted(content):
                password = _password(content, password_file, path)
                return [RSAPrivateKey.from_der(content, password=password, **options).public_key()]
            with contextlib.suppress(InvalidKeyError):
                return [RSAPrivateKey.from_der(content, **options).public_key()]
        return [_public_from_text_or_der(content, options)]


def key_set(path: str, **options: Any) -> JWKSet:
    """Return the JWKS document in `path`, with its unusable members skipped."""
    from fastjwt import JWKSet

    content = read_small(path, _KEY_SET_BYTES, "a key set")
    with _naming(path):
        members = _json_object(content)
        if members is not None and "keys" not in members and "kty" in members:
            raise JWKSError("is a single JWK, not a key set; give it with --key")
        return JWKSet.from_json(content, **options)


def _public_from_text_or_der(content: bytes, options: dict[str, Any]) -> RSAPublicKey:
    from fastjwt import RSAPublicKey

    if b"-----BEGIN CERTIFICATE-----" in content:
        return RSAPublicKey.from_certificate(content, **options)
    if b"-----BEGIN" not in content and content[:1] == b"\x30":
        try:
            return RSAPublicKey.from_der(content, **options)
        except InvalidKeyError:
            with contextlib.suppress(InvalidKeyError):
                return RSAPublicKey.from_certificate(content, **options)
            raise
    return RSAPublicKey.from_pem(content, **options)


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    """Turn what the library says about a key into a fault that names its file."""
    try:
        yield
    except (InvalidKeyError, JWKSError) as error:
        name = "standard input" if path == "-" else path
        raise InputFault(f"{name}: {error}") from None
    except (TypeError, ValueError) as error:  # an option of the loader, such as --min-bits 5
        raise UsageFault(str(error)) from None


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the members if `content` is a JSON object, None if it is no JSON at all."""
    from fastjwt import strict_json

    if content.lstrip()[:1] != b"{":
        return None
    try:
        return strict_json.read_object(content)
    except ValueError as error:
        raise InvalidKeyError(str(error)) from None


def _is_secret(members: dict[str, Any]) -> bool:
    return members.get("kty") == "oct"


def _refuse_set(members: dict[str, Any], advice: str) -> None:
    if "keys" in members and "kty" not in members:
        raise InvalidKeyError(f"is a key set; {advice}")


def _is_encrypted(content: bytes) -> bool:
    from fastjwt.key_shapes import der_structure

    if b"-----BEGIN" not in content and content[:1] == b"\x30":
        return der_structure(content) == "encrypted PKCS#8"
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in content


def _password(content: bytes, password_file: str | None, path: str) -> bytes | None:
    return password_from(password_file, path) if _is_encrypted(content) else None


def password_from(password_file: str | None, key_path: str) -> bytes:
    """Return the password for `key_path`: the first line of a file, or what somebody types at the terminal.

    Never from the command line or the environment, where other processes could read it.
    """
    if password_file is None:
        if not _somebody_is_there():
            raise InputFault(f"{key_path}: is encrypted; give its password with --password-file")
        return prompt(f"Password for {key_path}: ")
    line = read_small(password_file, _PASSWORD_BYTES, "a password").split(b"\n", 1)[0].removesuffix(b"\r")
    if not line:
        raise InputFault(f"{password_file}: its first line, which should be the password, is empty")
    return line


def _somebody_is_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def prompt(question: str) -> bytes:
    """Ask for a password at the terminal, without showing it."""
    import getpass

    if not _somebody_is_there():
        raise InputFault("there is no terminal to ask for a password at; use --password-file")
    try:
        return getpass.getpass(question).encode("utf-8", "surrogateescape")
    except EOFError:
        raise InputFault("no password was given") from None
