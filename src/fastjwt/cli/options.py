"""Option values that more than one command reads the same way."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

from fastjwt.cli.exits import UsageFault

__all__ = ["check_standard_input", "claim_names", "key_id", "seconds", "single_or_list", "threads"]

_MOST_THREADS = 1024  # as many as the library takes


def seconds(text: str) -> float:
    """Read a number of seconds, whole or not."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return int(value) if value.is_integer() else value


def key_id(text: str) -> str:
    """Read a key ID that a token's header can carry."""
    from fastjwt.header import MAX_KID_BYTES

    try:
        length = len(text.encode("utf-8"))
    except UnicodeEncodeError:  # the command line held other bytes, which Python smuggles in as surrogates
        raise argparse.ArgumentTypeError("a key ID must be UTF-8") from None
    if length > MAX_KID_BYTES:
        raise argparse.ArgumentTypeError(f"a key ID has at most {MAX_KID_BYTES} bytes, this one has {length}")
    return text


def threads(text: str) -> int:
    """Read a number of threads."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= _MOST_THREADS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {_MOST_THREADS}")
    return int(text)


def single_or_list(values: list[str] | None) -> str | list[str] | None:
    """Return what a repeatable option means to the library: None, one text, or a list of them."""
    if values is None or len(values) > 1:
        return values
    return values[0]


def claim_names(values: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names given by a repeatable option of comma-separated lists; `none` is the empty list."""
    if values is None:
        return ("exp",)
    names = [name.strip() for value in values for name in value.split(",")]
    if "" in names:  # a variable that was never set must not switch a check off
        raise UsageFault("--require: a claim's name is empty; say none to require none")
    return tuple(dict.fromkeys(name for name in names if name != "none"))


def check_standard_input(*paths: str | None) -> None:
    """Refuse to take two things from standard input, of which the second would find nothing there."""
    if sum(path == "-" for path in paths) > 1:
        raise UsageFault("standard input (-) can be only one of the inputs")
