"""How fast everybody is: the headline, the bars of ratios, and who is ahead of us."""

from __future__ import annotations

from page import bars, compared, provenance, spelling, tables
from page.markup import element, join
from page.record import Record
from page.sections import Section, grid, not_measured, panel, paragraph

FLOOR = "ratio to one core of openssl speed"


def _reached(entries: list[bars.Bar]) -> str:
    """Describe bars for those who cannot see them."""
    named = [
        f"{bar.row.contender.label}, {bar.note}: {provenance.text(bar.row, 'ratio')}" for bar in entries[:3]
    ]
    return (
        f"{len(entries)} bars, the fastest first: {'; '.join(named)}. All of them stand in the tables below."
    )


def headline(record: Record) -> Section:
    """Show the number first, then what it was measured on."""
    chosen = []
    for operation, words in (
        ("verify_batch", "verifying with claims, in batches"),
        ("sign_batch", "signing, in batches"),
        ("verify_signatures", "signatures alone, in batches"),
    ):
        row = record.best_of_ours(record.batched(operation, 2048, 1))
        if row and row.ratio is not None:
            chosen.append((row, words, operation.removesuffix("_batch")))
    figures = []
    for row, words, work in chosen:
        peer = compared.best_peer(record, work) if work in compared.WORK else None
        beside = (
            join(
                provenance.quotient(row, peer),
                f" × {peer.contender.name}, the fastest other library"
                + (", which takes one token a call" if peer.batch == 1 else ""),
            )
            if peer
            else "header, key and signature; the payload is not read"
        )
        figures.append(
            element(
                "div",
                element("p", provenance.number(row, "ratio"), element("i", "×"), class_="big"),
                element(
                    "p",
                    element(
                        "b", words, *([" of ", provenance.number(row, "batch")] if row.batch > 1 else [])
                    ),
                ),
                element("p", beside, class_="note"),
            )
        )
    facts = record.circumstances
    conditions = paragraph(
        f"1 is what one core does in openssl speed rsa2048, measured on the same core in "
        f"the same rounds. RSA 2048, one core of {facts.get('cpu')}, engine {facts.get('engine')}, "
        f"{facts.get('openssl')}, {facts.get('python')}, {str(facts.get('utc'))[:10]}.",
        class_="conditions",
    )
    body = (
        [element("div", *figures, class_="headline")]
        if figures
        else [not_measured("batches with keys of 2048 bits")]
    )
    kicker = paragraph("Tokens a second on one core, as a multiple of bare OpenSSL", class_="kicker")
    return Section("headline", "fastjwt, measured", join(kicker, *body, conditions))


def ratios(record: Record, work: str, threads: int) -> Section:
    """Bars of everybody at one job, a plot for each key size, all on one scale."""
    sizes = sorted({row.bits for row in record.select(work, compared.WORK[work], threads=threads)})
    fields = {bits: compared.field_of(record, work, bits, threads) for bits in sizes}
    fields = {bits: entries for bits, entries in fields.items() if entries}
    cores = "one core" if threads == 1 else f"{threads} threads"
    title = f"{'Sign' if work == 'sign' else 'Verify, with claims'}: {cores}"
    key = f"{work}-{threads}"
    if not fields:
        return Section(key, title, not_measured(f"this with {spelling.plural(threads, 'thread')}"))
    top = bars.longest([bar.row for entries in fields.values() for bar in entries], "ratio")
    panels = [
        panel(
            f"RSA {bits}",
            bars.bars(
                f"{key}-{bits}",
                entries,
                field="ratio",
                title=f"{title}, RSA {bits}: {FLOOR}",
                description=_reached(entries),
                unit=FLOOR,
                top=top,
                floor=1.0,
            ),
        )
        for bits, entries in fields.items()
    ]
    links = [
        element("a", words, href=f"#rows-{operation}")
        for words, operation in (("As a table", work), ("and in batches", compared.WORK[work]))
    ]
    links = [links[0], join(", "), links[1], join(".")]
    lead = (
        "Longer is faster; the upright mark on each bar is the floor, 1. "
        "The thin line at its end spans the middle half of all rounds."
        if threads == 1
        else f"The ratio is still to one core of openssl speed, so with {threads} threads {threads} would be par."
    )
    return Section(key, title, join(paragraph(lead, " ", *links, class_="note"), grid(*panels)))


def ahead(record: Record) -> Section:
    """Where somebody else is faster than the engine in use."""
    found = compared.ahead(record)
    if not found:
        body = paragraph(
            "Nowhere in this run, by more than the 3 % that count as a tie. "
            "Where there are ratios of the same rounds, those decide, not the times."
        )
    else:
        lead = (
            "Faster than fastjwt's engine in use at the same thing, by more than the 3 % that count as a tie."
        )
        table = tables.table(
            "Where others are ahead",
            ["who", "at what", "bits", "threads", "µs each", "fastjwt, µs each", "times as fast"],
            [
                [
                    each.peer.contender.name,
                    compared.operation_name(each.peer.operation)
                    + ("" if each.peer.operation.startswith("key:") else f", {each.peer.alg}"),
                    provenance.number(each.peer, "bits"),
                    provenance.number(each.peer, "threads"),
                    provenance.number(each.peer, "microseconds"),
                    provenance.number(each.ours, "microseconds"),
                    provenance.quotient(each.peer, each.ours),
                ]
                for each in found
            ],
            numeric=range(2, 7),
        )
        body = join(paragraph(lead, class_="note"), table)
    return Section("ahead", "Where others are ahead", body)
