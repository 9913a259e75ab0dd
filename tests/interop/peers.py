"""How the peers are started, and the types of the fixtures through which the tests talk to them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent

Jobs = list[dict[str, Any]]
Answers = list[dict[str, Any]]

# Takes a script of this folder and jobs for it.
Node = Callable[[str, Jobs], Answers]
Jose = Callable[[Jobs], Answers]

# An engine may leave to another one what does not pay or fit: the kernel takes neither e = 3 nor, at 2048 bits, a
# single signature.
HANDS_ON_TO = {"avx512ifma": "openssl"}


class RanOn(Protocol):
    """Check that an engine does this many operations ("sign", "verify"), `by_itself` or with the one it hands on to."""

    def __call__(
        self, engine: str, operation: str, items: int, *, by_itself: bool = True
    ) -> AbstractContextManager[None]: ...


class OpenSSL(Protocol):
    """Run one openssl command and return its output; `refused` says that the command must fail.

    `command` is split at its spaces; what may hold spaces follows as arguments of their own.
    """

    def __call__(
        self, command: str, *arguments: str | Path, stdin: bytes = b"", refused: bool = False
    ) -> bytes: ...


def run(
    command: Sequence[str | Path], stdin: bytes = b"", timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """Run a peer in this folder and return what became of it."""
    # A sanitizer may be preloaded into this process; peers are other people's programs and run without it.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    return subprocess.run(
        command, input=stdin, capture_output=True, timeout=timeout, cwd=HERE, env=environment, check=False
    )
