"""RS256 JSON Web Tokens, minted and verified one at a time or a million.

>>> import fastjwt
>>> private = fastjwt.RSAPrivateKey.generate()
>>> token = fastjwt.Signer(private, issuer="https://id.example", ttl=300).sign({"sub": "alice"})
>>> fastjwt.Verifier(private.public_key(), issuer="https://id.example").verify(token)["sub"]
'alice'
"""

from . import hazmat
from ._version import __version__
from .engines import EngineInfo, engine
from .errors import (
    DecodeError,
    ExpiredSignatureError,
    FastJWTError,
    ImmatureSignatureError,
    InvalidAlgorithmError,
    InvalidAudienceError,
    InvalidIssuedAtError,
    InvalidIssuerError,
    InvalidJTIError,
    InvalidKeyError,
    InvalidSignatureError,
    InvalidSubjectError,
    InvalidTokenError,
    InvalidTypeError,
    JWKSError,
    KeyNotFoundError,
    MissingRequiredClaimError,
)
from .jwks import JWKSet
from .jwt import Signer, Unverified, Verifier, decode_unverified
from .keys import HMACKey, RSAPrivateKey, RSAPublicKey
from .results import BatchResult, TokenResult, Verified
from .status import Status

__all__ = [
    "BatchResult",
    "DecodeError",
    "EngineInfo",
    "ExpiredSignatureError",
    "FastJWTError",
    "HMACKey",
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
    "JWKSet",
    "KeyNotFoundError",
    "MissingRequiredClaimError",
    "RSAPrivateKey",
    "RSAPublicKey",
    "Signer",
    "Status",
    "TokenResult",
    "Unverified",
    "Verified",
    "Verifier",
    "__version__",
    "decode_unverified",
    "engine",
    "hazmat",
]
