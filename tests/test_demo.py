"""`fastjwt demo`: finds exactly what it spoiled, and would notice if it did not."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from command import run

import fastjwt
from fastjwt import demo, engines
from fastjwt.cli import main
from fastjwt.cli.terminal import Progress
from fastjwt.demo import measuring, spoiling


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spend no more time on measuring than it takes to see that it works."""
    monkeypatch.setattr(measuring, "_ROUND_SECONDS", 0.01)


@pytest.fixture
def shop(private_key: fastjwt.RSAPrivateKey, other_key: fastjwt.RSAPrivateKey) -> spoiling.Workshop:
    return spoiling.Workshop(
        signer=fastjwt.Signer(private_key, kid=spoiling.KID),
        forger=fastjwt.Signer(other_key, kid=spoiling.KID),
        stranger=fastjwt.Signer(private_key, kid="nobody"),
        public_pem=private_key.public_key().to_pem().encode(),
        now=int(time.time()),
        random=random.Random(1),
    )


def test_process_finds_exactly_the_spoiled_tokens() -> None:
    done = run("demo", "--tokens", "3000")
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    info = fastjwt.engine()
    assert text.startswith(f"fastjwt {fastjwt.__version__}, engine {info.name}, {info.openssl_version}, ")
    assert "Exactly the spoiled tokens were refused, each for the right reason" in text
    assert "all spoiled ones                            30       30" in text
    assert "the rest, left alone                     2,970        0" in text
    assert "mint, 1 thread" in text
    assert "verify, 1 thread" in text


def test_json_holds_all_figures(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--tokens", "1700", "--threads", "1", "--json"]) == 0
    outcome: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert outcome["exact"] is True
    assert (outcome["tokens"], outcome["accepted"], outcome["refused"]) == (1700, 1683, 17)
    assert (outcome["engine"], outcome["threads"], outcome["bits"]) == (engine, 1, 2048)
    assert 700 <= outcome["token_bytes"] <= 800
    assert sum(kind["spoiled"] for kind in outcome["spoiled"]) == 17
    assert all(kind["refused_as"] == {kind["expected"]: kind["spoiled"]} for kind in outcome["spoiled"])
    assert sum(outcome["found_by_reason"].values()) == 17
    measured = {(entry["operation"], entry["threads"]): entry for entry in outcome["measurements"]}
    assert set(measured) == {("mint", 1), ("verify", 1)}
    for entry in measured.values():
        assert entry["tokens_per_second"] > 0
        # Only engines that call libcrypto themselves have a bare loop beside them to be compared with.
        assert (entry["ratio"] is not None) is (engine != "pure")
        assert (entry["raw_libcrypto_per_second"] is not None) is (engine != "pure")


@pytest.mark.parametrize("kind", spoiling.KINDS, ids=lambda kind: kind.name)
def test_each_way_of_spoiling_leads_to_its_error(
    engine: str,
    kind: spoiling.Kind,
    shop: spoiling.Workshop,
    private_key: fastjwt.RSAPrivateKey,
    other_key: fastjwt.RSAPrivateKey,
) -> None:
    """Fifty times each, since some of them are drawn by lot."""
    verifier = fastjwt.Verifier(
        demo._key_set(private_key, other_key), issuer=spoiling.ISSUER, audience=spoiling.AUDIENCE
    )
    for index in range(50):
        claims = spoiling.claims_of(index, shop.now)
        token = shop.signer.sign(claims)
        assert verifier.verify(token, now=shop.now) == claims
        spoiled = kind.spoil(spoiling.Case(shop, claims, token))
        assert spoiled != token
        with pytest.raises(fastjwt.InvalidTokenError) as caught:
            verifier.verify(spoiled, now=shop.now)
        assert caught.value.code == kind.error


def test_spoiling_is_the_same_each_time_and_in_turn() -> None:
    first, second = (spoiling.choose(10_000, random.Random(7)) for _ in range(2))
    assert first == second
    assert len(first) == 100
    counts = [sum(kind is chosen for chosen in first.values()) for kind in spoiling.KINDS]
    assert max(counts) - min(counts) <= 1
    assert len(spoiling.choose(1, random.Random(7))) == 1


def test_ways_of_spoiling_cover_the_errors_that_attackers_cause() -> None:
    assert {kind.error for kind in spoiling.KINDS} >= {
        "decode_error",
        "expired",
        "immature",
        "invalid_algorithm",
        "invalid_audience",
        "invalid_issuer",
        "invalid_signature",
        "key_not_found",
        "missing_claim",
    }


# --- It would notice -------------------------------------------------------------------------------------------------


def let_pass(batch: fastjwt.BatchResult) -> None:
    """Accept the first spoiled token."""
    index = min(batch.errors)
    del batch.errors[index]
    batch.claims[index] = {"sub": "anybody"}


def refuse_an_honest_one(batch: fastjwt.BatchResult) -> None:
    index = next(index for index, claims in enumerate(batch.claims) if claims is not None)
    batch.claims[index] = None
    batch.errors[index] = fastjwt.InvalidSignatureError("no")


def refuse_for_a_wrong_reason(batch: fastjwt.BatchResult) -> None:
    batch.errors[min(batch.errors)] = fastjwt.InvalidSubjectError("no")


def mix_up_claims(batch: fastjwt.BatchResult) -> None:
    first, second, *_ = (index for index, claims in enumerate(batch.claims) if claims is not None)
    batch.claims[first], batch.claims[second] = batch.claims[second], batch.claims[first]


@pytest.mark.parametrize(
    ("sabotage", "mismatches"),
    [(let_pass, 1), (refuse_an_honest_one, 1), (refuse_for_a_wrong_reason, 1), (mix_up_claims, 2)],
)
def test_verifier_that_errs_on_one_token_fails_the_demonstration(
    sabotage: Callable[[fastjwt.BatchResult], None],
    mismatches: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    honest = fastjwt.Verifier.verify_batch

    def dishonest(self: fastjwt.Verifier, tokens: list[str], **options: Any) -> fastjwt.BatchResult:
        batch = honest(self, tokens, **options)
        if len(batch) == 200:
            sabotage(batch)
        return batch

    monkeypatch.setattr(fastjwt.Verifier, "verify_batch", dishonest)
    # A sample of fewer tokens, so that measuring is not sabotaged, too.
    monkeypatch.setattr(demo, "_SAMPLE", 50)
    assert main(["demo", "--tokens", "200", "--json"]) == 1
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["exact"] is False
    assert outcome["mismatch_count"] == mismatches
    assert main(["demo", "--tokens", "200"]) == 1
    assert f"WRONG: {mismatches} verdict" in capsys.readouterr().out


# --- Its edges -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tokens", ["1", "2", "99"])
def test_few_tokens_are_enough(tokens: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--tokens", tokens, "--threads", "2"]) == 0
    assert "Spoiled           1 of them, in 1 way" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--tokens", "0"],
        ["--tokens", "x"],
        ["--bits", "1024"],
        ["--bits", "9000"],
        ["--bits", "2049"],
        ["--threads", "0"],
    ],
)
def test_numbers_that_make_no_sense_are_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", *arguments]) == 2
    assert capsys.readouterr().out == ""


def test_engine_that_mints_is_the_one_in_use(engine: str) -> None:
    """The counters prove that no other engine did the work (the kernel leaves to OpenSSL what does not fit it)."""
    before = engines.counters()
    outcome = demo.run(demo.Plan(tokens=150, threads=1), Progress)
    done = {name: count - before.get(name, 0) for name, count in engines.counters().items()}
    assert outcome.exact
    assert outcome.engine == engine
    allowed = {"avx512ifma": ("avx512ifma", "openssl")}.get(engine, (engine,))
    assert done[f"{engine}.sign"] > 0
    assert sum(done[f"{name}.sign"] for name in allowed) >= 150
    assert sum(done[f"{name}.verify"] for name in allowed) >= 144  # the others have no signature to look at
    for other in set(engines.available()) - set(allowed):
        assert done[f"{other}.sign"] == done[f"{other}.verify"] == 0
