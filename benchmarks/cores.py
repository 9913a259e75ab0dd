"""Cores: who else works on those that a measurement is pinned to, or has the same caches."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

# A sample in which others took more than this part of the pinned cores does not count, where there is a better one.
TOLERATED = 0.03


def busy_seconds(cores: Sequence[int]) -> float:
    """Return how long the cores have worked for anybody since the start, the hypervisor's other guests included."""
    ticks = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *fields = line.split()
        if name in {f"cpu{core}" for core in cores}:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, fields[:8])
            ticks += user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")


def idle_share_taken(cores: Sequence[int], seconds: float) -> float:
    """Sleep; return which part of the cores others used meanwhile."""
    before, start = busy_seconds(cores), time.perf_counter()
    time.sleep(seconds)
    return min(1.0, (busy_seconds(cores) - before) / (time.perf_counter() - start) / len(cores))


def cold_page_seconds(pages: int = 256, pause: float = 0.02, times: int = 25) -> float:
    """Return how long it takes to come back to a page of memory after a pause (seconds), as a median.

    The memory is never written, so its pages are all the kernel's one page of zeros: what has to come back is how each
    of their addresses translates.  In the pause this process touches nothing else.  So it is nanoseconds where the
    caches are ours alone, and up to microseconds where a neighbour, whom neither the kernel nor the hypervisor's clock
    shows, has emptied them: code that holds much memory, as Python does, is slower then, and bare RSA is not.
    """
    memory = bytearray(4096 * pages)
    waits = []
    for _ in range(times):
        memory[::4096]
        over = time.perf_counter() + pause
        while time.perf_counter() < over:
            pass
        marks = [time.perf_counter()]
        for _ in range(2):  # the second time all is there, and only the copy is left
            memory[::4096]
            marks.append(time.perf_counter())
        waits.append((marks[1] - marks[0]) - (marks[2] - marks[1]))
    return max(0.0, statistics.median(waits)) / pages


def _scheduled(process: int | str) -> tuple[float, float]:
    """Return how long the threads of a process have run, and how long they waited for a core, both in seconds.

    Exact to the nanosecond, unlike ticks of /proc/stat, so that samples may be short.  0 where the kernel does not
    tell.  What the hypervisor takes is in neither.
    """
    ran = waited = 0
    with contextlib.suppress(OSError):  # no such kernel, or a process that has ended
        for task in Path(f"/proc/{process}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):  # a thread that has ended
                on_core, ready, _ = map(int, (task / "schedstat").read_text().split())
                ran += on_core
                waited += ready
    return ran / 1e9, waited / 1e9


class Watch:
    """Notes, between timed calls, which part of the pinned cores others took during each.

    Work in this process waited for a core when others had it.  Work in other `processes` has threads that wait for one
    another: of those the processor time is subtracted from what the cores did, which is known in ticks only.
    """

    def __init__(self, cores: Sequence[int], processes: Sequence[int] = ()) -> None:
        self._cores = cores
        self._processes = processes
        self._slack = 2 / os.sysconf("SC_CLK_TCK") if processes else 0.0
        self._marks: list[tuple[float, float]] = []

    def mark(self) -> None:
        """Note the time: a call begins, or the last one has ended."""
        self._marks.append((time.perf_counter(), self._taken()))

    def _taken(self) -> float:
        if not self._processes:
            return _scheduled("self")[1]
        own: list[int | str] = ["self", *self._processes]
        return busy_seconds(self._cores) - sum(_scheduled(each)[0] for each in own)

    def shares(self) -> list[float]:
        """Return for each call the part of the cores, 0 to 1, that others took."""
        pairs = zip(self._marks, self._marks[1:], strict=False)
        return [
            min(1.0, max(0.0, taken - before - self._slack) / max(end - start, 1e-9) / len(self._cores))
            for (start, before), (end, taken) in pairs
        ]


def undisturbed(shares: Sequence[float]) -> list[int]:
    """Return the numbers of the calls that count: those left in peace, or all if fewer than half of them were.

    Only what others took decides, never how long a call was.
    """
    kept = [number for number, share in enumerate(shares) if share <= TOLERATED]
    return kept if 2 * len(kept) >= len(shares) else list(range(len(shares)))
