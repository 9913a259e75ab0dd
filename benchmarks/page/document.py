"""The page: one file that loads nothing, runs nothing, and holds the record that it was made from."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from page import costs, facts, over_commits, speed
from page.history import History
from page.markup import Markup, element, raw
from page.record import Record
from page.sections import Section

_HERE = Path(__file__).parent


def plot_style() -> str:
    """Return the style of plots, which the README's picture has, too."""
    return (_HERE / "plot.css").read_text(encoding="utf-8")


def stylesheet() -> str:
    """Return the style of plots and page."""
    return plot_style() + (_HERE / "page.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    """Return a Content-Security-Policy that allows this one stylesheet, and nothing else at all."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The icon is an empty data: address, because a browser would ask a server for one otherwise.
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def embedded(key: str, value: Any) -> Markup:
    """Return `value` as JSON in a script element that is data; no text in it can end the element."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return raw(f'<script type="application/json" id="{key}">{text}</script>')


def _warnings(record: Record) -> list[Markup]:
    found = []
    if record.noise:
        found.append(
            element(
                "div",
                element("b", "Measured on a noisy machine. "),
                "Differences that look real may not be. ",
                " ".join(record.noise),
                class_="warning",
                role="note",
                id="noise",
            )
        )
    if record.mode == "quick":
        words = "Quick mode: few rounds and few sizes, good for a first look and not for a claim."
        found.append(element("div", words, class_="warning", role="note", id="quick"))
    return found


def parts(record: Record, past: History) -> list[Section]:
    """Return all sections, in the order in which they are read."""
    threads = sorted(
        {row.threads for row in record.select("sign", "verify", "sign_batch", "verify_batch")} | {1, 2}
    )
    return [
        *(speed.ratios(record, work, count) for count in threads for work in ("verify", "sign")),
        speed.ahead(record),
        costs.scaling(record),
        costs.stages(record),
        costs.algorithms(record),
        costs.keys(record),
        costs.memory(record),
        over_commits.history(record, past),
        facts.contenders(record),
        facts.missing(record),
        facts.circumstances(record),
        facts.rows(record),
    ]


def _section(section: Section) -> Markup:
    heading = element("h2", element("a", section.title, href=f"#{section.key}"))
    return element("section", heading, section.body, id=section.key)


def page(record: Record, past: History) -> str:
    """Return the whole page as HTML."""
    style = stylesheet()
    top = speed.headline(record)
    following = parts(record, past)
    links = [element("li", element("a", each.title, href=f"#{each.key}")) for each in following]
    return (
        "<!DOCTYPE html>\n"
        + element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                element("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("meta", name="color-scheme", content="light dark"),
                element("meta", name="referrer", content="no-referrer"),
                element("title", "fastjwt, measured"),
                element("link", rel="icon", href="data:,"),
                element("style", raw(style)),
            ),
            element(
                "body",
                element(
                    "header",
                    element("h1", element("a", top.title, href="#headline")),
                    *_warnings(record),
                    top.body,
                    element("nav", element("ul", *links), aria_label="Sections"),
                    id="headline",
                ),
                element("main", *map(_section, following)),
                element(
                    "footer",
                    f"Made by benchmarks/report.py from the record that is part of this page (commit "
                    f"{record.circumstances.get('commit')}).",
                ),
                embedded("record", record.document),
                embedded("history-data", list(past.runs)),
            ),
            lang="en",
        )
        + "\n"
    )
