"""A doctor's report, for reading."""

from __future__ import annotations

from typing import Any

from .report import Report

__all__ = ["as_text"]

_LABEL_WIDTH = 12


def as_text(report: Report) -> str:
    """Return the report as a page of text: what there is first, what to do about it last."""
    engine = report.engine
    chosen = engine.get("name") or "none"
    forced = engine.get("forced_by_environment")
    lines = [
        f"fastjwt {report.version}",
        "",
        *_block(
            "engine",
            f"{chosen}{f' (forced by FASTJWT_ENGINE={forced})' if forced else ''}",
            *(_candidate(candidate, chosen) for candidate in report.engines),
        ),
        *_block("threads", str(engine.get("threads", "unknown"))),
        *_block(
            "OpenSSL",
            f"{report.openssl.get('running') or 'unknown'} (running)",
            f"{report.openssl.get('headers') or 'unknown'} (headers of the build)",
        ),
        *_block("build", *_build(report.build)),
        *_block("Python", *_python(report.python)),
        *_machine(report.machine),
        "",
        *_findings(report),
    ]
    return "\n".join(lines)


def _block(label: str, *lines: str) -> list[str]:
    labels = [label, *[""] * (len(lines) - 1)]
    return [f"{name:<{_LABEL_WIDTH}}{line}" for name, line in zip(labels, lines, strict=True)]


def _candidate(candidate: dict[str, Any], chosen: str) -> str:
    if candidate["name"] == chosen:
        return f"- {candidate['name']}: in use"
    if candidate["available"]:
        return f"- {candidate['name']}: can run"
    return f"- {candidate['name']}: cannot run: {candidate['reason']}"


def _build(build: dict[str, Any]) -> list[str]:
    if not build["recorded"]:
        return ["not recorded (there is no _build_info.py)"]
    if not build["native"]:
        return [f"without native code (FASTJWT_NATIVE={build['mode']})"]
    lines = [f"native (FASTJWT_NATIVE={build['mode']}), {build['compiler'] or 'compiler unknown'}"]
    return [*lines, str(build["flags"])] if build["flags"] else lines


def _python(python: dict[str, Any]) -> list[str]:
    packages = python["packages"].items()
    return [
        f"{python['implementation']} {python['version']}, {python['executable']}",
        ", ".join(f"{name} {version or '(not installed)'}" for name, version in packages),
        f"JSON by {python['json_reader']}",
    ]


def _yes(value: bool | None) -> str:
    return "unknown" if value is None else "yes" if value else "no"


def _machine(machine: dict[str, Any]) -> list[str]:
    cpus = machine["cpus"]
    kernel = machine["avx512ifma"]
    limits = [f"{cpus['present']} present"]
    if cpus["by_affinity"] is not None:
        limits.append(f"{cpus['by_affinity']} by affinity")
    group = cpus["by_control_group"]
    limits.append("no limit by control group" if group is None else f"{group} by control group")
    return [
        *_block("machine", f"{machine['distribution'] or machine['system']}, {machine['architecture']}"),
        *_block(
            "CPU",
            machine["cpu"] or "unknown",
            ", ".join(f"{name} {_yes(value)}" for name, value in machine["flags"].items()),
            f"AVX-512 IFMA: CPU {_yes(kernel['cpu_flag'])}, operating system"
            f" {_yes(kernel['system_saves_registers'])}: {kernel['decision']}",
        ),
        *_block("CPUs", f"{cpus['usable']} usable ({', '.join(limits)})"),
    ]


def _findings(report: Report) -> list[str]:
    lines = []
    for finding in sorted(report.findings, key=lambda finding: finding.level != "problem"):
        first, *rest = finding.text.splitlines()
        lines += [f"{finding.level.upper()}: {first}", *(f"  {line}" for line in rest)]
        lines += [f"    {command}" for command in finding.remedy]
        lines.append("")
    count = len(report.problems)
    lines.append("Nothing needs to be done." if not count else f"{count} problem{'' if count == 1 else 's'}.")
    return lines
