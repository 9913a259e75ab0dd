"""A demonstration's outcome, for reading."""

from __future__ import annotations

from .._version import __version__
from .outcome import Outcome
from .spoiling import KINDS

__all__ = ["as_text"]

_SHOWN_MISMATCHES = 10


def as_text(outcome: Outcome) -> str:
    """Return the outcome as a page of text."""
    plan = outcome.plan
    count = f"{plan.tokens:,}"
    ways = len(outcome.spoiled)
    lines = [
        f"fastjwt {__version__}, engine {outcome.engine}, {outcome.openssl_version}, {_threads(outcome.threads)}",
        "",
        f"Minted    {count:>9} OpenID Connect tokens of about {outcome.token_bytes:.0f} bytes, RS256, {plan.bits} bits",
        f"Spoiled   {outcome.spoiled.total():>9,} of them, in {ways} way{'' if ways == 1 else 's'}",
        f"Verified  {count:>9} against a JSON Web Key Set of two keys",
        "",
        *_kinds(outcome),
        "",
        *_verdict(outcome),
        "",
        *_speed(outcome),
        "",
        f"All of this took {outcome.seconds:.1f} s.",
    ]
    return "\n".join(lines)


def _threads(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def _kinds(outcome: Outcome) -> list[str]:
    """Return a table of what was done beside what was found."""
    lines = [f"  {'what was done':<38}{'spoiled':>8}{'refused':>9}   as"]
    for kind in KINDS:
        spoiled = outcome.spoiled[kind.name]
        if spoiled:
            refused_as = outcome.refused_as(kind)
            wrong = {error: count for error, count in refused_as.items() if error != kind.error}
            notes = [kind.error, *(f"WRONG: {count:,} {error}" for error, count in wrong.items())]
            lines.append(f"  {kind.name:<38}{spoiled:>8,}{sum(refused_as.values()):>9,}   {', '.join(notes)}")
    honest_refused = ", ".join(f"WRONG: {count:,} {error}" for error, count in outcome.honest_refused.items())
    return [
        *lines,
        f"  {'':<38}{'-' * 7:>8}{'-' * 7:>9}",
        f"  {'all spoiled ones':<38}{outcome.spoiled.total():>8,}{outcome.refused.total():>9,}",
        f"  {'the rest, left alone':<38}{outcome.honest:>8,}{outcome.honest_refused.total():>9,}"
        + (f"   {honest_refused}" if honest_refused else ""),
        "",
        f"  {'found by reason':<38}{'':>8}{'refused':>9}",
        *(f"  {error:<38}{'':>8}{number:>9,}" for error, number in outcome.found_by_reason().most_common()),
    ]


def _verdict(outcome: Outcome) -> list[str]:
    if outcome.exact:
        return [
            "Exactly the spoiled tokens were refused, each for the right reason; all others gave back their claims."
        ]
    shown = [
        f"  token {miss.index}, {miss.kind}: expected {miss.expected}, got {miss.got}"
        for miss in outcome.mismatches[:_SHOWN_MISMATCHES]
    ]
    return [f"WRONG: {len(outcome.mismatches):,} verdicts are not what they should be.", *shown]


def _speed(outcome: Outcome) -> list[str]:
    lines = [f"  {'speed':<22}{'tokens/s':>10}{'raw libcrypto':>16}{'ratio':>8}"]
    for entry in outcome.measurements:
        raw = "-" if entry.raw is None else f"{entry.raw:,.0f}"
        ratio = "-" if entry.ratio is None else f"{entry.ratio:.2f}"
        name = f"{entry.operation}, {_threads(entry.threads)}"
        lines.append(f"  {name:<22}{entry.rate:>10,.0f}{raw:>16}{ratio:>8}")
    if any(entry.raw is not None for entry in outcome.measurements):
        lines.append(
            "  Raw libcrypto: RSA operations a second, in a bare C loop on one thread of this process."
        )
    else:
        lines.append(
            f"  Nothing to compare with: the engine {outcome.engine} has no bare libcrypto loop beside it."
        )
    return lines
