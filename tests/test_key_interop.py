"""Key files between programs: what others write is read, and what is written others read."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, load_pem_public_key
from rsa_material import key, numbers, private_file, public_file, read_by_cryptography

from fastjwt import RSAPrivateKey, RSAPublicKey
from fastjwt.errors import InvalidKeyError

ITS = numbers(key())
PUBLIC = RSAPublicKey.from_numbers(ITS.n, ITS.e)
PKCS8_PEM = private_file(key())
PKCS8_DER = private_file(key(), encoding=Encoding.DER)


def test_cryptography_reads_what_is_written(engine: str) -> None:
    private = RSAPrivateKey.from_pem(PKCS8_PEM)
    assert private.to_pem().encode() == PKCS8_PEM
    assert private.to_der() == PKCS8_DER
    assert read_by_cryptography(private.to_pem("secret").encode(), b"secret") == ITS
    assert read_by_cryptography(private.to_der(b"secret"), b"secret") == ITS
    assert private.to_pem("secret").startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert PUBLIC.to_pem().encode() == public_file(key())
    assert PUBLIC.to_der() == public_file(key(), encoding=Encoding.DER)
    assert load_pem_public_key(PUBLIC.to_pem().encode()) == key().public_key()
    assert load_der_public_key(PUBLIC.to_der()) == key().public_key()


@pytest.fixture
def openssl(need: Callable[[str], str]) -> Callable[..., bytes]:
    tool = need("openssl")

    def run(*arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run([tool, *arguments], input=given, capture_output=True, check=True).stdout

    return run


@pytest.mark.openssl
def test_openssl_reads_what_is_written(openssl: Callable[..., bytes]) -> None:
    private = RSAPrivateKey.from_pem(PKCS8_PEM)
    public_pem = PUBLIC.to_pem().encode()
    for text, options in (
        (private.to_pem().encode(), ()),
        (private.to_der(), ("-inform", "DER")),
        (private.to_pem("secret").encode(), ("-passin", "pass:secret")),
        (private.to_der("secret"), ("-inform", "DER", "-passin", "pass:secret")),
    ):
        assert openssl("pkey", "-pubout", "-check", *options, given=text).endswith(public_pem)
    assert openssl("pkey", "-pubin", "-pubcheck", given=public_pem).endswith(public_pem)
    assert openssl("pkey", "-pubin", "-inform", "DER", given=PUBLIC.to_der()).endswith(public_pem)


@pytest.mark.openssl
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_what_openssl_writes_is_read(openssl: Callable[..., bytes], bits: int) -> None:
    pkcs8 = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")
    private = RSAPrivateKey.from_pem(pkcs8)
    assert private.bits == bits
    assert private.to_pem().encode() == pkcs8
    for text, password in (
        (openssl("rsa", "-traditional", given=pkcs8), None),
        (openssl("pkey", "-text", given=pkcs8), None),
        (openssl("pkcs8", "-topk8", "-passout", "pass:secret", given=pkcs8), "secret"),
        (openssl("pkey", "-aes256", "-passout", "pass:secret", given=pkcs8), "secret"),
    ):
        assert RSAPrivateKey.from_pem(text, password) == private
    for der, password in (
        (openssl("pkey", "-outform", "DER", given=pkcs8), None),
        (openssl("pkcs8", "-topk8", "-outform", "DER", "-passout", "pass:secret", given=pkcs8), "secret"),
    ):
        assert RSAPrivateKey.from_der(der, password) == private
    public = private.public_key()
    assert RSAPublicKey.from_pem(openssl("pkey", "-pubout", given=pkcs8)) == public
    assert RSAPublicKey.from_pem(openssl("pkey", "-pubout", "-text", given=pkcs8)) == public
    assert RSAPublicKey.from_pem(openssl("rsa", "-RSAPublicKey_out", given=pkcs8)) == public
    assert (
        RSAPublicKey.from_der(openssl("rsa", "-RSAPublicKey_out", "-outform", "DER", given=pkcs8)) == public
    )


@pytest.mark.openssl
def test_certificates_of_openssl_are_read(openssl: Callable[..., bytes], tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(PKCS8_PEM)
    options = ("-new", "-x509", "-key", str(path), "-subj", "/C=AQ/O=Example/CN=tokens.example", "-days", "1")
    for extra in ((), ("-addext", "keyUsage=critical,digitalSignature"), ("-set_serial", "0"), ("-sha512",)):
        assert RSAPublicKey.from_certificate(openssl("req", *options, *extra)) == PUBLIC
    text = openssl("x509", "-text", given=openssl("req", *options))
    assert RSAPublicKey.from_certificate(text) == PUBLIC
    pss = openssl("req", *options, "-sigopt", "rsa_padding_mode:pss")
    assert RSAPublicKey.from_certificate(pss) == PUBLIC  # signed with PSS, but the key is an ordinary one


@pytest.mark.openssl
def test_keys_for_pss_only_are_refused(openssl: Callable[..., bytes]) -> None:
    pss = openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")
    with pytest.raises(InvalidKeyError, match="RSASSA-PSS"):
        RSAPrivateKey.from_pem(pss)
    with pytest.raises(InvalidKeyError, match="RSASSA-PSS"):
        RSAPublicKey.from_pem(openssl("pkey", "-pubout", given=pss))


@pytest.mark.openssl
def test_keys_of_three_primes_are_refused(openssl: Callable[..., bytes]) -> None:
    pkcs8 = openssl(
        "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_primes:3"
    )
    with pytest.raises(InvalidKeyError, match="two primes"):
        RSAPrivateKey.from_pem(pkcs8)
    with pytest.raises(InvalidKeyError, match="two primes"):
        RSAPrivateKey.from_pem(openssl("rsa", "-traditional", given=pkcs8))


JAVA = """
import java.nio.file.*; import java.security.*; import java.security.spec.*; import java.util.Base64;
public class Keys {
    public static void main(String[] folder) throws Exception {
        KeyFactory factory = KeyFactory.getInstance("RSA");
        Path here = Path.of(folder[0]);
        byte[] pkcs8 = Files.readAllBytes(here.resolve("ours.p8"));
        byte[] spki = Files.readAllBytes(here.resolve("ours.spki"));
        PrivateKey read = factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        PublicKey publicKey = factory.generatePublic(new X509EncodedKeySpec(spki));
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(read);
        byte[] made = signature.sign();
        signature.initVerify(publicKey);
        if (!signature.verify(made)) throw new Exception("the halves differ");
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        Base64.Encoder mime = Base64.getMimeEncoder();
        Files.write(here.resolve("theirs.p8"), pair.getPrivate().getEncoded());
        Files.write(here.resolve("theirs.spki"), pair.getPublic().getEncoded());
        Files.writeString(here.resolve("theirs.pem"), "-----BEGIN PRIVATE KEY-----\\r\\n"
            + mime.encodeToString(pair.getPrivate().getEncoded()) + "\\r\\n-----END PRIVATE KEY-----\\r\\n");
    }
}
"""


def test_java_reads_ours_and_we_read_java(need: Callable[[str], str], tmp_path: Path) -> None:
    """Java's MIME encoder makes lines of 76 characters with CRLF."""
    java = need("java")
    private = RSAPrivateKey.from_pem(PKCS8_PEM)
    (tmp_path / "ours.p8").write_bytes(private.to_der())
    (tmp_path / "ours.spki").write_bytes(PUBLIC.to_der())
    (tmp_path / "Keys.java").write_text(JAVA)
    made = subprocess.run([java, str(tmp_path / "Keys.java"), str(tmp_path)], capture_output=True, text=True)
    if "jdk.compiler" in made.stderr:
        pytest.skip("this Java is a runtime without a compiler")
    assert made.returncode == 0, made.stderr
    theirs = RSAPrivateKey.from_der((tmp_path / "theirs.p8").read_bytes())
    assert RSAPrivateKey.from_pem((tmp_path / "theirs.pem").read_bytes()) == theirs
    assert RSAPublicKey.from_der((tmp_path / "theirs.spki").read_bytes()) == theirs.public_key()


NODE = """
const { generateKeyPairSync, createPrivateKey, createPublicKey } = require('crypto');
const ours = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const [spki, pkcs8, pkcs1] = ['spki', 'pkcs8', 'pkcs1'].map((type) => ({ type, format: 'pem' }));
const jwk = { format: 'jwk' };
const readings = [
  createPrivateKey(ours.pem),
  createPrivateKey({ key: ours.encrypted, passphrase: 'secret' }),
  createPrivateKey({ key: ours.jwk, ...jwk }),
].map(createPublicKey).concat([
  createPublicKey(ours.publicPem),
  createPublicKey({ key: ours.publicJwk, ...jwk }),
]).map((key) => key.export(spki));
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
console.log(JSON.stringify({
  readings,
  pkcs8: privateKey.export(pkcs8),
  pkcs1: privateKey.export(pkcs1),
  encrypted: privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'secret' }),
  jwk: privateKey.export(jwk),
  spki: publicKey.export(spki),
  publicPkcs1: publicKey.export(pkcs1),
  publicJwk: publicKey.export(jwk),
}));
"""


@pytest.mark.node
def test_node_reads_ours_and_we_read_node(need: Callable[[str], str]) -> None:
    private = RSAPrivateKey.from_pem(PKCS8_PEM, kid="k")
    ours = {
        "pem": private.to_pem(),
        "encrypted": private.to_pem("secret"),
        "jwk": private.to_jwk(),
        "publicPem": PUBLIC.to_pem(),
        "publicJwk": PUBLIC.to_jwk(),
    }
    run = subprocess.run(
        [need("node"), "-e", NODE], input=json.dumps(ours), capture_output=True, text=True, check=True
    )
    theirs = json.loads(run.stdout)
    assert theirs["readings"] == [PUBLIC.to_pem()] * 5
    read = RSAPrivateKey.from_pem(theirs["pkcs8"])
    assert (
        RSAPrivateKey.from_pem(theirs["pkcs1"])
        == RSAPrivateKey.from_pem(theirs["encrypted"], "secret")
        == read
    )
    assert RSAPrivateKey.from_jwk(theirs["jwk"]) == read
    for public in (RSAPublicKey.from_pem(theirs["spki"]), RSAPublicKey.from_pem(theirs["publicPkcs1"])):
        assert public == RSAPublicKey.from_jwk(theirs["publicJwk"]) == read.public_key()
