"""Keys given to a verifier as a list."""

from __future__ import annotations

from collections import deque

import pytest

import fastjwt


def test_one_key_under_two_names_serves_both(engine: str, private_key: fastjwt.RSAPrivateKey) -> None:
    """A key that is being renamed is listed under its old and its new kid; equality of keys ignores the kid."""
    numbers = private_key.public_key()
    keys = [fastjwt.RSAPublicKey.from_numbers(numbers.n, numbers.e, kid=kid) for kid in ("old", "new")]
    verifier = fastjwt.Verifier(keys, require=())
    for kid in ("old", "new"):
        assert verifier.verify(fastjwt.Signer(private_key, kid=kid).sign({"n": 1})) == {"n": 1}
    assert verifier.verify(fastjwt.Signer(private_key).sign({"n": 1})) == {"n": 1}


def test_any_sequence_of_keys_will_do_and_a_class_will_not(private_key: fastjwt.RSAPrivateKey) -> None:
    public = private_key.public_key()
    token = fastjwt.Signer(private_key).sign({"n": 1})
    assert fastjwt.Verifier(deque([public]), require=()).verify(token) == {"n": 1}
    for wrong in (fastjwt.JWKSet, fastjwt.RSAPublicKey, "key", b"key", {public}):
        with pytest.raises(TypeError, match="expected an RSAPublicKey"):
            fastjwt.Verifier(wrong)  # type: ignore[arg-type]
