"""`fastjwt sign`: tokens from claims."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from fastjwt.cli import options
from fastjwt.cli.exits import OK, InputFault, UsageFault
from fastjwt.cli.keyfiles import private_key
from fastjwt.cli.reading import CHUNK, Lines, Source
from fastjwt.cli.terminal import Progress, say
from fastjwt.cli.writing import Output, open_output

if TYPE_CHECKING:
    from fastjwt import Signer

_DESCRIPTION = """\
Sign claims and print tokens, one a line, in the order of the claims. CLAIMS
is a file (or - for stdin) that holds one JSON object, spread over lines as
you like, or one JSON object a line. Blank lines are skipped.

The first object that cannot be signed ends the run with exit code 3, after
the tokens of those before it; an --output FILE appears only when all tokens
are there."""

_EXAMPLES = """\
exit codes:
  0  all signed    2  wrong usage    3  claims, key or output at fault

examples:
  echo '{"sub": "svc-1"}' | fastjwt sign --key private.pem --ttl 3600
  fastjwt sign claims.jsonl --key private.pem --thumbprint-kid --ttl 600 \\
      --output tokens.txt
"""

# What a token may hold (256 KiB, encoded) leaves room for less; this only has to end the reading of endless lines.
_CLAIMS_BYTES = 256 * 1024


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "sign",
        help="sign claims, one token for each JSON object",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "claims", nargs="?", default="-", metavar="CLAIMS", help="file of claims (default: -, stdin)"
    )
    parser.add_argument(
        "--key",
        required=True,
        metavar="FILE",
        help="RSA private key (PEM, DER or JWK), or an HMAC secret as a JWK",
    )
    parser.add_argument(
        "--password-file",
        metavar="FILE",
        help="password of an encrypted key: the first line of FILE (- is stdin)",
    )
    kid = parser.add_mutually_exclusive_group()
    kid.add_argument(
        "--kid",
        type=options.key_id,
        metavar="ID",
        help="key ID for the header (default: the JWK's own; none for PEM)",
    )
    kid.add_argument(
        "--thumbprint-kid",
        action="store_true",
        help="use the key's RFC 7638 thumbprint as key ID, as `fastjwt jwks` does for keys without one",
    )
    parser.add_argument("--typ", metavar="TYPE", help="typ of the header, such as at+jwt (default: JWT)")
    parser.add_argument("--issuer", metavar="ISS", help="iss of every token; claims that differ are refused")
    parser.add_argument(
        "--audience",
        action="append",
        metavar="AUD",
        help="aud of every token; repeat it for several (a list)",
    )
    parser.add_argument(
        "--ttl",
        type=options.seconds,
        metavar="SECONDS",
        help="set exp that far from now, and iat to now, where claims have none (default: neither)",
    )
    parser.add_argument(
        "--jti", action="store_true", help="give each token a random jti where its claims have none"
    )
    parser.add_argument(
        "--threads",
        type=options.threads,
        metavar="N",
        help="threads that sign (default: the CPUs that this process may use)",
    )
    parser.add_argument("--output", metavar="FILE", help="where tokens go; mode 0600 (default: stdout)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Sign all claims; the first that cannot be signed is an `InputFault`."""
    from fastjwt import InvalidKeyError, Signer

    options.check_standard_input(arguments.claims, arguments.key, arguments.password_file)
    key = private_key(arguments.key, arguments.password_file)
    kid = (
        key.thumbprint() if arguments.thumbprint_kid else key.kid if arguments.kid is None else arguments.kid
    )
    try:
        signer = Signer(
            key,
            kid=kid,
            headers=None if arguments.typ is None else {"typ": arguments.typ},
            issuer=arguments.issuer,
            audience=options.single_or_list(arguments.audience),
            ttl=arguments.ttl,
            jti=arguments.jti,
        )
    except InvalidKeyError as error:  # such as a secret whose JWK is for verifying alone
        raise InputFault(f"{arguments.key}: {error}") from None
    except (TypeError, ValueError) as error:
        raise UsageFault(str(error)) from None
    with closing(Source(arguments.claims)) as source, open_output(arguments.output, private=True) as output:
        if source.is_terminal:
            say("reading claims from the terminal, one JSON object a line; Ctrl-D ends")
        _sign_all(signer, Claims(source), output, arguments.threads, source.size)
    return OK


def _sign_all(
    signer: Signer, claims: Claims, output: Output, threads: int | None, total_bytes: int | None
) -> None:
    progress = Progress("sign", total_bytes)
    signed = 0
    try:
        for run in claims.runs():
            unsigned: deque[tuple[int, dict[str, Any]]] = deque()
            try:
                for token in signer.sign_stream(_remembering(run, unsigned), chunk=CHUNK, threads=threads):
                    unsigned.popleft()
                    output.write(token.encode("ascii") + b"\n")
                    signed += 1
                    progress.show(signed, claims.bytes_read)
            except (TypeError, ValueError):
                _sign_up_to_fault(signer, unsigned, output)
                raise  # not reached: what a stream refuses, `sign` refuses
            output.flush()  # whoever waits at the other end of a pipe shall have what is done
        if claims.fault is not None:
            raise claims.fault
    finally:
        progress.clear()


def _remembering(
    run: Iterator[tuple[int, dict[str, Any]]], unsigned: deque[tuple[int, dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Yield the claims of `run` and keep them, with their line numbers, until their tokens are there."""
    for item in run:
        unsigned.append(item)
        yield item[1]


def _sign_up_to_fault(signer: Signer, unsigned: deque[tuple[int, dict[str, Any]]], output: Output) -> None:
    """Sign one by one until the claims that a whole batch was refused for, and name their line."""
    for line, claims in unsigned:
        try:
            token = signer.sign(claims)
        except (TypeError, ValueError) as error:
            raise InputFault(f"line {line}: {error}") from None
        output.write(token.encode("ascii") + b"\n")


class Claims:
    """The JSON objects of an input, each with the number of the line that it begins on."""

    def __init__(self, source: Source) -> None:
        self._lines = Lines(source, _CLAIMS_BYTES, end_at_long=True)
        self._seen = 0
        self.fault: InputFault | None = None  # set when the objects end because one could not be read

    @property
    def bytes_read(self) -> int:
        """How much of the input has been read."""
        return self._lines.bytes_read

    def runs(self) -> Iterator[Iterator[tuple[int, dict[str, Any]]]]:
        """Yield the objects in runs, as `Lines.runs` does."""
        for run in self._lines.runs():
            yield self._objects(run)
            if self.fault is not None:
                return

    def _objects(self, run: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in run:
            self._seen += 1
            try:
                claims = self._object(number, line)
            except InputFault as fault:
                self.fault = fault
                return
            yield number, claims

    def _object(self, number: int, line: bytes) -> dict[str, Any]:
        from fastjwt import strict_json

        if len(line) > _CLAIMS_BYTES:
            raise InputFault(f"line {number}: longer than {_CLAIMS_BYTES:,} bytes")
        try:
            return strict_json.read_object(line)
        except strict_json.JSONFault as fault:
            if self._seen > 1:
                raise InputFault(f"line {number}: {fault}") from None
            first_fault = fault
        document = self._rest_of_document(line)
        try:
            return strict_json.read_object(document)
        except strict_json.JSONFault as fault:
            if document == line:
                raise InputFault(f"line {number}: {fault}") from None
            raise InputFault(
                f"line {number} is no claims object ({first_fault}), and neither is the whole input ({fault})"
            ) from None

    def _rest_of_document(self, first_line: bytes) -> bytes:
        """Return all lines as one text, for an object that is spread over them."""
        pieces = [first_line]
        size = len(first_line)
        for _number, line in self._lines:
            pieces.append(line)
            size += len(line) + 1
            if size > _CLAIMS_BYTES:
                raise InputFault(
                    f"the first line is no JSON object, and the input is above {_CLAIMS_BYTES:,} bytes"
                )
        return b"\n".join(pieces)
