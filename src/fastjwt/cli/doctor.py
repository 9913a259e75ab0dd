"""`fastjwt doctor`: which engine runs here, and why not a better one."""

from __future__ import annotations

import argparse
from typing import Any

from fastjwt.cli.exits import INVALID, OK
from fastjwt.cli.writing import open_output

_DESCRIPTION = """\
Say which engine runs here and why not a better one, what the package was
built with, what this machine offers, and what should be put right, with the
commands that do."""

_EXAMPLES = """\
exit codes:
  0  a native engine runs, and nothing needs to be done
  1  there is a problem worth acting on: no native engine, an engine that was
     asked for and cannot run, a library of another version than the one built
     for, or a foreign distribution in this package's place
"""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor",
        help="say which engine runs, and why not a better one",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Examine and report; the exit code says whether there is a problem."""
    import json

    from fastjwt import doctor

    report = doctor.examine()
    text = json.dumps(report.as_dict(), indent=2) if arguments.json else doctor.as_text(report)
    with open_output(None) as output:
        output.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return INVALID if report.problems else OK
