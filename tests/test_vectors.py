"""All public vectors on every engine, with the figures of security.md section 5 asserted as numbers."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tokens
from tokens import b64u, uint

import fastjwt
from fastjwt import (
    FastJWTError,
    HMACKey,
    InvalidKeyError,
    JWKSet,
    RSAPrivateKey,
    RSAPublicKey,
    Status,
    Verifier,
    strict_json,
)
from fastjwt.hazmat import sign_pkcs1_sha256, verify_pkcs1_sha256

pytestmark = pytest.mark.usefixtures("engine")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# --- Wycheproof: raw signatures ------------------------------------------------------------------------------------


def groups_of(document: Any) -> Iterator[tuple[Any, RSAPublicKey]]:
    """Yield each group with its key, which is the same from each of its spellings."""
    for group in document["testGroups"]:
        key = RSAPublicKey.from_der(bytes.fromhex(group["publicKeyDer"]))
        assert key == RSAPublicKey.from_pem(group["publicKeyPem"])
        assert key == RSAPublicKey.from_der(bytes.fromhex(group["publicKeyAsn"]))
        numbers = group["publicKey"]
        assert key == RSAPublicKey.from_numbers(
            int(numbers["modulus"], 16), int(numbers["publicExponent"], 16)
        )
        if group.get("keyJwk", {}).get("alg") == "RS256":
            assert key == RSAPublicKey.from_jwk(group["keyJwk"])
        yield group, key


def test_wycheproof_verify_sha256_259_of_259(vectors):
    """9 accepted, 250 refused; the one that they call acceptable, a DigestInfo without NULL, is among the refused."""
    seen: Counter[tuple[str, bool]] = Counter()
    for group, key in groups_of(read(vectors / "wycheproof" / "rsa_signature_2048_sha256_test.json")):
        assert group["sha"] == "SHA-256"
        for case in group["tests"]:
            accepted = verify_pkcs1_sha256(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert accepted == (case["result"] == "valid"), case["tcId"]
            seen[case["result"], accepted] += 1
    assert seen == {("valid", True): 9, ("invalid", False): 249, ("acceptable", False): 1}


@pytest.mark.parametrize(("name", "count"), [("sha384", 258), ("sha512", 259)])
def test_wycheproof_verify_of_other_hashes_read_as_rs256(vectors, name, count):
    """All refused but tcId 221 of each, which was signed with SHA-256: 515 of 517."""
    accepted, cases = [], 0
    for group, key in groups_of(read(vectors / "wycheproof" / f"rsa_signature_2048_{name}_test.json")):
        for case in group["tests"]:
            cases += 1
            if verify_pkcs1_sha256(key, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])):
                accepted.append(case["tcId"])
    assert cases == count
    assert accepted == [221]


def test_wycheproof_verify_through_tokens(vectors):
    """Their malformed signatures in the place of a token's: each is refused, alone and in a batch."""
    for group, key in groups_of(read(vectors / "wycheproof" / "rsa_signature_2048_sha256_test.json")):
        verifier = Verifier(key)
        crowd = [
            tokens.with_signature(tokens.token(), bytes.fromhex(case["sig"]))
            for case in group["tests"]
            if case["sig"]
        ]
        assert set(verifier.verify_signatures(crowd)) == {Status.BAD_SIGNATURE}
        for bad in crowd[::25]:
            with pytest.raises(fastjwt.InvalidSignatureError):
                verifier.verify(bad)


def test_wycheproof_sig_gen(vectors):
    """10 SHA-256 cases byte-equal with keys from n, e, d alone (2 have e = 3); the other 33 signatures refused."""
    equal, cubes, refused = 0, 0, 0
    for group in read(vectors / "wycheproof" / "rsa_pkcs1_2048_sig_gen_test.json")["testGroups"]:
        numbers = {name: int(value, 16) for name, value in group["privateKey"].items()}
        n, e, d = numbers["modulus"], numbers["publicExponent"], numbers["privateExponent"]
        private = RSAPrivateKey.from_jwk({"kty": "RSA", "n": uint(n), "e": uint(e), "d": uint(d)})
        public = private.public_key()
        assert public == RSAPublicKey.from_der(bytes.fromhex(group["keyDer"]))
        assert public == RSAPrivateKey.from_pem(group["privateKeyPem"]).public_key()
        assert public == RSAPrivateKey.from_der(bytes.fromhex(group["privateKeyPkcs8"])).public_key()
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            if group["sha"] == "SHA-256":
                assert sign_pkcs1_sha256(private, message) == signature, case["tcId"]
                assert sign_pkcs1_sha256(RSAPrivateKey.from_pem(group["privateKeyPem"]), message) == signature
                assert verify_pkcs1_sha256(public, signature, message)
                equal += 1
                cubes += e == 3
            else:
                assert not verify_pkcs1_sha256(public, signature, message), case["tcId"]
                refused += 1
    assert (equal, cubes, refused) == (10, 2, 33)


# --- Wycheproof: JWK and JWS ---------------------------------------------------------------------------------------


def verdict_on(keys: Any, text: Any) -> bool:
    """Return whether the token is good under these keys: a set is loaded by default, a lone secret by its loader.

    A set of one secret is that secret, given by whoever owns it.
    """
    try:
        if "keys" in keys:
            members = keys["keys"]
            lone = len(members) == 1 and members[0].get("kty") == "oct"
            key: Any = HMACKey.from_jwk(members[0]) if lone else JWKSet.from_dict(keys)
        elif keys.get("kty") == "oct":
            key = HMACKey.from_jwk(keys)
        else:
            key = RSAPublicKey.from_jwk(keys)
    except InvalidKeyError:
        return False
    verifier = Verifier(key)
    if not isinstance(text, str):  # the JSON serialisation, parsed or not
        codes = verifier.verify_signatures([text, json.dumps(text)])
        assert Status.OK not in codes
        return False
    codes = verifier.verify_signatures([text, text.encode()])
    assert codes[0] == codes[1]
    with pytest.raises(FastJWTError):  # the payload is "foo": never claims
        verifier.verify(text)
    return codes[0] == Status.OK


@pytest.mark.parametrize(
    ("name", "cases", "as_marked", "unlike"),
    [("json_web_key", 13, 12, [15]), ("json_web_crypto", 42, 41, [67])],
)
def test_wycheproof_json_web_key_and_crypto(vectors, name, cases, as_marked, unlike):
    """As marked but for HS512 (tcId 15) and JWE (tcId 67), which are valid elsewhere and refused here."""
    right, wrong = 0, []
    for group in read(vectors / "wycheproof" / f"{name}_test.json")["testGroups"]:
        for case in group["tests"]:
            accepted = verdict_on(group.get("public", group["private"]), case.get("jws", case.get("jwe")))
            if accepted == (case["result"] == "valid"):
                right += 1
            else:
                assert not accepted
                wrong.append(case["tcId"])
    assert right == as_marked
    assert wrong == unlike
    assert right + len(wrong) == cases


# --- NIST ----------------------------------------------------------------------------------------------------------


def test_nist_signatures(vectors):
    """SHA-256: 13 accepted, 15 refused; SHA-384 and 512: all 56 refused."""
    seen: Counter[tuple[str, bool]] = Counter()
    for name in ("sigver15_186-3.json", "siggen15_186-3.json"):
        for case in read(vectors / "nist" / name)["cases"]:
            key = RSAPublicKey.from_numbers(int(case["n"], 16), int(case["e"], 16))
            accepted = verify_pkcs1_sha256(key, bytes.fromhex(case["s"]), bytes.fromhex(case["msg"]))
            if case["sha"] == "SHA256":
                assert accepted == (case["result"] == "valid"), case
            seen["SHA256" if case["sha"] == "SHA256" else "other", accepted] += 1
    assert seen == {("SHA256", True): 13, ("SHA256", False): 15, ("other", False): 56}


# --- RFC 7515, 7517, 7638, 7520: nine in all -----------------------------------------------------------------------

EXAMPLE_CLAIMS: dict[str, Any] = {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}


def test_rfc_7515_appendix_a1_and_a2_verify_as_of_their_time(vectors):
    """2 of 9."""
    cases = {case["name"]: case for case in read(vectors / "rfc" / "rfc7515_a1_a2.json")["cases"]}
    assert set(cases) == {"A.1", "A.2"}
    secret = HMACKey.from_jwk(cases["A.1"]["key"])
    private = RSAPrivateKey.from_jwk(cases["A.2"]["key"])
    for name, key in (("A.1", secret), ("A.2", private.public_key())):
        verifier = Verifier(key, issuer="joe")
        token = cases[name]["jws"]
        assert verifier.verify(token, now=EXAMPLE_CLAIMS["exp"] - 1) == EXAMPLE_CLAIMS
        assert verifier.verify_batch([token, token], now=1300819379).claims == [EXAMPLE_CLAIMS] * 2
        with pytest.raises(fastjwt.ExpiredSignatureError):
            verifier.verify(token, now=1300819380)
        with pytest.raises(fastjwt.ExpiredSignatureError):
            verifier.verify(token)


def test_rfc_7515_appendix_a2_is_signed_to_the_same_bytes(vectors):
    (case,) = (c for c in read(vectors / "rfc" / "rfc7515_a1_a2.json")["cases"] if c["name"] == "A.2")
    head, _, signature = case["jws"].rpartition(".")
    made = sign_pkcs1_sha256(RSAPrivateKey.from_jwk(case["key"]), head.encode())
    assert b64u(made) == signature


def test_rfc_7638_thumbprint(vectors):
    """3 of 9."""
    case = read(vectors / "rfc" / "rfc7638_rfc7517.json")["thumbprint"]
    key = RSAPublicKey.from_jwk(case["key"])
    assert key.thumbprint() == case["sha256"]
    assert key.kid == "2011-04-29"


def test_rfc_7517_appendix_a1_key_set(vectors):
    """4 of 9: an EC key for encryption beside an RSA key."""
    document = read(vectors / "rfc" / "rfc7638_rfc7517.json")
    for keys in (JWKSet.from_dict(document["jwks"]), JWKSet.from_json(json.dumps(document["jwks"]))):
        assert [key.kid for key in keys.keys] == document["expect"]["usable_rs256_kids"]
        assert [(skipped.index, skipped.kid) for skipped in keys.skipped] == [(0, "1")]


def test_rfc_7520_sections_3_3_and_3_4_are_the_halves_of_one_key(vectors):
    """6 of 9."""
    public = RSAPublicKey.from_jwk((vectors / "rfc" / "rfc7520_jwk_3_3.rsa_public_key.json").read_bytes())
    private = RSAPrivateKey.from_jwk((vectors / "rfc" / "rfc7520_jwk_3_4.rsa_private_key.json").read_text())
    assert private.public_key() == public
    assert private.kid == public.kid == "bilbo.baggins@hobbiton.example"


def test_rfc_7520_section_3_5_is_a_secret(vectors):
    """7 of 9."""
    secret = HMACKey.from_jwk(read(vectors / "rfc" / "rfc7520_jwk_3_5.symmetric_key_mac_computation.json"))
    assert secret.kid == "018c0ae5-4d9b-471b-bfd6-eef314bc7037"
    assert secret.bits == 256


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("rfc7520_jws_4_1.rsa_v15_signature.json", lambda jwk: RSAPrivateKey.from_jwk(jwk).public_key()),
        ("rfc7520_jws_4_4.hmac-sha2_integrity_protection.json", HMACKey.from_jwk),
    ],
)
def test_rfc_7520_sections_4_1_and_4_4_verify(vectors, name, load):
    """9 of 9: what Gandalf says is no JSON, so the signature is good and the claims are not."""
    example = read(vectors / "rfc" / name)
    verifier = Verifier(load(example["input"]["key"]))
    token = example["output"]["compact"]
    assert verifier.verify_signatures([token]) == bytes([Status.OK])
    with pytest.raises(fastjwt.DecodeError):
        verifier.verify(token)
    for form in ("json", "json_flat"):
        other = json.dumps(example["output"][form])
        assert Status.OK not in verifier.verify_signatures([other])


def test_rfc_7520_section_4_1_is_signed_to_the_same_bytes(vectors):
    example = read(vectors / "rfc" / "rfc7520_jws_4_1.rsa_v15_signature.json")
    private = RSAPrivateKey.from_jwk(example["input"]["key"])
    made = sign_pkcs1_sha256(private, example["signing"]["sig-input"].encode())
    assert b64u(made) == example["signing"]["sig"]


# --- JSON ----------------------------------------------------------------------------------------------------------


def texts_of(vectors: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, expectation and octets of each file of the JSON test suite."""
    for case in read(vectors / "json" / "jsontestsuite_parsing.json")["cases"]:
        if "b64" in case:
            octets = base64.b64decode(case["b64"])
        else:
            tail = base64.b64decode(case.get("tail_b64", ""))
            octets = base64.b64decode(case["repeat_b64"]) * case["times"] + tail
        yield case["name"], case["expect"], octets


def test_json_bare_reader_142_of_142(vectors, json_reader):
    """All that must be accepted or refused; of the 22 free ones two are accepted: underflow, and a large integer."""
    seen: Counter[tuple[str, bool]] = Counter()
    free = []
    for name, expect, octets in texts_of(vectors):
        try:
            strict_json.read(octets, allow_duplicates=True)
            accepted = True
        except strict_json.JSONFault:
            accepted = False
        if expect == "implementation-defined":
            if accepted:
                free.append(name)
        else:
            assert accepted == (expect == "accept"), name
        seen[expect, accepted] += 1
    assert seen["accept", True] + seen["reject", False] == 142
    assert seen == {
        ("accept", True): 50,
        ("reject", False): 92,
        ("implementation-defined", True): 2,
        ("implementation-defined", False): 20,
    }
    assert sorted(free) == ["i_number_real_underflow.json", "i_number_too_big_pos_int.json"]


def test_json_token_rules_refuse_names_twice_and_what_is_no_object(vectors, json_reader):
    """As the payload of a token: an object that the bare reader takes, with no name twice, and nothing else."""
    twice = []
    accepted = 0
    for name, _, octets in texts_of(vectors):
        if not octets:
            continue  # an empty segment is no segment
        try:
            bare: Any = strict_json.read(octets, allow_duplicates=True)
        except strict_json.JSONFault:
            bare = None
        token = f"{b64u(b'{}')}.{b64u(octets)}.AA"
        if len(token) > 262_144 or not isinstance(bare, dict):
            with pytest.raises(fastjwt.DecodeError):
                fastjwt.decode_unverified(token)
            continue
        try:
            assert fastjwt.decode_unverified(token).claims == bare
            accepted += 1
        except fastjwt.DecodeError:
            twice.append(name)
    assert accepted > 5
    assert "y_object_duplicated_key_and_value.json" in twice
    assert all("duplicated_key" in name for name in twice)


# --- The folder ----------------------------------------------------------------------------------------------------


def test_the_vectors_are_those_of_the_manifest(vectors):
    """Sizes and digests, so that no figure above rests on a file that somebody changed."""
    import hashlib

    manifest = read(vectors / "MANIFEST.json")
    assert len(manifest) == 16
    for entry in manifest:
        octets = (vectors / entry["path"]).read_bytes()
        assert len(octets) == entry["bytes"]
        assert hashlib.sha256(octets).hexdigest() == entry["sha256"]
