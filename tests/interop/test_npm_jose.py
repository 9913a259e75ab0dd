"""The npm package jose and fastjwt read each other's keys and tokens and give the same verdicts.

The JavaScript side is `jose.mjs`. Node starts once for what it makes and once a test for what it judges.
"""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from material import CLAIMS, decoded, pkcs8_pem
from peers import Jose, RanOn
from policy import NOW, SECRET, Case, assert_our_verdict, cases_shared_with
from spoiled import assert_refused, spoiled_algorithms, spoiled_signatures

import fastjwt

pytestmark = pytest.mark.node


@pytest.fixture(scope="module")
def made_by_jose(jose: Jose) -> list[dict[str, Any]]:
    """Two key pairs of different sizes in all of jose's forms, with the tokens that they signed."""
    return jose(
        [
            {
                "do": "generate",
                "bits": bits,
                "tokens": [
                    {"header": {"alg": "RS256", "kid": f"jose-{bits}"}, "claims": claims} for claims in CLAIMS
                ],
            }
            for bits in (2048, 3072)
        ]
    )


def test_keys_made_by_jose_load_and_keep_their_thumbprint(
    engine: str, made_by_jose: list[dict[str, Any]]
) -> None:
    """exportPKCS8, exportSPKI and exportJWK give one key, with the thumbprint that calculateJwkThumbprint finds."""
    for pair in made_by_jose:
        private = fastjwt.RSAPrivateKey.from_pem(pair["pkcs8"])
        public = fastjwt.RSAPublicKey.from_pem(pair["spki"])
        assert private.public_key() == public
        assert fastjwt.RSAPrivateKey.from_jwk(pair["privateJwk"]).to_der() == private.to_der()
        assert fastjwt.RSAPublicKey.from_jwk(pair["publicJwk"]) == public
        assert private.thumbprint() == public.thumbprint() == pair["thumbprint"]
        assert private.to_pem().strip() == pair["pkcs8"].strip()
        assert public.to_pem().strip() == pair["spki"].strip()


def test_tokens_made_by_jose_verify_here_and_are_ours_byte_for_byte(
    engine: str, ran_on: RanOn, made_by_jose: list[dict[str, Any]]
) -> None:
    """A set of jose's public keys verifies its tokens; signing the same text with its keys gives the same tokens."""
    members = [
        {**pair["publicJwk"], "kid": f"jose-{bits}"}
        for bits, pair in zip((2048, 3072), made_by_jose, strict=True)
    ]
    verifier = fastjwt.Verifier(fastjwt.JWKSet.from_dict({"keys": members}))
    for pair in made_by_jose:
        private = fastjwt.RSAPrivateKey.from_pem(pair["pkcs8"])
        with ran_on(engine, "verify", len(CLAIMS)):
            assert verifier.verify_batch(pair["tokens"]).claims == list(CLAIMS)
        with ran_on(engine, "sign", len(CLAIMS), by_itself=False):
            for token in pair["tokens"]:
                signing_input, _, signature = token.rpartition(".")
                assert fastjwt.hazmat.sign_pkcs1_sha256(private, signing_input.encode()) == decoded(signature)


def test_jose_verifies_our_tokens_with_each_form_of_our_keys(
    engine: str, ran_on: RanOn, jose: Jose, private_keys: list[fastjwt.RSAPrivateKey]
) -> None:
    """SPKI, a single JWK and a local JWKS with all of our keys each verify what our signers made."""
    members = [
        {**key.public_key().to_jwk(), "kid": f"ours-{index}"} for index, key in enumerate(private_keys)
    ]
    jobs, expected = [], []
    for index, private in enumerate(private_keys):
        public = private.public_key()
        signer = fastjwt.Signer(private, kid=f"ours-{index}", headers={"typ": "at+jwt"})
        with ran_on(engine, "sign", len(CLAIMS)):
            tokens = signer.sign_batch(CLAIMS)
        for claims, token in zip(CLAIMS, tokens, strict=True):
            for key in ({"spki": public.to_pem()}, {"jwk": public.to_jwk()}, {"jwks": {"keys": members}}):
                jobs.append({"do": "verify", "key": key, "token": token, "options": {"typ": "at+jwt"}})
                expected.append(claims)
    answers = jose(jobs)
    assert [answer.get("claims", answer) for answer in answers] == expected
    assert {(a["header"]["alg"], a["header"]["typ"]) for a in answers} == {("RS256", "at+jwt")}


def test_jose_signs_with_our_keys_what_we_sign(
    engine: str, jose: Jose, private_keys: list[fastjwt.RSAPrivateKey]
) -> None:
    """importPKCS8 and importJWK take our private keys; jose's token is ours for the same header and claims bytes."""
    header = {"alg": "RS256", "kid": "ours"}
    jobs = [
        {"do": "sign", "key": key, "header": header, "claims": claims}
        for private in private_keys
        for key in ({"pkcs8": private.to_pem()}, {"jwk": private.to_jwk()})
        for claims in CLAIMS
    ]
    answers = jose(jobs)
    signers = [private for private in private_keys for _ in range(2 * len(CLAIMS))]
    for private, job, answer in zip(signers, jobs, answers, strict=True):
        signing_input, _, signature = answer["token"].rpartition(".")
        assert fastjwt.hazmat.sign_pkcs1_sha256(private, signing_input.encode()) == decoded(signature)
        verified = fastjwt.Verifier(private.public_key()).verify_complete(answer["token"])
        assert (verified.header, verified.claims) == (header, job["claims"])


def test_thumbprints_agree(engine: str, jose: Jose, private_keys: list[fastjwt.RSAPrivateKey]) -> None:
    """RFC 7638 thumbprints of RSA keys and of a secret are those of calculateJwkThumbprint."""
    secret = fastjwt.HMACKey(bytes(range(32)))
    keys: list[fastjwt.RSAPrivateKey | fastjwt.RSAPublicKey | fastjwt.HMACKey] = [*private_keys, secret]
    keys += [key.public_key() for key in private_keys]
    answers = jose([{"do": "thumbprint", "jwk": key.to_jwk()} for key in keys])
    assert [answer["thumbprint"] for answer in answers] == [key.thumbprint() for key in keys]


def test_spoiled_tokens_are_refused_by_both(
    engine: str, jose: Jose, foreign_keys: tuple[rsa.RSAPrivateKey, ...]
) -> None:
    """Changed, wrongly signed and wrongly labelled tokens pass neither library; good neighbours in a batch do."""
    key, stranger = foreign_keys
    private = fastjwt.RSAPrivateKey.from_pem(pkcs8_pem(key))
    public = private.public_key()
    good = fastjwt.Signer(private).sign(CLAIMS[1])
    spoiled = [*spoiled_signatures(good, key, stranger), *spoiled_algorithms(good, key)]
    jobs = [
        {"do": "verify", "key": {"jwk": public.to_jwk()}, "token": token}
        for token in [good, *(each.token for each in spoiled)]
    ]
    answers = jose(jobs)
    assert answers[0]["claims"] == CLAIMS[1]
    accepted = [each.how for each, answer in zip(spoiled, answers[1:], strict=True) if "error" not in answer]
    assert accepted == []
    assert_refused(public, good, spoiled)


def test_hs256_agrees_both_ways(engine: str, jose: Jose) -> None:
    """One secret makes tokens in either library that the other verifies; another secret verifies none of them."""
    ours, other = fastjwt.HMACKey(bytes(range(48))), fastjwt.HMACKey(bytes(range(1, 49)))
    tokens = fastjwt.Signer(ours).sign_batch(CLAIMS)
    jobs = [
        {"do": "sign", "key": {"jwk": ours.to_jwk()}, "header": {"alg": "HS256"}, "claims": claims}
        for claims in CLAIMS
    ]
    for key in (ours, other):
        jobs += [{"do": "verify", "key": {"jwk": key.to_jwk()}, "token": token} for token in tokens]
    answers = jose(jobs)
    theirs, right, wrong = (
        answers[start : start + len(CLAIMS)] for start in range(0, len(jobs), len(CLAIMS))
    )

    assert [answer["claims"] for answer in right] == list(CLAIMS)
    assert {answer["error"] for answer in wrong} == {"ERR_JWS_SIGNATURE_VERIFICATION_FAILED"}
    their_tokens = [answer["token"] for answer in theirs]
    assert fastjwt.Verifier(ours).verify_batch(their_tokens).claims == list(CLAIMS)
    refused = fastjwt.Verifier(other).verify_batch(their_tokens)
    assert [type(error) for error in refused.errors.values()] == [fastjwt.InvalidSignatureError] * len(CLAIMS)


def jose_options(case: Case) -> dict[str, Any]:
    """Translate a case's expectations into options of jwtVerify."""
    names = {"issuer": "issuer", "audience": "audience", "subject": "subject", "typ": "typ"}
    names |= {"leeway": "clockTolerance", "max_age": "maxTokenAge"}
    translated = {names[name]: value for name, value in case.options.items() if name != "require"}
    return {"now": NOW, "requiredClaims": case.required, **translated}


def test_claims_get_the_same_verdict(engine: str, jose: Jose) -> None:
    """Where policies are alike, jwtVerify accepts what we accept and blames the claim that we blame."""
    cases = cases_shared_with("jose")
    key = {"jwk": fastjwt.HMACKey(SECRET).to_jwk()}
    jobs = [
        {"do": "verify", "key": key, "token": case.token, "options": jose_options(case)} for case in cases
    ]
    for case, answer in zip(cases, jose(jobs), strict=True):
        assert ("error" in answer, answer.get("claim")) == (case.error is not None, case.claim), case.name
        assert_our_verdict(case)
