"""What all tests share: engines, JSON readers, keys that are made once, and what counts as a missing tool."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

import fastjwt
from fastjwt import engines, strict_json

VECTORS = Path(__file__).resolve().parents[2] / "shared" / "vectors"


def pytest_configure() -> None:
    """Have no signal ignored, as a shell has SIGINT in the background and nohup SIGHUP: programs under test inherit it.

    With a handler, which they do not inherit, the tests themselves still live through a hang-up.
    """
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, lambda *_: None),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-integration",
        action="store_true",
        help="fail, instead of skipping, where a tool for an interoperability test is missing",
    )


@pytest.fixture(scope="session")
def need(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return a function that finds a tool, or skips with its name (fails under --require-integration).

    Flags after the tool's name are a compiler's: it must link a program with them.
    """

    def find(tool: str, *flags: str) -> str:
        path = shutil.which(tool)
        if path is None or (flags and not _links(path, flags)):
            message = f"{' '.join((tool, *flags))} is not installed here"
            if request.config.getoption("--require-integration"):
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find


def _links(compiler: str, flags: Sequence[str]) -> bool:
    command = [compiler, *flags, "-x", "c", "-", "-o", os.devnull]
    return subprocess.run(command, input=b"int main(void) { return 0; }", capture_output=True).returncode == 0


@pytest.fixture(params=engines.available())
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once on each engine that this machine has, and prove that this one is in use."""
    with engines.use(request.param):
        assert fastjwt.engine().name == request.param
        yield request.param


@pytest.fixture(params=strict_json.available())
def json_reader(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run the test once with each JSON reader and writer."""
    with strict_json.use(request.param):
        yield request.param


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Return the folder of the public test vectors, which stands beside the project's."""
    if not VECTORS.is_dir():
        pytest.skip("the public test vectors are not beside the project (../shared/vectors)")
    return VECTORS


@pytest.fixture(scope="session")
def private_key() -> fastjwt.RSAPrivateKey:
    """Return an RSA key of 2048 bits that the whole session shares; every engine can use it."""
    return fastjwt.RSAPrivateKey.generate()


@pytest.fixture(scope="session")
def other_key() -> fastjwt.RSAPrivateKey:
    """Return another RSA key of 2048 bits."""
    return fastjwt.RSAPrivateKey.generate()


@pytest.fixture(scope="session")
def large_key() -> fastjwt.RSAPrivateKey:
    """Return an RSA key of 3072 bits."""
    return fastjwt.RSAPrivateKey.generate(bits=3072)
