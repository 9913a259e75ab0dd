"""A program as a user with `mypy --strict` would write it: it must type-check, and it must run.

`assert_type` states what each expression is for the type checker, so that a return type which decays to Any is noticed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from typing_extensions import assert_type

import fastjwt


def keys() -> tuple[fastjwt.RSAPrivateKey, fastjwt.RSAPublicKey, fastjwt.HMACKey]:
    """Make keys and move them through every form that they have."""
    private = fastjwt.RSAPrivateKey.generate(bits=2048)
    assert_type(private, fastjwt.RSAPrivateKey)
    assert_type(private.to_pem(), str)
    assert_type(private.to_pem(password="correct horse"), str)
    assert_type(private.to_der(), bytes)
    assert_type(private.to_jwk(), dict[str, str])
    assert_type(private.thumbprint(), str)
    assert_type(private.bits, int)
    assert_type(private.kid, str | None)
    private = fastjwt.RSAPrivateKey.from_pem(private.to_pem().encode())
    private = fastjwt.RSAPrivateKey.from_pem(
        private.to_pem(password=b"correct horse"), password="correct horse"
    )
    private = fastjwt.RSAPrivateKey.from_der(private.to_der(), password=None, min_bits=2048, max_bits=4096)
    private = fastjwt.RSAPrivateKey.from_jwk(private.to_jwk())

    public = private.public_key()
    assert_type(public, fastjwt.RSAPublicKey)
    public = fastjwt.RSAPublicKey.from_pem(public.to_pem())
    public = fastjwt.RSAPublicKey.from_der(public.to_der())
    public = fastjwt.RSAPublicKey.from_jwk(public.to_jwk())
    public = fastjwt.RSAPublicKey.from_numbers(public.n, public.e)
    assert_type(public == private.public_key(), bool)

    secret = fastjwt.HMACKey(bytes(32))
    assert_type(fastjwt.HMACKey.from_jwk(secret.to_jwk()), fastjwt.HMACKey)
    return private, public, secret


def key_set(public: fastjwt.RSAPublicKey) -> fastjwt.JWKSet:
    """Publish a key and read the document back, with a member that nobody can use."""
    jwks = fastjwt.JWKSet.from_dict({"keys": [public.to_jwk(), {"kty": "EC"}]})
    assert_type(jwks, fastjwt.JWKSet)
    assert_type(len(jwks), int)
    for skipped in jwks.skipped:
        assert_type(skipped.index, int)
        assert_type(skipped.reason, str)
    assert_type(fastjwt.JWKSet.from_json('{"keys": []}'), fastjwt.JWKSet)
    return jwks


def claims_of_users(count: int) -> Iterator[dict[str, object]]:
    """Yield claims lazily; the library takes any iterable."""
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    for number in range(count):
        yield {"sub": f"user-{number}", "exp": expires, "roles": ["reader", "writer"]}


def tokens(private: fastjwt.RSAPrivateKey, secret: fastjwt.HMACKey) -> list[str]:
    """Mint one, many, and a stream."""
    signer = fastjwt.Signer(
        private, kid=None, headers={"typ": "at+jwt"}, issuer=None, audience=None, ttl=None, jti=False
    )
    assert_type(signer.sign({"exp": 4102444800}), str)
    assert_type(signer.sign(b'{"exp":4102444800}'), str)
    batch = signer.sign_batch(claims_of_users(9), threads=1)
    assert_type(batch, list[str])
    for token in signer.sign_stream(claims_of_users(3), chunk=2):
        assert_type(token, str)
    fastjwt.Signer(secret, issuer="me", audience=["you", "them"], ttl=60, jti=True).sign({})
    return batch


def verdicts(
    jwks: fastjwt.JWKSet, public: fastjwt.RSAPublicKey, secret: fastjwt.HMACKey, batch: list[str]
) -> int:
    """Verify one, many, a stream, and signatures alone; return how many were good."""
    verifier = fastjwt.Verifier(jwks, leeway=1.5, require=("exp", "sub"), typ="at+jwt")
    assert_type(verifier.verify(batch[0]), dict[str, Any])
    complete = verifier.verify_complete(batch[0].encode(), now=None)
    assert_type(complete.header, dict[str, Any])
    assert_type(complete.claims, dict[str, Any])
    assert complete.key in jwks.keys

    result = verifier.verify_batch(token + "" for token in batch)
    assert_type(result.claims, list[dict[str, Any] | None])
    assert_type(result.errors, dict[int, fastjwt.InvalidTokenError])
    assert_type(result.ok, list[bool])
    assert_type(result.valid, list[fastjwt.TokenResult])
    assert_type(result.invalid, list[fastjwt.TokenResult])
    assert_type(result[0].error, fastjwt.InvalidTokenError | None)
    assert_type(result[:2], list[fastjwt.TokenResult])
    assert_type(len(result), int)
    for index, error in result.errors.items():
        assert_type(error.code, str)
        raise SystemExit(f"token {index}: {error}")

    codes = verifier.verify_signatures(batch, threads=1)
    assert_type(codes, bytes)
    assert_type(fastjwt.Status(codes[0]).name, str)
    good = sum(1 for code in codes if code == fastjwt.Status.OK)
    for each in verifier.verify_stream(iter(batch), chunk=4):
        assert_type(each, fastjwt.TokenResult)
        good += each.ok
    fastjwt.Verifier([public, secret], issuer="me", audience=["you"], algorithms=["HS256"], clock=lambda: 0.0)
    return good + len(result.valid)


def refusal(verifier_key: fastjwt.HMACKey, token: str) -> str:
    """Name why a token is refused; each class of the tree can be caught by itself."""
    try:
        fastjwt.Verifier(verifier_key).verify(token)
    except fastjwt.MissingRequiredClaimError as error:
        assert_type(error.claim, str)
        return error.claim
    except (fastjwt.ExpiredSignatureError, fastjwt.InvalidSignatureError) as error:
        return error.code
    except fastjwt.InvalidTokenError as error:
        return error.code
    return "none"


def raw_layer(private: fastjwt.RSAPrivateKey, public: fastjwt.RSAPublicKey) -> bool:
    """Sign something that is no token, and look into one without trusting it."""
    signature = fastjwt.hazmat.sign_pkcs1_sha256(private, b"message")
    assert_type(signature, bytes)
    verified = fastjwt.hazmat.verify_pkcs1_sha256(public, signature, b"message")
    assert_type(verified, bool)
    token = fastjwt.Signer(private).sign({"sub": "alice"})
    assert_type(fastjwt.decode_unverified(token).claims, dict[str, Any])
    assert_type(fastjwt.engine().available, tuple[str, ...])
    return verified


def main() -> None:
    private, public, secret = keys()
    batch = tokens(private, secret)
    assert verdicts(key_set(public), public, secret, batch) == 3 * len(batch)
    assert refusal(secret, batch[0]) == fastjwt.InvalidAlgorithmError.code
    assert refusal(secret, fastjwt.Signer(secret).sign({"sub": "no expiry"})) == "exp"
    assert raw_layer(private, public)


if __name__ == "__main__":
    main()
