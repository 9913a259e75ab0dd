"""JSON as tokens and keys may hold it: RFC 8259 and nothing beside it.

Two readers and two writers give the same verdicts, values and bytes.  `orjson` does the bulk; the standard library's
`json`, with hooks, settles what orjson cannot tell apart: a member name given twice, an integer beyond 64 bits (orjson
would hand out a float, and two different ids would become equal).  It is also the whole engine where orjson is absent
or `FASTJWT_JSON=stdlib` asks for it.

What neither lets through: text that is not strict UTF-8, a BOM, lone surrogates, NaN and infinities, numbers beyond a
double, more than `max_depth` levels, and a member name twice in one object (RFC 7515 section 4, RFC 7519 section 4),
unless `allow_duplicates` says otherwise.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, NoReturn

try:
    import orjson
except ImportError:  # pragma: no cover - orjson is a dependency, but has no wheel for every Python
    orjson = None  # type: ignore[assignment]

__all__ = [
    "JSONFault",
    "check_writable",
    "plain",
    "read",
    "read_object",
    "read_plain",
    "read_plain_list",
    "underneath",
    "use",
    "write",
    "write_known",
]

DEFAULT_MAX_DEPTH = 64

_NOT_JSON = "not valid JSON"
_TOO_DEEP = "nested too deeply for the stack that is left"
_TWICE = "a member name appears twice in one object"


class JSONFault(ValueError):
    """The text is not JSON as tokens and keys may hold it; the message says why and quotes nothing of it.

    It is never raised where an error that holds the text is being handled: as its `__context__` that would go along,
    into logs and whatever else takes an exception for its words.
    """


# --- Reading ---------------------------------------------------------------------------------------------------------


def read(raw: bytes, *, max_depth: int = DEFAULT_MAX_DEPTH, allow_duplicates: bool = False) -> Any:
    """Return the value that `raw` (UTF-8) spells.

    `max_depth` counts levels of nesting, the outer value being 1.  Raises `JSONFault`.
    """
    if type(raw) is not bytes:  # a subclass counts as the octets that it is, with either reader
        raw = bytes.__getitem__(raw, slice(None))
    try:
        return _reader(raw, max_depth, allow_duplicates)
    except RecursionError:
        pass
    raise JSONFault(_TOO_DEEP)


def read_object(
    raw: bytes, *, max_depth: int = DEFAULT_MAX_DEPTH, allow_duplicates: bool = False
) -> dict[str, Any]:
    """Return the object that `raw` spells; anything else at the top level is a `JSONFault` too."""
    value = read(raw, max_depth=max_depth, allow_duplicates=allow_duplicates)
    if type(value) is not dict:
        raise JSONFault("not a JSON object")
    return value


def read_plain(raw: bytes, names: int) -> dict[str, Any] | None:
    """Return the object that `raw` spells if nothing is left to check, else None: `read_object` decides then.

    `names` is how many member names the native engine counted, or 0 (csrc/names.h).  When orjson reads an object with
    as many members, the text holds no name twice, no large integer and no deep nesting.
    """
    if names and _writer_is_orjson:
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
        if type(value) is dict and len(value) == names:
            return value
    return None


def read_plain_list(text: memoryview, names: bytes) -> list[dict[str, Any]] | None:
    """Return the objects of a JSON array of plain payloads, `names` being their member names' numbers, or None.

    None: at least one of them is no JSON, or has a name twice, and `read_object` has to say of each.  The array is the
    native engine's, which puts no text into it that could take a bracket or quote for its neighbour's.
    """
    if not names or not _writer_is_orjson:
        return None
    try:
        values: list[dict[str, Any]] = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return values if bytes(map(len, values)) == names else None


_BEYOND_INT64 = 9.2e18  # a little below 2**63: from here on orjson may have made a float of an integer
_LOOSE_COLON = re.compile(rb'"[ \t\n\r]+:')


def _read_orjson(raw: bytes, max_depth: int, allow_duplicates: bool) -> Any:
    value: Any = None
    fault = False
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        fault = True
    if fault:
        raise JSONFault(_NOT_JSON)
    braces = raw.count(b"{")
    brackets = raw.count(b"[")
    if braces == 1 and not brackets and type(value) is dict:  # flat, as most headers and many claims are
        names = len(value)
        large = any(type(v) is float and not -_BEYOND_INT64 < v < _BEYOND_INT64 for v in value.values())
    else:
        if braces + brackets > max_depth:
            _check_text_depth(
                raw.decode("utf-8"), max_depth
            )  # the value may lack what a later duplicate replaced
        names, large = _survey(value)
    # If no white space stands before a colon, each member shows as `":` at least once; then as many of them as names
    # that were read means that no name was read twice.  Strings that hold `":` only send us the careful way.
    if large or (not allow_duplicates and (raw.count(b'":') != names or _has_loose_colon(raw))):
        return _read_stdlib(raw, max_depth, allow_duplicates)
    return value


def _has_loose_colon(raw: bytes) -> bool:
    return b" :" in raw or (
        (b"\n" in raw or b"\t" in raw or b"\r" in raw) and _LOOSE_COLON.search(raw) is not None
    )


def _survey(value: Any) -> tuple[int, bool]:
    """Return how many member names `value` holds at all depths, and whether a float might be a large integer."""
    names = 0
    large = False
    todo = [value]
    while todo:
        item = todo.pop()
        kind = type(item)
        if kind is dict:
            names += len(item)
            todo.extend(item.values())
        elif kind is list:
            todo.extend(item)
        elif kind is float and not -_BEYOND_INT64 < item < _BEYOND_INT64:
            large = True
    return names, large


# The closing quote is optional, so that a string without one is taken to the end of the text in one go: searched for
# again from each quote inside, a text of escaped quotes would take time quadratic in its length.
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_INTEGER_DIGITS = 309  # of the largest double, 1.8e308; also keeps CPython's quadratic int() out of reach


def _read_stdlib(raw: bytes, max_depth: int, allow_duplicates: bool) -> Any:
    text = _text_of(raw)
    if text is None:
        raise JSONFault(_NOT_JSON)
    _check_text_depth(text, max_depth)
    decoder = _LAST_WINS if allow_duplicates else _NO_DUPLICATES
    value: Any = None
    fault = False
    try:
        value = decoder.decode(text)
    except JSONFault:
        raise
    except ValueError:
        fault = True
    if fault:
        raise JSONFault(_NOT_JSON)
    if _SURROGATE_ESCAPE.search(text) is not None:
        # Every member counts, also one that a later member of its name has replaced.
        every = _PAIRS.decode(text) if allow_duplicates else value
        if _octets_of(json.dumps(every, ensure_ascii=False)) is None:
            raise JSONFault(_NOT_JSON)
    return value


def _text_of(octets: bytes) -> str | None:
    """Return the text that strict UTF-8 spells, or None."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _octets_of(text: str) -> bytes | None:
    """Return the text in UTF-8, or None where it holds a lone surrogate."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return None


def _check_text_depth(text: str, max_depth: int) -> None:
    """Refuse deep nesting before the recursive reader of the standard library meets it."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        token = match.group()
        if token in "[{":
            depth += 1
            if depth > max_depth:
                raise JSONFault(f"nested deeper than {max_depth} levels")
        elif token in "]}":
            depth -= 1


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JSONFault(_TWICE)
    return members


def _finite_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise JSONFault(_NOT_JSON)
    return number


def _bounded_int(digits: str) -> int:
    if len(digits) > _MAX_INTEGER_DIGITS + 1:
        raise JSONFault(_NOT_JSON)
    number = int(digits)
    _check_double_range(number, JSONFault(_NOT_JSON))
    return number


def _refuse_constant(_name: str) -> NoReturn:
    raise JSONFault(_NOT_JSON)


def _check_double_range(number: int, fault: Exception) -> None:
    try:
        float(number)
    except OverflowError:
        raise fault from None


def _decoder(pairs_hook: Callable[[list[tuple[str, Any]]], Any]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=pairs_hook,
        parse_float=_finite_float,
        parse_int=_bounded_int,
        parse_constant=_refuse_constant,
    )


_NO_DUPLICATES = _decoder(_unique_names)
_LAST_WINS = _decoder(dict)
_PAIRS = _decoder(list)


# --- Writing ---------------------------------------------------------------------------------------------------------

_INT64_MIN = -(2**63)
_UINT64_MAX = 2**64 - 1
_EXACT = frozenset({str, int, bool, type(None)})
_ALIKE_WITHOUT_INT = frozenset({str, bool, type(None)})
_LONE_SURROGATE = "cannot be written as JSON: a string holds a lone surrogate"

# Who may write a value, in the order of more and more work.
_EITHER = 0  # orjson and the standard library write the same
_STDLIB = 1  # they differ, or orjson refuses
_AFTER_COPY = (
    2  # it holds subclasses of the plain types, which might tell the writer other than what they are
)


def write(value: Any, *, max_depth: int = DEFAULT_MAX_DEPTH) -> bytes:
    """Return the compact UTF-8 JSON of `value`, with its members in their order.

    Takes str, int, float, bool, None, lists, tuples, dicts, and plain subclasses of these, which count as what they are
    underneath, whatever their methods say; a member's name must be a str and no subclass.  Raises `TypeError` for every
    other type, and `ValueError` for NaN and infinities, integers beyond a double's range, lone surrogates, and nesting
    (or a cycle) beyond `max_depth` or the stack that is left.
    """
    try:
        return _write(value, max_depth)
    except RecursionError:
        pass
    raise ValueError(_TOO_DEEP)


def write_known(value: Any, nested: tuple[str, ...] = (), kept: bool = False) -> bytes | None:
    """Return what `write` does, or None where `write` has to say.  `kept` says that it will be held with many others.

    `value` must be known to be of types that both writers write alike, as a dict is whose members are all str, int,
    bool or None by their exact type, but for those named in `nested`.  What else is to refuse orjson refuses of itself:
    names that are no str, integers beyond 64 bits, lone surrogates.
    """
    if not _writer_is_orjson:
        return None
    try:
        for name in nested:
            if check_writable(value[name], DEFAULT_MAX_DEPTH - 1) != _EITHER:
                return None
        if not kept:
            return orjson.dumps(value)
        # A copy of what orjson returns: that is cut down from a kibibyte or more, and where many are kept malloc's work
        # on what was cut off takes ten times as long as to copy (2 us and 0.2 us each).
        return orjson.dumps(value, None, orjson.OPT_APPEND_NEWLINE)[:-1]
    except (TypeError, ValueError, RecursionError):  # orjson's JSONEncodeError is the first of these
        return None


def _write(value: Any, max_depth: int) -> bytes:
    writer = check_writable(value, max_depth)
    if writer & _AFTER_COPY:
        value = plain(value)
        writer = check_writable(value, max_depth)
    # All types were checked above; what orjson still refuses are strings that UTF-8 cannot spell.  Floats get Python's
    # own shortest spelling, so that the bytes do not depend on which writer was at work.
    alike = writer == _EITHER and _writer_is_orjson
    octets = write_known(value) if alike else _octets_of(_ENCODER.encode(value))
    if octets is None:
        raise ValueError(_LONE_SURROGATE)
    return octets


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def check_writable(value: Any, max_depth: int) -> int:
    """Raise unless JSON can say `value` exactly; return who may write it (the constants above)."""
    kind = type(value)
    if kind in _EXACT:
        if kind is int and not _INT64_MIN <= value <= _UINT64_MAX:
            _check_double_range(value, ValueError("an integer is beyond the range of a double"))
            return _STDLIB
        return _EITHER
    if kind is dict:
        if max_depth < 1:
            raise ValueError("nested too deeply for a token, or in a cycle")
        writer = _EITHER
        for name, member in value.items():
            if type(name) is not str:
                raise TypeError(f"a member name must be str, got {type(name).__name__}")
            inner = type(member)
            if inner is str or (inner is int and _INT64_MIN <= member <= _UINT64_MAX):
                continue  # spares the call for most members
            writer |= check_writable(member, max_depth - 1)
        return writer
    if kind is list or kind is tuple:
        if max_depth < 1:
            raise ValueError("nested too deeply for a token, or in a cycle")
        if _ALIKE_WITHOUT_INT.issuperset(map(type, value)):
            return _EITHER
        writer = _EITHER
        for item in value:
            writer |= check_writable(item, max_depth - 1)
        return writer
    if kind is float:
        if not math.isfinite(value):
            raise ValueError("NaN and infinities have no JSON")
        return _STDLIB  # orjson and repr() spell some floats differently
    check_writable(underneath(value), max_depth)
    return _AFTER_COPY


def plain(value: Any) -> Any:
    """Return `value` with all that is of a plain subclass replaced by what it is underneath, at every depth.

    Takes what `check_writable` passes; raises `TypeError` as that does.
    """
    kind = type(value)
    if kind in _EXACT or kind is float:
        return value
    if kind is not dict and kind is not list and kind is not tuple:
        value = underneath(value)
        kind = type(value)
    if kind is dict:
        return {name: plain(member) for name, member in value.items()}
    if kind is list or kind is tuple:
        return [plain(item) for item in value]
    return value


def underneath(value: Any) -> Any:
    """Return what a value of a plain type or subclass holds, by the plain type's own methods, not by what it says.

    Members stay as they are; a tuple becomes a list.  Raises `TypeError` for every other type.
    """
    kind = type(value)
    if issubclass(kind, Enum):
        raise TypeError(f"{kind.__name__} is an Enum; write its value or its name")
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, int):
        return int.__index__(value)
    if issubclass(kind, float):
        return float.__float__(value)
    if issubclass(kind, OrderedDict):
        return dict(OrderedDict.items(value))  # which keeps an order of its own
    if issubclass(kind, dict):
        return dict(dict.items(value))
    if issubclass(kind, list):
        return list(list.__iter__(value))
    if issubclass(kind, tuple):
        return list(tuple.__iter__(value))
    raise TypeError(f"{kind.__name__} has no JSON type of its own; convert it to str, int or float first")


# --- Choosing --------------------------------------------------------------------------------------------------------

_reader: Callable[[bytes, int, bool], Any]
_writer_is_orjson: bool


def available() -> tuple[str, ...]:
    """Return the names of the readers that this Python has, the preferred one first."""
    return ("stdlib",) if orjson is None else ("orjson", "stdlib")


def _choose(name: str) -> None:
    global _reader, _writer_is_orjson
    if name not in available():
        raise ValueError(f"FASTJWT_JSON: {name!r} is not one of {', '.join(available())}")
    _writer_is_orjson = name == "orjson"
    _reader = _read_orjson if _writer_is_orjson else _read_stdlib


def current() -> str:
    """Return the name of the reader and writer in use."""
    return "orjson" if _writer_is_orjson else "stdlib"


@contextlib.contextmanager
def use(name: str) -> Iterator[None]:
    """Read and write with the named one ("orjson" or "stdlib") inside the block; for tests that compare the two."""
    before = current()
    _choose(name)
    try:
        yield
    finally:
        _choose(before)


_choose(os.environ.get("FASTJWT_JSON") or available()[0])
