"""Who is compared with whom, for the plots and for the list of those who are ahead of us."""

from __future__ import annotations

from dataclasses import dataclass

from page.bars import Bar
from page.provenance import times_as_fast
from page.record import TIE, Record, Row

# One token a call, and the same work with many tokens a call.
WORK = {"sign": "sign_batch", "verify": "verify_batch"}


def _note(row: Row, both: set[str]) -> str:
    if row.contender.floor:
        return "no token, no claims"
    if row.batch > 1:
        return f"batches of {row.batch:,}"
    return "one a call" if row.contender.id in both else row.contender.version or ""


def kind(record: Record, row: Row) -> str:
    """Return the class that a contender is painted by."""
    if row.contender.ours:
        return "chosen" if row.contender.id == record.engine else "ours"
    return "floor" if row.contender.floor else "peer"


def field_of(record: Record, work: str, bits: int, threads: int) -> list[Bar]:
    """Return everybody who signs or verifies (`work`), one a call and in batches, the fastest first."""
    single = record.select(work, bits=bits, threads=threads)
    rows = single + record.batched(WORK[work], bits, threads)
    rows = [row for row in rows if row.ratio is not None]
    both = {row.contender.id for row in rows if row.batch > 1} & {
        row.contender.id for row in rows if row.batch == 1
    }
    rows.sort(key=lambda row: (-(row.ratio or 0), row.contender.label, row.batch))
    return [Bar(row, _note(row, both), kind(record, row), row.contender.id in both) for row in rows]


@dataclass(frozen=True)
class Ahead:
    """A peer that is faster than the fastjwt in use at the same thing."""

    peer: Row
    ours: Row


def ahead(record: Record) -> list[Ahead]:
    """Return every row of a peer that beats ours by more than a tie, like with like, the farthest ahead first."""
    groups: dict[tuple[str, str, int, int, int], list[Row]] = {}
    for row in record.rows:
        if not row.operation.startswith(("stage:", "memory:")):
            batch = 0 if row.batch == 1 else row.batch
            groups.setdefault((row.operation, row.alg, row.bits, row.threads, batch), []).append(row)
    found: list[Ahead] = []
    for rows in groups.values():
        ours = record.best_of_ours(rows)
        if ours:
            found.extend(
                Ahead(row, ours)
                for row in rows
                if not row.contender.ours and not row.contender.floor and times_as_fast(row, ours) > 1 + TIE
            )
    return sorted(found, key=lambda each: -times_as_fast(each.peer, each.ours))


def best_peer(record: Record, work: str, bits: int = 2048) -> Row | None:
    """Return the fastest library at one thread: lines written by hand around the cryptography package are none."""
    rows = [
        row
        for row in record.select(work, WORK[work], bits=bits, threads=1)
        if not (row.contender.ours or row.contender.floor or row.contender.id == "cryptography")
    ]
    return max(rows, key=lambda row: row.rate, default=None)


def operation_name(operation: str) -> str:
    """Return words for an operation."""
    return {
        "sign": "sign, one a call",
        "verify": "verify with claims, one a call",
        "sign_batch": "sign in batches",
        "verify_batch": "verify with claims, in batches",
        "verify_signatures": "verify signatures alone, in batches",
        "key:private-pem": "read a private key from PEM",
        "key:public-pem": "read a public key from PEM",
        "key:public-jwk": "read a public key from JWK",
        "key:jwks-100": "read a JWKS of 100 keys, each key",
        "stage:split": "split into segments",
        "stage:base64url": "decode base64url",
        "stage:sha256": "SHA-256",
        "stage:rsa": "RSA",
        "stage:json": "read JSON",
        "stage:claims": "check claims",
        "memory:verify_stream": "memory of verify_stream",
    }.get(operation, operation)
