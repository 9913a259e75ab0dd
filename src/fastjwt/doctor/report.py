"""What a doctor's visit comes to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .._version import __version__

__all__ = ["Finding", "Report"]


@dataclass(frozen=True)
class Finding:
    """Something to know (level `note`) or to act on (`problem`), with the commands that put it right."""

    level: str
    code: str  # stable, for scripts
    text: str
    remedy: tuple[str, ...] = ()


@dataclass
class Report:
    """All that the doctor saw."""

    version: str = __version__
    engine: dict[str, Any] = field(default_factory=dict)
    engines: list[dict[str, Any]] = field(default_factory=list)
    openssl: dict[str, Any] = field(default_factory=dict)
    build: dict[str, Any] = field(default_factory=dict)
    python: dict[str, Any] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def problems(self) -> list[Finding]:
        """The findings that are worth acting on."""
        return [finding for finding in self.findings if finding.level == "problem"]

    def add(self, level: str, code: str, text: str, *remedy: str) -> None:
        """Take down a finding."""
        self.findings.append(Finding(level, code, text, remedy))

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON may hold it."""
        return {"healthy": not self.problems, **asdict(self)}
