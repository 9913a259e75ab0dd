"""PyJWT and fastjwt read each other's keys and tokens and give the same verdicts, down to the names of the errors."""

from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from material import CLAIMS, decoded, pkcs8_pem, spki_pem
from peers import RanOn
from policy import SECRET, Case, assert_our_verdict, cases_shared_with
from spoiled import assert_refused, spoiled_algorithms, spoiled_signatures

import fastjwt


def test_tokens_made_by_pyjwt_verify_here_and_are_ours_byte_for_byte(
    engine: str, ran_on: RanOn, foreign_keys: tuple[rsa.RSAPrivateKey, ...]
) -> None:
    """With the same PEM, PyJWT's tokens verify here, and the same signing input gets the same signature."""
    for key in foreign_keys:
        private = fastjwt.RSAPrivateKey.from_pem(pkcs8_pem(key))
        tokens = [jwt.encode(claims, pkcs8_pem(key), "RS256", headers={"kid": "theirs"}) for claims in CLAIMS]
        with ran_on(engine, "verify", len(CLAIMS)):
            batch = fastjwt.Verifier(private.public_key()).verify_batch(tokens)
        assert batch.claims == list(CLAIMS)
        with ran_on(engine, "sign", len(CLAIMS), by_itself=False):
            for token in tokens:
                signing_input, _, signature = token.rpartition(".")
                assert fastjwt.hazmat.sign_pkcs1_sha256(private, signing_input.encode()) == decoded(signature)


def test_pyjwt_verifies_our_tokens_with_each_form_of_our_keys(
    engine: str, ran_on: RanOn, private_keys: list[fastjwt.RSAPrivateKey]
) -> None:
    """PEM text, a JWK and a JWKS of ours serve PyJWT, and PyJWT's signature over our text is ours."""
    members = [
        {**key.public_key().to_jwk(), "kid": f"ours-{index}"} for index, key in enumerate(private_keys)
    ]
    key_set = jwt.PyJWKSet.from_json(json.dumps({"keys": members}))
    for index, private in enumerate(private_keys):
        public = private.public_key()
        their_keys: list[jwt.PyJWK | str] = [
            public.to_pem(),
            jwt.PyJWK(public.to_jwk(), algorithm="RS256"),
            key_set[f"ours-{index}"],
        ]
        their_algorithm = RSAAlgorithm(RSAAlgorithm.SHA256)
        their_private = their_algorithm.prepare_key(private.to_pem())
        assert isinstance(their_private, rsa.RSAPrivateKey)
        with ran_on(engine, "sign", len(CLAIMS)):
            tokens = fastjwt.Signer(private).sign_batch(CLAIMS)
        for claims, token in zip(CLAIMS, tokens, strict=True):
            for key in their_keys:
                assert jwt.decode(token, key, algorithms=["RS256"]) == claims
            signing_input, _, signature = token.rpartition(".")
            assert their_algorithm.sign(signing_input.encode(), their_private) == decoded(signature)


def test_jwks_of_rsa_algorithm_load(engine: str, foreign_keys: tuple[rsa.RSAPrivateKey, ...]) -> None:
    """RSAAlgorithm.to_jwk of both halves of a key loads here, and ours comes back through from_jwk."""
    for key in foreign_keys:
        private = fastjwt.RSAPrivateKey.from_jwk(RSAAlgorithm.to_jwk(key))
        public = fastjwt.RSAPublicKey.from_jwk(RSAAlgorithm.to_jwk(key.public_key()))
        assert private.to_pem() == pkcs8_pem(key)
        assert public.to_pem() == spki_pem(key.public_key())
        their_private, their_public = (RSAAlgorithm.from_jwk(half.to_jwk()) for half in (private, public))
        assert isinstance(their_private, rsa.RSAPrivateKey)
        assert their_private.private_numbers() == key.private_numbers()
        assert their_public == key.public_key()


def test_spoiled_tokens_are_refused_by_both(engine: str, foreign_keys: tuple[rsa.RSAPrivateKey, ...]) -> None:
    """Changed, wrongly signed and wrongly labelled tokens pass neither library; good neighbours in a batch do."""
    key, stranger = foreign_keys
    public_pem = spki_pem(key.public_key())
    good = jwt.encode(CLAIMS[1], pkcs8_pem(key), "RS256")
    assert jwt.decode(good, public_pem, algorithms=["RS256"]) == CLAIMS[1]
    spoiled = [*spoiled_signatures(good, key, stranger), *spoiled_algorithms(good, key)]
    for each in spoiled:
        with pytest.raises(jwt.InvalidTokenError):
            jwt.decode(each.token, public_pem, algorithms=["RS256"])
    assert_refused(fastjwt.RSAPublicKey.from_pem(public_pem), good, spoiled)


def test_hs256_agrees_both_ways(engine: str) -> None:
    """One secret makes tokens in either library that the other verifies; another secret verifies none of them."""
    secret, other = bytes(range(40)), bytes(range(1, 41))
    ours, theirs = fastjwt.HMACKey(secret), [jwt.encode(claims, secret, "HS256") for claims in CLAIMS]
    assert fastjwt.Verifier(ours).verify_batch(theirs).claims == list(CLAIMS)
    assert len(fastjwt.Verifier(fastjwt.HMACKey(other)).verify_batch(theirs).errors) == len(CLAIMS)
    for claims, token in zip(CLAIMS, fastjwt.Signer(ours).sign_batch(CLAIMS), strict=True):
        assert jwt.decode(token, secret, algorithms=["HS256"]) == claims
        assert jwt.decode(token, jwt.PyJWK(ours.to_jwk(), algorithm="HS256"), algorithms=["HS256"]) == claims
        with pytest.raises(jwt.InvalidSignatureError):
            jwt.decode(token, other, algorithms=["HS256"])


@pytest.mark.parametrize("case", cases_shared_with("pyjwt"), ids=lambda case: case.name)
def test_claims_get_the_same_verdict(engine: str, case: Case) -> None:
    """Where policies are alike, PyJWT raises an error of the name that ours has."""
    names = ("issuer", "audience", "subject", "leeway")
    options = {name: value for name, value in case.options.items() if name in names}

    def decode() -> dict[str, object]:
        return jwt.decode(
            case.token, SECRET, algorithms=["HS256"], options={"require": case.required}, **options
        )

    if case.error is None:
        assert decode() == case.claims
    else:
        with pytest.raises(jwt.InvalidTokenError) as refusal:
            decode()
        # An error that only its base is settled for may carry a more exact name in either library.
        assert case.error.__name__ in [ancestor.__name__ for ancestor in type(refusal.value).__mro__]
        assert getattr(refusal.value, "claim", case.claim) == case.claim
    assert_our_verdict(case)


def test_errors_have_the_names_that_pyjwt_users_know() -> None:
    """Every error about a token that PyJWT has is here too, under its name and under the same root."""
    theirs = {
        name
        for name, kind in vars(jwt.exceptions).items()
        if isinstance(kind, type) and issubclass(kind, jwt.InvalidTokenError)
    }
    assert "InvalidSubjectError" in theirs
    ours = {name for name in theirs if issubclass(getattr(fastjwt, name, object), fastjwt.InvalidTokenError)}
    assert ours == theirs
