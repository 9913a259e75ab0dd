"""benchmarks/report.py: a known record in, a known page, table and picture out."""

from __future__ import annotations

import base64
import copy
import hashlib
import itertools
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bench_record
import pytest
import report
import shown
from page import axis, compared, document, history, lettering, readme, spelling
from page import record as records

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = (
    "</script></style><script>alert('1')</script><img onerror=alert(2)>\"'&amp;|`*_[x](y)\n\u2028\0\x1b\ud800"
)
EMPTY_README = f"# fastjwt\n\nBefore.\n\n{readme.BEGIN}\n{readme.END}\n\nAfter.\n"


@pytest.fixture
def document_of() -> dict[str, Any]:
    return bench_record.make()


def make_page(made: dict[str, Any], runs: list[dict[str, Any]] | None = None) -> shown.Element:
    record = records.parse(bench_record.octets(made))
    past = history.comparable(record, bench_record.make_history() if runs is None else runs)
    return shown.read(document.page(record, past))


def row_of(made: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """Return the one row with these members."""
    (found,) = [row for row in made["rows"] if all(row[name] == value for name, value in wanted.items())]
    assert isinstance(found, dict)
    return found


def set_ratio(row: dict[str, Any], ratio: float) -> None:
    factor = ratio / row["ratio"]
    for name in ("ratio", "low", "high", "rate", "rate_low", "rate_high"):
        row[name] *= factor


# --- The page --------------------------------------------------------------------------------------------------------


def test_every_figure_is_the_records(document_of: dict[str, Any]) -> None:
    runs = bench_record.make_history()
    page = make_page(document_of, runs)
    kept = shown.embedded(page, "history-data")
    figures = [each for each in page.all() if "data-field" in each.attributes]
    assert len(figures) > 2000
    assert [
        wrong
        for each in figures
        if (wrong := shown.disagreement(each.attributes, each.text, document_of, kept)) is not None
    ] == []


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({"data-row": "0", "data-field": "ratio", "data-value": "0.97"}, "0.96"),
        ({"data-row": "0", "data-field": "ratio", "data-value": "0.9712"}, "0.97"),
        ({"data-row": "0", "data-field": "ratio", "data-value": "0.97"}, "about one"),
        ({"data-row": "2", "data-field": "ratio", "data-value": "0.97"}, "0.97"),
    ],
)
def test_a_wrong_figure_would_be_noticed(
    document_of: dict[str, Any], attributes: dict[str, str], text: str
) -> None:
    """The comparison that the tests of the page rest on is able to fail."""
    assert (
        shown.disagreement(attributes | {"data-row": "0"}, "0.97", document_of, []) is None or text == "0.97"
    )
    assert shown.disagreement(attributes, text, document_of, []) is not None


def test_every_row_of_the_record_stands_in_a_table(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    (tables,) = page.all("section", id="rows")
    listed = {int(each.attributes["data-row"]) for each in tables.all(data_field="rate")}
    assert listed == set(range(len(document_of["rows"])))


def test_page_holds_its_record(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    assert shown.embedded(page, "record") == document_of
    assert len(shown.embedded(page, "history-data")) == 5


def test_same_record_makes_the_same_page(document_of: dict[str, Any]) -> None:
    record = records.parse(bench_record.octets(document_of))
    past = history.comparable(record, bench_record.make_history())
    assert document.page(record, past) == document.page(record, past)


def test_page_loads_and_runs_nothing(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    for each in page.all():
        assert not [
            name for name in each.attributes if name.startswith("on") or name in {"src", "style", "srcset"}
        ]
        assert each.attributes.get("href", "#").startswith("#") or each.attributes["href"] == "data:,"
    (style,) = page.all("style")
    assert not re.search(r"url\(|@import|@font-face", style.text)
    (policy,) = page.all("meta", http_equiv="Content-Security-Policy")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert {each.attributes.get("type") for each in page.all("script")} == {"application/json"}


def test_every_link_has_its_target_and_every_plot_a_name(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    names = [each.attributes["id"] for each in page.all() if "id" in each.attributes]
    assert len(names) == len(set(names))
    for link in page.all("a"):
        assert link.attributes["href"].removeprefix("#") in names
    plots = page.all("svg")
    assert len(plots) > 20
    for plot in plots:
        assert plot.attributes["role"] == "img"
        for name in plot.attributes["aria-labelledby"].split():
            assert name in names


@pytest.mark.parametrize("plot", ["verify-1-2048", "sign-1-2048", "sign-1-4096", "verify-2-3072"])
def test_bars_are_sorted_and_as_long_as_their_ratios(document_of: dict[str, Any], plot: str) -> None:
    page = make_page(document_of)
    (drawn,) = page.all("svg", aria_labelledby=f"{plot}-title {plot}-description")
    bars = [each for each in drawn.all("rect") if "data-bar" in each.attributes]
    rows = [document_of["rows"][int(bar.attributes["data-bar"])] for bar in bars]
    ratios = [row["ratio"] for row in rows]
    assert ratios == sorted(ratios, reverse=True)
    work, threads, bits = plot.split("-")
    assert {row["contender"] for row in rows if row["batch"] == 1} == {
        row["contender"]
        for row in document_of["rows"]
        if (row["operation"], row["alg"], row["threads"], row["bits"])
        == (work, "RS256", int(threads), int(bits))
    }
    lengths = [float(bar.attributes["width"]) for bar in bars]
    scale = lengths[0] / ratios[0]
    for length, ratio in zip(lengths, ratios, strict=True):
        assert length == pytest.approx(max(ratio * scale, 1.0), abs=0.02)


def test_key_sizes_share_one_scale(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    (section,) = page.all("section", id="sign-1")
    pairs = [
        (float(bar.attributes["width"]), document_of["rows"][int(bar.attributes["data-bar"])]["ratio"])
        for bar in section.all("rect", class_="bar")
    ]
    scales = [length / ratio for length, ratio in pairs if ratio > 0.3]
    assert len(scales) > 50
    assert max(scales) == pytest.approx(min(scales), rel=0.001)


def test_a_peer_that_wins_is_shown_winning(document_of: dict[str, Any]) -> None:
    winner = row_of(document_of, operation="verify", alg="RS256", contender="jwcrypto", bits=2048, threads=1)
    set_ratio(winner, 25.0)
    page = make_page(document_of)
    (drawn,) = page.all("svg", aria_labelledby="verify-1-2048-title verify-1-2048-description")
    assert drawn.all("text", class_="label")[0].text.startswith("jwcrypto")
    (ahead,) = page.all("section", id="ahead")
    first = ahead.all("tr")[1]
    assert first.children[0].text == "jwcrypto 1.5.6"
    (headline,) = page.all("header")
    assert "jwcrypto 1.5.6" in headline.text
    # 3.43 / 25: the headline says by how much it loses.
    assert any(each.text == "0.14" for each in headline.all(data_field="quotient"))


def test_who_is_ahead_is_listed_like_with_like(document_of: dict[str, Any]) -> None:
    record = records.parse(bench_record.octets(document_of))
    listed = {
        (each.peer.contender.id, each.peer.operation, each.peer.alg, each.peer.bits)
        for each in compared.ahead(record)
    }
    assert ("ryjwt", "verify", "RS256", 2048) in listed  # 0.96 against 0.86, one a call
    assert ("ryjwt", "sign", "HS256", 256) in listed
    assert ("ryjwt", "key:public-jwk", "RS256", 2048) in listed
    assert ("oxyjwt", "sign", "RS256", 2048) not in listed  # 0.99 against 0.97 is a tie
    assert {name for name, *_ in listed} == {"ryjwt"}  # neither our other engines nor the floor


def test_nobody_ahead_is_said(document_of: dict[str, Any]) -> None:
    document_of["rows"] = [row for row in document_of["rows"] if row["contender"] != "ryjwt"]
    (ahead,) = make_page(document_of).all("section", id="ahead")
    assert "Nowhere in this run" in ahead.text


def test_missing_contenders_are_listed_with_the_reason(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    (missing,) = page.all("section", id="missing")
    assert [[cell.text for cell in row.children] for row in missing.all("tr")[1:]] == [
        ["pyjwt-rs", "Python", "no wheel for CPython 3.11"]
    ]
    (present,) = page.all("section", id="contenders")
    assert len(present.all("tr")) == 1 + 17
    for contender in document_of["contenders"]:
        if contender["how"]:
            assert (contender["how"] in present.text) == contender["available"]


def test_noise_and_quick_mode_stand_at_the_top(document_of: dict[str, Any]) -> None:
    assert not make_page(document_of).all(class_="warning")
    document_of["mode"] = "quick"
    document_of["circumstances"] |= {"noisy": True, "noise": ["others took 31 % of the core"]}
    (header,) = make_page(document_of).all("header")
    noise, quick = header.all(class_="warning")
    assert "others took 31 % of the core" in noise.text
    assert "Quick mode" in quick.text


def test_algorithms_stand_in_pairs(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    (drawn,) = page.all("svg", aria_labelledby="algorithms-verify-title algorithms-verify-description")
    rows = [document_of["rows"][int(bar.attributes["data-bar"])] for bar in drawn.all("rect", class_="bar")]
    assert [row["alg"] for row in rows] == 4 * ["RS256", "HS256"]
    order = ["ryjwt", "fastjwt-avx512ifma", "joserfc", "pyjwt"]
    assert [row["contender"] for row in rows] == [name for name in order for _ in range(2)]


def test_circumstances_are_all_there(document_of: dict[str, Any]) -> None:
    (section,) = make_page(document_of).all("section", id="circumstances")
    facts = {each.attributes["data-fact"]: each.text for each in section.all("dd")}
    assert set(facts) == {"mode", *document_of["circumstances"]}
    assert facts["flags"] == "adx, avx2, avx512f, avx512ifma, avx512vbmi, bmi2, sha_ni, vaes"
    assert facts["counters"] == "kernel_groups: 1250, openssl_calls: 0"
    assert facts["dirty"] == "no"


def test_scaling_says_how_far_the_millionth_token_is_from_the_thousandth(document_of: dict[str, Any]) -> None:
    for row in document_of["rows"]:
        if (
            row["operation"] == "sign_batch"
            and row["contender"] == "fastjwt-avx512ifma"
            and row["batch"] == 1000
        ):
            row["rate"] = 10_000.0
        if (
            row["operation"] == "sign_batch"
            and row["contender"] == "fastjwt-avx512ifma"
            and row["batch"] == 1_000_000
        ):
            row["rate"] = 8_000.0
    (section,) = make_page(document_of).all("section", id="scaling")
    assert "avx512ifma: +25.0 % from 1,000 to 1,000,000 tokens" in section.text


def test_a_run_without_rows_still_makes_a_page(document_of: dict[str, Any]) -> None:
    document_of["rows"] = []
    page = make_page(document_of, [])
    assert "This run did not measure stages." in page.text
    assert readme.section(records.parse(bench_record.octets(document_of)))


# --- Texts of strangers ----------------------------------------------------------------------------------------------


@pytest.fixture
def hostile(document_of: dict[str, Any]) -> dict[str, Any]:
    """Return a record in which every text that may be free is as bad as can be."""
    for contender in document_of["contenders"]:
        for member in ("label", "version", "language", "library", "how", "reason"):
            contender[member] = HOSTILE
    for name, value in document_of["circumstances"].items():
        if isinstance(value, str) and name != "engine":
            document_of["circumstances"][name] = HOSTILE
    document_of["circumstances"] |= {"noisy": True, "noise": [HOSTILE], HOSTILE: {HOSTILE: HOSTILE}}
    document_of["rows"].append(document_of["rows"][0] | {"operation": HOSTILE})
    return document_of


def test_hostile_texts_stay_texts(document_of: dict[str, Any], hostile: dict[str, Any]) -> None:
    here = {field: hostile["circumstances"][field] for field in history.ENVIRONMENT}
    runs = [
        run | {"environment": here, "commit": HOSTILE, "utc": HOSTILE} for run in bench_record.make_history()
    ]
    kinds = {each.name for each in make_page(bench_record.make()).all()}
    page = make_page(hostile, runs)
    assert {each.name for each in page.all()} <= kinds
    assert len(page.all("script")) == 2
    assert not [name for each in page.all() for name in each.attributes if name.startswith("on")]
    assert shown.embedded(page, "record") == hostile
    (how,) = {row.children[4].text for row in page.all("section", id="contenders")[0].all("tr")[1:]}
    assert how == HOSTILE[:-3] + 3 * "\ufffd"  # what HTML and UTF-8 cannot hold is marked


def test_hostile_texts_stay_texts_in_readme_and_picture(hostile: dict[str, Any]) -> None:
    record = records.parse(bench_record.octets(hostile))
    part = readme.section(record)
    assert "<" not in re.sub(r"\\<", "", part)
    lines = [line for line in part.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {8}
    drawn = ET.fromstring(readme.picture(record, document.plot_style()))
    assert {each.tag.split("}")[1] for each in drawn.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "tspan", "line", "g"
    }  # fmt: skip


# --- History ---------------------------------------------------------------------------------------------------------


def test_history_shows_one_environment(document_of: dict[str, Any]) -> None:
    page = make_page(document_of)
    (section,) = page.all("section", id="history")
    assert "5 runs with the same CPU" in section.text
    assert "1 run in other environments left out" in section.text
    (drawn,) = section.all(
        "svg", aria_labelledby="history-verify_batch-title history-verify_batch-description"
    )
    commits = {each.text.split(",")[0] for each in drawn.all("title") if each.text.count("Z: ")}
    assert commits == {f"{number}" * 12 for number in (0, 1, 2, 4, 5)}
    assert len(drawn.all("circle", class_="dot hollow")) == 3 * 2  # a dirty and a quick run, three engines


@pytest.mark.parametrize("field", history.ENVIRONMENT)
def test_another_environment_is_never_compared(document_of: dict[str, Any], field: str) -> None:
    document_of["circumstances"][field] = "another one"
    record = records.parse(bench_record.octets(document_of))
    assert history.comparable(record, bench_record.make_history()) == history.History((), 6)


def test_a_record_finds_its_environment_by_its_own_line(document_of: dict[str, Any]) -> None:
    """So that the suite may spell an environment otherwise than the circumstances."""
    runs = bench_record.make_history()
    for run in runs:
        run["environment"]["flags"] = " ".join(run["environment"]["flags"])
    record = records.parse(bench_record.octets(document_of))
    assert history.comparable(record, runs) == history.History((), 6)
    runs[5] |= {name: document_of["circumstances"][name] for name in ("utc", "commit")}
    assert [run["key"] for run in history.comparable(record, runs).runs] == 5 * ["0000ffff"]


def test_history_of_another_batch_size_or_without_ratio_is_left_out() -> None:
    runs = bench_record.make_history()
    for result in runs[0]["results"]:
        result["batch"] = 7
    for result in runs[1]["results"]:
        result["ratio"] = None
    record = records.parse(bench_record.octets(bench_record.make()))
    past = history.comparable(record, runs)
    found = history.results(past, "sign_batch", "fastjwt-avx512ifma", batch=10_000)
    assert [number for number, _, _ in found] == [2, 3, 4]


# --- README and picture ----------------------------------------------------------------------------------------------

TABLE = """\
| | sign 2048 | sign 3072 | sign 4096 | verify 2048 | verify 3072 | verify 4096 |
|---|--:|--:|--:|--:|--:|--:|
| **fastjwt, in batches** | **3.21** | **5.60** | **5.90** | **3.43** | **4.02** | **4.60** |
| **fastjwt, one a call** | **0.97** | **0.98** | **0.99** | **0.86** | **0.92** | **0.96** |
| ryjwt 0.2.4 | 1.01 | 1.01 | 1.01 | 0.96 | 0.98 | 0.99 |
| oxyjwt 0.9.2 | 0.99 | 0.99 | 1.00 | 0.75 | 0.86 | 0.92 |
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a README with markers, and no recorded run beside it."""
    (tmp_path / "README.md").write_text(readme.replaced(EMPTY_README, readme.section(None)))
    return tmp_path / "README.md"


@pytest.fixture
def recorded(home: Path, document_of: dict[str, Any]) -> Path:
    """Return a README for which the made-up run was recorded."""
    run = home.parent / "record.json"
    run.write_bytes(bench_record.octets(document_of))
    assert report.main([str(run), "--readme", str(home)]) == 0
    return home


def test_readme_has_conditions_and_table(recorded: Path, document_of: dict[str, Any]) -> None:
    text = recorded.read_text()
    assert text.startswith("# fastjwt\n\nBefore.\n\n")
    assert text.endswith("\n\nAfter.\n")
    assert TABLE in text
    part = " ".join(text.split())
    assert (
        "`sign_batch` **3.21** (batches of 10,000), `verify_batch` with claims **3.43** (batches of" in part
    )
    assert "`verify_signatures` **7.12** (batches of 10,000); RSA 2048, Imaginary 9000" in part
    for name in ("cpu", "openssl", "python"):
        assert document_of["circumstances"][name] in part
    assert "engine `avx512ifma`, 2026-01-02" in part
    assert (
        "Further down, and only on the page: jwcrypto 1.5.6, python-jose 3.5.0. Not measured here: pyjwt-rs."
        in part
    )
    assert len([line for line in text.splitlines() if line.startswith("| ")]) <= 13
    assert max(map(len, text.splitlines())) <= 120
    assert "(benchmarks/ratios.svg)" in text
    assert (recorded.parent / "benchmarks" / "recorded.json").read_bytes() == bench_record.octets(document_of)


def test_readme_says_that_the_machine_was_noisy(document_of: dict[str, Any]) -> None:
    document_of["circumstances"] |= {"noisy": True, "noise": ["load 3.1 on 2 cores"]}
    assert "**The machine was noisy:** load 3.1 on 2 cores" in readme.section(
        records.parse(bench_record.octets(document_of))
    )


def test_picture_has_every_contender_and_both_grounds(recorded: Path, document_of: dict[str, Any]) -> None:
    text = (recorded.parent / "benchmarks" / "ratios.svg").read_text()
    drawn = ET.fromstring(text)
    assert "prefers-color-scheme: dark" in text
    svg = "{http://www.w3.org/2000/svg}"
    figures = [each for each in drawn.iter(f"{svg}text") if "data-row" in each.attrib]
    for each in figures:
        assert shown.disagreement(dict(each.attrib), each.text or "", document_of, []) is None
    named = {document_of["rows"][int(each.attrib["data-row"])]["contender"] for each in figures}
    assert named == {each["id"] for each in document_of["contenders"] if each["available"]}


def test_recorded_run_is_not_stale(recorded: Path) -> None:
    assert report.main(["--check", "--readme", str(recorded)]) == 0


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("README.md", "| oxyjwt 0.9.2 | 0.99 ", "| oxyjwt 0.9.2 | 0.98 "),
        ("README.md", "2026-01-02", "2026-01-03"),
        ("benchmarks/ratios.svg", ">3.43<", ">3.44<"),
        ("benchmarks/recorded.json", '"cpu": "Imaginary', '"cpu": "Real'),
        ("benchmarks/recorded.json", '"version": "0.9.2"', '"version": "0.9.3"'),
    ],
)
def test_a_stale_figure_is_found(
    recorded: Path, capsys: pytest.CaptureFixture[str], file: str, before: str, after: str
) -> None:
    changed = recorded.parent / file
    text = changed.read_text()
    assert before in text
    changed.write_text(text.replace(before, after, 1))
    assert report.main(["--check", "--readme", str(recorded)]) == 1
    assert "does not" in capsys.readouterr().out


def test_every_ratio_of_a_line_goes_stale_with_the_record(
    recorded: Path, document_of: dict[str, Any]
) -> None:
    rows = document_of["rows"]
    line = [
        number
        for number, row in enumerate(rows)
        if (row["contender"], row["threads"]) == ("ryjwt", 1) and row["ratio"] is not None
    ]
    assert len(line) == 6
    for number in line:
        changed = copy.deepcopy(document_of)
        set_ratio(changed["rows"][number], 0.5)
        (recorded.parent / "benchmarks" / "recorded.json").write_bytes(bench_record.octets(changed))
        assert report.main(["--check", "--readme", str(recorded)]) == 1


def test_without_a_recorded_run_readme_says_so(home: Path) -> None:
    assert report.main(["--check", "--readme", str(home)]) == 0
    home.write_text(readme.replaced(home.read_text(), "Ten times as fast as light."))
    assert report.main(["--check", "--readme", str(home)]) == 1
    home.write_text(readme.replaced(home.read_text(), readme.NOT_RECORDED))
    (home.parent / "benchmarks").mkdir()
    (home.parent / "benchmarks" / "ratios.svg").write_text("<svg/>")
    assert report.main(["--check", "--readme", str(home)]) == 1


def test_our_readme_and_picture_say_what_was_recorded() -> None:
    """If this fails: python benchmarks/report.py benchmarks/recorded.json --readme README.md prints them anew."""
    assert report.stale(ROOT / "README.md") == []


@pytest.mark.parametrize("text", ["# no markers\n", f"{readme.END}\n{readme.BEGIN}\n", EMPTY_README * 2])
def test_readme_without_its_markers_is_an_error_and_stays(
    home: Path, document_of: dict[str, Any], capsys: pytest.CaptureFixture[str], text: str
) -> None:
    home.write_text(text)
    run = home.parent / "record.json"
    run.write_bytes(bench_record.octets(document_of))
    assert report.main([str(run), "--readme", str(home)]) == 2
    assert "once each" in capsys.readouterr().err
    assert home.read_text() == text
    assert not (home.parent / "benchmarks").exists()


def test_a_quick_run_is_not_recorded(
    home: Path, document_of: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = home.parent / "record.json"
    run.write_bytes(bench_record.octets(document_of | {"mode": "quick"}))
    assert report.main([str(run), "--readme", str(home)]) == 2
    assert "whole runs alone" in capsys.readouterr().err
    assert not (home.parent / "benchmarks").exists()


# --- The command -----------------------------------------------------------------------------------------------------


def test_command_writes_the_page_from_anywhere(tmp_path: Path, document_of: dict[str, Any]) -> None:
    (tmp_path / "record.json").write_bytes(bench_record.octets(document_of))
    (tmp_path / "history.jsonl").write_text(bench_record.lines(bench_record.make_history()))
    command = [sys.executable, str(ROOT / "benchmarks" / "report.py"), "record.json"]
    options = ["--history", "history.jsonl", "--html", "a/new/folder/index.html"]
    done = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page = shown.read((tmp_path / "a/new/folder/index.html").read_text(encoding="utf-8"))
    assert shown.embedded(page, "record") == document_of


def without(*path: str) -> Callable[[dict[str, Any]], bytes]:
    def spoil(made: dict[str, Any]) -> bytes:
        made = copy.deepcopy(made)
        inner = made
        for name in path[:-1]:
            inner = inner[name]
        del inner[path[-1]]
        return bench_record.octets(made)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda _: b"{", "no record"),
        (lambda _: b"[]", "no record"),
        (lambda made: bench_record.octets(made | {"format": 2}), "format 2, expected 1"),
        (without("rows"), "no record"),
        (without("mode"), "no record"),
        (without("circumstances"), "no record"),
        (
            lambda made: bench_record.octets(made | {"rows": [made["rows"][0] | {"contender": "x"}]}),
            "row 0 is of 'x'",
        ),
        (lambda made: bench_record.octets(made | {"rows": [made["rows"][0] | {"rate": 0}]}), "the rate 0"),
        (lambda made: bench_record.octets(made).replace(b'"rounds": 9', b'"rounds": NaN'), "NaN"),
    ],
)
def test_what_is_no_record_is_refused(
    tmp_path: Path,
    document_of: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[dict[str, Any]], bytes],
    said: str,
) -> None:
    (tmp_path / "record.json").write_bytes(spoil(document_of))
    assert report.main([str(tmp_path / "record.json"), "--html", str(tmp_path / "index.html")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "index.html").exists()


@pytest.mark.parametrize("line", ["{", '{"key": "x"}', "[]"])
def test_what_is_no_history_is_refused(
    tmp_path: Path, document_of: dict[str, Any], capsys: pytest.CaptureFixture[str], line: str
) -> None:
    (tmp_path / "record.json").write_bytes(bench_record.octets(document_of))
    (tmp_path / "history.jsonl").write_text(f"{json.dumps(bench_record.make_history()[0])}\n{line}\n")
    options = ["--history", str(tmp_path / "history.jsonl"), "--html", str(tmp_path / "index.html")]
    assert report.main([str(tmp_path / "record.json"), *options]) == 2
    assert "line 2: no run" in capsys.readouterr().err


# --- Digits, ticks, letters ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (18.24, "18.2"),
        (3.412, "3.41"),
        (1, "1.00"),
        (0.2449, "0.24"),
        (0.0093, "0.009"),
        (0.0004, "0.0004"),
        (None, "–"),
    ],
)
def test_ratios_are_written_with_the_digits_that_count(value: float | None, text: str) -> None:
    assert spelling.ratio(value) == text


@pytest.mark.parametrize("top", [0.003, 0.96, 1, 3.43, 4.6, 9.99, 11.2, 320, 9800])
def test_linear_ticks_are_few_and_round(top: float) -> None:
    ticks = axis.linear_ticks(top)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 7
    assert ticks[-1] <= top < ticks[-1] + ticks[1] * 1.000001
    assert all(len(f"{tick:g}") <= 6 for tick in ticks)


def test_labels_are_spread_within_their_field() -> None:
    placed = axis.spread([50, 52, 51, 99], 14, 0, 100)
    assert placed[3] <= 100
    ordered = sorted(placed)
    assert all(later - earlier >= 14 for earlier, later in itertools.pairwise(ordered))
    assert placed[0] < placed[2] < placed[1]


def test_long_names_are_cut_to_their_room() -> None:
    cut = lettering.fit("a name that goes on and on, for ever and ever", 100, 12)
    assert cut.endswith("…")
    assert lettering.width(cut, 12) <= 100
    assert lettering.fit("short", 100, 12) == "short"
