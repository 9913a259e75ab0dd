"""A benchmark's report, for reading."""

from __future__ import annotations

from .._version import __version__
from .report import Report

__all__ = ["as_text"]


def as_text(report: Report) -> str:
    """Return the report as a page of text; ratios first."""
    plan = report.plan
    lines = [
        f"fastjwt {__version__}, {report.openssl_version}, RS256 with {plan.bits} bits, {plan.rounds} rounds",
        "",
        f"  {'operation':<19}{'engine':<12}{'threads':>7}  {'ratio':>6}  {'quartiles':<14}{'tokens/s':>10}",
    ]
    for row in sorted(report.rows, key=lambda row: (row.threads, row.operation)):
        ratio, quartiles = "-", ""
        if row.ratio is not None:
            ratio = f"{row.ratio.median:.2f}"
            quartiles = f"{row.ratio.low:.2f} - {row.ratio.high:.2f}"
        lines.append(
            f"  {row.operation:<19}{row.engine:<12}{row.threads:>7}  {ratio:>6}  {quartiles:<14}"
            f"{row.rate.median:>10,.0f}"
        )
    lines.append("")
    if report.floors:
        raw = ", ".join(f"{operation} {rate.median:,.0f}/s" for operation, rate in report.floors.items())
        lines += [
            "  Ratios are to a bare libcrypto loop in C on one thread of this process, in the same rounds:",
            f"  {raw}. It does no SHA-256, no base64url, no JSON.",
        ]
    else:
        lines.append("  Nothing to compare with: no engine with a bare libcrypto loop can run here.")
    lines.append("  `verify` and `verify_batch` read and check claims; `verify_signatures` does not.")
    if report.noisy:
        lines.append(
            f"  NOISY: the load was {report.load_before:.1f} before this began; read ratios with care."
        )
    return "\n".join([*lines, "", f"All of this took {report.seconds:.1f} s."])
