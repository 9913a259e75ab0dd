"""Python programs in a process of their own, and forked children that must not hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from scale import SCALE

HANG_SECONDS = 60.0
"""After which a child counts as hanging: far above what it needs, also under a sanitizer on a busy machine."""


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with these variables, and fastjwt found where this process found it."""
    paths = [path or str(Path.cwd()) for path in sys.path]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FASTJWT_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), **variables}


def start(program: str, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """Start a Python program with pipes to all its ends."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(**variables),
    )


def run(program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program to its end."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=5 * HANG_SECONDS * max(1.0, SCALE),
        check=False,
    )


def output_of(program: str, *arguments: str, **variables: str) -> str:
    """Run a Python program that must succeed and say nothing on stderr; return what it printed."""
    done = run(program, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def forked(work: Callable[[], bool]) -> float:
    """Fork; assert that `work` returns true in the child; return the seconds until it had ended."""
    with warnings.catch_warnings():
        # Python 3.12 says that forking a process with threads is dangerous.  That it is not, here, is what is tested.
        warnings.simplefilter("ignore", DeprecationWarning)
        begin = time.monotonic()
        pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
        if time.monotonic() - begin > HANG_SECONDS:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError("the child hangs")
        time.sleep(0.001)
    assert os.waitstatus_to_exitcode(ended[1]) == 0, "1: the child's answer is wrong; 2: it raised"
    return time.monotonic() - begin
