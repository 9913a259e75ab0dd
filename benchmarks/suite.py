"""The suite as a command, `./dev bench`: measure, record, compare, and hand over to the page.

    python benchmarks/suite.py                   # all of it, about 25 minutes on two cores
    python benchmarks/suite.py --quick           # under three minutes
    python benchmarks/suite.py --compare [REV]   # the same, and what became slower than the noise since then
    python benchmarks/suite.py --compare --from build/bench/record.json    # of a run that was made before

pytest runs once pinned to one core, and once to two for what runs on two threads.  It writes build/bench/record.json,
adds a line to benchmarks/history.jsonl after a whole run or with --record, and lets report.py write the page.  It fails
if an answer was wrong, never because of a time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import comparison
import history
import installing
import recording
import samples
from cores import cold_page_seconds, idle_share_taken
from recording import Record

HERE = Path(__file__).parent
BUILT = installing.BUILT
REPORT = HERE / "report.py"

_IDLE_SECONDS = 1.0


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="fewer keys, shorter samples: under three minutes"
    )
    parser.add_argument(
        "--compare",
        nargs="?",
        const="",
        default=None,
        metavar="REV",
        help="say what became slower than the noise since the newest recorded run, or the newest one of REV",
    )
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="RECORD",
        help="measure nothing: take the record of an earlier run",
    )
    parser.add_argument(
        "--record", action="store_true", help="add to the history, as whole runs do by themselves"
    )
    parser.add_argument("--contenders", default="", help="measure only these, by id, with commas between")
    parser.add_argument("--operations", default="", help="measure only these, such as sign,verify_batch")
    parser.add_argument("--rounds", type=int, default=0, help="rounds, instead of the plan's")
    parser.add_argument("--seconds", type=float, default=0.0, help="seconds a sample, instead of the plan's")
    parser.add_argument(
        "--cores",
        type=lambda text: [int(core) for core in text.split(",")],
        default=sorted(os.sched_getaffinity(0))[-2:],
        help="cores to pin to, such as 2,3; the first serves what runs on one (the last two)",
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "cpu"),
        default="wall",
        help="what counts as time on one core; cpu, processor time, is for a machine that is never quiet (wall)",
    )
    parser.add_argument("--plan", choices=("whole", "quick", "smoke"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, default=BUILT, help=argparse.SUPPRESS)
    return parser.parse_args(given)


def _pytest(options: argparse.Namespace, mode: str, cores: Sequence[int], output: Path) -> list[str]:
    """Return the command of one pytest run."""
    command = [sys.executable, "-m", "pytest", str(HERE), "-q", "--no-header", "--tb=short", "-rf"]
    command += ["--capture=sys"]  # progress goes to stderr itself
    command += ["--mode", mode, "--cores", ",".join(map(str, cores)), "--benchmark-json", str(output)]
    if len(cores) == 1:
        command += ["--clock", options.clock]
    for name in ("contenders", "operations", "rounds", "seconds"):
        if getattr(options, name):
            command += [f"--{name}", str(getattr(options, name))]
    return command


def _count_items(command: Sequence[str]) -> int:
    """Return how many samples a pytest run will take."""
    done = subprocess.run([*command, "--collect-only"], capture_output=True, text=True, check=False)
    return sum("::" in line for line in done.stdout.splitlines())


def measure(options: argparse.Namespace, mode: str) -> Record | None:
    """Run the suite and return its record; None if an answer was wrong, which pytest has told then."""
    import circumstances

    started = time.perf_counter()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    about = circumstances.record() | {"busy_before": idle_share_taken(options.cores, _IDLE_SECONDS)}
    cold_page = cold_page_seconds()
    stolen_before = circumstances.stolen_seconds()
    commands = []
    about["clock"] = options.clock
    for threads in range(1, len(options.cores) + 1):
        output = folder / f"samples-{threads}.json"
        output.unlink(missing_ok=True)
        commands.append((_pytest(options, mode, options.cores[:threads], output), output))
    later = sum(_count_items(command) for command, _ in commands[1:])
    good = True
    for number, (command, _) in enumerate(commands):
        counts = ["--later-items", str(later if number == 0 else 0), "--progress"]
        done = subprocess.run([*command, *counts], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            print(done.stdout, file=sys.stderr)
            good = False
    if not good:
        return None
    seconds = time.perf_counter() - started
    about |= {
        "load_after": os.getloadavg()[0],
        "cold_page": max(cold_page, cold_page_seconds()),
        "seconds": round(seconds, 1),
        "stolen": (circumstances.stolen_seconds() - stolen_before) / seconds / (os.cpu_count() or 1),
    }
    runs = [recording.read_run(output) for _, output in commands]
    return recording.assemble(mode, about, runs, installing.known_reasons())


def table(record: Record) -> str:
    """Return the main figures for reading: ratios to one core of `openssl speed`."""
    lines = [
        f"{'operation':<28}{'contender':<20}{'key':<12}{'threads':>7}{'a second':>12}{'ratio':>8}  quartiles"
    ]
    shown = [row for row in record["rows"] if row["batch"] == _SHOWN.get(row["operation"])]
    for row in sorted(shown, key=_place):
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.3f}"
        quartiles = "" if row["ratio"] is None else f"{row['low']:.3f} - {row['high']:.3f}"
        operation = row["operation"] + (f" x {row['batch']:,}" if row["batch"] > 1 else "")
        lines.append(
            f"{operation:<28}{row['contender']:<20}{row['alg'] + ' ' + str(row['bits']):<12}{row['threads']:>7}"
            f"{row['rate']:>12,.0f}{ratio:>8}  {quartiles}"
        )
    return "\n".join(lines)


# Operations of the table, in its order, and how many tokens their calls take.
_SHOWN = {"sign": 1, "sign_batch": 1000, "verify": 1, "verify_batch": 10_000, "verify_signatures": 10_000}


def _place(row: samples.Row) -> tuple[Any, ...]:
    return (
        row["alg"] != "RS256",
        row["bits"],
        row["threads"],
        list(_SHOWN).index(row["operation"]),
        -(row["ratio"] or row["rate"]),
    )


def spoken_circumstances(record: Record) -> str:
    """Return under what circumstances the run was made, for reading."""
    about = record["circumstances"]
    state = " with uncommitted changes" if about["dirty"] else ""
    lines = [
        f"{about['cpu']}, {about['cores']} cores, pinned to {about['pinned_to']}, {' '.join(about['flags'])}",
        f"{about['python']}, fastjwt {about['fastjwt']}, engine {about['engine']}, {about['openssl']}",
        f"commit {about['commit']}{state}, {about['utc']}, {about['seconds']:.0f} s",
        f"load {about['load']:.2f} before and {about['load_after']:.2f} after, {about['clock']} clock on one core",
    ]
    lines += [f"NOISY: {reason}" for reason in about["noise"]] or ["The machine was quiet."]
    missing = [contender for contender in record["contenders"] if not contender["available"]]
    lines += [f"without {contender['label']}: {contender['reason']}" for contender in missing]
    return "\n".join(lines)


def compared(record: Record, revision: str) -> str:
    """Return what became slower than the noise since the revision's run (the newest one, if it is empty)."""
    commit = ""
    if revision:
        done = subprocess.run(
            ["git", "rev-parse", "--verify", f"{revision}^{{commit}}"],
            capture_output=True,
            text=True,
            cwd=HERE,
            check=False,
        )
        if done.returncode != 0:
            return f"Nothing to compare with: {revision} is no revision here."
        commit = done.stdout.strip()
    line, reason = history.baseline_of(record, history.read(), commit)
    if line is None:
        return f"Nothing to compare with: {reason}."
    return comparison.as_text(comparison.compare(line, history.line_of(record)))


def write_page(folder: Path) -> None:
    """Let the page of the folder's record be written, where there is a program for it."""
    if not REPORT.exists():
        print("bench: there is no report.py here, so no page", file=sys.stderr)
        return
    command = [sys.executable, str(REPORT), str(folder / "record.json"), "--history", str(history.PATH)]
    subprocess.run([*command, "--html", str(folder / "index.html")], check=False)


def main(given: Sequence[str] | None = None) -> int:
    """Measure, record, print, compare; 1 if an answer was wrong."""
    options = arguments(given)
    if options.source:
        if not options.source.exists():
            print(f"bench: there is no {options.source}; a run without --from makes one", file=sys.stderr)
            return 2
        record = json.loads(options.source.read_text())
    else:
        mode = options.plan or ("quick" if options.quick else "whole")
        found = measure(options, mode)
        if found is None:
            print("bench: a check failed, so nothing is recorded", file=sys.stderr)
            return 1
        record = found
        written = options.folder / "record.json"
        written.write_text(json.dumps(record, indent=1) + "\n")
        print(table(record) + "\n\n" + spoken_circumstances(record))
    if options.compare is not None:
        print("\n" + compared(record, options.compare))
    if not options.source:
        narrowed = options.contenders or options.operations
        if options.record or (record["mode"] == "whole" and not narrowed):
            history.append(record)
        write_page(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
