"""What `fastjwt verify` writes: a JSON object for each token, and a summary of all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastjwt.cli.terminal import number, say
from fastjwt.cli.writing import Output

if TYPE_CHECKING:
    from fastjwt import InvalidTokenError, TokenResult

__all__ = ["Results"]

# Claims are one level down in a result, and kept to the verifier's own limit (at most 256 levels) before.
_RESULT_DEPTH = 300


class Results:
    """Writes results to `output` and counts them.

    `only` ("valid" or "invalid") writes these and counts all; without `with_claims` claims are left out.
    """

    def __init__(self, output: Output, *, only: str | None = None, with_claims: bool = True) -> None:
        from fastjwt import strict_json

        self._output = output
        self._shows_valid = only != "invalid"
        self._shows_invalid = only != "valid"
        self._with_claims = with_claims
        self._write_strictly = strict_json.write
        self._write = _plain_writer() or strict_json.write
        self._started = time.monotonic()
        self.valid = 0
        self.errors: Counter[str] = Counter()

    @property
    def invalid(self) -> int:
        """How many tokens were refused."""
        return self.errors.total()

    @property
    def total(self) -> int:
        """How many tokens there were."""
        return self.valid + self.invalid

    def add(self, line: int, result: TokenResult) -> None:
        """Take what became of the token on that line."""
        if result.error is None:
            self.valid += 1
            if self._shows_valid:
                self._output.write(self._accepted(line, result.claims))
        else:
            self.errors[result.error.code] += 1
            if self._shows_invalid:
                self._output.write(self._refused(line, result.error))

    def _accepted(self, line: int, claims: dict[str, Any] | None) -> bytes:
        if not self._with_claims:
            return b'{"line":%d,"valid":true}\n' % line
        result = {"line": line, "valid": True, "claims": claims}
        try:
            return self._write(result) + b"\n"
        except TypeError:  # an integer beyond 64 bits, or nesting beyond what orjson writes
            return self._write_strictly(result, max_depth=_RESULT_DEPTH) + b"\n"

    def _refused(self, line: int, error: InvalidTokenError) -> bytes:
        # Messages may quote what a token said; whatever that was, the result is UTF-8.
        message = str(error).encode("utf-8", "backslashreplace").decode("utf-8")
        result = {"line": line, "valid": False, "error": error.code, "message": message}
        claim = getattr(error, "claim", None)
        if isinstance(claim, str):
            result["claim"] = claim
        return self._write_strictly(result) + b"\n"

    def say_summary(self, source: str, *, blank: int, threads: int | None, as_json: bool) -> None:
        """Print to stderr what was found, by reason; `threads` are those asked for, if any."""
        from fastjwt import engine

        info = engine()
        seconds = time.monotonic() - self._started
        summary = {
            "tokens": self.total,
            "valid": self.valid,
            "invalid": self.invalid,
            "errors": dict(sorted(self.errors.items(), key=lambda item: (-item[1], item[0]))),
            "blank_lines": blank,
            "seconds": round(seconds, 6),
            "engine": info.name,
            "threads": 1 if info.name == "pure" else threads or info.threads,  # the pure engine works on one
        }
        say(self._write_strictly(summary).decode() if as_json else _for_people(source, summary))


def _plain_writer() -> Callable[[object], bytes] | None:
    """Return a writer without checks, twice as fast: what came through the strict reader needs none on its way out."""
    try:
        import orjson
    except ImportError:  # it has no wheel for every Python
        return None
    return orjson.dumps


def _for_people(source: str, summary: dict[str, Any]) -> str:
    tokens, blank, threads = summary["tokens"], summary["blank_lines"], summary["threads"]
    if not tokens:
        return f"{source}: no tokens"
    lines = [f"{tokens:,} tokens: {summary['valid']:,} valid, {summary['invalid']:,} invalid"]
    if blank:
        lines[0] += f", {blank:,} blank line{'' if blank == 1 else 's'} skipped"
    lines += [f"{count:>10,}  {code}" for code, count in summary["errors"].items()]
    rate = number(tokens / max(summary["seconds"], 1e-6))
    lines.append(
        f"{summary['seconds']:.2f} s, {rate} tokens/s,"
        f" engine {summary['engine']}, {threads} thread{'' if threads == 1 else 's'}"
    )
    return "\n".join(lines)
