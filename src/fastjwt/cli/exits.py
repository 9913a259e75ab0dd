"""How the command ends: its exit codes, and the faults that lead to them."""

from __future__ import annotations

import os

__all__ = [
    "INTERRUPTED",
    "INVALID",
    "IO",
    "OK",
    "USAGE",
    "CommandFault",
    "InputFault",
    "OutputFault",
    "UsageFault",
]

OK = 0
INVALID = (
    1  # at least one token was refused; for `doctor`, a problem worth acting on; for `bench`, a wrong answer
)
USAGE = 2  # argparse's own choice, too
IO = 3  # input that cannot be read (or is no key, no claims), output that cannot be written
INTERRUPTED = 130  # 128 + SIGINT, as shells count


class CommandFault(Exception):
    """The command cannot go on; the message is the one line that the user sees."""

    status = IO


class UsageFault(CommandFault):
    """The options contradict each other, or the library refuses their values."""

    status = USAGE


class InputFault(CommandFault):
    """Something that was to be read is missing, unreadable, or not what it should be."""


class OutputFault(CommandFault):
    """Something that was to be written could not be."""


def reason_of(error: OSError) -> str:
    """Return the operating system's words for `error`, without the path (callers name it themselves)."""
    return (error.strerror or os.strerror(error.errno or 0)).lower()
