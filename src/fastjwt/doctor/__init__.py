"""What `fastjwt doctor` finds out: which engine runs here, why not a better one, and what should be put right.

`examine` looks and judges, `as_text` prints.
"""

from __future__ import annotations

import os
import re

from .. import engines
from .build import DISTRIBUTION, build_info, missing_parts, rebuild_commands
from .machine import describe_machine, describe_python
from .report import Finding, Report
from .text import as_text

__all__ = ["Finding", "Report", "as_text", "examine"]


def examine() -> Report:
    """Look at this installation and this machine."""
    report = Report(build=build_info(), python=describe_python(), machine=describe_machine())
    _judge_engines(report)
    _judge_openssl(report)
    _judge_owners(report)
    return report


def _judge_engines(report: Report) -> None:
    for name in engines.names():
        reason = engines.why_not(name)
        report.engines.append({"name": name, "available": not reason, "reason": reason})
    forced = os.environ.get("FASTJWT_ENGINE") or None
    try:
        info = engines.engine()
    except (ValueError, RuntimeError) as error:
        report.engine = {"name": None, "reason": str(error), "forced_by_environment": forced}
        report.add("problem", "no_engine", str(error), *(["unset FASTJWT_ENGINE"] if forced else []))
        return
    report.engine = {**info._asdict(), "forced_by_environment": forced}
    if info.name == "pure" and info.available != ("pure",):
        text = "the slow engine was chosen by FASTJWT_ENGINE, although a native one can run"
        report.add("problem", "slow_engine_forced", text, "unset FASTJWT_ENGINE")
    elif info.name == "pure":
        _explain_slow_engine(report)


def _explain_slow_engine(report: Report) -> None:
    """Say what kept the native engine from being built, what is still missing, and how to get it."""
    missing = missing_parts()
    packages = " ".join(dict.fromkeys(package for _, package in missing))
    lines = ["only the slow engine can run here", engines.why_not("openssl")]
    output = str(report.build.get("compiler_output") or "")
    if output and "gcc" not in packages.split():  # without a compiler there is nothing to read in it
        lines += ["the compiler said:", *(f"  {line}" for line in output.splitlines())]
    if missing:
        lines.append("missing now: " + "; ".join(what for what, _ in missing))
        lines.append("on Debian and Ubuntu, and then with pip:")
    elif report.build.get("mode") == "off":
        lines.append("it was switched off on purpose; unset FASTJWT_NATIVE, and then:")
    else:
        advice = str(report.build.get("remedy") or "")
        if advice and "apt-get" not in advice:  # packages are there by now
            lines.append(f"the build's advice: {advice}")
        lines.append("compiler and headers are here now, so that it can be built:")
    install = [f"apt-get install {packages}"] if missing else []
    report.add("problem", "no_native_engine", "\n".join(lines), *install, *rebuild_commands())


def _judge_openssl(report: Report) -> None:
    running = report.engine.get("openssl_version")
    headers = report.build.get("openssl_headers") or None
    report.openssl = {"running": running, "headers": headers}
    if report.engine.get("name") in (None, "pure"):  # which brings an OpenSSL of its own
        return
    release = _release(running)
    built_for = _release(headers)
    if release and built_for and release[0] != built_for[0]:
        text = f"the engine was built with the headers of {headers}, but {running} is loaded"
        report.add("problem", "openssl_mismatch", text, *rebuild_commands())
    if report.engine["name"] == "openssl" and release == (3, 0) and report.machine["flags"]["avx512ifma"]:
        # Its code for these instructions covers 2048-bit keys only; 3.5 and 4.0 have it for 3072 and 4096, too.
        text = (
            f"{running} signs with 3072 and 4096 bits at half the speed of OpenSSL 3.5 or 4.0 on this CPU, as it uses"
            " AVX-512 IFMA for 2048 bits only;\n2048-bit keys, and verifying with any, are not concerned"
        )
        report.add("note", "openssl_3_0_trap", text)


def _release(version: str | None) -> tuple[int, int] | None:
    match = re.search(r"\b(\d+)\.(\d+)\.\d+", version or "")
    return (int(match[1]), int(match[2])) if match else None


def _judge_owners(report: Report) -> None:
    """Look for another distribution that installs a `fastjwt` folder: pip lets each overwrite the other's files."""
    owners = report.python["owners_of_fastjwt"]
    foreign = [owner for owner in owners if re.sub(r"[-_.]+", "-", owner).lower() != DISTRIBUTION]
    if foreign:
        text = (
            f"the distribution {', '.join(foreign)} installs a package named fastjwt, too: whichever came last has\n"
            "overwritten files of the other, and uninstalling one deletes the other's"
        )
        remedy = f"pip uninstall fastjwt; pip install --force-reinstall {DISTRIBUTION}"
        report.add("problem", "foreign_distribution", text, remedy)
