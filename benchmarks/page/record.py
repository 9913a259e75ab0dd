"""The record of one run: what was measured, by which contender, and under which circumstances."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1

# What the ratios are to, and the loop that shows what calling libcrypto costs: no tokens, no claims.
FLOORS = ("openssl-speed", "libcrypto-loop")

# Below this, a difference is the machine's.
TIE = 0.03


class RecordError(ValueError):
    """The file is no record of a benchmark run."""


@dataclass(frozen=True)
class Contender:
    """A library, as it was used."""

    id: str
    label: str
    version: str | None
    language: str
    library: str
    how: str
    available: bool
    reason: str | None

    @property
    def ours(self) -> bool:
        """Whether this is fastjwt, on any engine."""
        return self.id.startswith("fastjwt-")

    @property
    def engine(self) -> str:
        """The engine's name if this is fastjwt, else the label."""
        return self.id.removeprefix("fastjwt-") if self.ours else self.label

    @property
    def floor(self) -> bool:
        """Whether this is bare OpenSSL, which others are measured by."""
        return self.id in FLOORS

    @property
    def name(self) -> str:
        """Label and version."""
        return f"{self.label} {self.version}" if self.version else self.label


@dataclass(frozen=True)
class Row:
    """One contender doing one thing; rates are per second, ratios to one core of the floor."""

    index: int
    operation: str
    alg: str
    contender: Contender
    bits: int
    threads: int
    batch: int
    rate: float
    ratio: float | None
    low: float | None
    high: float | None
    rate_low: float | None
    rate_high: float | None
    rounds: int
    extra: dict[str, Any]

    @property
    def microseconds(self) -> float:
        """Time for one token (or key), over all threads together."""
        return 1e6 / self.rate

    def value(self, field: str) -> float | None:
        """Return what a data-field attribute names; "extra.x" is the member x of `extra`."""
        if field.startswith("extra."):
            return self.extra.get(field.removeprefix("extra."))
        value: float | None = getattr(self, field)
        return value


@dataclass(frozen=True)
class Record:
    """A run, and the very octets it came from, because a copy shall be the same to the last one."""

    octets: bytes
    document: dict[str, Any]
    contenders: tuple[Contender, ...]
    rows: tuple[Row, ...]

    @property
    def mode(self) -> str:
        """How long was measured: "whole" or "quick"."""
        return str(self.document["mode"])

    @property
    def circumstances(self) -> dict[str, Any]:
        """Machine, software, load and noise."""
        found: dict[str, Any] = self.document["circumstances"]
        return found

    @property
    def noise(self) -> list[str]:
        """Why the figures are worth less than usual, in sentences; empty on a quiet machine."""
        if not self.circumstances.get("noisy"):
            return []
        reasons = map(str, self.circumstances.get("noise") or ["No reason was recorded"])
        return [reason if reason.rstrip().endswith((".", "!", "?")) else f"{reason}." for reason in reasons]

    @property
    def engine(self) -> str:
        """The id of the fastjwt that a user of this machine gets."""
        return f"fastjwt-{self.circumstances.get('engine')}"

    def select(self, *operations: str, alg: str = "RS256", **wanted: int | str) -> list[Row]:
        """Return the rows of these operations; `bits`, `threads`, `batch` and `contender` narrow them."""
        return [
            row
            for row in self.rows
            if row.operation in operations
            and row.alg == alg
            and all(
                (row.contender.id if field == "contender" else getattr(row, field)) == value
                for field, value in wanted.items()
            )
        ]

    def usual_batch(self, operation: str) -> int | None:
        """Return the batch size that most contenders, key sizes and threads were measured with, the larger of equals.

        Curves over batch sizes are measured for few of them, so this is the size made for comparing.
        """
        counted = Counter(row.batch for row in self.select(operation))
        return max(counted, key=lambda batch: (counted[batch], batch), default=None)

    def batched(self, operation: str, bits: int, threads: int) -> list[Row]:
        """Return one row a contender, of the usual batch size or the one nearest to it."""
        usual = self.usual_batch(operation)
        nearest: dict[str, Row] = {}
        if usual is None:
            return []

        def distance(row: Row) -> float:
            return abs(math.log(max(row.batch, 1) / usual))

        for row in self.select(operation, bits=bits, threads=threads):
            held = nearest.get(row.contender.id)
            if held is None or distance(row) < distance(held):
                nearest[row.contender.id] = row
        return list(nearest.values())

    def best_of_ours(self, rows: Iterable[Row]) -> Row | None:
        """Return the row of the engine in use, or of the best other one where that was not measured."""
        ours = [row for row in rows if row.contender.ours]
        in_use = [row for row in ours if row.contender.id == self.engine]
        return max(in_use or ours, key=lambda row: row.rate, default=None)


def _contender(item: dict[str, Any]) -> Contender:
    return Contender(
        id=str(item["id"]),
        label=str(item["label"]),
        version=None if item.get("version") is None else str(item["version"]),
        language=str(item.get("language") or ""),
        library=str(item.get("library") or ""),
        how=str(item.get("how") or ""),
        available=bool(item["available"]),
        reason=None if item.get("reason") is None else str(item["reason"]),
    )


def _row(index: int, item: dict[str, Any], contenders: dict[str, Contender]) -> Row:
    if item["contender"] not in contenders:
        raise RecordError(f"row {index} is of {item['contender']!r}, which is no contender of this record")
    if not item["rate"] > 0:
        raise RecordError(f"row {index} has the rate {item['rate']!r}, expected a positive number")
    return Row(
        index=index,
        operation=str(item["operation"]),
        alg=str(item["alg"]),
        contender=contenders[item["contender"]],
        bits=int(item["bits"]),
        threads=int(item["threads"]),
        batch=int(item["batch"]),
        rate=item["rate"],
        ratio=item.get("ratio"),
        low=item.get("low"),
        high=item.get("high"),
        rate_low=item.get("rate_low"),
        rate_high=item.get("rate_high"),
        rounds=int(item["rounds"]),
        extra=item.get("extra") or {},
    )


def _no_constant(text: str) -> None:
    raise RecordError(f"{text} is no number that can be shown")


def parse(octets: bytes) -> Record:
    """Read a record; raises RecordError, which says what is wrong."""
    try:
        document = json.loads(octets, parse_constant=_no_constant)
        if document["format"] != FORMAT:
            raise RecordError(f"the record has format {document['format']!r}, expected {FORMAT}")
        contenders = {item["id"]: _contender(item) for item in document["contenders"]}
        rows = tuple(_row(index, item, contenders) for index, item in enumerate(document["rows"]))
        record = Record(octets, document, tuple(contenders.values()), rows)
        _ = record.mode, record.circumstances.get("engine")
    except RecordError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"no record of a benchmark run ({type(error).__name__}: {error})") from error
    return record


def read(path: Path) -> Record:
    """Read the record in a file."""
    try:
        return parse(path.read_bytes())
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error
