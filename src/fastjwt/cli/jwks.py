"""`fastjwt jwks`: the key set that a service publishes, from its key files."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fastjwt.cli import options
from fastjwt.cli.exits import OK, InputFault, UsageFault
from fastjwt.cli.keyfiles import public_keys
from fastjwt.cli.terminal import printable
from fastjwt.cli.writing import open_output

if TYPE_CHECKING:
    from fastjwt import RSAPublicKey

_DESCRIPTION = """\
Print the JSON Web Key Set (RFC 7517 section 5) of all the given keys: what
belongs at a jwks_uri. Each file holds a private or a public RSA key (PEM, DER
or JWK), a certificate, or another key set. Only public parts are ever
written.

A key keeps the kid of its JWK; one without gets its RFC 7638 thumbprint, or
what --kid says."""

_EXAMPLES = """\
exit codes:
  0  written    2  wrong usage    3  a key cannot be read, or the set written

examples:
  fastjwt jwks private.pem > jwks.json
  fastjwt jwks old-jwks.json new-private.pem --output jwks.json
"""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "jwks",
        help="make a public key set of key files",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "files", nargs="+", metavar="KEYFILE", help="a key, a certificate or a key set; - is stdin"
    )
    parser.add_argument(
        "--kid", type=options.key_id, metavar="ID", help="the key's ID, if only one key is given"
    )
    parser.add_argument("--output", metavar="FILE", help="where the set goes (default: stdout)")
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="password of encrypted keys: the first line of FILE (- is stdin)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read all keys, then write the set."""
    import json

    options.check_standard_input(*arguments.files, arguments.password_file)
    keys = [(path, key) for path in arguments.files for key in public_keys(path, arguments.password_file)]
    if arguments.kid is not None and len(keys) != 1:
        raise UsageFault(f"--kid names one key, but {len(keys)} were given")
    members: dict[str, dict[str, Any]] = {}
    for path, key in keys:
        kid = arguments.kid or key.kid or key.thumbprint()
        member = _member(key, kid)
        if members.setdefault(kid, member) != member:
            raise InputFault(
                f"{path}: another key has the same kid {printable(kid)!r}; verifiers could not choose"
            )
    document = json.dumps({"keys": list(members.values())}, indent=2)
    with open_output(arguments.output) as output:
        output.write(document.encode("ascii") + b"\n")
    return OK


def _member(key: RSAPublicKey, kid: str) -> dict[str, Any]:
    return {**key.to_jwk(), "kid": kid}
