"""Mistakes that a type checker must find: each line marked `# E: code` is reported with that code, and no other line.

The program is never run; most of these lines also raise TypeError, which the tests of each module show.
"""

from __future__ import annotations

import fastjwt

private = fastjwt.RSAPrivateKey.generate()
public = private.public_key()
secret = fastjwt.HMACKey(bytes(32))
jwks = fastjwt.JWKSet.from_dict({"keys": []})

# The classic confusion: a public key can neither sign nor become a secret.
fastjwt.Signer(public)  # E: arg-type
fastjwt.HMACKey(public)  # E: arg-type
fastjwt.HMACKey(public.to_pem())  # E: arg-type
fastjwt.Signer("-----BEGIN PRIVATE KEY-----")  # E: arg-type
fastjwt.Signer(jwks)  # E: arg-type

# A private key says public_key() before it verifies.
fastjwt.Verifier(private)  # E: arg-type
fastjwt.Verifier([private])  # E: list-item
fastjwt.Verifier("secret")  # E: arg-type
fastjwt.Verifier({"keys": []})  # E: arg-type

# Limits are keyword-only; the names and types of all options are known.
fastjwt.Verifier(public, None, None, None, 0, ("exp",), None, None, None, lambda: 0.0, 4096)  # E: call-arg
fastjwt.Verifier(public, verify_signature=False)  # E: call-arg
fastjwt.Verifier(public, leeway="10")  # E: arg-type
fastjwt.Verifier(public, audience=7)  # E: arg-type
fastjwt.Signer(private, algorithm="none")  # E: call-arg
fastjwt.RSAPublicKey.from_pem(public.to_pem(), password="x")  # E: call-arg

# Tokens are str or bytes, claims are a dict or JSON bytes.
verifier = fastjwt.Verifier(public)
verifier.verify(None)  # E: arg-type
verifier.verify(bytearray(b"a.b.c"))  # E: arg-type
verifier.verify_batch("a.b.c", threads="all")  # E: arg-type
fastjwt.Signer(private).sign([("sub", "a")])  # E: arg-type
fastjwt.Signer(private).sign('{"sub": "a"}')  # E: arg-type

# Results are what they say.
name: str = verifier.verify_batch(["a.b.c"]).errors[0]  # E: assignment
verifier.verify_batch(["a.b.c"]).claims[0]["sub"]  # E: index
fastjwt.hazmat.sign_pkcs1_sha256(public, b"message")  # E: arg-type
fastjwt.hazmat.verify_pkcs1_sha256(private, b"signature", b"message")  # E: arg-type
public.n = 5  # E: misc
