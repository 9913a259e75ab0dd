"""`fastjwt bench`: this machine's engines beside bare libcrypto."""

from __future__ import annotations

import argparse
from typing import Any

from fastjwt.cli import options
from fastjwt.cli.exits import INVALID, OK, UsageFault
from fastjwt.cli.terminal import Progress, say
from fastjwt.cli.writing import open_output

_DESCRIPTION = """\
Measure what each engine mints and verifies a second, one token a call and in
batches, as a ratio to a bare libcrypto loop measured in the same rounds of the
same process. Needs nothing beside the package, and takes about half a minute.
Answers are checked before and after they are timed."""

_EXAMPLES = """\
exit codes:
  0  measured, whatever the times were
  1  an engine gave a wrong answer    2  wrong usage    3  output cannot be written
"""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "bench",
        help="measure the engines beside bare libcrypto",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--bits", type=int, default=2048, metavar="N", help="size of the RSA key in bits (default: 2048)"
    )
    parser.add_argument(
        "--engine",
        action="append",
        default=None,
        metavar="NAME",
        help="measure this engine; may be given more than once (default: all that can run here)",
    )
    parser.add_argument(
        "--threads",
        type=options.threads,
        metavar="N",
        help="threads of the batches beside those on one (default: the CPUs that this process may use)",
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds (default: 5)")
    parser.add_argument(
        "--seconds",
        type=options.seconds,
        default=0.2,
        metavar="N",
        help="time for each figure in each round (default: 0.2)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print what came of it."""
    import json

    from fastjwt import bench

    with open_output(None) as output:
        try:
            plan = bench.Plan(
                bits=arguments.bits,
                engines=tuple(dict.fromkeys(arguments.engine or ())),
                threads=arguments.threads,
                rounds=arguments.rounds,
                seconds=arguments.seconds,
            )
            report = bench.run(plan, Progress)
        except ValueError as error:
            raise UsageFault(str(error)) from None
        except bench.WrongAnswer as wrong:
            say(f"fastjwt: {wrong}")
            return INVALID
        text = json.dumps(report.as_dict(), indent=2) if arguments.json else bench.as_text(report)
        output.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return OK
