"""Brings the peers: those of pip by the extra `bench`, those of npm into benchmarks/node_modules.

    python benchmarks/installing.py     # ./dev bench does it; what is there already is left alone

Each is installed by itself, as a wheel or not at all: one that has none for this Python never keeps the others out.
The reason is kept in build/bench/not_installed.json, where the run finds it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent
BUILT = HERE.parent / "build" / "bench"
REASONS = BUILT / "not_installed.json"

_NPM_SECONDS = 180


def requirements(lines: Iterable[str]) -> dict[str, str]:
    """Return the requirements of the extra `bench` that are meant for this Python, by the name of the distribution."""
    wanted = {}
    for line in lines:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is not None and marker.evaluate({"extra": "bench"}) and not marker.evaluate({"extra": ""}):
            requirement.marker = None
            wanted[requirement.name] = str(requirement)
    return wanted


def reason_of(output: str) -> str:
    """Return in one sentence why pip could not install something, from what it printed."""
    version = ".".join(map(str, sys.version_info[:2]))
    if "No matching distribution" in output:
        return f"no wheel for this Python ({version}) and platform"
    last = [line for line in output.splitlines() if line.startswith("ERROR")]
    return (last[-1].removeprefix("ERROR: ") if last else "pip failed")[:200]


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _install_by_pip(requirement: str) -> str:
    """Install one peer as a wheel; return why that failed, or an empty text."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "--only-binary", ":all:", requirement], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else reason_of(done.stderr)


def _install_by_npm() -> str:
    """Install the peers of Node; return why that failed, or an empty text."""
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    if all((HERE / "node_modules" / name / "package.json").exists() for name in wanted):
        return ""
    if shutil.which("npm") is None:
        return "npm is not installed here"
    command = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    # Left alone, npm tries for more than a minute where there is no network.
    command += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    try:
        done = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, timeout=_NPM_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"npm did not end within {_NPM_SECONDS} seconds"
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith(("npm error", "npm ERR!"))]
        return f"npm failed: {' '.join(errors[:2])}"[:200]
    return ""


def known_reasons() -> dict[str, str]:
    """Return why distributions could not be installed, by name, and under "npm" why those of Node could not."""
    if not REASONS.exists():
        return {}
    known = json.loads(REASONS.read_text())
    return {**known["pip"], **({"npm": known["npm"]} if known["npm"] else {})}


def main() -> int:
    """Install what is missing; always 0, since a peer that is missing is listed and not fatal."""
    BUILT.mkdir(parents=True, exist_ok=True)
    wanted = requirements(importlib.metadata.requires("fastjwt-openssl") or [])
    # What failed is tried again when the wishes or this Python change, or after the file was deleted.
    state = hashlib.sha256(repr((sys.version, sorted(wanted.values()))).encode()).hexdigest()[:16]
    known = json.loads(REASONS.read_text()) if REASONS.exists() else {}
    reasons: dict[str, str] = known.get("pip", {}) if known.get("state") == state else {}
    for name, requirement in wanted.items():
        if not _is_installed(name) and name not in reasons:
            print(f"bench: installing {requirement}", file=sys.stderr)
            reason = _install_by_pip(requirement)
            if reason:
                reasons[name] = reason
    npm = _install_by_npm()
    REASONS.write_text(json.dumps({"state": state, "pip": reasons, "npm": npm}, indent=1) + "\n")
    for name, reason in {**reasons, **({"npm": npm} if npm else {})}.items():
        print(f"bench: without {name}: {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
