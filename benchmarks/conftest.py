"""How pytest runs the suite: pinned, in rounds of random order, each sample through pytest-benchmark.

Each case is collected once a round.  The rounds come one after the other, so that a slow minute of the machine hits
every contender; within a round the cases of one block (a size of key) stand together with a floor of their own, in
random order.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cases import Case


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options."""
    group = parser.getgroup("fastjwt")
    group.addoption("--mode", default="quick", help="the plan: whole, quick or smoke (quick)")
    group.addoption(
        "--cores", default="", help="cores to pin to, such as 2,3; as many threads (the last core)"
    )
    group.addoption("--rounds", type=int, default=0, help="rounds, instead of the plan's")
    group.addoption("--seconds", type=float, default=0.0, help="seconds a sample, instead of the plan's")
    group.addoption("--contenders", default="", help="measure only these, by id, with commas between")
    group.addoption("--operations", default="", help="measure only these, such as sign,verify_batch")
    group.addoption(
        "--clock", default="wall", help="what counts as time: wall, or cpu on a busy machine (wall)"
    )
    group.addoption("--seed", type=int, default=None, help="of the random order")
    group.addoption("--later-items", type=int, default=0, help="items of runs that follow, for the estimate")
    group.addoption("--progress", action="store_true", help="say on stderr how far the run is")


def pytest_configure(config: pytest.Config) -> None:
    """Pin this process, before anything starts threads: those inherit the cores of whoever starts them."""
    given = config.getoption("--cores")
    cores = [int(core) for core in given.split(",")] if given else sorted(os.sched_getaffinity(0))[-1:]
    os.sched_setaffinity(0, cores)
    if config.getoption("--clock") == "cpu":
        config.option.benchmark_timer = "time.process_time"
    from run import Run  # imports fastjwt

    config.stash[_RUN] = Run(config.option, cores)


_RUN: pytest.StashKey[Any] = pytest.StashKey()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Collect each case of a module once a round."""
    if "case" in metafunc.fixturenames:
        run = metafunc.config.stash[_RUN]
        items = [(case, number) for case in metafunc.module.cases(run.field) for number in range(case.rounds)]
        metafunc.parametrize(
            ("case", "round_number"), items, ids=[f"{case.name} r{number}" for case, number in items]
        )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the items by round, then by block, and else at random."""
    from cases import Case

    # A module without a case in this run is collected as one item without parameters.
    items[:] = [item for item in items if isinstance(item.callspec.params.get("case"), Case)]  # type: ignore[attr-defined]
    lot = random.Random(config.getoption("--seed"))
    blocks: dict[tuple[int, str], float] = {}

    def place(item: pytest.Item) -> tuple[int, float, float]:
        parameters = item.callspec.params  # type: ignore[attr-defined]
        number, block = parameters["round_number"], parameters["case"].block
        return number, blocks.setdefault((number, block), lot.random()), lot.random()

    items.sort(key=place)
    config.stash[_RUN].begin(len(items))


@pytest.fixture
def measure(request: pytest.FixtureRequest, benchmark: Any, round_number: int) -> Callable[[Case], None]:
    """Return a function that takes one sample of a case."""
    run = request.config.stash[_RUN]
    return lambda case: run.sample(benchmark, case, round_number)


def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Add to pytest-benchmark's document what belongs to the whole run."""
    output_json["fastjwt"] = config.stash[_RUN].about()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the contenders have started."""
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.close()
