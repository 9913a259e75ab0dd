"""`fastjwt keygen`: a new RSA key."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from fastjwt.cli import options
from fastjwt.cli.exits import OK, InputFault, UsageFault
from fastjwt.cli.keyfiles import password_from, prompt
from fastjwt.cli.terminal import printable, say
from fastjwt.cli.writing import check_key_file, open_output, write_key_file

if TYPE_CHECKING:
    from fastjwt import RSAPrivateKey

_DESCRIPTION = """\
Make a new RSA key pair for RS256. The private key goes to --out (or stdout),
the public one to --public if that is given.

Key files are created with mode 0600. One that exists is left alone unless
--force is given, and symbolic links are never followed."""

_EXAMPLES = """\
exit codes:
  0  made    2  wrong usage    3  a file cannot be read or written

examples:
  fastjwt keygen --out private.pem --public public.pem
  fastjwt keygen --bits 3072 --format jwk --kid 2024-05 --out private.jwk
  fastjwt keygen --encrypt --out private.pem         asks for a password
"""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "keygen",
        help="make a new RSA key",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--bits", type=int, default=2048, metavar="N", help="size of the key in bits (default: 2048)"
    )
    parser.add_argument(
        "--format",
        choices=("pem", "jwk"),
        default="pem",
        help="pem: PKCS#8, and SPKI for the public key; jwk: JSON Web Key (default: pem)",
    )
    parser.add_argument("--out", metavar="FILE", help="where the private key goes (default: stdout)")
    parser.add_argument("--public", metavar="FILE", help="where the public key goes (default: nowhere)")
    parser.add_argument(
        "--kid",
        type=options.key_id,
        metavar="ID",
        help="key ID, written into JWKs (default: the key's RFC 7638 thumbprint)",
    )
    secrecy = parser.add_mutually_exclusive_group()
    secrecy.add_argument(
        "--encrypt", action="store_true", help="encrypt the PEM with a password asked for at the terminal"
    )
    secrecy.add_argument(
        "--password-file", metavar="FILE", help="encrypt the PEM with the first line of FILE (- is stdin)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the key and write it; say on stderr what was made."""
    from fastjwt import RSAPrivateKey

    if arguments.format == "jwk" and (arguments.encrypt or arguments.password_file is not None):
        raise UsageFault("a JWK cannot be encrypted; use --format pem")
    if arguments.public == "-":
        raise UsageFault("--public names a file; standard output is where the private key goes")
    if (
        arguments.public
        and arguments.out
        and os.path.realpath(arguments.public) == os.path.realpath(arguments.out)
    ):
        raise UsageFault("--out and --public name the same file")
    for path in (arguments.out, arguments.public):
        if path and path != "-":
            check_key_file(path, force=arguments.force)
    password = _new_password(arguments)
    try:
        key = RSAPrivateKey.generate(bits=arguments.bits)
    except ValueError as error:
        raise UsageFault(f"--bits: {error}") from None
    kid = arguments.kid or key.thumbprint()
    as_jwk = arguments.format == "jwk"

    private = _jwk_text(key.to_jwk(), kid) if as_jwk else _pem_text(key, password)
    if arguments.out in (None, "-"):
        with open_output(None) as output:
            output.write(private)
    else:
        write_key_file(arguments.out, private, force=arguments.force)
        say(f"{arguments.out}: RSA private key of {key.bits} bits{', encrypted' if password else ''}")
    if arguments.public:
        public = key.public_key()
        content = _jwk_text(public.to_jwk(), kid) if as_jwk else public.to_pem().encode("ascii")
        write_key_file(arguments.public, content, force=arguments.force)
        say(f"{arguments.public}: its public key")
    say(f"kid {printable(kid)}")
    return OK


def _new_password(arguments: argparse.Namespace) -> bytes | None:
    if arguments.password_file is not None:
        return password_from(arguments.password_file, "the new key")
    if not arguments.encrypt:
        return None
    password = prompt("Password for the new key: ")
    if not password:
        raise InputFault("an empty password protects nothing")
    if password != prompt("The same again: "):
        raise InputFault("the two passwords differ")
    return password


def _pem_text(key: RSAPrivateKey, password: bytes | None) -> bytes:
    return key.to_pem(password=password).encode("ascii")


def _jwk_text(members: dict[str, Any], kid: str) -> bytes:
    import json

    return json.dumps({**members, "kid": kid}, indent=2).encode("ascii") + b"\n"
