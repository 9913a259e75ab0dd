"""Who took part and how, who could not, on what machine, and every figure in tables."""

from __future__ import annotations

from typing import Any

from page import compared, spelling, tables
from page.markup import element, join
from page.record import Record
from page.sections import Section, paragraph


def contenders(record: Record) -> Section:
    """Who took part, in which version, and how each one was used."""
    body = tables.table(
        "Contenders, and how each one was used",
        ["contender", "version", "language", "RSA by", "how it was used"],
        [
            [
                element("b", each.label) if each.ours else each.label,
                each.version or spelling.NOTHING,
                each.language,
                each.library,
                each.how,
            ]
            for each in record.contenders
            if each.available
        ],
    )
    return Section("contenders", "Contenders", body)


def missing(record: Record) -> Section:
    """Who could not be measured, and why."""
    absent = [each for each in record.contenders if not each.available]
    if not absent:
        return Section("missing", "Not measured", paragraph("Every contender could be measured here."))
    body = tables.table(
        "Contenders that could not be measured here",
        ["contender", "language", "why not"],
        [[each.name, each.language, each.reason or "no reason was recorded"] for each in absent],
    )
    return Section("missing", "Not measured", body)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_written(item) for item in value) or spelling.NOTHING
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_written(item)}" for name, item in value.items()) or spelling.NOTHING
    return spelling.NOTHING if value in {None, ""} else str(value)


def circumstances(record: Record) -> Section:
    """Everything that was recorded about the machine."""
    names = {
        "utc": "measured at (UTC)",
        "cpu": "CPU",
        "flags": "CPU flags",
        "load": "load before",
        "load_after": "load after",
        "openssl": "OpenSSL of the engine",
        "openssl_command": "OpenSSL of the command",
        "python": "Python",
        "engine_reason": "why this engine",
        "pinned_to": "pinned to cores",
        "dirty": "uncommitted changes",
        "seconds": "duration, seconds",
        "kernel": "Linux kernel",
        "argv": "options",
        "fastjwt": "fastjwt",
    }
    pairs = []
    for name, value in {"mode": record.mode, **record.circumstances}.items():
        words = names.get(name, name.replace("_", " "))
        pairs.append(element("div", element("dt", words), element("dd", _written(value), data_fact=name)))
    return Section("circumstances", "Circumstances", element("dl", *pairs))


def rows(record: Record) -> Section:
    """Everything that was measured, ratios and absolute figures."""
    operations = list(dict.fromkeys(row.operation for row in record.rows))
    folded = []
    for operation in operations:
        own = [row for row in record.rows if row.operation == operation]
        own.sort(key=lambda row: (row.alg != "RS256", row.bits, row.threads, row.batch, -row.rate))
        words = compared.operation_name(operation)
        folded.append(
            tables.folded(
                f"{words[0].upper()}{words[1:]} ({spelling.plural(len(own), 'row')})",
                tables.of_rows(words, own),
                key=f"rows-{operation.replace(':', '-')}",
            )
        )
    return Section("rows", "All figures", join(*folded))
