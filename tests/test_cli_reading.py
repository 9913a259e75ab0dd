"""Lines in bounded memory: the same as cutting the whole input at its line ends, wherever the blocks end."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastjwt.cli import reading
from fastjwt.cli.exits import InputFault
from fastjwt.cli.reading import Lines, Source, read_small


class InBlocks(io.RawIOBase):
    """A stream that hands out so many bytes at a time, as pipes do."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._content = content
        self._sizes = sizes or [1]
        self._turn = 0

    def read(self, limit: int = -1) -> bytes:
        size = min(self._sizes[self._turn % len(self._sizes)], limit)
        self._turn += 1
        block, self._content = self._content[:size], self._content[size:]
        return block


def source_of(content: bytes, sizes: list[int]) -> Source:
    source = Source.of_bytes(content, "test")
    source._stream = InBlocks(content, sizes)
    return source


def expected(content: bytes, limit: int) -> tuple[list[tuple[int, bytes]], int]:
    """Return the numbered lines and the number of blank ones, by the rule and with all in memory."""
    lines = content.split(b"\n")
    if not lines[-1]:
        lines.pop()
    numbered, blank = [], 0
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix(b"\r")
        if len(line) > limit:
            numbered.append((number, line[: limit + 1]))
        elif not line.strip(b" \t"):
            blank += 1
        else:
            numbered.append((number, line))
    return numbered, blank


CONTENT = st.lists(
    st.sampled_from([b"a", b"bb", b".", b"\n", b"\r", b"\r\n", b" ", b"\t", b"\0", b"\xff"])
).map(b"".join)


@given(content=CONTENT, limit=st.integers(1, 6), sizes=st.lists(st.integers(1, 5), max_size=4))
def test_lines_do_not_depend_on_where_blocks_end(content: bytes, limit: int, sizes: list[int]) -> None:
    lines = Lines(source_of(content, sizes), limit)
    assert (list(lines), lines.blank) == expected(content, limit)
    assert lines.bytes_read == len(content)


@given(content=CONTENT, sizes=st.lists(st.integers(1, 5), max_size=4), room=st.integers(1, 8))
def test_runs_hold_the_same_lines_and_end(content: bytes, sizes: list[int], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_RUN_BYTES", room)
        lines = Lines(source_of(content, sizes), 5)
        runs = [list(run) for run in lines.runs()]
    assert [line for run in runs for line in run] == expected(content, 5)[0]
    for run in runs:
        assert sum(len(line) for _, line in run[:-1]) < room


@given(content=CONTENT, limit=st.integers(1, 6), sizes=st.lists(st.integers(1, 5), max_size=4))
def test_reading_may_end_at_a_line_that_is_too_long(content: bytes, limit: int, sizes: list[int]) -> None:
    """What was handed out by then is the same, and the last line shows that it is too long."""
    handed_out = list(Lines(source_of(content, sizes), limit, end_at_long=True))
    all_lines = expected(content, limit)[0]
    assert handed_out == all_lines[: len(handed_out)]
    if len(handed_out) < len(all_lines):
        assert len(handed_out[-1][1]) > limit


def test_run_ends_when_a_live_input_pauses_or_trickles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_PATIENCE_SECONDS", 0.3)
    ours, theirs = os.pipe()

    def trickle() -> None:
        os.write(theirs, b"first\nsec")
        pause.wait(30)
        for _ in range(60):
            os.write(theirs, b"more\n")
            if enough.wait(0.01):
                break
        os.close(theirs)

    pause, enough = threading.Event(), threading.Event()
    writer = threading.Thread(target=trickle)
    writer.start()
    with closing(Source(f"/dev/fd/{ours}")) as source:
        os.close(ours)
        runs: Iterator[Iterator[tuple[int, bytes]]] = Lines(source, 100).runs()
        assert list(next(runs)) == [(1, b"first")]
        pause.set()
        patience = list(next(runs))
        assert patience[0] == (2, b"secmore")
        assert 1 < len(patience) < 61
        enough.set()
        rest = [line for run in runs for line in run]
    writer.join()
    numbers = [number for number, _ in patience + rest]
    assert numbers == list(range(2, 2 + len(numbers)))


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_small_file_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"x" * size)
    assert read_small(str(path), 100, "small") == b"x" * size


def test_file_above_its_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 101)
    with pytest.raises(InputFault, match="longer than 100 bytes"):
        read_small(str(path), 100, "small")
