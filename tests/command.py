"""The command `fastjwt` as a process, and the key files that its tests use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastjwt

COMMAND = [sys.executable, "-m", "fastjwt"]


def run(
    *arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end, as a shell would."""
    if "stdout" not in options:
        options["stdout"] = subprocess.PIPE
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
        **options,
    )


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start the command with pipes to all its ends."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen([*COMMAND, *map(str, arguments)], **{**pipes, **options})


def one_line(stderr: bytes) -> str:
    """Return the only line that stderr holds; fail if there are more, or a traceback."""
    lines = stderr.decode().splitlines()
    assert len(lines) == 1, stderr
    assert lines[0].startswith("fastjwt: ")
    return lines[0]


def objects(output: bytes | str) -> list[dict[str, Any]]:
    """Return the JSON objects of an output that has one a line."""
    text = output if isinstance(output, str) else output.decode()
    return [
        json.loads(line) for line in text.split("\n") if line
    ]  # splitlines() knows more line ends than LF


@dataclass(frozen=True)
class Files:
    """A folder with a key in the forms that commands read."""

    folder: Path
    private: Path
    public: Path
    jwks: Path
    signer: fastjwt.Signer

    def tokens(self, tokens: Iterable[str], name: str = "tokens.txt") -> Path:
        """Write tokens, one a line."""
        path = self.folder / name
        path.write_text("".join(f"{token}\n" for token in tokens))
        return path

    def names(self) -> set[str]:
        """Return the names of all files in the folder."""
        return {path.name for path in self.folder.iterdir()}

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


def files_in(folder: Path, key: fastjwt.RSAPrivateKey) -> Files:
    """Write the key's files into `folder`; its kid in the key set is k1, which the signer names."""
    files = Files(
        folder,
        folder / "private.pem",
        folder / "public.pem",
        folder / "jwks.json",
        fastjwt.Signer(key, kid="k1", ttl=3600),
    )
    files.private.write_text(key.to_pem())
    files.public.write_text(key.public_key().to_pem())
    files.jwks.write_text(json.dumps({"keys": [{**key.public_key().to_jwk(), "kid": "k1"}]}))
    return files
