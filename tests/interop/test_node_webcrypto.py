"""Node's WebCrypto and fastjwt read each other's keys and tokens, and refuse the same spoiled ones.

The JavaScript side is `webcrypto.mjs`. Node starts once for what it makes and once a test for what it judges.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from material import CLAIMS, decoded, pem, pkcs8_pem
from peers import Answers, Jobs, Node, RanOn
from spoiled import assert_refused, spoiled_algorithms, spoiled_signatures

import fastjwt

pytestmark = pytest.mark.node

# bits and public exponent; WebCrypto makes no other exponents than these two
KEY_SHAPES = [(2048, [1, 0, 1]), (3072, [1, 0, 1]), (4096, [1, 0, 1]), (2048, [3])]

# name, hash and usages of keys that are RSA but not for RS256; WebCrypto writes the algorithm into their JWKs
OTHER_ALGORITHMS = [
    ("RSASSA-PKCS1-v1_5", "SHA-512", ["sign", "verify"]),
    ("RSASSA-PKCS1-v1_5", "SHA-1", ["sign", "verify"]),
    ("RSA-PSS", "SHA-256", ["sign", "verify"]),
    ("RSA-OAEP", "SHA-256", ["encrypt", "decrypt"]),
]


def tokens_to_make(alg: str, kid: str) -> list[dict[str, Any]]:
    """Return the headers and claims of the tokens that Node shall make, with `alg` at both ends of the header."""
    headers = ({"alg": alg, "typ": "JWT", "kid": kid}, {"kid": kid, "alg": alg})
    return [{"header": header, "claims": claims} for claims in CLAIMS for header in headers]


@pytest.fixture(scope="module")
def made_by_node(node: Node) -> dict[str, Any]:
    """Key pairs with the tokens that they signed, a secret with its tokens, and key pairs for other algorithms."""
    pairs = [
        {
            "do": "generate",
            "algorithm": {"modulusLength": bits, "publicExponent": exponent},
            "usages": ["sign", "verify"],
            "tokens": tokens_to_make("RS256", f"node-{index}"),
        }
        for index, (bits, exponent) in enumerate(KEY_SHAPES)
    ]
    secrets = [{"do": "generateSecret", "tokens": tokens_to_make("HS256", "node-secret")}]
    others = [
        {
            "do": "generate",
            "algorithm": {"name": name, "hash": digest, "modulusLength": 2048},
            "usages": usages,
        }
        for name, digest, usages in OTHER_ALGORITHMS
    ]
    answers = node("webcrypto.mjs", pairs + secrets + others)
    return {
        "pairs": answers[: len(pairs)],
        "secret": answers[len(pairs)],
        "others": answers[len(pairs) + 1 :],
    }


def test_keys_made_by_webcrypto_load_in_every_form(engine: str, made_by_node: dict[str, Any]) -> None:
    """pkcs8, spki and JWKs with ext and key_ops, as DER, as PEM, as dict and as text, are one and the same key."""
    for (bits, _), pair in zip(KEY_SHAPES, made_by_node["pairs"], strict=True):
        assert pair["privateJwk"]["ext"] is True
        assert pair["privateJwk"]["key_ops"] == ["sign"]
        assert pair["publicJwk"]["key_ops"] == ["verify"]
        pkcs8, spki = base64.b64decode(pair["pkcs8"]), base64.b64decode(pair["spki"])

        publics = [
            fastjwt.RSAPublicKey.from_der(spki),
            fastjwt.RSAPublicKey.from_pem(pem("PUBLIC KEY", spki)),
            fastjwt.RSAPublicKey.from_jwk(pair["publicJwk"]),
            fastjwt.RSAPublicKey.from_jwk(json.dumps(pair["publicJwk"])),
        ]
        privates = [
            fastjwt.RSAPrivateKey.from_der(pkcs8),
            fastjwt.RSAPrivateKey.from_pem(pem("PRIVATE KEY", pkcs8)),
            fastjwt.RSAPrivateKey.from_jwk(pair["privateJwk"]),
            fastjwt.RSAPrivateKey.from_jwk(json.dumps(pair["privateJwk"]).encode()),
        ]
        assert len({*publics, *(private.public_key() for private in privates)}) == 1
        assert {key.bits for key in publics} == {key.bits for key in privates} == {bits}
        assert {private.to_der() for private in privates} == {pkcs8}
        assert {public.to_der() for public in publics} == {spki}


def test_tokens_made_by_webcrypto_verify_here(
    engine: str, ran_on: RanOn, made_by_node: dict[str, Any]
) -> None:
    """One set of all of Node's public keys verifies all of its tokens, alone and in one mixed batch."""
    pairs = made_by_node["pairs"]
    documents = [{**pair["publicJwk"], "kid": f"node-{index}"} for index, pair in enumerate(pairs)]
    verifier = fastjwt.Verifier(fastjwt.JWKSet.from_dict({"keys": documents}))
    tokens = [token for pair in pairs for token in pair["tokens"]]
    expected = [job["claims"] for _ in pairs for job in tokens_to_make("RS256", "")]

    with ran_on(engine, "verify", 2 * len(tokens), by_itself=False):
        assert [verifier.verify(token) for token in tokens] == expected
        batch = verifier.verify_batch(tokens)
    assert batch.claims == expected
    assert batch.errors == {}


def test_signatures_of_webcrypto_are_ours_byte_for_byte(
    engine: str, ran_on: RanOn, made_by_node: dict[str, Any]
) -> None:
    """RS256 is deterministic: signing what Node signed, with Node's key, gives Node's signature."""
    for pair in made_by_node["pairs"]:
        private = fastjwt.RSAPrivateKey.from_jwk(pair["privateJwk"])
        with ran_on(engine, "sign", len(pair["tokens"]), by_itself=False):
            for token in pair["tokens"]:
                signing_input, _, signature = token.rpartition(".")
                assert fastjwt.hazmat.sign_pkcs1_sha256(private, signing_input.encode()) == decoded(signature)


def test_webcrypto_signs_and_verifies_with_our_keys(
    engine: str, ran_on: RanOn, node: Node, private_keys: list[fastjwt.RSAPrivateKey]
) -> None:
    """Node imports our pkcs8, spki and JWKs, verifies our tokens, and makes the same ones from the same text."""
    jobs: Jobs = []
    expected: Answers = []
    for private in private_keys:
        public = private.public_key()
        signing_keys = [("pkcs8", base64.b64encode(private.to_der()).decode()), ("jwk", private.to_jwk())]
        verifying_keys = [("spki", base64.b64encode(public.to_der()).decode()), ("jwk", public.to_jwk())]
        signer = fastjwt.Signer(private, kid="ours")
        with ran_on(engine, "sign", len(CLAIMS)):
            tokens = signer.sign_batch(CLAIMS)
        for claims, token in zip(CLAIMS, tokens, strict=True):
            for form, key in signing_keys:
                jobs.append(
                    {"do": "sign", "format": form, "key": key, "signingInput": token.rpartition(".")[0]}
                )
                expected.append({"token": token})
            for form, key in verifying_keys:
                jobs.append({"do": "verify", "format": form, "key": key, "token": token})
                expected.append({"verified": True, "claims": claims})
    assert node("webcrypto.mjs", jobs) == expected


def test_spoiled_tokens_are_refused_by_both(
    engine: str, node: Node, foreign_keys: tuple[rsa.RSAPrivateKey, ...]
) -> None:
    """What was changed after signing, or signed otherwise, passes neither Node nor us; good neighbours do."""
    key, stranger = foreign_keys
    private = fastjwt.RSAPrivateKey.from_pem(pkcs8_pem(key))
    public = private.public_key()
    good = fastjwt.Signer(private).sign(CLAIMS[1])
    spoiled = list(spoiled_signatures(good, key, stranger))

    def job(token: str) -> dict[str, Any]:
        return {"do": "verify", "format": "jwk", "key": public.to_jwk(), "token": token}

    assert fastjwt.Verifier(public).verify(good) == CLAIMS[1]
    answers = node("webcrypto.mjs", [job(good), *(job(each.token) for each in spoiled)])
    assert answers[0]["verified"] is True
    assert [answer["verified"] for answer in answers[1:]] == [False] * len(spoiled)
    assert_refused(public, good, [*spoiled, *spoiled_algorithms(good, key)])


def test_hs256_agrees_both_ways(engine: str, node: Node, made_by_node: dict[str, Any]) -> None:
    """A secret of WebCrypto, raw or as JWK, verifies and makes its tokens here, and ours do there."""
    secret = made_by_node["secret"]
    raw = base64.b64decode(secret["raw"])
    key = fastjwt.HMACKey.from_jwk(secret["jwk"])
    assert key.bits == 8 * len(raw)
    expected = [job["claims"] for job in tokens_to_make("HS256", "")]
    for form in (key, fastjwt.HMACKey(raw)):
        assert fastjwt.Verifier(form).verify_batch(secret["tokens"]).claims == expected

    ours = fastjwt.Signer(key, kid="node-secret").sign_batch(CLAIMS)
    jobs = [{"do": "verify", "format": "raw", "key": secret["raw"], "token": token} for token in ours]
    jobs += [{"do": "verify", "format": "jwk", "key": key.to_jwk(), "token": token} for token in ours]
    jobs += [{**job, "token": job["token"][:-8] + "AAAAAAA" + job["token"][-1]} for job in jobs]
    verdicts = [answer["verified"] for answer in node("webcrypto.mjs", jobs)]
    assert verdicts == [True] * (len(jobs) // 2) + [False] * (len(jobs) // 2)
    for job in jobs[len(jobs) // 2 :]:
        with pytest.raises(fastjwt.InvalidSignatureError):
            fastjwt.Verifier(key).verify(job["token"])

    jobs = [
        {"do": "sign", "format": "jwk", "key": key.to_jwk(), "signingInput": token.rpartition(".")[0]}
        for token in ours
    ]
    assert [answer["token"] for answer in node("webcrypto.mjs", jobs)] == ours


def test_keys_of_other_algorithms_are_refused(engine: str, made_by_node: dict[str, Any]) -> None:
    """WebCrypto says in a JWK what the key is for: RS512, PS256 or encryption is never RS256, alone or in a set."""
    for pair in made_by_node["others"]:
        with pytest.raises(fastjwt.InvalidKeyError):
            fastjwt.RSAPublicKey.from_jwk(pair["publicJwk"])
        with pytest.raises(fastjwt.InvalidKeyError):
            fastjwt.RSAPrivateKey.from_jwk(pair["privateJwk"])

    usable = made_by_node["pairs"][0]
    members = [{**pair["publicJwk"], "kid": "node-0"} for pair in [*made_by_node["others"], usable]]
    keys = fastjwt.JWKSet.from_json(json.dumps({"keys": members}))
    assert [skipped.index for skipped in keys.skipped] == list(range(len(OTHER_ALGORITHMS)))
    assert fastjwt.Verifier(keys).verify(usable["tokens"][0]) == CLAIMS[0]
