"""Show a record: as a page, and as the README's table and picture.

`python benchmarks/report.py build/bench/record.json --html build/bench/index.html` writes the page;
`--readme README.md` takes the record over as the recorded one and prints README and picture anew; `--check` says
whether they are stale.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from page import document, history, readme
from page import record as records

ROOT = Path(__file__).resolve().parent.parent


def _places(readme_path: Path) -> tuple[Path, Path]:
    """Return where the recorded run and the picture of a README stand."""
    folder = readme_path.parent / "benchmarks"
    return folder / "recorded.json", folder / "ratios.svg"


def _printed(readme_path: Path, record: records.Record | None) -> tuple[str, str | None]:
    """Return what README and picture have to be."""
    text = readme.replaced(readme_path.read_text(encoding="utf-8"), readme.section(record))
    return text, None if record is None else readme.picture(record, document.plot_style())


def stale(readme_path: Path) -> list[str]:
    """Return a sentence for each file that is not what the recorded run says; no run is a state, too."""
    recorded, picture_path = _places(readme_path)
    record = records.read(recorded) if recorded.exists() else None
    text, picture = _printed(readme_path, record)
    found = []
    if readme_path.read_text(encoding="utf-8") != text:
        found.append(f"{readme_path} does not say what {recorded} says")
    drawn = picture_path.read_text(encoding="utf-8") if picture_path.exists() else None
    if drawn != picture:
        found.append(f"{picture_path} does not show what {recorded} says")
    return found


def record_run(readme_path: Path, record: records.Record) -> None:
    """Make `record` the recorded run: copy it, and print README and picture anew."""
    if record.mode != "whole":
        raise records.RecordError(f"the README takes whole runs alone, this one is {record.mode!r}")
    recorded, picture_path = _places(readme_path)
    text, picture = _printed(readme_path, record)
    recorded.parent.mkdir(parents=True, exist_ok=True)
    recorded.write_bytes(record.octets)
    readme_path.write_text(text, encoding="utf-8")
    picture_path.write_text(picture or "", encoding="utf-8")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument(
        "record", type=Path, nargs="?", metavar="RECORD.json", help="default: the recorded run"
    )
    parser.add_argument("--history", type=Path, help="earlier runs; default: benchmarks/history.jsonl")
    parser.add_argument("--html", type=Path, metavar="PAGE.html", help="write the page")
    parser.add_argument(
        "--readme", type=Path, metavar="README.md", help="make this the recorded run; with --check: look here"
    )
    parser.add_argument(
        "--check", action="store_true", help="exit 1 when README or picture are stale; writes nothing"
    )
    arguments = parser.parse_args(argv)
    if not (arguments.html or arguments.readme or arguments.check):
        parser.error("nothing to do: expected --html, --readme or --check")
    if arguments.check and (arguments.html or arguments.record):
        parser.error("--check looks at the recorded run alone and writes nothing")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 is good, 1 stale, 2 a file that is not what it should be."""
    arguments = _arguments(argv)
    try:
        if arguments.check:
            found = stale(arguments.readme or ROOT / "README.md")
            for sentence in found:
                print(sentence)
            if found:
                print(
                    "python benchmarks/report.py benchmarks/recorded.json --readme README.md prints both anew"
                )
            return 1 if found else 0
        record = records.read(arguments.record or ROOT / "benchmarks" / "recorded.json")
        if arguments.html:
            runs = history.read(arguments.history or ROOT / "benchmarks" / "history.jsonl")
            arguments.html.parent.mkdir(parents=True, exist_ok=True)
            arguments.html.write_text(
                document.page(record, history.comparable(record, runs)), encoding="utf-8"
            )
        if arguments.readme:
            record_run(arguments.readme, record)
    except (OSError, records.RecordError, readme.MarkersError) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
