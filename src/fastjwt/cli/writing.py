"""Writing: results that appear whole or not at all, and key files that nobody else can read.

A result goes to a temporary file beside its target and takes the target's name only when it is complete.  Standard
output, devices and pipes are written as they are.  Key files are created anew with mode 0600 before the first byte is
written; an existing one is replaced on demand only, and a symbolic link never followed.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from typing import Protocol, TextIO

from fastjwt.cli.exits import OutputFault, reason_of

__all__ = ["Output", "check_key_file", "open_output", "silence_standard_output", "write_key_file"]

_BUFFER_BYTES = 64 * 1024


class _Sink(Protocol):
    def write(self, content: bytes, /) -> int | None: ...


class Output:
    """Where results go, buffered; every failure is an `OutputFault` that names the place."""

    def __init__(self, sink: _Sink, name: str) -> None:
        self.name = name
        self._sink = sink
        self._pieces: list[bytes] = []
        self._buffered = 0

    def write(self, content: bytes) -> None:
        """Take `content`; it may be written later."""
        self._pieces.append(content)
        self._buffered += len(content)
        if self._buffered >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all that was taken."""
        if not self._pieces:
            return
        rest = memoryview(b"".join(self._pieces))
        self._pieces.clear()
        self._buffered = 0
        with output_faults(self.name):
            while rest:
                written = self._sink.write(rest)  # type: ignore[arg-type]
                rest = rest[written if written is not None else len(rest) :]
            if isinstance(self._sink, io.BufferedIOBase):
                self._sink.flush()


@contextlib.contextmanager
def output_faults(name: str) -> Iterator[None]:
    """Turn the operating system's errors about `name` into an `OutputFault`."""
    try:
        yield
    except OSError as error:
        raise OutputFault(f"{name}: {reason_of(error)}") from None
    except ValueError:  # a NUL within the name, or a stream that somebody closed
        raise OutputFault(f"{name!r}: cannot be written") from None


@contextlib.contextmanager
def open_output(path: str | None, *, private: bool = False) -> Iterator[Output]:
    """Open `path` for results; None and `-` are standard output.

    A regular file appears when the block ends without an exception, and not at all otherwise.  With `private` it is
    readable by its owner alone; else it keeps the mode of the file that it replaces.
    """
    if path is None or path in _STANDARD_OUTPUT:
        with _standard_stream(sys.stdout, "standard output") as output:
            yield output
        return
    if path in _STANDARD_ERROR:
        with _standard_stream(sys.stderr, "standard error") as output:
            yield output
        return
    if not path:
        raise OutputFault("an output needs a name")
    with output_faults(path):
        target = os.path.realpath(path)  # a link stays a link; what it names is replaced
        mode = _mode_of(path)
    if mode is not None and stat.S_ISDIR(mode):
        raise OutputFault(f"{path}: is a directory")
    if path.startswith("/dev/fd/") or (mode is not None and not stat.S_ISREG(mode)):
        with _open_in_place(path) as output:
            yield output
    else:
        permissions = 0o600 if private else stat.S_IMODE(mode) if mode is not None else 0o666 & ~_umask()
        with _open_beside(path, target, permissions) as output:
            yield output


# Where they lead to a file, that is not ours to replace: others write to it, too.
_STANDARD_OUTPUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_STANDARD_ERROR = ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2")


def _mode_of(path: str) -> int | None:
    try:
        return os.stat(path).st_mode
    except FileNotFoundError:
        return None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _standard_stream(stream: TextIO | None, name: str) -> Iterator[Output]:
    if stream is None:
        raise OutputFault(f"{name} is closed")
    with output_faults(name):
        stream.flush()
    output = Output(stream.buffer, name)
    try:
        yield output
    except OutputFault:
        raise
    except Exception:
        # What was found before the fault is of use, and a half-written standard output nobody's surprise.
        with contextlib.suppress(OutputFault):
            output.flush()
        raise
    output.flush()


@contextlib.contextmanager
def _open_in_place(path: str) -> Iterator[Output]:
    with output_faults(path):
        descriptor = os.open(path, os.O_WRONLY | _NOT_INHERITED)
    with open(descriptor, "wb", buffering=0) as stream:
        output = Output(stream, path)
        yield output
        output.flush()


@contextlib.contextmanager
def _open_beside(path: str, target: str, permissions: int) -> Iterator[Output]:
    """Write to a new file in the target's directory, and give it the target's name at the end."""
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:64]}.{os.urandom(6).hex()}.tmp")
    with output_faults(path):
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOT_INHERITED, 0o600)
    try:
        with open(descriptor, "wb", buffering=0) as stream:
            output = Output(stream, path)
            yield output
            output.flush()
            with output_faults(path):
                os.fchmod(descriptor, permissions)
                os.fsync(descriptor)  # or a crash could leave the new name with nothing behind it
        with output_faults(path):
            os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


_NOT_INHERITED = getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def check_key_file(path: str, *, force: bool = False) -> None:
    """Raise `OutputFault` if `write_key_file` would refuse `path`, so that nothing need be undone later."""
    _kind_of_key_file(path, force)


def write_key_file(path: str, content: bytes, *, force: bool = False) -> None:
    """Create `path` with mode 0600 and `content`.

    Raises `OutputFault` if it exists, unless `force` replaces it.  A symbolic link is refused either way: it could
    lead a key to where others read it.  A device or a pipe is written as it is.
    """
    kind = _kind_of_key_file(path, force)
    if kind is None:
        with output_faults(path):
            _create_key_file(path, content)
    else:
        with _open_beside(path, path, 0o600) if stat.S_ISREG(kind) else _open_in_place(path) as output:
            output.write(content)


def _kind_of_key_file(path: str, force: bool) -> int | None:
    """Return the mode of what is at `path`, or None if nothing is there; raise if it must stay."""
    with output_faults(path):
        try:
            existing = os.lstat(path).st_mode
        except FileNotFoundError:
            return None
    if stat.S_ISLNK(existing):
        raise OutputFault(f"{path}: is a symbolic link, which keys are never written through")
    if stat.S_ISDIR(existing):
        raise OutputFault(f"{path}: is a directory")
    if stat.S_ISREG(existing) and not force:
        raise OutputFault(f"{path}: exists already (--force replaces it)")
    return existing


def _create_key_file(path: str, content: bytes) -> None:
    """Create the file exclusively, so that nobody can put one, or a link, in its place in between."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _NOT_INHERITED, 0o600)
    try:
        with open(descriptor, "wb", buffering=0) as stream:
            output = Output(stream, path)
            output.write(content)
            output.flush()
            os.fsync(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise


def silence_standard_output() -> None:
    """Let nothing more be written to a standard output that is broken.

    The interpreter flushes it once more at its end, and would print a second complaint about the same fault.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
