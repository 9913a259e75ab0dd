"""The README's part: conditions, a table and a picture, from the last recorded run of the whole suite."""

from __future__ import annotations

from page import bars, compared, lettering, provenance, spelling, svg
from page.markup import Markup, element, raw, speakable
from page.record import Record, Row

BEGIN = "<!-- benchmarks:begin -->"
END = "<!-- benchmarks:end -->"
SIZES = (2048, 3072, 4096)

# Lines of the table: more would push what the package does off the first screen.
_MOST = 12

NOT_RECORDED = (
    "No run of the benchmark suite has been recorded yet; `python benchmarks/floor.py` measures fastjwt against bare\n"
    "OpenSSL on your machine."
)


class MarkersError(ValueError):
    """The README has no place for the figures."""


def _plain(text: str) -> str:
    """Return a text of the record as Markdown that means the text, on one line."""
    text = " ".join(speakable(text).split())
    for letter in "\\`*_{}[]<>|#":
        text = text.replace(letter, f"\\{letter}")
    return text


def _line(name: str, cells: list[Row | None], *, ours: bool) -> str:
    written = [
        provenance.text(row, "ratio") if row and row.ratio is not None else spelling.NOTHING for row in cells
    ]
    if ours:
        name, written = f"**{name}**", [f"**{figure}**" for figure in written]
    return f"| {name} | {' | '.join(written)} |"


def _cells(record: Record, contender: str, *, batched: bool) -> list[Row | None]:
    """Return the rows of one line: sign for each key size, then verify."""
    cells: list[Row | None] = []
    for work, batch in compared.WORK.items():
        for bits in SIZES:
            rows = record.batched(batch, bits, 1) if batched else record.select(work, bits=bits, threads=1)
            cells.append(next((row for row in rows if row.contender.id == contender), None))
    return cells


def _table(record: Record) -> tuple[list[str], list[str]]:
    """Return the lines of the table, and the names that found no room in it."""
    ours = []
    for contender in record.contenders:
        if contender.id == record.engine:
            for batched, words in ((True, "in batches"), (False, "one a call")):
                cells = _cells(record, contender.id, batched=batched)
                if any(cells):
                    ours.append(_line(f"fastjwt, {words}", cells, ours=True))
    peers = []
    for contender in record.contenders:
        if contender.ours or contender.floor or not contender.available:
            continue
        cells = _cells(record, contender.id, batched=False)
        if any(cells):
            # By verifying with 2048 bits, which most people do most.
            verify = cells[len(SIZES)]
            peers.append((-(verify.ratio or 0) if verify else 0.0, contender.name, cells))
    peers.sort(key=lambda peer: peer[:2])
    kept = peers[: _MOST - len(ours)]
    head = " | ".join(f"{work} {bits}" for work in compared.WORK for bits in SIZES)
    lines = [f"| | {head} |", "|---|" + "--:|" * (2 * len(SIZES))]
    lines += ours
    lines += [_line(_plain(name), cells, ours=False) for _, name, cells in kept]
    return lines, [name for _, name, _ in peers[len(kept) :]]


def _wrapped(text: str, width: int = 120) -> str:
    """Break a paragraph at spaces."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line])


def section(record: Record | None) -> str:
    """Return what stands between the markers."""
    if record is None:
        return NOT_RECORDED
    facts = record.circumstances
    reached = []
    for operation, words in (
        ("sign_batch", "`sign_batch`"),
        ("verify_batch", "`verify_batch` with claims"),
        ("verify_signatures", "`verify_signatures`"),
    ):
        row = record.best_of_ours(record.batched(operation, 2048, 1))
        if row and row.ratio is not None:
            size = f" (batches of {row.batch:,})" if row.batch > 1 else ""
            reached.append(f"{words} **{provenance.text(row, 'ratio')}**{size}")
    where = ", ".join(_plain(str(facts.get(name))) for name in ("cpu", "openssl", "python"))
    conditions = (
        f"On one core, as a ratio to bare OpenSSL measured in the same rounds: {', '.join(reached)}; "
        f"RSA 2048, {where}, engine `{facts.get('engine')}`, {_plain(str(facts.get('utc'))[:10])}. "
        "The same ratio for every library and key size, where 1 is all that `openssl speed` reaches without any token, "
        "and verifying includes the claims."
    )
    paragraphs = [_wrapped(conditions)]
    if record.noise:
        paragraphs.append(_wrapped(f"**The machine was noisy:** {_plain(' '.join(record.noise))}"))
    lines, left_out = _table(record)
    paragraphs.append("\n".join(lines))
    closing = ""
    if left_out:
        closing = f"Further down, and only on the page: {', '.join(map(_plain, left_out))}. "
    absent = [each.label for each in record.contenders if not each.available]
    if absent:
        closing += f"Not measured here: {', '.join(map(_plain, absent))}. "
    closing += (
        "[benchmarks/](benchmarks/README.md) says how each was used and how to measure on your machine."
    )
    paragraphs += [
        _wrapped(closing),
        "![Bars of the same ratios for 2048 bits, every contender](benchmarks/ratios.svg)",
    ]
    return "\n\n".join(paragraphs)


def replaced(text: str, part: str) -> str:
    """Return a README with `part` between its markers; raises MarkersError where they are not one pair."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise MarkersError(f"expected {BEGIN} and, after it, {END}, once each")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


_PANEL = 360.0  # pixels
_MARGIN = 28.0
_GAP = 40.0
_HEAD = 66.0


def picture(record: Record, style: str) -> str:
    """Return an SVG of its own with both jobs side by side; it brings its ground, light or dark, along."""
    fields = {work: compared.field_of(record, work, 2048, 1) for work in ("verify", "sign")}
    top = bars.longest([bar.row for entries in fields.values() for bar in entries], "ratio")
    panels: list[Markup] = []
    tallest = 0.0
    for number, (work, entries) in enumerate(fields.items()):
        x = _MARGIN + number * (_PANEL + _GAP)
        words = "Verify, with claims" if work == "verify" else "Sign"
        plot = bars.bars(
            f"ratios-{work}",
            entries,
            field="ratio",
            title=words,
            description="; ".join(
                f"{bar.row.contender.label} {bar.note}: {provenance.text(bar.row, 'ratio')}"
                for bar in entries
            ),
            unit="ratio to one core of openssl speed",
            top=top,
            floor=1.0,
        )
        heading = svg.text(x, _MARGIN + 32, words, "label heading")
        panels += [heading, element("g", plot, transform=f"translate({x:g} {_HEAD + 6:g})")]
        tallest = max(tallest, len(entries) * bars.PITCH + 44)
    width = 2 * _MARGIN + 2 * _PANEL + _GAP
    height = _HEAD + tallest + _MARGIN
    facts = record.circumstances
    words = f"RSA 2048, one core, {facts.get('cpu')}, {str(facts.get('utc'))[:10]}"
    caption = svg.text(
        _MARGIN, _MARGIN + 8, lettering.fit(words, width - 2 * _MARGIN, svg.LABEL), "label note"
    )
    ground = element(
        "rect",
        x=0.5,
        y=0.5,
        width=width - 1,
        height=height - 1,
        rx=8,
        fill="var(--paper)",
        stroke="var(--hairline)",
    )
    return (
        element(
            "svg",
            element("title", "fastjwt and others: ratios to bare OpenSSL"),
            element(
                "desc",
                f"{words}. {spelling.plural(len(fields['verify']), 'bar')} for verifying, "
                f"{len(fields['sign'])} for signing; the README's table has the figures.",
            ),
            element("style", raw(style + ".plot .heading { font-size: 15px; font-weight: 600; }")),
            ground,
            caption,
            *panels,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:g} {height:g}",
            width=f"{width:g}",
            height=f"{height:g}",
            class_="plot",
            role="img",
        )
        + "\n"
    )
