"""`fastjwt verify`: one result a token, whatever the input holds."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from command import COMMAND, Files, files_in, objects, one_line, run, start

import fastjwt
from fastjwt.cli import main


@pytest.fixture
def files(tmp_path: Path, private_key: fastjwt.RSAPrivateKey) -> Files:
    return files_in(tmp_path, private_key)


def flipped(token: str) -> str:
    """Return the token with another first character of its signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


# --- Results and exit codes ------------------------------------------------------------------------------------------


def test_process_answers_each_line_and_sums_up(files: Files) -> None:
    good, old = files.signer.sign({"sub": "a"}), files.signer.sign({"exp": 1})
    path = files.tokens([good, old, flipped(good), "nonsense"])
    done = run("verify", path, "--jwks", files.jwks)
    assert done.returncode == 1
    results = objects(done.stdout)
    assert [result["line"] for result in results] == [1, 2, 3, 4]
    assert results[0] == {"line": 1, "valid": True, "claims": fastjwt.decode_unverified(good).claims}
    assert [result.get("error") for result in results[1:]] == ["expired", "invalid_signature", "decode_error"]
    assert all(result["valid"] is False and result["message"] for result in results[1:])
    summary = done.stderr.decode().splitlines()
    assert summary[0] == "4 tokens: 1 valid, 3 invalid"
    assert [line.split() for line in summary[1:4]] == [
        ["1", "decode_error"],
        ["1", "expired"],
        ["1", "invalid_signature"],
    ]
    assert f"engine {fastjwt.engine().name}" in summary[4]


def test_all_valid_ends_with_0(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(files.tokens([files.signer.sign({})] * 3)), "--key", str(files.public)]) == 0
    captured = capsys.readouterr()
    assert [result["valid"] for result in objects(captured.out)] == [True] * 3
    assert captured.err.startswith("3 tokens: 3 valid, 0 invalid\n")


def test_missing_claim_is_named(files: Files, private_key: fastjwt.RSAPrivateKey, capsys: Any) -> None:
    token = fastjwt.Signer(private_key).sign({"sub": "a"})
    assert main(["verify", token, "--key", str(files.public)]) == 1
    (result,) = objects(capsys.readouterr().out)
    assert (result["error"], result["claim"]) == ("missing_claim", "exp")


def test_claims_come_back_exactly(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    claims = {
        "large": 2**70,
        "float": 1.5,
        "text": "\u2028\u00e9\U0001f600\0",
        "deep": [[[{"a": None}]]],
        "exp": 1e15,
    }
    assert main(["verify", files.signer.sign(claims), "--key", str(files.public), "--allow-future-iat"]) == 0
    (result,) = objects(capsys.readouterr().out)
    assert {name: result["claims"][name] for name in claims} == claims


def test_claims_at_the_deepest_are_written(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    claims: dict[str, Any] = {"exp": 2**40, "deep": 0}
    for _ in range(62):
        claims["deep"] = [claims["deep"]]
    assert main(["verify", files.signer.sign(claims), "--key", str(files.public)]) == 0
    assert objects(capsys.readouterr().out)[0]["claims"]["deep"] == claims["deep"]


def test_single_results_agree_with_the_library(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five thousand tokens, more than one chunk, every seventh of them spoiled: same order, same verdicts."""
    good = files.signer.sign_batch({"n": number} for number in range(64))
    tokens = [flipped(good[n % 64]) if n % 7 == 0 else good[n % 64] for n in range(5_000)]
    assert main(["verify", str(files.tokens(tokens)), "--key", str(files.public)]) == 1
    results = objects(capsys.readouterr().out)
    batch = fastjwt.Verifier(private_key.public_key()).verify_batch(tokens)
    assert [result["line"] for result in results] == list(range(1, 5_001))
    assert [result.get("claims") for result in results] == batch.claims
    assert {result["line"] - 1 for result in results if not result["valid"]} == set(batch.errors)


def test_results_can_be_cut_down(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    good = files.signer.sign({})
    arguments = ["verify", str(files.tokens([good, "x", good])), "--key", str(files.public), "--quiet"]
    assert main([*arguments, "--only", "invalid"]) == 1
    captured = capsys.readouterr()
    assert [result["line"] for result in objects(captured.out)] == [2]
    assert captured.err == ""
    assert main([*arguments, "--only", "valid", "--no-claims"]) == 1
    assert objects(capsys.readouterr().out) == [{"line": 1, "valid": True}, {"line": 3, "valid": True}]


def test_summary_for_machines(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = [files.signer.sign({}), "x", "", "y", files.signer.sign({"exp": 1})]
    assert (
        main(["verify", str(files.tokens(tokens)), "--key", str(files.public), "--json", "--threads", "1"])
        == 1
    )
    summary = json.loads(capsys.readouterr().err)
    assert summary.pop("seconds") > 0
    assert summary == {
        "tokens": 4,
        "valid": 1,
        "invalid": 3,
        "errors": {"decode_error": 2, "expired": 1},
        "blank_lines": 1,
        "engine": fastjwt.engine().name,
        "threads": 1,
    }


def test_help_lists_every_code_that_a_result_can_have(capsys: pytest.CaptureFixture[str]) -> None:
    main(["verify", "--help"])
    listed = capsys.readouterr().out.partition("one of these codes")[2].partition("exit codes")[0]
    words = set(listed.replace(",", " ").split())

    def below(error: type[fastjwt.InvalidTokenError]) -> set[str]:
        return {error.code}.union(*(below(kind) for kind in error.__subclasses__()))

    codes = below(fastjwt.InvalidTokenError) - {"invalid_token"}
    assert codes <= words


# --- What a source may be --------------------------------------------------------------------------------------------


def test_source_is_a_file_standard_input_or_a_token(
    files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = files.signer.sign({})
    outputs = []
    for source in (token, str(files.tokens([token])), "-"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(token.encode())))
        assert main(["verify", source, "--key", str(files.public)]) == 0
        outputs.append(capsys.readouterr().out)
    assert len(set(outputs)) == 1


@pytest.mark.parametrize(
    "source", ["eyJ.b.c", "e30.e30.AAAA", "eyJhbGciOiJub25lIn0.e30.", "eyJ" + "A" * 300_000]
)
def test_bad_token_as_source_is_a_verdict(
    files: Files, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if len(source) < 100_000:  # the system takes no longer argument
        assert run("verify", source, "--key", files.public).returncode == 1
    assert main(["verify", source, "--key", str(files.public)]) == 1
    assert len(objects(capsys.readouterr().out)) == 1


@pytest.mark.parametrize(
    "source", ["missing.txt", "tokens.2024.txt", "", "a.b.c", "x" * 5_000, "\udcff.txt", "a\0b"]
)
def test_what_is_neither_file_nor_token_ends_with_3(
    files: Files, source: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files.folder)
    assert main(["verify", source, "--key", str(files.public)]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "neither a file nor a token" in one_line(captured.err.encode(errors="replace"))
    assert len(captured.err) < 200


def test_file_wins_over_a_token_of_the_same_name(
    files: Files, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files.folder)
    files.tokens(["x", "y"], name="eyJ.b.c")
    main(["verify", "eyJ.b.c", "--key", str(files.public)])
    assert len(objects(capsys.readouterr().out)) == 2


@pytest.mark.parametrize("source", ["folder", "loop", "dangling"])
def test_places_that_cannot_be_read_end_with_3(
    files: Files, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (files.folder / "folder").mkdir()
    (files.folder / "loop").symlink_to("loop")
    (files.folder / "dangling").symlink_to("nowhere")
    assert main(["verify", str(files.folder / source), "--key", str(files.public)]) == 3
    assert source in one_line(capsys.readouterr().err.encode())


def test_unreadable_file_ends_with_3(files: Files) -> None:
    """/proc/self/mem can be opened, but its first page cannot be read, not even by root."""
    done = run("verify", "/proc/self/mem", "--key", files.public)
    assert (done.returncode, done.stdout) == (3, b"")
    assert "/proc/self/mem: input/output error" in one_line(done.stderr)


# --- What lines may hold ---------------------------------------------------------------------------------------------


def test_line_ends_and_blank_lines(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """LF or CRLF, the last one missing or not; blank lines are counted and skipped, other white space is not."""
    token = files.signer.sign({}).encode()
    content = b"\r\n".join([token, b"", token]) + b"\n \t\n\n" + token + b" \n" + b" " + token + b"\n" + token
    path = files.write("tokens.txt", content)
    assert main(["verify", str(path), "--key", str(files.public), "--no-claims"]) == 1
    captured = capsys.readouterr()
    verdicts = {result["line"]: result["valid"] for result in objects(captured.out)}
    assert verdicts == {1: True, 3: True, 6: False, 7: False, 8: True}
    assert captured.err.startswith("5 tokens: 3 valid, 2 invalid, 3 blank lines skipped\n")


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\r\n \n\t"])
def test_input_without_tokens_is_no_failure(
    files: Files, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(files.write("tokens.txt", content)), "--key", str(files.public)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no tokens" in captured.err


def test_any_bytes_at_all_are_results(files: Files) -> None:
    """Not UTF-8, NUL, CR within, surrogates in UTF-8, terminal escapes, a megabyte of dots."""
    strange = [
        b"\xff\xfe",
        b"\0",
        b"a\rb",
        b"\xed\xa0\x80",
        b"\x1b[2J.\x07.\x9b",
        b"." * 1_000_000,
        b"\xc3\xa9.e.e",
    ]
    token = files.signer.sign({}).encode()
    path = files.write("tokens.txt", b"\n".join([token, *strange, token]))
    done = run("verify", path, "--key", files.public, "--no-claims")
    assert done.returncode == 1
    results = objects(done.stdout)
    assert [result["valid"] for result in results] == [True, *[False] * len(strange), True]
    assert {result["error"] for result in results[1:-1]} == {"decode_error"}


@pytest.mark.parametrize("extra", [-1, 0, 1, 2, 3])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nx"])
def test_limit_is_exact_whatever_the_line_end(
    files: Files, extra: int, end: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token of exactly the limit is valid with any line end; one byte more is refused."""
    token = files.signer.sign({}).encode()
    path = files.write("tokens.txt", token + end)
    limit = ["--max-token-bytes", str(len(token) - extra)]
    main(["verify", str(path), "--key", str(files.public), "--no-claims", *limit])
    assert objects(capsys.readouterr().out)[0]["valid"] is (extra <= 0)


def test_tokens_that_straddle_the_blocks_of_reading_are_whole(files: Files, capsys: Any) -> None:
    token = files.signer.sign({"pad": "x" * 1_000})
    tokens = [token] * (3 * 256 * 1024 // len(token))
    assert main(["verify", str(files.tokens(tokens)), "--key", str(files.public), "--no-claims"]) == 0
    assert len(objects(capsys.readouterr().out)) == len(tokens)


# --- Memory ----------------------------------------------------------------------------------------------------------

# Not ru_maxrss, which a new process inherits from the one that started it.
_MEASURE = r"""
import re, sys
from fastjwt.cli import main
status = main(sys.argv[1:])
print(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(status)
"""


def peak_kib(*arguments: str | Path) -> int:
    """Return the largest memory that a run of the command took."""
    command = [sys.executable, "-c", _MEASURE, *map(str, arguments)]
    done = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=300
    )
    assert done.returncode in (0, 1), done.stderr
    return int(done.stderr.split()[-1])


def test_line_of_two_gigabytes_costs_no_memory(files: Files) -> None:
    """A sparse file of NULs, then a line end and a good token."""
    path = files.folder / "huge.txt"
    with path.open("wb") as stream:
        stream.seek(2 * 1024**3)
        stream.write(b"\n" + files.signer.sign({}).encode() + b"\n")
    output = files.folder / "results.jsonl"
    small = peak_kib("verify", files.tokens(["x"]), "--key", files.public)
    assert peak_kib("verify", path, "--key", files.public, "--output", output) - small < 16 * 1024
    assert [(result["line"], result["valid"]) for result in objects(output.read_bytes())] == [
        (1, False),
        (2, True),
    ]


def test_memory_does_not_grow_with_the_number_of_tokens(files: Files) -> None:
    token = files.signer.sign({})
    few = peak_kib("verify", files.tokens([token] * 5_000), "--key", files.public)
    many = peak_kib("verify", files.tokens([token] * 60_000), "--key", files.public)
    assert many - few < 16 * 1024


@pytest.mark.parametrize("header", ["good", "e30"])
def test_memory_does_not_grow_with_long_tokens(files: Files, header: str) -> None:
    """Fifteen hundred lines just below the limit of a token hold 0.4 GB, of which little is in memory at a time."""
    path = files.folder / "long.txt"
    good, _, signature = files.signer.sign({}).split(".")
    line = f"{good if header == 'good' else header}.{'A' * 261_600}.{signature}\n".encode()
    with path.open("wb") as stream:
        for _ in range(1_500):
            stream.write(line)
    try:
        assert peak_kib("verify", path, "--key", files.public) < 200 * 1024
    finally:
        path.unlink()


# --- Output ----------------------------------------------------------------------------------------------------------


def test_output_appears_whole_and_keeps_the_mode_of_what_it_replaces(files: Files) -> None:
    output = files.folder / "results.jsonl"
    output.write_text("old")
    output.chmod(0o640)
    tokens = files.tokens([files.signer.sign({}), "x"])
    done = run("verify", tokens, "--key", files.public, "--output", output)
    assert (done.returncode, done.stdout) == (1, b"")
    assert [result["valid"] for result in objects(output.read_text())] == [True, False]
    assert stat.S_IMODE(output.stat().st_mode) == 0o640
    assert files.names() == {"private.pem", "public.pem", "jwks.json", "tokens.txt", "results.jsonl"}


def test_output_may_replace_its_own_input(files: Files) -> None:
    path = files.tokens([files.signer.sign({})])
    assert main(["verify", str(path), "--key", str(files.public), "--output", str(path)]) == 0
    assert objects(path.read_text())[0]["valid"] is True


def test_output_through_a_link_replaces_what_it_names(files: Files) -> None:
    (files.folder / "real").write_text("old")
    link = files.folder / "link"
    link.symlink_to("real")
    assert main(["verify", files.signer.sign({}), "--key", str(files.public), "--output", str(link)]) == 0
    assert link.is_symlink()
    assert objects((files.folder / "real").read_text())[0]["valid"] is True


def test_failure_leaves_the_old_output_and_nothing_beside_it(files: Files) -> None:
    output = files.write("results.jsonl", "old")
    before = files.names()
    done = run("verify", "/proc/self/mem", "--key", files.public, "--output", output)
    assert done.returncode == 3
    assert files.names() == before
    assert output.read_text() == "old"


@pytest.mark.parametrize("output", ["/dev/full", "missing/results.jsonl", "folder", ""])
def test_output_that_cannot_be_written_ends_with_3(
    files: Files, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files.folder)
    (files.folder / "folder").mkdir()
    token = files.signer.sign({})
    assert main(["verify", token, "--key", str(files.public), "--output", output]) == 3
    one_line(capsys.readouterr().err.encode())


def test_output_to_a_device_or_pipe_is_written_in_place(files: Files) -> None:
    pipe = files.folder / "pipe"
    os.mkfifo(pipe)
    with start("verify", files.signer.sign({}), "--key", files.public, "--output", pipe) as process:
        assert objects(pipe.read_text())[0]["valid"] is True
        process.communicate(timeout=60)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert main(["verify", files.signer.sign({}), "--key", str(files.public), "--output", "/dev/null"]) == 0
    done = run("verify", files.signer.sign({}), "--key", files.public, "--output", "/dev/stdout")
    assert objects(done.stdout)[0]["valid"] is True


def test_results_before_a_failure_reach_standard_output(files: Files) -> None:
    """Ten tokens, and then the other end of the pipe is not a file that ends, but one that fails: here, a timer."""
    process = start("verify", "-", "--key", files.public)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(files.signer.sign({}).encode() + b"\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["valid"] is True
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, b"", b"")


def test_live_input_is_answered_while_it_lasts(files: Files) -> None:
    process = start("verify", "-", "--key", files.public)
    assert process.stdin is not None
    assert process.stdout is not None
    token = files.signer.sign({}).encode()
    for lines, count in ((token + b"\n", 1), (token + b"\n\n" + b"x\n\n", 2), (token + b"\n" + token[:9], 1)):
        process.stdin.write(lines)
        process.stdin.flush()
        for _ in range(count):
            assert json.loads(process.stdout.readline())["line"]
    stdout, _ = process.communicate(timeout=60)
    assert [result["valid"] for result in objects(stdout)] == [False]


# --- Keys ------------------------------------------------------------------------------------------------------------


def test_key_may_be_pem_der_jwk_certificate_or_secret(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    public = private_key.public_key()
    for content in (public.to_pem(), public.to_der(), json.dumps(public.to_jwk())):
        key = files.write("key", content)
        assert main(["verify", files.signer.sign({}), "--key", str(key)]) == 0
    secret = fastjwt.HMACKey(bytes(range(32)))
    key = files.write("secret.jwk", json.dumps(secret.to_jwk()))
    assert main(["verify", fastjwt.Signer(secret, ttl=60).sign({}), "--key", str(key)]) == 0


def test_several_keys_may_be_given(
    files: Files, private_key: fastjwt.RSAPrivateKey, other_key: fastjwt.RSAPrivateKey
) -> None:
    paths = []
    for number, key in enumerate((private_key, other_key)):
        members = {**key.public_key().to_jwk(), "kid": f"k{number}"}
        paths += ["--key", str(files.write(f"{number}.jwk", json.dumps(members)))]
    tokens = [fastjwt.Signer(k, kid=f"k{n}", ttl=60).sign({}) for n, k in enumerate((private_key, other_key))]
    assert main(["verify", str(files.tokens(tokens)), *paths]) == 0


@pytest.mark.parametrize("form", ["private", "jwks"])
def test_wrong_kind_of_key_ends_with_3_and_advice(
    files: Files, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", files.signer.sign({}), "--key", str(getattr(files, form))]) == 3
    line = one_line(capsys.readouterr().err.encode())
    assert "jwks" in line
    assert "PRIVATE KEY" not in line


def test_single_jwk_as_key_set_ends_with_3_and_advice(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: Any
) -> None:
    path = files.write("key.jwk", json.dumps(private_key.public_key().to_jwk()))
    assert main(["verify", files.signer.sign({}), "--jwks", str(path)]) == 3
    assert "--key" in one_line(capsys.readouterr().err.encode())


def test_members_of_a_set_that_cannot_be_used_are_mentioned(
    files: Files, private_key: fastjwt.RSAPrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    members = [{"kty": "EC", "kid": "ec"}, {**private_key.public_key().to_jwk(), "kid": "k1"}]
    path = files.write("set.json", json.dumps({"keys": members}))
    assert main(["verify", files.signer.sign({}), "--jwks", str(path)]) == 0
    assert f"{path}: member 1 is not used" in capsys.readouterr().err


def test_only_a_few_unusable_members_are_mentioned(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    path = files.write("set.json", json.dumps({"keys": [{"kty": "\x1b[2J"}] * 8}))
    assert main(["verify", files.signer.sign({}), "--jwks", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("is not used") == 5
    assert f"{path}: 3 more are not used" in captured.err
    assert "\x1b" not in captured.err
    assert objects(captured.out)[0]["error"] == "key_not_found"


@pytest.mark.parametrize("keys", [[], ["--key", "public.pem", "--jwks", "jwks.json"]])
def test_either_key_or_set_is_needed(files: Files, keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files.folder)
    assert main(["verify", files.signer.sign({}), *keys]) == 2


# --- Expectations and ways out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "options", "error"),
    [
        ({"exp": 100}, ["--now", "99"], None),
        ({"exp": 100}, ["--now", "100"], "expired"),
        ({"exp": 100}, ["--now", "100.5", "--leeway", "1"], None),
        ({"exp": 100, "nbf": 50}, ["--now", "49"], "immature"),
        ({"exp": 100, "iss": "me"}, ["--now", "0", "--issuer", "me"], None),
        ({"exp": 100, "iss": "me"}, ["--now", "0", "--issuer", "you", "--issuer", "me"], None),
        ({"exp": 100, "iss": "me"}, ["--now", "0", "--issuer", "you"], "invalid_issuer"),
        ({"exp": 100, "aud": ["a"]}, ["--now", "0"], "invalid_audience"),
        ({"exp": 100, "aud": ["a"]}, ["--now", "0", "--audience", "a"], None),
        ({"exp": 100, "aud": ["a"]}, ["--now", "0", "--audience", "b", "--audience", "a"], None),
        ({"exp": 100, "aud": ["a"]}, ["--now", "0", "--allow-any-audience"], None),
        ({"exp": 100, "sub": "s"}, ["--now", "0", "--subject", "t"], "invalid_subject"),
        ({"exp": 100, "iat": 50}, ["--now", "0"], "immature"),
        ({"exp": 100, "iat": 50}, ["--now", "0", "--allow-future-iat"], None),
        ({"exp": 100, "iat": 0}, ["--now", "50", "--max-age", "49"], "expired"),
        ({"exp": 100, "iat": 0}, ["--now", "50", "--max-age", "50"], None),
        ({}, [], "missing_claim"),
        ({}, ["--require", "none"], None),
        ({"sub": "s"}, ["--require", "sub"], None),
        ({"sub": "s"}, ["--require", "sub,jti"], "missing_claim"),
        ({"sub": "s"}, ["--require", "sub", "--require", "jti"], "missing_claim"),
        ({"exp": 100}, ["--now", "0", "--typ", "at+jwt"], "invalid_type"),
        ({"exp": 100}, ["--now", "0", "--typ", "jwt"], None),
        ({"exp": 100}, ["--now", "0", "--max-header-bytes", "10"], "decode_error"),
        ({"exp": 100}, ["--now", "0", "--max-token-bytes", "99"], "decode_error"),
    ],
)
def test_expectations(
    files: Files,
    private_key: fastjwt.RSAPrivateKey,
    claims: dict[str, Any],
    options: list[str],
    error: str | None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    token = fastjwt.Signer(private_key).sign(claims)
    assert main(["verify", token, "--key", str(files.public), *options]) == (0 if error is None else 1)
    assert objects(capsys.readouterr().out)[0].get("error") == error


def test_ways_out_of_strict_defaults(files: Files, private_key: fastjwt.RSAPrivateKey, capsys: Any) -> None:
    signer = fastjwt.Signer(private_key)
    twice = fastjwt.hazmat.sign_pkcs1_sha256
    head = signer.sign({}).split(".")[0]
    payload = "eyJleHAiOjEsImV4cCI6MTAwfQ"  # {"exp":1,"exp":100}
    signature = fastjwt.base64url.encode(twice(private_key, f"{head}.{payload}".encode()))
    token = f"{head}.{payload}.{signature}"
    base = ["--key", str(files.public), "--now", "50"]
    assert main(["verify", token, *base]) == 1
    assert main(["verify", token, *base, "--allow-duplicate-claims"]) == 0
    assert main(["verify", token + "==", *base, "--allow-duplicate-claims"]) == 1
    assert main(["verify", token + "==", *base, "--allow-duplicate-claims", "--allow-padding"]) == 0
    errors = Counter(result.get("error") for result in objects(capsys.readouterr().out))
    assert errors == {"decode_error": 2, None: 2}


@pytest.mark.parametrize(
    "options",
    [
        ["--leeway", "-1"],
        ["--leeway", "nan"],
        ["--leeway", "90000"],
        ["--now", "inf"],
        ["--now", "today"],
        ["--max-age", "-5"],
        ["--threads", "0"],
        ["--threads", "two"],
        ["--max-candidates", "9"],
        ["--max-token-bytes", "0"],
        ["--min-bits", "512"],
        ["--audience", ""],
        ["--audience", "a", "--allow-any-audience"],
        ["--only", "some"],
    ],
)
def test_values_that_make_no_sense_are_wrong_usage(
    files: Files, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", files.signer.sign({}), "--key", str(files.public), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err


@pytest.mark.parametrize("value", ["", ",", "sub,", "none,"])
def test_an_empty_name_does_not_switch_the_required_claims_off(
    files: Files, private_key: fastjwt.RSAPrivateKey, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it comes of a shell's variable that was never set."""
    token = fastjwt.Signer(private_key).sign({"sub": "s"})
    assert main(["verify", token, "--key", str(files.public), "--require", value]) == 2
    assert "--require" in one_line(capsys.readouterr().err.encode())


def test_standard_error_is_written_to_and_not_replaced(files: Files) -> None:
    log = files.write("log", "before\n")
    with log.open("ab") as stderr:
        done = subprocess.run(
            [*COMMAND, "verify", files.signer.sign({}), "--key", files.public, "--output", "/dev/stderr"],
            stderr=stderr,
            timeout=120,
        )
    assert done.returncode == 0
    first, result, *summary = log.read_text().splitlines()
    assert first == "before"
    assert json.loads(result)["valid"] is True
    assert summary
