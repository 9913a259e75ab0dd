"""A contender's time counts only when its answer is right: each check fails for a wrong one."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import answers
import cases
import contenders
import corpus
import pytest
import run
import stages
import tasks
from answers import WrongAnswer
from corpus import Corpus

import fastjwt
from fastjwt import engines


@pytest.fixture(scope="module")
def small() -> Corpus:
    return corpus.make(20, 2048)


@pytest.fixture(scope="module")
def secret() -> Corpus:
    return corpus.make_with_secret(20)


@pytest.fixture(params=["RS256", "HS256"])
def material(request: pytest.FixtureRequest, small: Corpus, secret: Corpus) -> Corpus:
    return small if request.param == "RS256" else secret


# --- Checks ----------------------------------------------------------------------------------------------------------


def respelled(material: Corpus, number: int) -> str:
    """Return an equally good token in another spelling, as a library would make it that sorts its header."""
    if material.secret:
        return str(contenders.by_id("pyjwt")(material).function("sign")(material.claims[number]))
    key = fastjwt.RSAPrivateKey.from_pem(material.private_pem)
    return fastjwt.Signer(key, kid=corpus.KEY_ID, headers={"x": 1}).sign(material.claims[number])


def test_right_tokens_pass_in_any_spelling(material: Corpus) -> None:
    answers.check_tokens(material, material.tokens)
    answers.check_tokens(material, material.tokens[5:9], 5)
    answers.check_tokens(material, [respelled(material, number) for number in range(6)])


def test_wrong_tokens_are_found(material: Corpus) -> None:
    other = material._replace(claims=material.claims[1:])
    for wrong in (
        material.tokens[1],
        corpus.spoil(material.tokens[0]),
        "no.token",
        "",
        None,
        respelled(other, 0),
    ):
        with pytest.raises(WrongAnswer):
            answers.check_tokens(material, [wrong])


def test_one_token_for_all_claims_is_found(material: Corpus) -> None:
    with pytest.raises(WrongAnswer, match="1 distinct tokens where 5"):
        answers.check_tokens(material, [material.tokens[0]] * 5)


def test_wrong_claims_are_found(material: Corpus) -> None:
    answers.check_claims(material, material.claims[3:5], 3)
    with pytest.raises(WrongAnswer):
        answers.check_claims(material, material.claims[3:5], 2)
    with pytest.raises(WrongAnswer):
        answers.check_claims(material, [None])


def test_verifier_that_takes_a_spoiled_token_is_found() -> None:
    with pytest.raises(WrongAnswer, match="spoiled token was taken"):
        answers.must_refuse(lambda token: {"sub": token}, "x")


def test_large_corpus_has_distinct_tokens_and_checks_a_sample(small: Corpus) -> None:
    large = corpus.enlarged(small, 300)
    assert len(set(large.tokens)) == 300
    assert large.tokens[:20] == small.tokens
    broken = large._replace(tokens=[*large.tokens[:-1], corpus.spoil(large.tokens[-1])])
    with pytest.raises(AssertionError, match="another library's"):
        corpus.check_sample(broken, [0, 299])


def test_key_set_has_distinct_keys_that_import() -> None:
    keys = corpus.key_set(7)
    imported = fastjwt.JWKSet.from_dict({"keys": keys})
    assert len({key["n"] for key in keys}) == len(list(imported)) == 7
    assert not imported.skipped


# --- Counters --------------------------------------------------------------------------------------------------------


def case(contender: str, operation: str = "verify", batch: int = 1, alg: str = "RS256") -> cases.Case:
    return cases.Case(operation, alg, contender, 2048, 1, batch, "verify", "RS256 2048", 1)


def test_work_of_another_engine_is_found() -> None:
    run.prove_engine(case("fastjwt-openssl"), {"openssl.verify": 5, "pure.verify": 0}, 5)
    run.prove_engine(case("fastjwt-avx512ifma"), {"avx512ifma.verify": 2, "openssl.verify": 3}, 5)
    run.prove_engine(case("fastjwt-openssl", alg="HS256"), {"openssl.hmac": 5}, 5)
    run.prove_engine(case("pyjwt"), {}, 5)
    for counted in ({"openssl.verify": 4}, {}, {"openssl.verify": 5, "pure.verify": 1}):
        with pytest.raises(AssertionError, match="the engines counted"):
            run.prove_engine(case("fastjwt-openssl"), counted, 5)


def test_kernel_that_leaves_its_work_to_libcrypto_is_found() -> None:
    batch = case("fastjwt-avx512ifma", "verify_batch", 1000)
    run.prove_engine(batch, {"avx512ifma.verify": 1000}, 1000)
    with pytest.raises(AssertionError, match="the kernel did only 10 of 1000"):
        run.prove_engine(batch, {"avx512ifma.verify": 10, "openssl.verify": 990}, 1000)


# --- Contenders ------------------------------------------------------------------------------------------------------


def test_contenders_say_who_they_are() -> None:
    names = [contender.id for contender in contenders.ALL]
    assert len(set(names)) == len(names)
    for contender in contenders.ALL:
        assert contender.label
        assert contender.how.endswith(".")
        assert contender.takes_part_in("sign") or contender.id == cases.FLOOR


@pytest.mark.parametrize(
    ("contender", "alg"),
    [
        pytest.param(contender, alg, id=f"{contender.id}-{alg}")
        for contender in contenders.ALL
        for alg in contender.algorithms
        if contender.takes_part_in("sign", alg)
    ],
)
def test_contender_signs_verifies_and_refuses(
    contender: type[contenders.Contender], alg: str, small: Corpus, secret: Corpus
) -> None:
    reason = contenders.survey()[contender.id]
    if reason is not None:
        pytest.skip(reason)
    material = small if alg == "RS256" else secret
    made = contender(material)
    try:
        if contender.times_itself:
            for operation, check in (("sign", answers.check_tokens), ("verify", answers.check_claims)):
                timing = made.timed(operation, 8, 1)
                assert timing.items == 8
                if timing.answer is not None:
                    check(material, timing.answer)
            assert made.refuses(corpus.spoil(material.tokens[0]))
            return
        answers.check_tokens(material, [made.function("sign")(claims) for claims in material.claims[:4]])
        answers.check_claims(material, [made.function("verify")(token) for token in material.tokens[:4]])
        answers.must_refuse(made.function("verify"), corpus.spoil(material.tokens[0]))
    finally:
        made.close()


def test_contender_whose_import_breaks_is_listed_and_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: type) -> None:
        raise OSError("a library of its own is missing")

    monkeypatch.setattr(contenders.by_id("pyjwt"), "check_available", classmethod(broken))
    found = contenders.survey()
    assert found["pyjwt"] == "a library of its own is missing"
    assert found["fastjwt-pure"] is None


# --- Tasks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def workshop(small: Corpus, monkeypatch: pytest.MonkeyPatch) -> Iterator[tasks.Workshop]:
    monkeypatch.setattr(corpus, "make", lambda count, bits: small)
    made = tasks.Workshop(cases.SMOKE, [0])
    yield made
    made.close()


SABOTAGE: dict[str, Any] = {
    "verify_batch": lambda honest: lambda self, tokens, threads: [{} for _ in tokens],
    "verify_signatures": lambda honest: lambda self, tokens, threads: bytes(len(tokens)),
    "sign_batch": lambda honest: lambda self, claims, threads: honest(self, claims, threads)[::-1],
    "modulus": lambda honest: lambda self, key: 7,
}


@pytest.mark.parametrize(
    ("operation", "method"),
    [
        ("verify_batch", "verify_batch"),
        ("verify_signatures", "verify_signatures"),
        ("sign_batch", "sign_batch"),
        ("key:public-pem", "modulus"),
    ],
)
def test_planted_wrong_answer_stops_the_task(
    workshop: tasks.Workshop, operation: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contender = contenders.by_id("fastjwt-pure")
    wanted = case("fastjwt-pure", operation, 1 if operation.startswith("key:") else 100)
    task = workshop.task(wanted)
    task.check(task.run())
    monkeypatch.setattr(contender, method, SABOTAGE[method](getattr(contender, method)))

    def take_again() -> None:
        broken = workshop.task(wanted._replace(block="another"))
        broken.check(broken.run())

    with pytest.raises(WrongAnswer):
        take_again()


@pytest.mark.parametrize(
    ("seconds_each", "most", "least", "size"),
    [
        (1e-5, 10_000, 1, (2000, 5)),  # 20 ms a call, five calls
        (1e-5, 10_000, 3, (2001, 5)),
        (1e-5, 500, 1, (500, 20)),  # little material: more calls
        (1e-6, 500, 1, (500, 20)),
        (0.05, 10_000, 1, (1, 2)),
        (1.0, 10_000, 2, (2, 1)),  # slow: one call
    ],
)
def test_samples_are_as_long_as_the_plan_says(
    seconds_each: float, most: int, least: int, size: tuple[int, int]
) -> None:
    plan = cases.SMOKE._replace(seconds=0.1, calls=5)
    assert tasks.sized(plan, seconds_each, most, least) == size


@pytest.mark.parametrize("name", ["split", "json", "claims", "base64url", "sha256", "rsa"])
def test_stages_check_their_results(name: str, small: Corpus) -> None:
    engine = engines.available()[0]
    contender = contenders.by_id(f"fastjwt-{engine}")(small)
    try:
        stage = stages.make(name, contender, small)
    except stages.NoLibrary as error:
        pytest.skip(str(error))
    answer = stage.run(2)
    stage.check(answer)
    with pytest.raises(WrongAnswer):
        stage.check(SimpleNamespace() if name not in {"base64url", "sha256"} else (0, answer[1]))
