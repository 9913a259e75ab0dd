"""`fastjwt inspect`: what a token says, without believing it."""

from __future__ import annotations

import argparse
import datetime
import json
import time
from contextlib import closing
from typing import Any

from fastjwt.cli.exits import INVALID, OK, InputFault
from fastjwt.cli.reading import Lines, token_source
from fastjwt.cli.terminal import printable, say
from fastjwt.cli.writing import Output, open_output

_DESCRIPTION = """\
Show header and claims of a token. Nothing is verified: anybody can write such
a token, so use what you see here to look, never to decide. SOURCE is a token,
a file of tokens (one a line), or - for stdin."""

_EXAMPLES = """\
exit codes:
  0  shown    1  not a well-formed token    2  wrong usage    3  cannot be read or written
"""

_TOKEN_BYTES = 262_144  # the limit of `decode_unverified`


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "inspect",
        help="show what a token says, unverified",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("source", metavar="SOURCE", help="a token, a file of tokens, or - for stdin")
    parser.add_argument("--json", action="store_true", help="print one JSON object a token")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Show each token; say on stderr which ones could not be read."""
    from fastjwt import DecodeError, InvalidTokenError, decode_unverified

    show = _show_json if arguments.json else _show
    shown = failed = 0
    with closing(token_source(arguments.source)) as source, open_output(None) as output:
        if source.is_terminal:
            say("reading tokens from the terminal, one a line; Ctrl-D ends")
        for line, token in Lines(source, _TOKEN_BYTES):
            try:
                if len(token) > _TOKEN_BYTES:
                    raise DecodeError(f"longer than {_TOKEN_BYTES:,} bytes")
                unverified = decode_unverified(token)
            except InvalidTokenError as error:
                failed += 1
                say(f"fastjwt: line {line}: {printable(str(error))}")
                continue
            if shown and not arguments.json:
                output.write(b"\n")
            show(output, unverified.header, unverified.claims, token)
            shown += 1
            output.flush()
    if not shown and not failed:
        raise InputFault(f"{source.name}: no token")
    return INVALID if failed else OK


def _show_json(output: Output, header: dict[str, Any], claims: dict[str, Any], token: bytes) -> None:
    document = {"verified": False, "header": header, "claims": claims, "token_bytes": len(token)}
    output.write(json.dumps(document).encode("ascii") + b"\n")


def _show(output: Output, header: dict[str, Any], claims: dict[str, Any], token: bytes) -> None:
    signature_bytes = (len(token) - token.rfind(b".") - 1) * 3 // 4
    blocks = [
        "UNVERIFIED: anybody can have written this; the signature has not been checked.",
        "header\n" + _pretty(header),
        "claims\n" + _pretty(claims),
    ]
    times = _times(claims)
    if times:
        blocks.append("times\n" + "\n".join(times))
    blocks.append(f"token of {len(token):,} bytes, signature of {signature_bytes:,} bytes, not checked")
    output.write(("\n\n".join(blocks) + "\n").encode("utf-8", "backslashreplace"))


def _pretty(members: dict[str, Any]) -> str:
    text = json.dumps(members, indent=2, ensure_ascii=False)
    return "\n".join("  " + printable(line) for line in text.split("\n"))


def _times(claims: dict[str, Any]) -> list[str]:
    """Return a line for each claim that is a moment: the date, and how far from now it is."""
    now = time.time()
    lines = []
    for name in ("iat", "auth_time", "nbf", "exp"):
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        try:
            date = datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        except (OverflowError, OSError, ValueError):  # a date far beyond the calendar
            continue
        lines.append(f"  {name:<9}  {date:%Y-%m-%d %H:%M:%S} UTC  {_distance(value - now)}")
    return lines


def _distance(seconds: float) -> str:
    size = abs(seconds)
    units = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
    unit, length = next((unit for unit in units if size >= 2 * unit[1]), units[-1])
    amount = f"{size // length:,.0f} {unit}"
    return f"in {amount}" if seconds >= 0 else f"{amount} ago"
