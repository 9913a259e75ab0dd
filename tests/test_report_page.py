"""The page of the benchmarks, looked at in a real Chromium: on a desktop and a phone, light and dark."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bench_record
import chromium
import pytest
import shown
from page import document, history, readme
from page import record as records

pytestmark = pytest.mark.chromium

SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]

# Boxes of all texts of each plot, in CSS pixels, with the size of their letters as they arrive on the screen.
TEXTS = """
[...document.querySelectorAll("svg")].filter(svg => !svg.parentElement.closest("svg")).map(svg => {
  const box = element => {
    const r = element.getBoundingClientRect();
    return {left: r.left, top: r.top, right: r.right, bottom: r.bottom};
  };
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return {
    plot: svg.getAttribute("aria-labelledby") || "picture",
    box: box(svg),
    texts: [...svg.querySelectorAll("text")].filter(text => text.textContent.trim()).map(text => ({
      words: text.textContent, pixels: parseFloat(getComputedStyle(text).fontSize) * scale, ...box(text)
    }))
  };
})
"""

FIGURES = """
[...document.querySelectorAll("[data-field]")].map(element => ({
  text: element.textContent,
  figure: Object.fromEntries([...element.attributes].map(each => [each.name, each.value]))
}))
"""

WIDER = """
[...document.querySelectorAll("body *")].filter(
  element => element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5
    && !element.closest(".scroll, details")
).map(element => element.outerHTML.slice(0, 100))
"""

# Contrast of the letters of each kind with the ground that they stand on, as WCAG 2 computes it.
CONTRASTS = """
(() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(Number).map(
      c => c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.body).backgroundColor);
  const found = {};
  for (const [kind, property] of [["p", "color"], [".note", "color"], [".big", "color"], ["svg .label", "fill"],
                                  ["svg .chosen .label", "fill"], ["svg .floor .label", "fill"],
                                  ["svg .tick", "fill"], ["svg tspan.note", "fill"]]) {
    const letters = light(getComputedStyle(document.querySelector(kind))[property]);
    found[kind] = (Math.max(ground, letters) + 0.05) / (Math.min(ground, letters) + 0.05);
  }
  return found;
})()
"""


@pytest.fixture(scope="module")
def browser(
    need: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[chromium.Browser]:
    """Return a running Chromium that the tests share."""
    with chromium.running(need("chromium"), tmp_path_factory.mktemp("profile")) as running:
        yield running


def extreme() -> dict[str, Any]:
    """Return a record in which names are long, ratios far apart, and curves end at one place."""
    made = bench_record.make()
    for number, contender in enumerate(made["contenders"]):
        if number % 2:
            contender["label"] += ", with a name that goes on and on, WWWWWWWWWWWWWWWW"
            contender["version"] = "2026.11.27.post12345+local.build"
    for number, row in enumerate(made["rows"]):
        if row["ratio"] is not None:
            factor = (0.0001, 1, 1, 40)[number % 4]
            for name in ("ratio", "low", "high", "rate"):
                row[name] *= factor
        if row["operation"] == "verify_signatures":
            row["rate"] = 440_000.0
    made["circumstances"] |= {"noisy": True, "noise": ["load " + "9" * 60], "cpu": "X" * 90}
    return made


def sparse() -> dict[str, Any]:
    """Return a record with one engine, one key size and one batch size."""
    made = bench_record.make()
    made["rows"] = [
        row
        for row in made["rows"]
        if (row["contender"], row["bits"], row["threads"]) == ("fastjwt-avx512ifma", 2048, 1)
        and row["batch"] in {1, 10_000}
    ]
    return made | {"mode": "quick"}


RECORDS: dict[str, Callable[[], dict[str, Any]]] = {
    "usual": bench_record.make,
    "extreme": extreme,
    "sparse": sparse,
}


def write(folder: Path, made: dict[str, Any]) -> Path:
    record = records.parse(bench_record.octets(made))
    past = history.comparable(record, bench_record.make_history())
    page = folder / "index.html"
    page.write_text(document.page(record, past), encoding="utf-8")
    return page


def overlaps(plots: list[dict[str, Any]]) -> list[str]:
    """Name the texts that cover each other by more than a pixel, or reach out of their plot."""
    found: list[str] = []
    for plot in plots:
        left, right = plot["box"]["left"] - 1, plot["box"]["right"] + 1
        found.extend(
            f"{plot['plot']}: {text['words']!r} reaches out"
            for text in plot["texts"]
            if text["left"] < left or text["right"] > right
        )
        for one, other in itertools.combinations(plot["texts"], 2):
            across = min(one["right"], other["right"]) - max(one["left"], other["left"])
            down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            # A line's box is higher than its letters: neighbouring lines may touch.
            if across > 1 and down > 2:
                found.append(f"{plot['plot']}: {one['words']!r} and {other['words']!r}")
    return found


def disagreements(browser: chromium.Browser, made: dict[str, Any]) -> list[str]:
    """Name the figures that the browser shows otherwise than the record has them."""
    kept = browser.evaluate("JSON.parse(document.getElementById('history-data').textContent)")
    figures = browser.evaluate(FIGURES)
    assert len(figures) > 10
    return [
        wrong
        for each in figures
        if (wrong := shown.disagreement(each["figure"], each["text"], made, kept)) is not None
    ]


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize(("width", "scheme"), SCREENS)
def test_page_is_sound(browser: chromium.Browser, tmp_path: Path, kind: str, width: int, scheme: str) -> None:
    made = RECORDS[kind]()
    page = write(tmp_path, made)
    browser.open(page, width=width, scheme=scheme)
    assert browser.complaints == []
    assert browser.requests == [page.as_uri()]

    plots = browser.evaluate(TEXTS)
    assert len(plots) >= (3 if kind == "sparse" else 20)
    assert overlaps(plots) == []
    assert min(text["pixels"] for plot in plots for text in plot["texts"]) >= 10.5

    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    assert browser.evaluate(WIDER) == []
    # With every table open, too.
    browser.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert browser.evaluate("document.documentElement.scrollWidth") == width

    assert disagreements(browser, made) == []
    assert browser.evaluate("JSON.parse(document.getElementById('record').textContent)") == made
    assert browser.complaints == []

    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_letters_stand_out_from_their_ground(browser: chromium.Browser, tmp_path: Path, scheme: str) -> None:
    browser.open(write(tmp_path, bench_record.make()), width=1280, scheme=scheme)
    contrasts = browser.evaluate(CONTRASTS)
    assert len(contrasts) == 8
    assert {kind: ratio for kind, ratio in contrasts.items() if ratio < 4.5} == {}
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 22, 28)"}[scheme]


def test_a_link_leads_to_its_section(browser: chromium.Browser, tmp_path: Path) -> None:
    browser.open(write(tmp_path, bench_record.make()), width=390, scheme="light")
    browser.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    browser.evaluate("document.querySelector('nav a[href=\"#scaling\"]').click()")
    browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert abs(browser.evaluate("document.getElementById('scaling').getBoundingClientRect().top")) < 2


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_of_the_readme_is_sound(
    browser: chromium.Browser, tmp_path: Path, kind: str, scheme: str
) -> None:
    record = records.parse(bench_record.octets(RECORDS[kind]()))
    (tmp_path / "ratios.svg").write_text(readme.picture(record, document.plot_style()), encoding="utf-8")
    browser.open(tmp_path / "ratios.svg", width=1280, scheme=scheme)
    assert browser.complaints == []
    assert browser.requests == [(tmp_path / "ratios.svg").as_uri()]
    plots = browser.evaluate(TEXTS.replace("svg.parentElement.closest", "svg.parentElement?.closest"))
    assert len(plots) == 1
    assert overlaps(plots) == []
    # The ground is its own, because nobody knows what it will stand on.
    ground = browser.evaluate("getComputedStyle(document.querySelector('svg > rect')).fill")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 22, 28)"}[scheme]


# --- Each check is able to fail --------------------------------------------------------------------------------------


def change(page: Path, before: str, after: str) -> None:
    text = page.read_text(encoding="utf-8")
    assert before in text
    page.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_an_overlap_is_noticed(browser: chromium.Browser, tmp_path: Path) -> None:
    page = write(tmp_path, bench_record.make())
    change(page, 'x="0" y="45"', 'x="0" y="18"')
    browser.open(page, width=1280, scheme="light")
    assert any("'openssl speedno token, no claims'" in each for each in overlaps(browser.evaluate(TEXTS)))


def test_a_text_that_reaches_out_is_noticed(browser: chromium.Browser, tmp_path: Path) -> None:
    page = write(tmp_path, bench_record.make())
    change(page, 'x="0" y="45"', 'x="300" y="45"')
    browser.open(page, width=390, scheme="light")
    assert any("reaches out" in each for each in overlaps(browser.evaluate(TEXTS)))


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ('<img src="nowhere.png" alt="">', "Content Security Policy"),
        ("<script>1</script>", "Content Security Policy"),
        ('<p style="color: red">', "Content Security Policy"),
    ],
)
def test_a_complaint_of_the_console_is_noticed(
    browser: chromium.Browser, tmp_path: Path, planted: str, complaint: str
) -> None:
    page = write(tmp_path, bench_record.make())
    change(page, "<main>", f"<main>{planted}")
    browser.open(page, width=1280, scheme="light")
    assert any(complaint in each for each in browser.complaints)


def test_a_wrong_figure_is_noticed(browser: chromium.Browser, tmp_path: Path) -> None:
    made = bench_record.make()
    page = write(tmp_path, made)
    change(page, ">3.43</text>", ">3.44</text>")
    browser.open(page, width=1280, scheme="light")
    (wrong,) = disagreements(browser, made)
    assert "other digits: '3.44'" in wrong


def test_a_page_that_is_too_wide_is_noticed(browser: chromium.Browser, tmp_path: Path) -> None:
    page = write(tmp_path, bench_record.make())
    change(page, "<main>", '<main><svg width="500" height="9" viewBox="0 0 500 9"></svg>')
    browser.open(page, width=390, scheme="light")
    assert browser.evaluate("document.documentElement.scrollWidth") > 390
    assert len(browser.evaluate(WIDER)) == 1
