"""Reading: whole small files, and lines of any input, in bounded memory.

A line may be of any length and hold any bytes.  Of one that is longer than the caller's limit only the beginning is
kept, one byte more than the limit, so that whoever measures it sees that it is too long; the rest is read and
forgotten.  Line ends are LF or CRLF, the last one may be missing.  A line of nothing but spaces and tabs is blank:
it is counted, but not handed out.
"""

from __future__ import annotations

import io
import os
import re
import select
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import closing

from fastjwt.cli.exits import InputFault, reason_of

__all__ = ["CHUNK", "Lines", "Source", "read_small", "token_source"]

# Tokens that a stream collects before it works on them: few, so that results keep coming and memory stays small.
CHUNK = 2048

_BLOCK_BYTES = 256 * 1024

# Lines are handed on in runs.  A run ends after this many bytes, so that a stream that collects thousands of tokens
# before it works never holds more, be they ever so long ...
_RUN_BYTES = 16 * 1024 * 1024
# ... and, where lines arrive live through a pipe, when nothing came for a moment or the first one has waited for long.
_IDLE_SECONDS = 0.05
_PATIENCE_SECONDS = 0.5


class Source:
    """An input that is open for reading: a file, a pipe, standard input (`-`), or bytes in memory.

    Raises `InputFault` when it cannot be opened or read.
    """

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == "-" else path
        self._owned = path != "-"
        try:
            self._stream = io.FileIO(path, "r") if self._owned else _standard_input()
        except OSError as error:
            raise InputFault(f"{self.name}: {reason_of(error)}") from None
        except ValueError:  # a NUL within the name
            raise InputFault(f"{self.name!r}: not a file name") from None
        self._fd, self.size = _descriptor_and_size(self._stream)

    @classmethod
    def of_bytes(cls, content: bytes, name: str) -> Source:
        """Return a source of bytes that are already here, such as a token from the command line."""
        source = cls.__new__(cls)
        source.name = name
        source.size = len(content)
        source._owned = False
        source._stream = io.BytesIO(content)
        source._fd = None
        return source

    def read(self, limit: int) -> bytes:
        """Return the next bytes, at least one and at most `limit`, or none at the end."""
        try:
            while (block := _read_once(self._stream, limit)) is None:  # a descriptor that does not block
                select.select([self._stream], [], [])
        except OSError as error:
            raise InputFault(f"{self.name}: {reason_of(error)}") from None
        return block

    @property
    def is_terminal(self) -> bool:
        """Whether a person is typing it."""
        return self._fd is not None and os.isatty(self._fd)

    @property
    def is_live(self) -> bool:
        """Whether it may come slowly, from a pipe, a socket or a terminal."""
        return self._fd is not None and self.size is None

    def is_idle(self) -> bool:
        """Wait a moment for a live input; return whether nothing came."""
        return self._fd is not None and not select.select([self._fd], [], [], _IDLE_SECONDS)[0]

    def close(self) -> None:
        """Close it, unless it is standard input, which is not ours."""
        if self._owned:
            self._stream.close()


def token_source(argument: str) -> Source:
    """Return the tokens that a command's argument stands for: standard input, a file, or the argument itself.

    A file of that name comes first.  What is no file, yet begins as a JSON object does in base64url, is a token.
    """
    if argument == "-" or os.path.lexists(argument):
        return Source(argument)
    if _OBJECT_IN_BASE64URL.match(argument):
        return Source.of_bytes(argument.encode("utf-8", "surrogateescape"), "the token")
    shown = argument if len(argument) <= _SHOWN_CHARACTERS else argument[:_SHOWN_CHARACTERS] + "..."
    raise InputFault(f"{shown}: neither a file nor a token")


_SHOWN_CHARACTERS = 80

# `{` and then a quote, a closing brace or white space: eyJ, e30, eyA, ewk, ewo, ew0.
_OBJECT_IN_BASE64URL = re.compile(r"ey[JA]|e30|ew[ko0]")


def _standard_input() -> io.RawIOBase | io.BufferedIOBase:
    if sys.stdin is None:
        raise InputFault("standard input is closed")
    buffered = sys.stdin.buffer
    # Below the buffer, so that `is_idle` asks about all that has arrived.  (Something that imitates standard input
    # may have no such layer.)
    raw = getattr(buffered, "raw", None)
    return raw if isinstance(raw, io.RawIOBase) else buffered  # type: ignore[return-value]


def _descriptor_and_size(stream: io.RawIOBase | io.BufferedIOBase) -> tuple[int | None, int | None]:
    try:
        descriptor = stream.fileno()
        status = os.fstat(descriptor)
    except OSError:  # in memory
        return None, None
    return descriptor, status.st_size if stat.S_ISREG(status.st_mode) else None


def _read_once(stream: io.RawIOBase | io.BufferedIOBase, limit: int) -> bytes | None:
    if isinstance(stream, io.RawIOBase):
        return stream.read(limit)
    return stream.read1(limit)


def read_small(path: str, limit: int, what: str) -> bytes:
    """Return all of a file (or of standard input, for `-`) that may hold at most `limit` bytes."""
    pieces = []
    room = limit + 1
    with closing(Source(path)) as source:
        while room > 0 and (block := source.read(min(room, _BLOCK_BYTES))):
            pieces.append(block)
            room -= len(block)
        if room <= 0:
            raise InputFault(f"{source.name}: longer than {limit:,} bytes, so not {what}")
    return b"".join(pieces)


class Lines:
    """The lines of `source`, each with its number (from 1).

    `limit` is in bytes: of a longer line the first `limit + 1` are handed out.  With `end_at_long`, nothing is read
    after that.
    """

    def __init__(self, source: Source, limit: int, *, end_at_long: bool = False) -> None:
        self._source = source
        self._limit = limit
        self._end_at_long = end_at_long
        self._lines = self._read_lines()
        self._ended = False
        self.blank = 0
        self.bytes_read = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return (line for line in self._lines if line is not None)

    def runs(self) -> Iterator[Iterator[tuple[int, bytes]]]:
        """Yield the lines in runs that are bounded in bytes and, for a live input, in time.

        Each run must be read to its end before the next one is taken.
        """
        while not self._ended:
            yield self._run()

    def _run(self) -> Iterator[tuple[int, bytes]]:
        room = _RUN_BYTES
        started = None
        for line in self._lines:
            if line is None:
                if started is not None and (
                    time.monotonic() - started > _PATIENCE_SECONDS or self._source.is_idle()
                ):
                    return
                continue
            yield line
            started = started or time.monotonic()
            room -= len(line[1])
            if room <= 0:
                return
        self._ended = True

    def _read_lines(self) -> Iterator[tuple[int, bytes] | None]:
        """Yield numbered lines; None stands for "the next line is not here yet", where the input is live."""
        limit = self._limit
        kept_limit = limit + 2  # the excess that shows, and a CR that does not count
        rest = b""  # of the last line, which may go on
        number = 0
        while True:
            if self._source.is_live:
                yield None
            block = self._source.read(_BLOCK_BYTES)
            if not block:
                break
            self.bytes_read += len(block)
            lines = block.split(b"\n")
            lines[0] = rest + lines[0]
            rest = lines.pop()[:kept_limit]
            for line in lines:
                number += 1
                if (trimmed := _trimmed(line, limit)) is None:
                    self.blank += 1
                else:
                    yield number, trimmed
            if self._end_at_long and len(rest) == kept_limit:
                break
        if rest:
            number += 1
            if (trimmed := _trimmed(rest, limit)) is None:
                self.blank += 1
            else:
                yield number, trimmed


def _trimmed(line: bytes, limit: int) -> bytes | None:
    """Return `line` without its CR and cut to one byte above `limit`, or None if it is blank."""
    if line.endswith(b"\r"):
        line = line[:-1]
    if len(line) > limit:
        return line[: limit + 1]
    # Few lines begin with a space, so that this costs one comparison.
    if not line or (line[0] in b" \t" and not line.strip(b" \t")):
        return None
    return line
