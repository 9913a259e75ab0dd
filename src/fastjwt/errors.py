"""What can go wrong, as a tree by what the caller can do about it.

The names are those that PyJWT users already catch.  A token that is refused is an `InvalidTokenError`; a key that
cannot be used is an `InvalidKeyError`; a key set that cannot be read is a `JWKSError`.  Wrong use of the library is a
plain `TypeError` or `ValueError`.  Every class has a stable `code` for logs and metrics, which never changes with the
wording of a message.  No message holds key material or a whole token.
"""

from __future__ import annotations

__all__ = [
    "DecodeError",
    "ExpiredSignatureError",
    "FastJWTError",
    "ImmatureSignatureError",
    "InvalidAlgorithmError",
    "InvalidAudienceError",
    "InvalidIssuedAtError",
    "InvalidIssuerError",
    "InvalidJTIError",
    "InvalidKeyError",
    "InvalidSignatureError",
    "InvalidSubjectError",
    "InvalidTokenError",
    "InvalidTypeError",
    "JWKSError",
    "KeyNotFoundError",
    "MissingRequiredClaimError",
]


class FastJWTError(Exception):
    """The root of everything that fastjwt raises about tokens, keys and key sets."""

    code = "fastjwt_error"


class InvalidTokenError(FastJWTError):
    """The token is refused."""

    code = "invalid_token"


class DecodeError(InvalidTokenError):
    """The token is not a well-formed JWS in compact serialisation, or its JSON is not what a JWT may hold."""

    code = "decode_error"


class InvalidSignatureError(InvalidTokenError):
    """The signature is not the one that the chosen key makes over these bytes."""

    code = "invalid_signature"


class InvalidAlgorithmError(InvalidTokenError):
    """The header names an algorithm that is not supported, not allowed, or not the chosen key's."""

    code = "invalid_algorithm"


class ExpiredSignatureError(InvalidTokenError):
    """The token's time is over (`exp`, or `iat` older than `max_age`)."""

    code = "expired"


class ImmatureSignatureError(InvalidTokenError):
    """The token's time has not come (`nbf`, or an `iat` in the future)."""

    code = "immature"


class InvalidIssuedAtError(InvalidTokenError):
    """`iat` is not a number."""

    code = "invalid_issued_at"


class InvalidIssuerError(InvalidTokenError):
    """`iss` is not a string, or not the expected one."""

    code = "invalid_issuer"


class InvalidAudienceError(InvalidTokenError):
    """`aud` names nobody who is expected, is malformed, or is present where none is expected."""

    code = "invalid_audience"


class InvalidSubjectError(InvalidTokenError):
    """`sub` is not a string, or not the expected one."""

    code = "invalid_subject"


class InvalidJTIError(InvalidTokenError):
    """`jti` is not a string."""

    code = "invalid_jti"


class InvalidTypeError(InvalidTokenError):
    """The header's `typ` is not the expected one."""

    code = "invalid_type"


class MissingRequiredClaimError(InvalidTokenError):
    """A claim that the verifier needs is absent; its name is in `claim`."""

    code = "missing_claim"

    def __init__(self, claim: str) -> None:
        super().__init__(f"required claim {claim!r} is missing")
        self.claim = claim

    def __reduce__(self) -> tuple[type[MissingRequiredClaimError], tuple[str]]:
        # Exceptions are rebuilt from `args`, which hold the sentence; the claim's name is what the constructor wants.
        return type(self), (self.claim,)


class KeyNotFoundError(InvalidTokenError):
    """No single key of the verifier fits the token's `kid` and `alg`."""

    code = "key_not_found"


class InvalidKeyError(FastJWTError):
    """The key is malformed, inconsistent, too weak, or of the wrong kind."""

    code = "invalid_key"


class JWKSError(FastJWTError):
    """The key set cannot be read, or could not be fetched."""

    code = "jwks_error"
