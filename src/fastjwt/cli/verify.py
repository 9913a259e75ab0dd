"""`fastjwt verify`: a verdict on each token of an input."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from fastjwt.cli import options
from fastjwt.cli.exits import INVALID, OK, UsageFault
from fastjwt.cli.keyfiles import key_set, verifying_key
from fastjwt.cli.reading import CHUNK, Lines, token_source
from fastjwt.cli.results import Results
from fastjwt.cli.terminal import Progress, printable, say
from fastjwt.cli.writing import open_output

if TYPE_CHECKING:
    from fastjwt import JWKSet, Verifier

_DESCRIPTION = """\
Verify tokens and write one JSON object a line, in the order of the tokens:

  {"line":1,"valid":true,"claims":{...}}
  {"line":2,"valid":false,"error":"expired","message":"..."}
  {"line":3,"valid":false,"error":"missing_claim","message":"...","claim":"exp"}

SOURCE is a file with one token a line, - for stdin, or a token itself (what
is no file and begins as tokens do: eyJ...). Line ends are LF or CRLF; blank
lines are skipped but counted, so that "line" is the line of the file. What is
too long or no token at all is a result like any other. A summary by reason
goes to stderr.

Memory stays bounded whatever the input's size. --output FILE appears when it
is complete, and not at all otherwise."""

_EXAMPLES = """\
"error" is one of these codes, "message" may change:
  decode_error, invalid_algorithm, key_not_found, invalid_signature, expired,
  immature, missing_claim, invalid_issuer, invalid_audience, invalid_subject,
  invalid_issued_at, invalid_jti, invalid_type

exit codes:
  0  every token is valid            2  wrong usage
  1  at least one token is not       3  something cannot be read or written

examples:
  fastjwt verify tokens.txt --jwks jwks.json --issuer https://id.example.com \\
      --audience api --output results.jsonl
  fastjwt verify - --key public.pem --allow-any-audience --only invalid
  fastjwt verify log-of-may.txt --jwks jwks.json --audience api --now 1715000000
"""


_MENTIONED_MEMBERS = 5


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "verify",
        help="verify tokens, one a line",
        usage="%(prog)s SOURCE (--key FILE | --jwks FILE) [option ...]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("source", metavar="SOURCE", help="file of tokens, - for stdin, or one token")
    keys = parser.add_mutually_exclusive_group(required=True)
    keys.add_argument(
        "--key",
        action="append",
        metavar="FILE",
        help="RSA public key (PEM, DER or JWK), certificate, or HMAC secret as a JWK; repeat it for several",
    )
    keys.add_argument("--jwks", metavar="FILE", help="JSON Web Key Set; the token's kid chooses the key")
    _add_expectations(parser.add_argument_group("what a token must be"))
    _add_ways_out(parser.add_argument_group("ways out of strict defaults"))
    _add_running(parser.add_argument_group("input and output"))
    parser.set_defaults(run=run)


def _add_expectations(group: Any) -> None:
    group.add_argument(
        "--issuer", action="append", metavar="ISS", help="iss; repeat it for a choice (default: any)"
    )
    group.add_argument(
        "--audience",
        action="append",
        metavar="AUD",
        help="aud; repeat it for a choice (default: tokens with an aud are refused)",
    )
    group.add_argument("--subject", metavar="SUB", help="sub (default: any)")
    group.add_argument("--typ", metavar="TYPE", help="typ of the header, such as at+jwt (default: any)")
    group.add_argument(
        "--leeway",
        type=options.seconds,
        default=0,
        metavar="SECONDS",
        help="tolerance for exp, nbf and iat (default: 0, at most 86400)",
    )
    group.add_argument(
        "--max-age",
        type=options.seconds,
        metavar="SECONDS",
        help="largest age by iat, which is then required (default: none)",
    )
    group.add_argument(
        "--now",
        type=options.seconds,
        metavar="SECONDS",
        help="verify as of that Unix time (default: the clock)",
    )
    group.add_argument(
        "--require",
        action="append",
        metavar="CLAIMS",
        help="claims that must be there, comma-separated or repeated; none for none (default: exp)",
    )


def _add_ways_out(group: Any) -> None:
    group.add_argument(
        "--allow-any-audience",
        action="store_true",
        help="take tokens with an aud though no --audience is given",
    )
    group.add_argument("--allow-future-iat", action="store_true", help="take an iat that is still to come")
    group.add_argument("--allow-nonstring-ids", action="store_true", help="take sub and jti of any type")
    group.add_argument(
        "--allow-duplicate-claims",
        action="store_true",
        help="take a name twice in the claims; the last counts",
    )
    group.add_argument("--allow-padding", action="store_true", help="take = at the end of a token's parts")
    group.add_argument(
        "--allow-secret-members",
        action="store_true",
        help="use private and HMAC members of --jwks, for a set you own",
    )
    group.add_argument("--allow-roca", action="store_true", help="take RSA keys that show the ROCA weakness")
    group.add_argument(
        "--min-bits",
        type=int,
        default=2048,
        metavar="N",
        help="smallest RSA key in bits (default: 2048; at least 1024)",
    )
    group.add_argument(
        "--max-candidates",
        type=int,
        default=1,
        metavar="N",
        help="keys to try where a kid is missing or shared (default: 1, at most 8)",
    )
    group.add_argument(
        "--max-token-bytes",
        type=int,
        default=262_144,
        metavar="N",
        help="longest token in bytes (default: 262144)",
    )
    group.add_argument(
        "--max-header-bytes",
        type=int,
        default=16_384,
        metavar="N",
        help="longest header part in bytes, as encoded (default: 16384)",
    )


def _add_running(group: Any) -> None:
    group.add_argument("--output", metavar="FILE", help="where results go (default: stdout)")
    group.add_argument(
        "--only",
        choices=("valid", "invalid"),
        help="write only these results; summary and exit code count all",
    )
    group.add_argument("--no-claims", action="store_true", help="leave the claims out of the results")
    group.add_argument("--quiet", action="store_true", help="no summary, no progress")
    group.add_argument("--json", action="store_true", help="write the summary as one JSON object")
    group.add_argument(
        "--threads",
        type=options.threads,
        metavar="N",
        help="threads that verify (default: the CPUs that this process may use)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify all tokens; the exit code says whether every one was valid."""
    options.check_standard_input(arguments.source, arguments.jwks, *(arguments.key or ()))
    verifier = _verifier(arguments)
    with closing(token_source(arguments.source)) as source, open_output(arguments.output) as output:
        if source.is_terminal:
            say("reading tokens from the terminal, one a line; Ctrl-D ends")
        results = Results(output, only=arguments.only, with_claims=not arguments.no_claims)
        lines = Lines(source, arguments.max_token_bytes)
        progress = Progress("verify", source.size, quiet=arguments.quiet)
        try:
            for run_of_lines in lines.runs():
                _verify_run(
                    verifier,
                    run_of_lines,
                    results,
                    arguments,
                    lambda: progress.show(results.total, lines.bytes_read),
                )
                output.flush()  # whoever waits at the other end of a pipe shall have what is done
        finally:
            progress.clear()
    if not arguments.quiet:
        results.say_summary(source.name, blank=lines.blank, threads=arguments.threads, as_json=arguments.json)
    return INVALID if results.invalid else OK


def _verifier(arguments: argparse.Namespace) -> Verifier:
    """Make the verifier; the library judges the values, and says what it would take."""
    from fastjwt import Verifier

    loading = {"min_bits": arguments.min_bits, "allow_roca": arguments.allow_roca}
    keys: Any
    if arguments.jwks is not None:
        keys = key_set(arguments.jwks, allow_secret_members=arguments.allow_secret_members, **loading)
        if not arguments.quiet:
            _mention_skipped(arguments.jwks, keys)
    else:
        keys = [verifying_key(path, **loading) for path in arguments.key]
    try:
        return Verifier(
            keys if arguments.jwks is not None or len(keys) > 1 else keys[0],
            issuer=options.single_or_list(arguments.issuer),
            audience=options.single_or_list(arguments.audience),
            subject=arguments.subject,
            typ=arguments.typ,
            leeway=arguments.leeway,
            max_age=arguments.max_age,
            require=options.claim_names(arguments.require),
            allow_any_audience=arguments.allow_any_audience,
            allow_future_iat=arguments.allow_future_iat,
            allow_nonstring_ids=arguments.allow_nonstring_ids,
            allow_duplicate_claims=arguments.allow_duplicate_claims,
            allow_padding=arguments.allow_padding,
            max_candidates=arguments.max_candidates,
            max_token_bytes=arguments.max_token_bytes,
            max_header_bytes=arguments.max_header_bytes,
        )
    except (TypeError, ValueError) as error:
        raise UsageFault(str(error)) from None


def _mention_skipped(path: str, keys: JWKSet) -> None:
    for skipped in keys.skipped[:_MENTIONED_MEMBERS]:
        say(printable(f"{path}: member {skipped.index + 1} is not used: {skipped.reason}"))
    more = len(keys.skipped) - _MENTIONED_MEMBERS
    if more > 0:
        say(f"{path}: {more} more are not used")


def _verify_run(
    verifier: Verifier,
    lines: Iterator[tuple[int, bytes]],
    results: Results,
    arguments: argparse.Namespace,
    show_progress: Callable[[], None],
) -> None:
    numbers: deque[int] = deque()
    stream = verifier.verify_stream(
        _tokens(lines, numbers), chunk=CHUNK, now=arguments.now, threads=arguments.threads
    )
    for count, result in enumerate(stream):
        results.add(numbers.popleft(), result)
        if not count % 256:
            show_progress()


def _tokens(lines: Iterator[tuple[int, bytes]], numbers: deque[int]) -> Iterator[str]:
    """Yield the tokens of `lines`, and keep the numbers of their lines until the results are there."""
    for line, token in lines:
        numbers.append(line)
        # Batches of str are joined fastest, and whatever is not ASCII stays not ASCII.
        yield token.decode("latin-1")
