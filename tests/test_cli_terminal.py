"""The command before a person: questions, hints and progress, on a terminal that is none."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from command import COMMAND, Files, files_in, objects, run

import fastjwt
from fastjwt.cli.terminal import Progress, number, printable, say


@pytest.fixture
def files(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> Files:
    return files_in(tmp_path, private_key)


@dataclass
class Terminal:
    """A pseudo-terminal: what is typed goes in, what is shown comes out."""

    ours: int
    theirs: int
    shown: bytes = field(default=b"")

    def type(self, text: bytes) -> None:
        os.write(self.ours, text)

    def wait_for(self, text: bytes, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.ours], [], [], 1)[0]:
                self.shown += os.read(self.ours, 65_536)

    def read_rest(self) -> bytes:
        """Return all that was shown, once nobody holds the other side any more."""
        os.close(self.theirs)
        self.theirs = -1
        try:
            while block := os.read(self.ours, 65_536):
                self.shown += block
        except OSError:  # how Linux says that the other side is closed
            pass
        return self.shown


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal(*pty.openpty())
    yield terminal
    for descriptor in (terminal.ours, terminal.theirs):
        if descriptor >= 0:
            os.close(descriptor)


def start(terminal: Terminal, *arguments: str | Path, stdin: bool = True) -> subprocess.Popen[bytes]:
    """Start the command with the terminal as its stderr and, if wanted, stdin; without a controlling one."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=terminal.theirs if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal.theirs,
        start_new_session=True,
    )


def test_password_of_a_key_is_asked_for_and_not_shown(
    files: Files, terminal: Terminal, private_key: fastjwt.RSAPrivateKey
) -> None:
    key = files.write("encrypted.pem", private_key.to_pem(password="correct horse"))
    claims = files.write("claims.json", b'{"n":1}')
    process = start(terminal, "sign", claims, "--key", key, "--ttl", "60")
    terminal.wait_for(b"Password for ")
    terminal.type(b"correct horse\n")
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert fastjwt.Verifier(private_key.public_key()).verify(stdout.decode().strip())["n"] == 1
    assert b"horse" not in terminal.read_rest()


def test_password_of_a_new_key_is_asked_for_twice(files: Files, terminal: Terminal) -> None:
    process = start(terminal, "keygen", "--encrypt")
    terminal.wait_for(b"Password for the new key: ")
    terminal.type(b"secret\n")
    terminal.wait_for(b"The same again: ")
    terminal.type(b"secret\n")
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert fastjwt.RSAPrivateKey.from_pem(stdout, password="secret").bits == 2048


def test_empty_password_is_refused(files: Files, terminal: Terminal) -> None:
    process = start(terminal, "keygen", "--encrypt", "--out", files.folder / "new.pem")
    terminal.wait_for(b"Password for the new key: ")
    terminal.type(b"\n")
    process.communicate(timeout=60)
    assert process.returncode == 3
    assert b"an empty password protects nothing" in terminal.read_rest()
    assert "new.pem" not in files.names()


def test_nobody_is_asked_where_nobody_is(files: Files) -> None:
    done = run("keygen", "--encrypt")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"--password-file" in done.stderr


@pytest.mark.parametrize("command", ["verify", "sign", "inspect"])
def test_who_waits_for_typing_says_so(files: Files, terminal: Terminal, command: str) -> None:
    key = {"verify": ["--key", str(files.public)], "sign": ["--key", str(files.private)]}.get(command, [])
    process = start(terminal, command, "-", *key)
    terminal.wait_for(b"Ctrl-D ends")
    typed = b"{}" if command == "sign" else files.signer.sign({}).encode()
    terminal.type(typed + b"\n\x04")
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert stdout


def test_progress_is_drawn_over_and_taken_away(files: Files, terminal: Terminal) -> None:
    path = files.tokens([files.signer.sign({})] * 100_000)
    arguments = ["verify", str(path), "--key", str(files.public), "--output", "/dev/null"]
    process = start(terminal, *arguments, stdin=False)
    terminal.wait_for(b"tokens/s")
    process.communicate(timeout=60)
    assert process.returncode == 0
    shown = terminal.read_rest()
    assert b"%" in shown
    assert b"\r\x1b[K100,000 tokens: 100,000 valid" in shown
    assert b"\r" not in run(*arguments).stderr


def test_quiet_is_quiet_on_a_terminal_too(files: Files, terminal: Terminal) -> None:
    process = start(terminal, "verify", files.signer.sign({}), "--key", files.public, "--quiet", stdin=False)
    stdout, _ = process.communicate(timeout=60)
    assert objects(stdout)[0]["valid"] is True
    assert terminal.read_rest() == b""


# --- What it is made of ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (1234567, "1,234,567")]
)
def test_figures_have_as_many_decimals_as_help(value: float, text: str) -> None:
    assert number(value) == text


def test_only_what_is_plainly_visible_is_printed() -> None:
    assert printable("J\u00f6rg \u4e2d") == "J\u00f6rg \u4e2d"
    assert printable("\x1b[2J\n\t\x9b\u202e\udcff\ufeff") == "\\x1b[2J\\n\\t\\x9b\\u202e\\udcff\\ufeff"


def test_nothing_fails_without_a_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    say("nobody hears this")
    progress = Progress("work", 10)
    progress.show(5)
    progress.clear()
