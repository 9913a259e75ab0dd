"""`fastjwt demo`: mint, spoil and verify a hundred thousand tokens before your eyes."""

from __future__ import annotations

import argparse
from typing import Any

from fastjwt.cli import options
from fastjwt.cli.exits import INVALID, OK, UsageFault
from fastjwt.cli.terminal import Progress
from fastjwt.cli.writing import open_output

_DESCRIPTION = """\
Mint tokens with OpenID Connect claims, spoil 1 % of them in different ways,
verify all of them against a JSON Web Key Set, and compare what was found with
what was spoiled, token by token. Then say how fast that was, also as a ratio
to a bare libcrypto loop measured in the same process. What is spoiled, and
how, is the same each time."""

_EXAMPLES = """\
exit codes:
  0  exactly the spoiled tokens were refused, each for the right reason
  1  a verdict was not what it should be    2  wrong usage    3  output cannot be written
"""


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="mint, spoil and verify 100,000 tokens, and say how fast",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
    )
    parser.add_argument(
        "--tokens", type=int, default=100_000, metavar="N", help="how many tokens (default: 100000)"
    )
    parser.add_argument(
        "--bits", type=int, default=2048, metavar="N", help="size of the RSA keys in bits (default: 2048)"
    )
    parser.add_argument(
        "--threads",
        type=options.threads,
        metavar="N",
        help="threads that work (default: the CPUs that this process may use)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demonstration and print what came of it."""
    import json

    from fastjwt import demo

    try:
        plan = demo.Plan(tokens=arguments.tokens, bits=arguments.bits, threads=arguments.threads)
    except ValueError as error:
        raise UsageFault(str(error)) from None
    with open_output(None) as output:
        outcome = demo.run(plan, Progress)
        text = json.dumps(outcome.as_dict(), indent=2) if arguments.json else demo.as_text(outcome)
        output.write(text.encode("utf-8", "backslashreplace") + b"\n")
    return OK if outcome.exact else INVALID
