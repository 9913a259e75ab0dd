"""argparse, as all commands use it: plain help, no abbreviations, and an error where help cannot be printed."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from fastjwt.cli.writing import open_output

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ["Parser", "PrintVersion"]

_WIDEST = 98  # characters; wider text is hard to read


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, found out without `shutil`, whose import takes longer than all of this."""

    def __init__(self, prog: str, **options: Any) -> None:
        options.setdefault("width", min(_columns() - 2, _WIDEST))
        super().__init__(prog, **options)


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns or 80
    except (OSError, ValueError):
        return 80


class Parser(argparse.ArgumentParser):
    """A parser with our defaults; a command's parser made by `add_subparsers` is one, too."""

    def __init__(self, **options: Any) -> None:
        # An abbreviation that works today would mean something else when an option is added.
        super().__init__(**{"formatter_class": _Help, "allow_abbrev": False, **options})

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help; `OutputFault` if it cannot be written, of which argparse says nothing."""
        if file is None:
            _print(self.format_help())
        else:
            super().print_help(file)


class PrintVersion(argparse.Action):
    """Print `const` and end, likewise."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Do what `--version` asks for."""
        _print(f"{self.const}\n")
        parser.exit()


def _print(text: str) -> None:
    with open_output(None) as output:
        output.write(text.encode())
