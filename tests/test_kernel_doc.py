"""csrc/doc/montgomery52.md explains the kernel in Python that runs: its assertions are bounds that the C relies on."""

from __future__ import annotations

import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "csrc" / "doc" / "montgomery52.md"


def test_the_mathematics_of_the_kernel_runs() -> None:
    """All blocks, one after another, as one program whose line numbers are the page's."""
    text = DOCUMENT.read_text(encoding="utf-8")
    program = []
    inside = False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = line == "```python"
            program.append("")
        else:
            program.append(line if inside else "")
    assert sum("assert" in line for line in program) > 30
    exec(compile("\n".join(program), str(DOCUMENT), "exec"), {})


def test_the_page_speaks_of_the_sizes_that_are_built() -> None:
    """The limbs in the page are those for which the kernel is instantiated."""
    source = (DOCUMENT.parent.parent / "rsa52_all.inc.h").read_text(encoding="utf-8")
    built = {int(limbs) for limbs in re.findall(r"#define LIMBS (\d+)", source)}
    table = re.search(r"^SIZES = \{(.*?)\}", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert table is not None
    assert {int(limbs) for limbs in re.findall(r"(\d+):", table[1])} == built
