"""The command `fastjwt`: keys, tokens and verdicts from a shell.

One module for each command, with its options and its help; what they share lies in `parser`, `options`, `keyfiles`,
`reading`, `writing`, `results`, `terminal` and `exits`.  This module starts in a few milliseconds: whatever is heavy is
imported by the command that needs it, when it runs.
"""

from __future__ import annotations

import contextlib
import io
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence

from fastjwt._version import __version__
from fastjwt.cli import bench, demo, doctor, inspect, jwks, keygen, sign, verify
from fastjwt.cli.exits import INTERRUPTED, USAGE, CommandFault, OutputFault, UsageFault
from fastjwt.cli.parser import Parser, PrintVersion
from fastjwt.cli.terminal import printable, say
from fastjwt.cli.writing import silence_standard_output

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
        with _one_line_warnings(), _cleaning_up_when_terminated():
            return _run(arguments)
    except CommandFault as fault:
        say(f"fastjwt: {printable(str(fault))}")
        if isinstance(fault, OutputFault):
            silence_standard_output()
        return fault.status
    except KeyboardInterrupt:
        silence_standard_output()
        return INTERRUPTED
    except _Terminated as end:
        silence_standard_output()
        return end.status


def _run(arguments: Sequence[str] | None) -> int:
    try:
        parsed = _parser().parse_args(arguments)
    except SystemExit as end:  # argparse has said why
        return end.code if isinstance(end.code, int) else USAGE
    if parsed.run is not doctor.run:  # which finds out by itself
        _check_environment()
    return int(parsed.run(parsed))


def _check_environment() -> None:
    """Refuse a FASTJWT_ENGINE that cannot run here before anything else goes wrong because of it."""
    from fastjwt import engine

    try:
        engine()
    except (RuntimeError, ValueError) as error:
        raise UsageFault(f"{error} (`fastjwt doctor` tells more)") from None


def _never_fail_to_print() -> None:
    """Escape what the terminal's encoding cannot spell, instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(ValueError, OSError):
                stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def _one_line_warnings() -> Iterator[None]:
    """Show the library's warnings (that the slow engine runs) without file names and source lines."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"fastjwt: warning: {message}")
        yield


class _Terminated(BaseException):
    """Somebody ended the process by a signal; like KeyboardInterrupt, it passes everything but clean-up."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.status = 128 + signal_number


@contextlib.contextmanager
def _cleaning_up_when_terminated() -> Iterator[None]:
    """Let SIGTERM and SIGHUP take temporary files away before they end the process."""

    def terminate(signal_number: int, _frame: object) -> None:
        raise _Terminated(signal_number)

    before = {}
    if threading.current_thread() is threading.main_thread():  # only there may handlers be set
        for wanted in (signal.SIGTERM, signal.SIGHUP):
            # Not if nohup, or whoever calls us, said otherwise.
            if signal.getsignal(wanted) is signal.SIG_DFL:
                before[wanted] = signal.signal(wanted, terminate)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _parser() -> Parser:
    parser = Parser(prog="fastjwt", description=_DESCRIPTION, epilog=_EPILOG)
    version = f"fastjwt {__version__}"
    parser.add_argument(
        "--version", action=PrintVersion, nargs=0, const=version, help="print the version and exit"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for command in (keygen, jwks, sign, verify, inspect, doctor, bench, demo):
        command.add_to(commands)
    return parser
