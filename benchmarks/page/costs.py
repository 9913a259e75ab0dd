"""What one token or key costs: over batch sizes, stage by stage, with the other algorithm, and in memory."""

from __future__ import annotations

from page import bars, compared, curves, provenance, spelling, stack, tables
from page.markup import Markup, element, join
from page.record import Record, Row
from page.sections import Section, grid, not_measured, panel, paragraph

STAGES = ("split", "base64url", "sha256", "rsa", "json", "claims")
KEYS = ("key:private-pem", "key:public-pem", "key:public-jwk", "key:jwks-100")
MEMORY = {
    "tokens": "batch",
    "growth, bytes": "extra.peak_growth_bytes",
    "bytes a token": "extra.bytes_per_token",
    "verify_batch, growth": "extra.batch_peak_growth_bytes",
    "bytes a token of it": "extra.batch_bytes_per_token",
}


def _cost(record: Record, operation: str) -> tuple[Markup, list[Markup]] | None:
    """Return the curves of one operation, and a sentence a curve about its far end."""
    rows = record.select(operation, threads=1, bits=2048)
    drawn, sentences = [], []
    for contender in record.contenders:
        own = sorted((row for row in rows if row.contender is contender), key=lambda row: row.batch)
        if len(own) < 3:
            continue
        points = [
            curves.Point(
                row.batch,
                row.microseconds,
                provenance.attributes(row, "microseconds"),
                f"{row.batch:,} tokens a call: {provenance.text(row, 'microseconds')} µs a token",
            )
            for row in own
        ]
        drawn.append(curves.Curve(contender.engine, points, compared.kind(record, own[0])))
        thousand = next((row for row in own if row.batch == 1000), None)
        if thousand and own[-1].batch > 1000:
            change = own[-1].microseconds / thousand.microseconds - 1
            sentences.append(
                element(
                    "li",
                    f"{contender.engine}: {spelling.percent(change)} from 1,000 to {own[-1].batch:,} tokens",
                )
            )
    if not drawn:
        return None
    batches = [point.x for curve in drawn for point in curve.points]
    work = "sign" if operation == "sign_batch" else "verify"
    for row in record.select(work, threads=1, bits=2048, contender="openssl-speed"):
        words = f"{row.contender.label}: {provenance.text(row, 'microseconds')} µs"
        attributes = provenance.attributes(row, "microseconds")
        ends = [curves.Point(x, row.microseconds, attributes, words) for x in (min(batches), max(batches))]
        drawn.append(curves.Curve("floor", ends, "floor"))
    costs = [point.y for curve in drawn for point in curve.points]
    plot = curves.curves(
        f"scaling-{operation}",
        drawn,
        curves.logarithmic(batches, *curves.x_pixels()),
        curves.logarithmic(costs, *curves.y_pixels(), fine=max(costs) < 30 * min(costs)),
        title=f"Cost of one token against tokens in a call: {compared.operation_name(operation)}",
        description="; ".join(
            f"{curve.name}: {spelling.microseconds(curve.points[0].y)} microseconds at {curve.points[0].x:,}, "
            f"{spelling.microseconds(curve.points[-1].y)} at {curve.points[-1].x:,}"
            for curve in drawn
        ),
        across="tokens in one call",
        upwards="µs a token, one core, RSA 2048",
        spell=lambda value: f"{spelling.microseconds(value)} µs",
    )
    return plot, sentences


def scaling(record: Record) -> Section:
    """Cost per token as the work grows."""
    panels = []
    for operation in ("verify_batch", "sign_batch", "verify_signatures"):
        found = _cost(record, operation)
        if found:
            words = compared.operation_name(operation)
            plot, sentences = found
            panels.append(
                panel(words[0].upper() + words[1:], plot, element("ul", *sentences, class_="facts"))
            )
    lead = paragraph(
        "Both axes are logarithmic. A flat line means that the millionth token costs what the first did; "
        "the dashed one is bare OpenSSL.",
        class_="note",
    )
    body = join(lead, grid(*panels)) if panels else not_measured("batches of different sizes")
    return Section("scaling", "Cost as batches grow", body)


def stages(record: Record) -> Section:
    """Where the time of a verification goes, for each engine and key size that was taken apart."""
    panels = []
    taken = sorted(
        {(row.bits, row.contender.id) for row in record.rows if row.operation.startswith("stage:")},
        key=lambda pair: (pair[0], pair[1] != record.engine, pair[1]),
    )
    for bits, contender in taken:
        steps = []
        for stage in STAGES:
            rows = record.select(f"stage:{stage}", bits=bits, contender=contender, threads=1)
            if rows:
                # More than one batch size may have been taken apart: the largest has the least overhead.
                steps.append(
                    (compared.operation_name(f"stage:{stage}"), max(rows, key=lambda row: row.batch))
                )
        whole = next(
            (row for row in record.batched("verify_batch", bits, 1) if row.contender.id == contender), None
        )
        name = contender.removeprefix("fastjwt-")
        if not steps:
            continue
        said = "; ".join(f"{words}: {provenance.text(row, 'microseconds')}" for words, row in steps)
        panels.append(
            panel(
                f"{name}, RSA {bits}",
                stack.stack(
                    f"stages-{contender}-{bits}",
                    steps,
                    whole,
                    title=f"Stages of a verification on engine {name}, RSA {bits}, microseconds a token",
                    description=said,
                ),
            )
        )
    lead = paragraph(
        "Each step alone, in its own loop; the rule under a bar is verify_batch as a whole, which also builds "
        "its result and may overlap steps. Shares are of the sum of the steps.",
        class_="note",
    )
    return Section(
        "stages",
        "Where a verification's time goes",
        join(lead, grid(*panels)) if panels else not_measured("stages"),
    )


def _times(record: Record, key: str, rows: list[Row], notes: dict[int, str], title: str) -> Markup:
    """Return bars of microseconds, in the order given."""
    entries = [bars.Bar(row, notes.get(row.index, ""), compared.kind(record, row)) for row in rows]
    said = "; ".join(
        f"{row.contender.label} {notes.get(row.index, '')}: {provenance.text(row, 'microseconds')}"
        for row in rows
    )
    return bars.bars(
        key,
        entries,
        field="microseconds",
        title=title,
        description=said,
        unit="microseconds; shorter is faster",
    )


def algorithms(record: Record) -> Section:
    """Set RS256 beside HS256, in pairs, for everybody who was measured with both."""
    panels = []
    for work, words in (("sign", "Sign, one a call"), ("verify", "Verify with claims, one a call")):
        secrets = {row.contender.id: row for row in record.select(work, alg="HS256", threads=1)}
        public = [row for row in record.select(work, bits=2048, threads=1) if row.contender.id in secrets]
        public.sort(key=lambda row: (row.microseconds, row.contender.label))
        pairs = [(row, secrets[row.contender.id]) for row in public]
        if not pairs:
            continue
        rows = [row for pair in pairs for row in pair]
        title = f"{words}: RS256 with 2048 bits beside HS256"
        facts = [
            element(
                "li", f"{row.contender.label}: HS256 is ", provenance.quotient(secret, row), " times as fast"
            )
            for row, secret in pairs
            if row.contender.id == record.engine
        ]
        plot = _times(record, f"algorithms-{work}", rows, {row.index: row.alg for row in rows}, title)
        panels.append(panel(words, plot, element("ul", *facts, class_="facts")))
    lead = paragraph(
        "HS256 shares one secret between issuer and every service; RS256 gives services a public key, which cannot "
        "sign. What that costs in time, in pairs, the fastest at RS256 first:",
        class_="note",
    )
    return Section(
        "algorithms", "RS256 beside HS256", join(lead, grid(*panels)) if panels else not_measured("HS256")
    )


def keys(record: Record) -> Section:
    """Show how long keys take to read."""
    panels = []
    for operation in KEYS:
        rows = record.select(operation, threads=1)
        if rows:
            bits = min(row.bits for row in rows)
            rows = [row for row in rows if row.bits == bits]
            rows.sort(key=lambda row: (row.microseconds, row.contender.label))
            words = compared.operation_name(operation)
            key = operation.replace(":", "-")
            plot = _times(
                record,
                key,
                rows,
                {row.index: row.contender.version or "" for row in rows},
                f"{words}, {bits} bits",
            )
            panels.append(panel(words[0].upper() + words[1:], plot, note=f" {bits} bits"))
    return Section("keys", "Reading keys", grid(*panels) if panels else not_measured("the reading of keys"))


def memory(record: Record) -> Section:
    """Show what a stream holds while it runs."""
    rows = [row for row in record.rows if row.operation == "memory:verify_stream"]
    if not rows:
        return Section("memory", "Memory of a stream", not_measured("memory"))
    rows.sort(key=lambda row: (row.contender.id != record.engine, row.contender.id, row.batch))
    lead = "How far verify_stream made the process grow at most; it should not depend on the length of the stream."
    columns = [
        (words, field)
        for words, field in MEMORY.items()
        if field == "batch" or any(row.value(field) is not None for row in rows)
    ]
    table = tables.table(
        "Memory of verify_stream",
        ["contender", *(words for words, _ in columns)],
        [[row.contender.label, *(provenance.number(row, field) for _, field in columns)] for row in rows],
        numeric=range(1, len(columns) + 1),
    )
    return Section("memory", "Memory of a stream", join(paragraph(lead, class_="note"), table))
