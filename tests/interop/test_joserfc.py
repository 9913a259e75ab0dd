"""joserfc and fastjwt read each other's keys and tokens and give the same verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import KeySet, OctKey, RSAKey
from material import CLAIMS, decoded, pkcs8_pem, spki_pem
from peers import RanOn
from policy import NOW, SECRET, Case, assert_our_verdict, cases_shared_with
from spoiled import assert_refused, spoiled_algorithms, spoiled_signatures

import fastjwt


def their_claims(token: str, key: RSAKey | OctKey | KeySet, algorithm: str = "RS256") -> dict[str, Any]:
    """Return what joserfc reads from `token`; claims are not judged."""
    return jwt.decode(token, key, algorithms=[algorithm]).claims


def test_tokens_made_by_joserfc_verify_here_and_are_ours_byte_for_byte(engine: str, ran_on: RanOn) -> None:
    """Joserfc's own keys and JWKS load here and verify its tokens; the same signing input gets the same signature."""
    theirs = [RSAKey.generate_key(bits, private=True, auto_kid=True) for bits in (2048, 3072)]
    keys = fastjwt.JWKSet.from_dict(dict(KeySet(theirs).as_dict(private=False)))
    assert [key.kid for key in keys] == [key.kid for key in theirs] == [key.thumbprint() for key in keys]
    for their_key in theirs:
        private = fastjwt.RSAPrivateKey.from_jwk(their_key.as_dict(private=True))
        assert private.to_pem() == their_key.as_pem(private=True).decode()
        assert private.public_key().to_pem() == their_key.as_pem(private=False).decode()
        tokens = [
            jwt.encode({"alg": "RS256", "kid": their_key.kid}, dict(claims), their_key) for claims in CLAIMS
        ]
        with ran_on(engine, "verify", len(CLAIMS)):
            assert fastjwt.Verifier(keys).verify_batch(tokens).claims == list(CLAIMS)
        with ran_on(engine, "sign", len(CLAIMS), by_itself=False):
            for token in tokens:
                signing_input, _, signature = token.rpartition(".")
                assert fastjwt.hazmat.sign_pkcs1_sha256(private, signing_input.encode()) == decoded(signature)


def test_joserfc_verifies_our_tokens_with_each_form_of_our_keys(
    engine: str, ran_on: RanOn, private_keys: list[fastjwt.RSAPrivateKey]
) -> None:
    """PEM, DER, a JWK and a JWKS of ours serve joserfc, with the same thumbprint as kid."""
    publics = [private.public_key() for private in private_keys]
    key_set = KeySet.import_key_set({"keys": [{**key.to_jwk(), "kid": key.thumbprint()} for key in publics]})
    for private, public in zip(private_keys, publics, strict=True):
        forms: list[Any] = [public.to_pem(), public.to_der(), public.to_jwk()]
        their_keys = [RSAKey.import_key(form) for form in forms]
        assert {key.thumbprint() for key in their_keys} == {public.thumbprint()}
        signer = fastjwt.Signer(private, kid=public.thumbprint())
        with ran_on(engine, "sign", len(CLAIMS)):
            tokens = signer.sign_batch(CLAIMS)
        for claims, token in zip(CLAIMS, tokens, strict=True):
            for key in [*their_keys, key_set]:
                assert their_claims(token, key) == claims


def test_joserfc_signs_with_our_private_keys(engine: str, private_keys: list[fastjwt.RSAPrivateKey]) -> None:
    """Our PKCS#8, plain and encrypted, and private JWK make tokens in joserfc that verify here."""
    for private in private_keys:
        forms: list[Any] = [private.to_pem(), private.to_der(), private.to_jwk()]
        their_keys = [RSAKey.import_key(form) for form in forms]
        encrypted = private.to_pem(password="correct horse")
        their_keys.append(RSAKey.import_key(encrypted, password="correct horse"))
        verifier = fastjwt.Verifier(private.public_key())
        tokens = [jwt.encode({"alg": "RS256"}, dict(CLAIMS[2]), key) for key in their_keys]
        assert len(set(tokens)) == 1
        assert verifier.verify(tokens[0]) == CLAIMS[2]


def test_spoiled_tokens_are_refused_by_both(engine: str, foreign_keys: tuple[rsa.RSAPrivateKey, ...]) -> None:
    """Changed, wrongly signed and wrongly labelled tokens pass neither library; good neighbours in a batch do."""
    key, stranger = foreign_keys
    their_key = RSAKey.import_key(pkcs8_pem(key))
    good = jwt.encode({"alg": "RS256"}, dict(CLAIMS[1]), their_key)
    assert their_claims(good, their_key) == CLAIMS[1]
    spoiled = [*spoiled_signatures(good, key, stranger), *spoiled_algorithms(good, key)]
    for each in spoiled:
        with pytest.raises(JoseError):
            their_claims(each.token, their_key)
    assert_refused(fastjwt.RSAPublicKey.from_pem(spki_pem(key.public_key())), good, spoiled)


def test_hs256_agrees_both_ways(engine: str) -> None:
    """One secret, raw or as JWK, makes tokens in either library that the other verifies; another one verifies none."""
    ours, other = fastjwt.HMACKey(bytes(range(40))), fastjwt.HMACKey(bytes(range(1, 41)))
    their_key, their_other = OctKey.import_key({**ours.to_jwk()}), OctKey.import_key({**other.to_jwk()})
    assert fastjwt.HMACKey.from_jwk(their_key.as_dict(private=True)).thumbprint() == their_key.thumbprint()
    theirs = [jwt.encode({"alg": "HS256"}, dict(claims), their_key) for claims in CLAIMS]
    assert fastjwt.Verifier(ours).verify_batch(theirs).claims == list(CLAIMS)
    assert len(fastjwt.Verifier(other).verify_batch(theirs).errors) == len(CLAIMS)
    for claims, token in zip(CLAIMS, fastjwt.Signer(ours).sign_batch(CLAIMS), strict=True):
        assert their_claims(token, their_key, "HS256") == claims
        with pytest.raises(JoseError):
            their_claims(token, their_other, "HS256")


def registry(case: Case) -> jwt.JWTClaimsRegistry:
    """Translate a case's expectations into joserfc's registry of claims."""
    expected: dict[str, Any] = {name: {"essential": True} for name in case.required}
    for claim, option in (("iss", "issuer"), ("aud", "audience"), ("sub", "subject")):
        if option in case.options:
            wanted = case.options[option]
            expected[claim] = {"essential": True, "values": [wanted] if isinstance(wanted, str) else wanted}
    return jwt.JWTClaimsRegistry(now=NOW, leeway=case.options.get("leeway", 0), **expected)


@pytest.mark.parametrize("case", cases_shared_with("joserfc"), ids=lambda case: case.name)
def test_claims_get_the_same_verdict(engine: str, case: Case) -> None:
    """Where policies are alike, joserfc accepts what we accept and blames the claim that we blame."""
    claims = their_claims(case.token, OctKey.import_key(SECRET), "HS256")
    if case.error is None:
        registry(case).validate(claims)
    else:
        with pytest.raises(ClaimError) as refusal:
            registry(case).validate(claims)
        assert refusal.value.claim == case.claim
    assert_our_verdict(case)
