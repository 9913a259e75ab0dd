"""The command `fastjwt`: keys, tokens and verdicts from a shell.

One module for each command, with its options and its help; what they share lies in `reading`, `writing`, `keyfiles`,
`options`, `terminal` and `exits`.  This module starts in a few milliseconds: whatever is heavy is imported by the
command that needs it, when it runs.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastjwt._version import __version__
from fastjwt.cli import demo, doctor, inspect, jwks, keygen, sign, verify
from fastjwt.cli.exits import INTERRUPTED, USAGE, CommandFault, OutputFault
from fastjwt.cli.terminal import printable, say
from fastjwt.cli.writing import open_output, silence_standard_output

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ["main"]

_DESCRIPTION = "Mint and verify JSON Web Tokens (RS256), singly and by the million."

_EPILOG = """\
exit codes: 0 good, 1 a token was refused (doctor: a problem), 2 wrong usage,
3 something cannot be read or written, 130 interrupted.

`fastjwt COMMAND --help` tells more about each command.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` (by default, those of the process) name, and return its exit code."""
    _never_fail_to_print()
    try:
        return _run(arguments)
    except CommandFault as fault:
        say(f"fastjwt: {printable(str(fault))}")
        if isinstance(fault, OutputFault):
            silence_standard_output()
        return fault.status
    except KeyboardInterrupt:
        silence_standard_output()
        return INTERRUPTED


def _run(arguments: Sequence[str] | None) -> int:
    try:
        parsed = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said why
        return end.code if isinstance(end.code, int) else USAGE
    return int(parsed.run(parsed))


class _Parser(argparse.ArgumentParser):
    """A parser whose help, if it cannot be written, is a fault like any other (argparse itself keeps silent)."""

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        if file is not None:
            super().print_help(file)
        else:
            _print(self.format_help())


class _PrintVersion(argparse.Action):
    """Likewise for the version."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        _print(f"fastjwt {__version__}\n")
        parser.exit()


def _print(text: str) -> None:
    with open_output(None) as output:
        output.write(text.encode())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastjwt",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for command in (keygen, jwks, sign, verify, inspect, doctor, demo):
        command.add_to(commands)
    return parser


def _never_fail_to_print() -> None:
    """Escape what the terminal's encoding cannot spell, instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")
