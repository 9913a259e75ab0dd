"""The openssl command and fastjwt read each other's key files and signatures, and refuse the same spoiled ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from material import CLAIMS, FAR_FUTURE, decoded
from peers import OpenSSL, RanOn

import fastjwt

pytestmark = pytest.mark.openssl

PASSWORD = "correct horse battery staple"

# Ciphers and key derivations of PBES2 (RFC 8018) that OpenSSL 3 writes without its legacy provider.
ENCRYPTIONS = {
    "OpenSSL's default": "",
    "AES-128-CBC": "-v2 aes-128-cbc",
    "AES-192-CBC": "-v2 aes-192-cbc",
    "AES-256-CBC, SHA-1": "-v2 aes-256-cbc -v2prf hmacWithSHA1",
    "AES-256-CBC, SHA-384": "-v2 aes-256-cbc -v2prf hmacWithSHA384",
    "AES-256-CBC, SHA-512, 100,000 rounds": "-v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 100000",
    "AES-128-CBC, one round": "-v2 aes-128-cbc -iter 1",
    "AES-256-CBC, scrypt": "-scrypt",
    "AES-128-CBC, scrypt with other costs": "-v2 aes-128-cbc -scrypt -scrypt_N 1024 -scrypt_r 4 -scrypt_p 2",
}


@pytest.fixture(scope="module")
def key_file(openssl: OpenSSL, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a 2048-bit key with genpkey; return its file, PKCS#8 PEM."""
    path = tmp_path_factory.mktemp("openssl") / "key.pem"
    openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out", path)
    return path


@pytest.fixture(scope="module")
def public_file(openssl: OpenSSL, key_file: Path) -> Path:
    """Return the file of the public half of `key_file`, SPKI PEM."""
    path = key_file.with_name("public.pem")
    openssl("pkey -pubout -in", key_file, "-out", path)
    return path


def check_by_openssl(
    openssl: OpenSSL, public_file: Path, signature: bytes, message: bytes, *, refused: bool = False
) -> None:
    """Have `openssl dgst -verify` judge a signature; fail unless it is verified, or refused where it must be."""
    signature_file = public_file.with_name("signature")
    signature_file.write_bytes(signature)
    command = "dgst -sha256 -verify"
    said = openssl(command, public_file, "-signature", signature_file, stdin=message, refused=refused)
    assert (said == b"Verified OK\n") is not refused


# --- what openssl writes, we read ---


def test_private_keys_load_in_every_unencrypted_form(engine: str, openssl: OpenSSL, key_file: Path) -> None:
    """PKCS#8 and PKCS#1, PEM and DER, with a text dump around, with CRLF, are one key; we write it as openssl does."""
    pkcs8_pem = key_file.read_bytes()
    # For RSA keys `openssl pkey -outform DER` writes PKCS#1, unlike its PEM.
    pkcs8_der = openssl("pkcs8 -topk8 -nocrypt -outform DER -in", key_file)
    pkcs1_pem = openssl("rsa -traditional -in", key_file)
    assert b"BEGIN RSA PRIVATE KEY" in pkcs1_pem
    with_text = openssl("pkey -text -in", key_file)
    pems = [pkcs8_pem, pkcs1_pem, with_text, pkcs8_pem.replace(b"\n", b"\r\n"), pkcs8_pem.rstrip(b"\n")]
    ders = [pkcs8_der, openssl("rsa -traditional -outform DER -in", key_file)]
    keys = [fastjwt.RSAPrivateKey.from_pem(pem) for pem in pems]
    keys += [fastjwt.RSAPrivateKey.from_pem(pem.decode()) for pem in pems]
    keys += [fastjwt.RSAPrivateKey.from_der(der) for der in ders]
    assert {key.to_der() for key in keys} == {pkcs8_der}
    assert {key.to_pem().encode() for key in keys} == {pkcs8_pem}


@pytest.mark.parametrize("options", ENCRYPTIONS.values(), ids=ENCRYPTIONS)
def test_encrypted_private_keys_load(engine: str, openssl: OpenSSL, key_file: Path, options: str) -> None:
    """Encrypted PKCS#8 opens with its password as str or bytes, PEM or DER, and with nothing else."""
    command = f"pkcs8 -topk8 {options} -passout"
    pem = openssl(command, f"pass:{PASSWORD}", "-in", key_file)
    der = openssl(command, f"pass:{PASSWORD}", "-in", key_file, "-outform", "DER")
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in pem
    plain = fastjwt.RSAPrivateKey.from_pem(key_file.read_bytes()).to_der()
    assert fastjwt.RSAPrivateKey.from_pem(pem, password=PASSWORD).to_der() == plain
    assert fastjwt.RSAPrivateKey.from_der(der, password=PASSWORD.encode()).to_der() == plain
    for wrong in ("correct horse", "", None):
        with pytest.raises(fastjwt.InvalidKeyError):
            fastjwt.RSAPrivateKey.from_pem(pem, password=wrong)


def test_public_keys_load_in_every_form(
    engine: str, openssl: OpenSSL, key_file: Path, public_file: Path
) -> None:
    """SPKI and PKCS#1, PEM and DER, are one public key, and we write it as openssl does."""
    spki_pem, spki_der = public_file.read_bytes(), openssl("pkey -pubout -outform DER -in", key_file)
    pkcs1_pem = openssl("rsa -RSAPublicKey_out -in", key_file)
    assert b"BEGIN RSA PUBLIC KEY" in pkcs1_pem
    with_text = openssl("pkey -pubin -text -in", public_file)
    keys = [fastjwt.RSAPublicKey.from_pem(pem) for pem in (spki_pem, pkcs1_pem, with_text, spki_pem.decode())]
    pkcs1_der = openssl("rsa -RSAPublicKey_out -outform DER -in", key_file)
    keys += [fastjwt.RSAPublicKey.from_der(der) for der in (spki_der, pkcs1_der)]
    keys.append(fastjwt.RSAPrivateKey.from_pem(key_file.read_bytes()).public_key())
    assert len(set(keys)) == 1
    assert {key.to_der() for key in keys} == {spki_der}
    assert {key.to_pem().encode() for key in keys} == {spki_pem}
    modulus = openssl("rsa -noout -modulus -in", key_file).decode().strip().removeprefix("Modulus=")
    assert keys[0] == fastjwt.RSAPublicKey.from_numbers(int(modulus, 16), 65537)


def test_certificates_give_their_key(
    engine: str, openssl: OpenSSL, key_file: Path, public_file: Path
) -> None:
    """A self-signed certificate, PEM, DER or with a text dump, gives its public key; from_pem refuses certificates."""
    command = [
        "req -x509 -new -utf8 -days 1 -subj",
        "/C=SE/O=Zoë Ångström/CN=issuer.example",
        "-key",
        str(key_file),
    ]
    pem, der = openssl(*command), openssl(*command, "-outform", "DER")
    with_text = openssl("x509 -text", stdin=pem)
    expected = fastjwt.RSAPublicKey.from_pem(public_file.read_bytes())
    for form in (pem, pem.decode(), der, with_text):
        assert fastjwt.RSAPublicKey.from_certificate(form) == expected
    with pytest.raises(fastjwt.InvalidKeyError):
        fastjwt.RSAPublicKey.from_pem(pem)


@pytest.mark.parametrize(("bits", "exponent"), [(2048, 3), (2050, 65537), (2056, 65537), (3000, 2**32 + 1)])
def test_unusual_but_sound_keys_sign(
    engine: str, openssl: OpenSSL, tmp_path: Path, bits: int, exponent: int
) -> None:
    """Other exponents, and sizes that are no multiple of 8 or of a limb, make openssl's own signatures."""
    path = tmp_path / "key.pem"
    options = f"-pkeyopt rsa_keygen_bits:{bits} -pkeyopt rsa_keygen_pubexp:{exponent}"
    openssl(f"genpkey -algorithm RSA {options} -out", path)
    private = fastjwt.RSAPrivateKey.from_pem(path.read_bytes())
    assert (private.bits, private.public_key().e) == (bits, exponent)
    signature = fastjwt.hazmat.sign_pkcs1_sha256(private, b"message")
    assert signature == openssl("dgst -sha256 -sign", path, stdin=b"message")
    assert fastjwt.hazmat.verify_pkcs1_sha256(private.public_key(), signature, b"message")


@pytest.mark.parametrize(
    "options",
    [
        "-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048",
        "-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "-algorithm ED25519",
    ],
)
def test_keys_that_are_not_for_rs256_are_refused(engine: str, openssl: OpenSSL, options: str) -> None:
    """Keys for another algorithm, and RSA keys of 1024 bits, are InvalidKeyError, private and public."""
    pem = openssl(f"genpkey {options}")
    with pytest.raises(fastjwt.InvalidKeyError):
        fastjwt.RSAPrivateKey.from_pem(pem)
    with pytest.raises(fastjwt.InvalidKeyError):
        fastjwt.RSAPublicKey.from_pem(openssl("pkey -pubout", stdin=pem))


def test_small_keys_have_a_named_way_in(engine: str, openssl: OpenSSL) -> None:
    """With min_bits=1024 a key of 1024 bits loads."""
    pem = openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024")
    assert fastjwt.RSAPrivateKey.from_pem(pem, min_bits=1024).bits == 1024


def test_private_key_files_beyond_the_standard_are_refused(
    engine: str, openssl: OpenSSL, key_file: Path
) -> None:
    """Three primes, and the encryption of PEM from before PKCS#8, are InvalidKeyError, password or not."""
    three_primes = openssl(
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3"
    )
    with pytest.raises(fastjwt.InvalidKeyError):
        fastjwt.RSAPrivateKey.from_pem(three_primes)
    old_encryption = openssl("rsa -traditional -aes256 -passout", f"pass:{PASSWORD}", "-in", key_file)
    assert b"DEK-Info" in old_encryption
    with pytest.raises(fastjwt.InvalidKeyError):
        fastjwt.RSAPrivateKey.from_pem(old_encryption, password=PASSWORD)


# --- what we write, openssl reads ---


def test_our_keys_are_openssls_keys(
    engine: str, openssl: OpenSSL, private_keys: list[fastjwt.RSAPrivateKey]
) -> None:
    """Our PEM and DER pass openssl's own checks, and openssl writes them back unchanged."""
    for private in private_keys:
        pem, der, public = private.to_pem().encode(), private.to_der(), private.public_key()
        assert b"Key is valid" in openssl("pkey -check -noout", stdin=pem)
        assert openssl("pkey", stdin=pem) == pem
        assert openssl("pkcs8 -topk8 -nocrypt -inform DER -outform DER", stdin=der) == der
        assert openssl("pkey -pubout", stdin=pem).decode() == public.to_pem()
        assert openssl("pkey -pubin -inform DER -outform DER", stdin=public.to_der()) == public.to_der()


def test_openssl_opens_what_we_encrypt(
    engine: str, openssl: OpenSSL, private_key: fastjwt.RSAPrivateKey
) -> None:
    """An encrypted export opens with its password, also one beyond ASCII, and with no other."""
    for password in (PASSWORD, "пароль Zoë 🙂"):
        encrypted = private_key.to_pem(password=password).encode()
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in encrypted
        assert openssl("pkey -passin", f"pass:{password}", stdin=encrypted).decode() == private_key.to_pem()
        openssl("pkey -passin", "pass:wrong", stdin=encrypted, refused=True)


# --- signatures ---


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 4096, 100_000])
def test_signatures_are_openssls_byte_for_byte(
    engine: str, ran_on: RanOn, openssl: OpenSSL, key_file: Path, public_file: Path, size: int
) -> None:
    """`openssl dgst -sha256 -sign` and sign_pkcs1_sha256 agree at every size of message; `-verify` takes ours."""
    message = bytes(index * 7 % 256 for index in range(size))
    private = fastjwt.RSAPrivateKey.from_pem(key_file.read_bytes())
    with ran_on(engine, "sign", 1, by_itself=False):
        signature = fastjwt.hazmat.sign_pkcs1_sha256(private, message)
    assert signature == openssl("dgst -sha256 -sign", key_file, stdin=message)
    check_by_openssl(openssl, public_file, signature, message)


def test_spoiled_signatures_are_refused_by_both(
    engine: str, openssl: OpenSSL, key_file: Path, public_file: Path
) -> None:
    """Other bytes, another length, another hash, PSS, or another message: neither openssl nor fastjwt verifies."""
    message = b"what was signed"
    good = openssl("dgst -sha256 -sign", key_file, stdin=message)
    pss = openssl("dgst -sha256 -sigopt rsa_padding_mode:pss -sign", key_file, stdin=message)
    sha512 = openssl("dgst -sha512 -sign", key_file, stdin=message)
    flipped = bytes([good[0] ^ 1]) + good[1:]
    spoiled = [(bad, message) for bad in (pss, sha512, flipped, good[:-1], b"\0" + good, bytes(256), b"")]
    spoiled.append((good, message + b"."))
    public = fastjwt.RSAPublicKey.from_pem(public_file.read_bytes())
    assert fastjwt.hazmat.verify_pkcs1_sha256(public, good, message) is True
    for signature, signed in spoiled:
        check_by_openssl(openssl, public_file, signature, signed, refused=True)
        assert fastjwt.hazmat.verify_pkcs1_sha256(public, signature, signed) is False


def test_a_token_built_in_the_shell_verifies_here(
    engine: str, openssl: OpenSSL, key_file: Path, public_file: Path
) -> None:
    """The token of every shell tutorial (printf, openssl base64, openssl dgst, tr) is a token like any other."""

    def segment(data: bytes) -> str:
        return openssl("base64 -A", stdin=data).decode().translate(str.maketrans("+/", "-_", "=\n"))

    header, claims = b'{ "alg" : "RS256" }', b'{ "exp": %d, "sub": "shell" }' % FAR_FUTURE
    signing_input = f"{segment(header)}.{segment(claims)}"
    signature = openssl("dgst -sha256 -binary -sign", key_file, stdin=signing_input.encode())
    verifier = fastjwt.Verifier(fastjwt.RSAPublicKey.from_pem(public_file.read_bytes()))
    assert verifier.verify(f"{signing_input}.{segment(signature)}") == {"exp": FAR_FUTURE, "sub": "shell"}


def test_openssl_verifies_our_tokens(
    engine: str, ran_on: RanOn, openssl: OpenSSL, private_keys: list[fastjwt.RSAPrivateKey], tmp_path: Path
) -> None:
    """What stands before the last dot of our tokens is what the decoded signature signs."""
    public_file = tmp_path / "public.pem"
    for private in private_keys:
        public_file.write_text(private.public_key().to_pem())
        with ran_on(engine, "sign", len(CLAIMS)):
            tokens = fastjwt.Signer(private).sign_batch(CLAIMS)
        for token in tokens:
            signing_input, _, signature = token.rpartition(".")
            check_by_openssl(openssl, public_file, decoded(signature), signing_input.encode())


def test_hs256_is_openssls_hmac(engine: str, openssl: OpenSSL) -> None:
    """The third segment of an HS256 token is `openssl mac` over the other two."""
    secret = bytes(range(200, 240))
    command = f"mac -digest SHA256 -macopt hexkey:{secret.hex()} -binary -in - HMAC"
    for token in fastjwt.Signer(fastjwt.HMACKey(secret)).sign_batch(CLAIMS):
        signing_input, _, tag = token.rpartition(".")
        assert openssl(command, stdin=signing_input.encode()) == decoded(tag)
