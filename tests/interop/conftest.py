"""The peers as fixtures: Node with its scripts, the npm package jose, the openssl command, keys made by others."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from peers import HANDS_ON_TO, HERE, Answers, Jobs, Jose, Node, OpenSSL, RanOn, run

import fastjwt
from fastjwt import engines


@pytest.fixture(scope="session")
def unusable(request: pytest.FixtureRequest) -> Callable[[str], NoReturn]:
    """Return a function that skips for the reason it is given, or fails for it under --require-integration."""

    def give_up(reason: str) -> NoReturn:
        if request.config.getoption("--require-integration"):
            pytest.fail(reason)
        pytest.skip(reason)

    return give_up


@pytest.fixture(scope="session")
def node(need: Callable[[str], str], unusable: Callable[[str], NoReturn]) -> Node:
    """Return a function that has one start of Node answer a list of jobs with one of the scripts beside this file."""
    program = need("node")
    version = run([program, "--version"]).stdout.decode().strip()
    if int(version.removeprefix("v").split(".")[0]) < 20:
        unusable(f"node is {version}; WebCrypto as in a browser needs 20 or later")

    def answers(script: str, jobs: Jobs) -> Answers:
        done = run([program, script], stdin=json.dumps(jobs).encode())
        assert done.returncode == 0, done.stderr.decode()
        replies: Answers = json.loads(done.stdout)
        return replies

    return answers


@pytest.fixture(scope="session")
def jose(need: Callable[[str], str], unusable: Callable[[str], NoReturn], node: Node) -> Jose:
    """Return a function that answers jobs with the npm package jose, which is installed here when it is missing."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["jose"]
    manifest = HERE / "node_modules" / "jose" / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != wanted:
        command = [need("npm"), "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
        # Left alone, npm tries for more than a minute where there is no network.
        command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        try:
            done = run(command, timeout=120)
        except subprocess.TimeoutExpired:
            unusable(f"npm did not install jose {wanted} within 120 seconds")
        if done.returncode != 0:
            errors = [line for line in done.stderr.decode().splitlines() if line.startswith("npm error")]
            unusable(f"npm could not install jose {wanted}: {' '.join(errors[:3])}")
    return lambda jobs: node("jose.mjs", jobs)


@pytest.fixture(scope="session")
def openssl(need: Callable[[str], str]) -> OpenSSL:
    """Return a function that runs one openssl command and returns its output, once it has ended as it should."""
    program = need("openssl")

    def call(command: str, *arguments: str | Path, stdin: bytes = b"", refused: bool = False) -> bytes:
        done = run([program, *command.split(), *arguments], stdin=stdin)
        assert (done.returncode != 0) == refused, done.stderr.decode(errors="replace")
        return done.stdout

    return call


@pytest.fixture
def ran_on() -> RanOn:
    """Return a context manager which checks that the named engine, and no other, does so many operations."""

    @contextmanager
    def watch(engine: str, operation: str, items: int, *, by_itself: bool = True) -> Iterator[None]:
        before = engines.counters()
        yield
        done = {
            name.removesuffix(f".{operation}"): count - before.get(name, 0)
            for name, count in engines.counters().items()
            if name.endswith(f".{operation}")
        }
        if not by_itself and engine in HANDS_ON_TO:
            done[engine] += done.pop(HANDS_ON_TO[engine])
        assert {name: count for name, count in done.items() if count} == {engine: items}

    return watch


@pytest.fixture(scope="session")
def private_keys(
    private_key: fastjwt.RSAPrivateKey, large_key: fastjwt.RSAPrivateKey
) -> list[fastjwt.RSAPrivateKey]:
    """Return keys that fastjwt generated, of 2048 and 3072 bits."""
    return [private_key, large_key]


@pytest.fixture(scope="session")
def foreign_keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """Return two keys that fastjwt did not make, as objects of the cryptography package."""
    return rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
