"""The command as a whole: start-up, usage, and ends that are not normal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import COMMAND, Files, files_in, one_line, run, start

import fastjwt
from fastjwt import engines
from fastjwt.cli import main

COMMANDS = ("keygen", "jwks", "sign", "verify", "inspect", "doctor", "bench", "demo")


@pytest.fixture
def files(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> Files:
    return files_in(tmp_path, private_key)


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fastjwt {fastjwt.__version__}\n"


@pytest.mark.parametrize(
    "heavy", ["ssl", "pyarrow", "urllib.request", "http.client", "cryptography", "fastjwt._native"]
)
def test_version_is_printed_without_loading_what_is_heavy(heavy: str) -> None:
    """Start-up stays under 0.1 s only as long as nothing of this is imported."""
    program = f"import sys, fastjwt.cli; fastjwt.cli.main(['--version']); sys.exit({heavy!r} in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], check=False, stdout=subprocess.DEVNULL).returncode
        == 0
    )


def test_module_and_function_are_the_same_command() -> None:
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.decode().strip() == f"fastjwt {fastjwt.__version__}"


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["verify"], ["verify", "x"], ["keygen", "--bits", "many"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("usage: fastjwt")


def test_options_must_be_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    """An abbreviation that works today would mean something else when an option is added."""
    assert main(["doctor", "--js"]) == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: fastjwt {command}")
    assert max(map(len, text.splitlines())) <= 100


def test_options_with_a_number_say_their_unit_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        main([command, "--help"])
        text = " ".join(capsys.readouterr().out.split())
        for option in ("--bits N", "--threads N", "--leeway SECONDS", "--max-token-bytes N"):
            if f" {option} " in text.partition("options:")[2]:
                explained = text.rpartition(f" {option} ")[2].partition(" --")[0]
                assert "default: " in explained, (command, option)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["verify", "--help"], ["doctor"]])
def test_full_disk_under_standard_output_ends_with_3(arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(*arguments, stdout=full)
    assert done.returncode == 3
    assert "no space left on device" in one_line(done.stderr)


def test_closed_standard_output_ends_with_3(files: Files) -> None:
    token = files.signer.sign({})
    command = [*COMMAND, "verify", token, "--key", str(files.public)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *command], stderr=subprocess.PIPE, check=False, timeout=60
    )
    assert done.returncode == 3
    assert "standard output" in one_line(done.stderr)


def test_closed_standard_input_ends_with_3(files: Files) -> None:
    command = [*COMMAND, "verify", "-", "--key", str(files.public)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 3
    assert "standard input" in one_line(done.stderr)


def test_reader_that_goes_away_ends_with_3(files: Files) -> None:
    """`fastjwt verify ... | head -1` must neither hang nor print a traceback."""
    path = files.tokens([files.signer.sign({"n": 1})] * 20_000)
    process = start("verify", path, "--key", files.public)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "broken pipe" in one_line(stderr)


def test_ctrl_c_while_waiting_for_input_is_quiet(files: Files) -> None:
    process = start("verify", "-", "--key", files.public)
    _wait_until_it_sleeps(process)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, b"", b"")


def test_ctrl_c_at_work_is_quiet_and_leaves_no_half_output(files: Files) -> None:
    claims = files.write(
        "claims.jsonl", b'{"sub":"a"}\n' * 200_000
    )  # far more than could be signed meanwhile
    before = files.names()
    process = start("sign", claims, "--key", files.private, "--output", files.folder / "tokens.txt")
    deadline = time.monotonic() + 30
    while files.names() == before and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, b"", b"")
    assert time.monotonic() - sent < 2
    assert files.names() == before


@pytest.mark.parametrize("wanted", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_that_end_it_leave_nothing_behind_either(files: Files, wanted: signal.Signals) -> None:
    before = files.names()
    process = start("verify", "-", "--key", files.public, "--output", files.folder / "results.jsonl")
    _wait_until_it_sleeps(process)
    assert files.names() != before
    process.send_signal(wanted)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (128 + wanted, b"", b"")
    assert files.names() == before


def test_caller_keeps_his_own_signal_handlers(files: Files) -> None:
    """`main` may be called by a program that has its own ideas of signals."""
    before = [signal.getsignal(wanted) for wanted in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    assert main(["inspect", files.signer.sign({})]) == 0
    after = [signal.getsignal(wanted) for wanted in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)]
    assert before == after


@pytest.mark.parametrize("engine", ["nonsense", *sorted(set(engines.names()) - set(engines.available()))])
@pytest.mark.parametrize(
    "arguments", [["keygen"], ["inspect", "eyJ"], ["demo"], ["jwks", "x"], ["verify", "eyJ", "--key", "x"]]
)
def test_engine_that_cannot_run_is_wrong_usage(engine: str, arguments: list[str]) -> None:
    done = run(*arguments, env={"FASTJWT_ENGINE": engine})
    assert (done.returncode, done.stdout) == (2, b"")
    assert f"engine '{engine}'" in one_line(done.stderr)


_WITHOUT_EXTENSION = (
    "import sys; sys.modules['fastjwt._native'] = None; from fastjwt.cli import main; sys.exit(main())"
)


def test_slow_engine_is_warned_of_in_one_line(files: Files) -> None:
    """As an installation without a compiler has it."""
    command = [
        sys.executable,
        "-c",
        _WITHOUT_EXTENSION,
        "verify",
        files.signer.sign({}),
        "--key",
        str(files.public),
    ]
    environment = {name: value for name, value in os.environ.items() if name != "FASTJWT_ENGINE"}
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment)
    assert done.returncode == 0
    warning, *summary = done.stderr.decode().splitlines()
    assert warning.startswith("fastjwt: warning: ")
    assert "doctor" in warning
    assert summary[0] == "1 tokens: 1 valid, 0 invalid"
    assert "engine pure, 1 thread" in summary[1]
    command[3:] = ["doctor"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60, env=environment)
    assert done.returncode == 1
    assert b"PROBLEM: only the slow engine can run here" in done.stdout


def _wait_until_it_sleeps(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has started up and waits for its input (state S, and no more CPU time used)."""
    previous = ""
    for _ in range(600):
        time.sleep(0.1)
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        if fields[0] == "S" and fields[11] == previous:
            return
        previous = fields[11]
    pytest.fail("the command did not settle")


def test_text_that_the_terminal_cannot_spell_is_escaped(files: Files) -> None:
    token = files.signer.sign({"name": "J\u00f6rg \u4e2d"})
    done = run("inspect", token, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert done.returncode == 0
    done = run("verify", "/tmp/\u4e2d-missing", "--key", files.public, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 3
    one_line(done.stderr)
