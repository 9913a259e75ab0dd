"""The peers on Node: a process that mints and verifies in bulk and times itself; its answers are checked here."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import corpus as material
from corpus import Corpus

from .base import Contender, NotInstalled, Timing, Unavailable

_HERE = Path(__file__).resolve().parent.parent
_PROGRAM = _HERE / "node_peer.mjs"
_OLDEST = 20

# Tokens that the process repeats.
_TOKENS = 1000


class NodePeer(Contender):
    """One library of npm."""

    package: ClassVar[str]
    language = "Node.js"
    distribution = "npm"
    times_itself = True

    def __init__(self, corpus: Corpus) -> None:
        super().__init__(corpus)
        command = ["node", str(_PROGRAM), self.package]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ask(
            load={
                "alg": corpus.alg,
                "keyId": material.KEY_ID,
                "privatePem": corpus.private_pem.decode(),
                "publicPem": corpus.public_pem.decode(),
                "secret": base64.b64encode(corpus.secret).decode(),
                "issuer": material.ISSUER,
                "audience": material.AUDIENCE,
                "claims": corpus.claims[:_TOKENS],
                "tokens": corpus.tokens[:_TOKENS],
            }
        )

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable(f"node ended with {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise Unavailable(reply["error"])
        return reply

    @classmethod
    def check_available(cls) -> None:
        if shutil.which("node") is None:
            raise NotInstalled("node is not installed")
        if int(_node_version().removeprefix("v").split(".")[0]) < _OLDEST:
            raise Unavailable(f"needs Node {_OLDEST}; this is {_node_version()}")
        if cls.version() is None:
            raise NotInstalled(f"{cls.package} is not installed")

    @classmethod
    def version(cls) -> str | None:
        manifest = _HERE / "node_modules" / cls.package / "package.json"
        return json.loads(manifest.read_text())["version"] if manifest.exists() else None

    @classmethod
    def library(cls) -> str:
        openssl = subprocess.run(
            ["node", "-p", "process.versions.openssl"], capture_output=True, text=True, check=True
        )
        return f"OpenSSL {openssl.stdout.strip()} in Node {_node_version()}"

    sign = verify = True  # takes part in both, by `timed`

    def timed(self, operation: str, count: int, threads: int) -> Timing:
        request = {
            "do": operation,
            "count": count // threads * threads,
            "threads": threads,
            "clock": self.clock,
        }
        reply = self._ask(**request)
        return Timing(count // threads * threads, reply["seconds"], reply["answer"])

    def refuses(self, token: str) -> bool:
        """Return whether a token is refused."""
        return bool(self._ask(refuses=token)["refused"])

    def processes(self) -> Sequence[int]:
        return (self._process.pid,)

    def close(self) -> None:
        with self._process:  # closes its pipes and waits
            pass


def _node_version() -> str:
    return subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()


class NpmJose(NodePeer):
    """The npm package jose."""

    id = "npm-jose"
    label = "jose (npm)"
    package = "jose"
    how = (
        "SignJWT and jwtVerify() with CryptoKey objects imported once, 64 promises under way at a time, timed inside"
        " Node; on N threads N worker_threads."
    )


class NpmFastJWT(NodePeer):
    """The npm package fast-jwt."""

    id = "npm-fast-jwt"
    label = "fast-jwt (npm)"
    package = "fast-jwt"
    how = (
        "The functions of createSigner() and createVerifier(), synchronous and without its cache of verified tokens,"
        " timed inside Node; on N threads N worker_threads."
    )
