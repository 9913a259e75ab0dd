"""Strict JSON: two readers with one verdict and one value, two writers with the same bytes.

What each hostile text gets as a header or payload stands in test_security_json.py; here the readers and writers are
compared with each other, on public vectors and on texts that nobody thought of.
"""

from __future__ import annotations

import base64
import itertools
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scale import cases
from stack import outcomes_near_the_limit

from fastjwt import engines, strict_json
from fastjwt.backends.base import Limits
from fastjwt.strict_json import JSONFault

READERS = strict_json.available()

REFUSED = "refused"


def outcome(read: Callable[..., Any], raw: bytes, **options: Any) -> str:
    """Return the value that was read, spelled with its types (1, 1.0 and True differ), or that it was refused."""
    try:
        return repr(read(raw, **options))
    except JSONFault:
        return REFUSED


def readings(raw: bytes, **options: Any) -> dict[str, str]:
    """Return each reader's outcome."""
    outcomes = {}
    for name in READERS:
        with strict_json.use(name):
            outcomes[name] = outcome(strict_json.read, raw, **options)
    return outcomes


def agreed(raw: bytes, **options: Any) -> str:
    """Return the outcome that all readers agree on."""
    outcomes = readings(raw, **options)
    assert len(set(outcomes.values())) == 1, (raw, outcomes)
    return outcomes[READERS[0]]


# --- The public suite ------------------------------------------------------------------------------------------------


def suite(folder: Path) -> dict[str, tuple[str, bytes]]:
    """Return the cases of JSONTestSuite: by name, what is expected, and the text."""
    document = json.loads((folder / "json" / "jsontestsuite_parsing.json").read_text(encoding="utf-8"))
    cases = {}
    for case in document["cases"]:
        raw = base64.b64decode(case["b64"]) if "b64" in case else b""
        if "repeat_b64" in case:
            raw = base64.b64decode(case["repeat_b64"]) * case["times"] + base64.b64decode(case["tail_b64"])
        cases[case["name"]] = (case["expect"], raw)
    return cases


def bare(raw: bytes) -> bool:
    """Return whether the reader takes the text by JSON's own rules: duplicate names allowed, 256 levels."""
    try:
        strict_json.read(raw, max_depth=256, allow_duplicates=True)
    except JSONFault:
        return False
    return True


def test_the_bare_reader_gets_all_142_cases_right_that_are_decided(json_reader: str, vectors: Path) -> None:
    decided = {name: case for name, case in suite(vectors).items() if case[0] in ("accept", "reject")}
    assert len(decided) == 142
    wrong = [name for name, (expected, raw) in decided.items() if bare(raw) != (expected == "accept")]
    assert not wrong


def test_of_the_22_cases_that_are_free_only_underflow_and_a_large_integer_pass(
    json_reader: str, vectors: Path
) -> None:
    free = {
        name: raw for name, (expected, raw) in suite(vectors).items() if expected not in ("accept", "reject")
    }
    assert len(free) == 22
    passed = {name for name, raw in free.items() if bare(raw)}
    assert passed == {"i_number_real_underflow.json", "i_number_too_big_pos_int.json"}


def test_both_readers_agree_on_every_case_of_the_suite_under_every_option(vectors: Path) -> None:
    for (_, raw), depth, duplicates in itertools.product(
        suite(vectors).values(), (1, 2, 64, 256), (False, True)
    ):
        agreed(raw, max_depth=depth, allow_duplicates=duplicates)


# --- Texts that nobody thought of ------------------------------------------------------------------------------------

spaces = st.sampled_from(["", "", "", "", " ", "\n", "\t", "\r", " \n\t\r "])

characters = st.one_of(
    st.characters(exclude_characters='"\\', exclude_categories=["Cs"]),
    st.sampled_from(['":', ":", "{", "}", "[", "]", ",", "a", "é", "\U0001f600", "\x7f", "\u2028"]),
    st.sampled_from(
        [
            '\\"',
            "\\\\",
            "\\/",
            "\\b",
            "\\f",
            "\\n",
            "\\r",
            "\\t",
            "\\u0000",
            "\\u0061",
            "\\u00E9",
            "\\x",
            "\\",
        ]
    ),
    st.sampled_from(
        ["\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\uDBFF\\uDFFF", "\\\\ud800", "\\ude00\\ud83d"]
    ),
)
strings = st.lists(characters, max_size=6).map(lambda parts: '"' + "".join(parts) + '"')
names = st.one_of(st.sampled_from(['"a"', '"b"', '"\\u0061"', '"exp"', '""', '"a\\":"']), strings)

digits = st.text("0123456789", min_size=1, max_size=25)
numbers = st.one_of(
    st.integers().map(str),
    st.sampled_from([2**53, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**22, 10**308]).map(
        str
    ),
    st.sampled_from(
        [str(2**1024 - 2**970 - 1), str(2**1024 - 2**970), "1e400", "-1e400", "1e-400", "-0", "-0.0"]
    ),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.builds("{}.{}e{}{}".format, digits, digits, st.sampled_from(["", "+", "-"]), st.integers(0, 400)),
    st.builds("{}{}".format, st.sampled_from(["", "-", "+", "0", ".", "-."]), digits),
    st.sampled_from(
        ["NaN", "Infinity", "-Infinity", "nan", "1.", ".1", "1e", "0x1", "01", "1_000", "\u0661"]
    ),
)
scalars = st.one_of(numbers, strings, st.sampled_from(["true", "false", "null", "True", "nul"]))


def member(name: str, space: str, other: str, value: str) -> str:
    return f"{name}{space}:{other}{value}"


def arrays_and_objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.builds(member, names, spaces, spaces, inner)
    return st.one_of(
        st.builds("[{}{}]".format, spaces, st.lists(inner, max_size=4).map(",".join)),
        st.builds("{{{}{}}}".format, spaces, st.lists(members, max_size=4).map(",".join)),
        st.builds("{{{}{}}}".format, spaces, st.lists(members, max_size=4).map(" , ".join)),
    )


texts = st.recursive(scalars, arrays_and_objects, max_leaves=12).map(lambda text: text.encode("utf-8"))

spoilers = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.sampled_from(
            [
                b"",
                b" ",
                b'"',
                b"\\",
                b",",
                b":",
                b"{",
                b"]",
                b"0",
                b"\x00",
                b"\xff",
                b"\xef\xbb\xbf",
                b"\xed\xa0\x80",
            ]
        ),
        st.integers(0, 2),
    ),
    max_size=2,
)


def spoiled(text: bytes, changes: list[tuple[int, bytes, int]]) -> bytes:
    """Return the text with some bytes put in or taken out."""
    for place, added, removed in changes:
        at = place % (len(text) + 1)
        text = text[:at] + added + text[at + removed :]
    return text


@cases(600)
@given(texts, spoilers, st.sampled_from([1, 2, 3, 64]), st.booleans())
@example(b'{"a":"\\ud800","a":1}', [], 64, True)
@example(b'{"a":1e400,"a":1}', [], 64, True)
@example(b'{"a":[],"a":0}', [], 1, True)
@example(b"[-0]", [], 64, False)
def test_readers_agree_on_any_text(
    text: bytes, changes: list[tuple[int, bytes, int]], depth: int, duplicates: bool
) -> None:
    agreed(spoiled(text, changes), max_depth=depth, allow_duplicates=duplicates)


@cases(100)
@given(st.binary(max_size=60))
def test_readers_agree_on_any_bytes(raw: bytes) -> None:
    agreed(raw)


plain_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**308), 10**308),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=6).filter(str.isprintable), inner, max_size=4),
    ),
    max_leaves=20,
)


@cases(100)
@given(plain_values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_what_the_standard_library_writes_is_read_as_the_same_value(
    value: Any, ascii_only: bool, indent: Any
) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode("utf-8")
    assert agreed(raw) == repr(value)


# --- Duplicates, depth, integers -------------------------------------------------------------------------------------


def duplicates_by_hand(raw: bytes) -> bool:
    """Return whether any object of a valid text holds a name twice, by a parser that keeps every pair."""
    found = False

    def pairs(members: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({name for name, _ in members}) != len(members)

    json.loads(raw, object_pairs_hook=pairs)
    return found


@cases(300)
@given(texts)
def test_a_text_is_refused_for_duplicates_exactly_if_an_object_holds_a_name_twice(text: bytes) -> None:
    lenient = agreed(text, allow_duplicates=True)
    if lenient != REFUSED:
        strict = agreed(text)
        assert strict == (REFUSED if duplicates_by_hand(text) else lenient)


@cases(300)
@given(
    st.lists(st.builds(member, names, spaces, spaces, scalars), max_size=6).map(
        lambda m: "{" + ",".join(m) + "}"
    )
)
def test_what_the_engine_counted_in_a_payload_changes_no_verdict(text: str) -> None:
    """The engine's count of names only spares a check: with and without it, each text has one outcome."""
    raw = text.encode("utf-8")
    token = b"e30." + base64.urlsafe_b64encode(raw).rstrip(b"=") + b".AAAA"
    for engine in engines.available():
        with engines.use(engine) as backend:
            counted = backend.split([token], Limits(), want_payloads=True).names()[0]
        for name, duplicates in itertools.product(READERS, (False, True)):
            with strict_json.use(name):
                plain = outcome(strict_json.read_object, raw, allow_duplicates=duplicates)
                spared = strict_json.read_plain(raw, counted)
            assert spared is None or repr(spared) == plain


@pytest.mark.parametrize("filler", range(70))
@pytest.mark.parametrize(
    "tail",
    [
        b'"a":1,"a":2}',
        b'"a" :1,"a":2}',
        b'"a":1,"b":9223372036854775808}',
        b'"a":1,"b":123456789012345678901234567890}',
        b'"a":[{"b":1,"b":1}]}',
        b'"a\\":":1,"a\\":":1}',
    ],
)
def test_the_engine_counts_alike_wherever_its_vectors_end(tail: bytes, filler: int) -> None:
    """A name given twice or a large integer is seen at every distance from the start of a payload."""
    raw = b'{"x":"' + b"x" * filler + b'",' + tail
    token = b"e30." + base64.urlsafe_b64encode(raw).rstrip(b"=") + b".AAAA"
    expected = agreed(raw)
    for engine in engines.available():
        with engines.use(engine) as backend:
            counted = backend.split([token], Limits(), want_payloads=True).names()[0]
        spared = strict_json.read_plain(raw, counted)
        assert spared is None or repr(spared) == expected


@pytest.mark.parametrize("limit", [1, 2, 5, 64, 256])
def test_the_level_beyond_the_limit_is_refused_and_the_limit_itself_is_not(
    json_reader: str, limit: int
) -> None:
    shapes: list[Callable[[int], bytes]] = [
        lambda depth: b"[" * depth + b"]" * depth,
        lambda depth: b'{"a":' * depth + b"1" + b"}" * depth,
        lambda depth: b'{"a":[],"b":' * (depth - 1) + b"[]" + b"}" * (depth - 1),
        lambda depth: b"[[]," * (depth - 1) + b"[]" + b"]" * (depth - 1),
        lambda depth: b'["[[{{",' * (depth - 1) + b"{}" + b"]" * (depth - 1),
    ]
    for shape in shapes:
        strict_json.read(shape(limit), max_depth=limit, allow_duplicates=True)
        with pytest.raises(JSONFault):
            strict_json.read(shape(limit + 1), max_depth=limit, allow_duplicates=True)


def test_brackets_within_strings_are_no_nesting(json_reader: str) -> None:
    raw = json.dumps(["[" * 500, '"{' * 500, "\\" * 501, {"{" * 300: "]"}]).encode()
    assert strict_json.read(raw, max_depth=2) == json.loads(raw)


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
@pytest.mark.parametrize("closed", [False, True])
def test_nesting_of_any_depth_is_a_fault_and_no_recursion_error(
    json_reader: str, depth: int, closed: bool
) -> None:
    for opener, closer in ((b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")):
        raw = opener * depth + b"1" + closer * depth * closed
        with pytest.raises(JSONFault):
            strict_json.read(raw, max_depth=256)


@pytest.mark.parametrize(
    "repeated", [b'\\"', b'"', b"\\", b'a"b', b'\\\\"', b"[", b'"[', b'"x":', b"1", b"1e", b"-", b"\\u0061"]
)
@pytest.mark.parametrize("start", [b"", b'{"a":[' + b"[]," * 70 + b'"', b'"'])
def test_no_text_takes_time_quadratic_in_its_length(json_reader: str, start: bytes, repeated: bytes) -> None:
    """As long as the largest key set: half a second is ten times what the slowest takes, quadratic time is hours."""
    raw = start + repeated * (1_000_000 // len(repeated))
    begin = time.process_time()
    with pytest.raises(JSONFault):
        strict_json.read(raw)
    assert time.process_time() - begin < 2


# --- Writing ---------------------------------------------------------------------------------------------------------


class Text(str):
    """A str by descent, but not by its type."""

    __slots__ = ()


class Whole(int):
    """Likewise for int."""


class Names(dict[str, Any]):
    """Likewise for dict."""


writable = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**308, Whole(7), Text("x")]),
        st.floats(),
        st.text(max_size=10),
        st.sampled_from(["\ud800", "\x00\x1f\x7f", '"\\/', "\u2028\u2029", b"bytes", {1}, 1j, ...]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(max_size=6), st.integers(), st.none()), inner, max_size=3),
        st.dictionaries(st.text("ab", max_size=2), inner, max_size=3).map(Names),
    ),
    max_leaves=12,
)


@cases(600)
@given(writable)
def test_both_writers_write_the_same_bytes_or_raise_the_same_class(value: Any) -> None:
    outcomes: dict[str, bytes | type[Exception]] = {}
    for name in READERS:
        with strict_json.use(name):
            try:
                outcomes[name] = strict_json.write(value)
            except (TypeError, ValueError) as error:
                outcomes[name] = TypeError if isinstance(error, TypeError) else ValueError
    assert len(set(outcomes.values())) == 1, outcomes


@cases(100)
@given(plain_values)
def test_what_was_written_is_read_as_the_same_value(value: Any) -> None:
    for writer in READERS:
        with strict_json.use(writer):
            raw = strict_json.write(value)
        assert agreed(raw) == repr(value)


@pytest.mark.parametrize(
    "value", [1e16, 1e-5, 1e22, 1.5e300, 5e-324, -0.0, 0.1 + 0.2, 123456789.123456789, 1e15, 1e17]
)
def test_floats_have_one_spelling_which_is_pythons(json_reader: str, value: float) -> None:
    assert strict_json.write([value]) == f"[{value!r}]".encode("ascii")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**1024, -(2**1024), 10**400])
def test_numbers_that_no_double_holds_are_not_written_at_any_depth(json_reader: str, value: float) -> None:
    for claims in ({"a": value}, {"a": [1, {"b": (value,)}]}):
        with pytest.raises(ValueError, match=r"JSON|double"):
            strict_json.write(claims)


def test_a_cycle_is_a_value_error_and_no_recursion_error(json_reader: str) -> None:
    knot: dict[str, Any] = {"a": []}
    knot["a"].append(knot)
    with pytest.raises(ValueError, match="cycle"):
        strict_json.write(knot)


class Liar:
    """Tells whoever asks its methods, and orjson or json might, that it is another."""

    class Text(str):
        """Is "x"."""

        __slots__ = ()

        def __str__(self) -> str:
            return "lie"

        def __getitem__(self, _: Any) -> str:
            return "lie"

        def __iter__(self) -> Iterator[str]:
            return iter("lie")

    class Whole(int):
        """Is 7."""

        def __int__(self) -> int:
            return 666

        def __index__(self) -> int:
            return 666

        def __repr__(self) -> str:
            return '"lie"'

        __str__ = __repr__

    class Number(float):
        """Is 1.5."""

        def __float__(self) -> float:
            return 666.0

        def __repr__(self) -> str:
            return "lie"

    class Names(dict[str, Any]):
        """Is {"a": 1}."""

        def __iter__(self) -> Iterator[str]:
            return iter(["lie"])

        def __getitem__(self, _: str) -> Any:
            return {1, 2}

        def __len__(self) -> int:
            return 0

        def keys(self) -> Any:
            return ["lie"]

        def values(self) -> Any:
            return ["lie"]

        def items(self) -> Any:
            return [("lie", "lie")]

    class Items(list[Any]):
        """Is [1, 2]."""

        def __iter__(self) -> Iterator[Any]:
            return iter(["lie"])

        def __len__(self) -> int:
            return 0

        def __getitem__(self, _: Any) -> Any:
            return "lie"

    class Pair(tuple[int, int]):
        """Is (1, 2)."""

        __slots__ = ()

        def __iter__(self) -> Iterator[Any]:
            return iter(["lie"])

        def __len__(self) -> int:
            return 0


LIES: list[tuple[Any, str]] = [
    (Liar.Text("x"), '"x"'),
    (Liar.Whole(7), "7"),
    (Liar.Whole(2**70), str(2**70)),
    (Liar.Number(1.5), "1.5"),
    (Liar.Names(a=1), '{"a":1}'),
    (Liar.Items([1, 2]), "[1,2]"),
    (Liar.Pair((1, 2)), "[1,2]"),
    (Liar.Names(a=Liar.Items([Liar.Names(b=Liar.Text("x"))])), '{"a":[{"b":"x"}]}'),
]


@pytest.mark.parametrize(("value", "spelled"), LIES, ids=[spelled for _, spelled in LIES])
def test_a_plain_subclass_counts_as_what_it_is_underneath_whatever_it_says(
    json_reader: str, value: Any, spelled: str
) -> None:
    """What was checked is what is written."""
    for shape, around in (
        (value, "%s"),
        ({"x": value, "y": 1}, '{"x":%s,"y":1}'),
        ([1.5, (value,)], "[1.5,[%s]]"),
    ):
        assert strict_json.write(shape) == (around % spelled).encode()


@pytest.mark.parametrize("hidden", [{1}, float("nan"), 2**1024, b"x", {1: 2}], ids=repr)
def test_what_a_subclass_hides_is_refused_as_if_it_did_not(json_reader: str, hidden: Any) -> None:
    for value in (
        Liar.Names(a=hidden),
        Liar.Items([hidden]),
        Liar.Pair((hidden, 1)),
        {"x": Liar.Items([[hidden]])},
    ):
        with pytest.raises((TypeError, ValueError)):
            strict_json.write(value)


def test_an_ordered_dict_keeps_its_own_order(json_reader: str) -> None:
    ordered = OrderedDict(a=1, b=2)
    ordered.move_to_end("a")
    assert strict_json.write({"x": ordered}) == b'{"x":{"b":2,"a":1}}'


def test_a_name_of_a_subclass_of_str_is_a_type_error(json_reader: str) -> None:
    """A name is a str and nothing else, though as a value a plain subclass is taken."""
    for value in (
        {Text("a"): 1},
        {"x": {Text("a"): 1}},
        Names({Text("a"): 1}),
        {"x": [1.5, {Text("a"): 2**70}]},
    ):
        with pytest.raises(TypeError, match="member name must be str, got Text"):
            strict_json.write(value)
    assert strict_json.write({"a": Text("b")}) == b'{"a":"b"}'


def nested(levels: int, kind: str) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value} if kind == "dict" else [value]
    return value


@pytest.mark.parametrize("kind", ["dict", "list"])
def test_a_deep_value_close_to_the_end_of_the_stack_is_said_to_be_that(json_reader: str, kind: str) -> None:
    """Where the caller has used up nearly all of the stack, that is no fault of the JSON."""
    value = nested(60, kind)
    raw = strict_json.write(value)
    words = "nested too deeply for the stack that is left"
    assert outcomes_near_the_limit(lambda: strict_json.write(value)) <= {f"ValueError: {words}"}
    assert outcomes_near_the_limit(lambda: strict_json.read(raw)) <= {f"JSONFault: {words}"}


def test_octets_of_a_subclass_of_bytes_are_read_as_what_they_are(json_reader: str) -> None:
    class Octets(bytes):
        """Lies to whoever asks."""

        def decode(self, *_: Any) -> str:
            return '{"lie":1}'

        def __bytes__(self) -> bytes:
            return b'{"lie":1}'

        def count(self, *_: Any) -> int:
            return 0

    assert strict_json.read(Octets(b'{"a":1}')) == {"a": 1}
    assert strict_json.read_object(Octets(b'{"a":[1]}')) == {"a": [1]}


def test_an_unknown_reader_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="simdjson"), strict_json.use("simdjson"):
        pass
