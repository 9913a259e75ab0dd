"""security.md 2C: JSON as headers, claims, JWKs and key sets may hold it, with either reader on every engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tokens
from tokens import LATER, public, public_jwk, token
from verdicts import Judge, judge, unverified_reads, unverified_refuses

import fastjwt
from fastjwt import DecodeError, InvalidKeyError, JWKSError, Verifier

pytestmark = pytest.mark.usefixtures("engine", "json_reader")

PLACES = ("header", "payload")

MOST_OF_A_DOUBLE = 2**1024 - 2**971
"""The largest finite double, as an integer."""

ROUNDS_DOWN = 2**1024 - 2**970 - 1
ROUNDS_UP = 2**1024 - 2**970


def text_with(place: str, value: bytes | str) -> bytes:
    """Return the text of a good header or payload that holds this raw value in a member x."""
    value = value.encode("utf-8") if isinstance(value, str) else value
    start = b'{"alg":"RS256","x":' if place == "header" else b'{"exp":%d,"x":' % LATER
    return start + value + b"}"


def token_of(place: str, text: bytes) -> str:
    """Return a well-signed token with this raw header or payload."""
    return token(text) if place == "header" else token(None, text)


def refuse(place: str, text: bytes, asked: Judge | None = None) -> None:
    """Assert that this text is a DecodeError as the header or payload of a token, and for `decode_unverified`."""
    bad = token_of(place, text)
    (asked or judge()).refuses(bad, DecodeError, "header" if place == "header" else "json")
    unverified_refuses(bad)


def accept(place: str, text: bytes, asked: Judge | None = None) -> object:
    """Assert that this text is good as header or payload; return the value of its member x."""
    good = token_of(place, text)
    (asked or judge()).accepts(good)
    unverified_reads(good)
    complete = (asked or judge()).verifier.verify_complete(good, now=tokens.NOW)
    return (complete.header if place == "header" else complete.claims).get("x")


# --- Encoding ------------------------------------------------------------------------------------------------------

NOT_UTF_8 = {
    "Latin-1": b'"\xe9"',
    "continuation alone": b'"\x80"',
    "octet FE": b'"\xfe"',
    "octet FF": b'"\xff"',
    "cut short, of two": b'"\xc3"',
    "cut short, of three": b'"\xe2\x82"',
    "cut short, of four": b'"\xf0\x9f\x98"',
    "overlong NUL": b'"\xc0\x80"',
    "overlong slash": b'"\xc0\xaf"',
    "overlong quote": b'"\xc0\xa2"',
    "overlong by three": b'"\xe0\x80\xaf"',
    "overlong by four": b'"\xf0\x80\x80\xaf"',
    "overlong just so": b'"\xe0\x9f\xbf"',
    "five octets": b'"\xf8\x88\x80\x80\x80"',
    "six octets": b'"\xfc\x84\x80\x80\x80\x80"',
    "encoded high surrogate": b'"\xed\xa0\x80"',
    "encoded low surrogate": b'"\xed\xbf\xbf"',
    "encoded pair (CESU-8)": b'"\xed\xa0\xbd\xed\xb8\x80"',
    "beyond U+10FFFF": b'"\xf4\x90\x80\x80"',
    "in a name": b'{"\xff":1}',
    "outside any string": b"1\xa0",
    "a no-break space between": b"\xc2\xa01",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", NOT_UTF_8.values(), ids=NOT_UTF_8.keys())
def test_what_is_not_strict_utf_8_is_refused(value, place):
    refuse(place, text_with(place, value))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"]
)
def test_another_encoding_or_a_byte_order_mark_is_refused(encoding, place):
    """The stdlib reader guesses UTF-16 and 32 from bytes; nobody else may."""
    refuse(place, text_with(place, "1").decode().encode(encoding))


@pytest.mark.parametrize("place", PLACES)
def test_a_byte_order_mark_behind_or_within_is_refused(place):
    for text in (
        text_with(place, "1") + b"\xef\xbb\xbf",
        text_with(place, b"\xef\xbb\xbf1"),
        b"\xef\xbb\xbf" * 2,
    ):
        refuse(place, text)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (b'"\xc3\xa9"', "\u00e9"),
        (b'"\xed\x9f\xbf"', "\ud7ff"),
        (b'"\xee\x80\x80"', "\ue000"),
        (b'"\xf4\x8f\xbf\xbf"', "\U0010ffff"),
        (b'"\xef\xbb\xbf"', "\ufeff"),
        (b'"\xef\xbf\xbf"', "\uffff"),
        (b'"\xe2\x80\xa8"', "\u2028"),
        (b'"\x7f"', "\x7f"),
        (b'"\\u0000"', "\x00"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\uD83D\\uDE00"', "\U0001f600"),
        (b'"\\\\ud800"', "\\ud800"),
        (b'"\\\\\\\\ud800"', "\\\\ud800"),
        (b'"\\uffff\\ufdd0"', "\uffff\ufdd0"),
        (b'"\\/"', "/"),
    ],
    ids=ascii,
)
def test_every_unicode_scalar_value_is_accepted(value, seen, place):
    assert accept(place, text_with(place, value)) == seen


LONE_SURROGATES = [
    '"\\ud800"',
    '"\\uD800"',
    '"\\udbff"',
    '"\\udc00"',
    '"\\uDFFF"',
    '"\\ud800\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude00\\ud83d"',
    '"\\ud83d\\ud83d\\ude00"',
    '"\\ud800x"',
    '"\\ud800\\u0041"',
    '"\\ud800\\n"',
    '"\\ud83d \\ude00"',
    '"\\\\\\ud800"',
    '"x\\udc00"',
    '["\\udead"]',
    '{"y":"\\udead"}',
    '{"\\udead":1}',
    '{"\\ud800":1,"\\ud801":2}',
    '[[[["\\ud8ff"]]]]',
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", LONE_SURROGATES)
def test_an_unpaired_surrogate_escape_is_refused(value, place):
    refuse(place, text_with(place, value))


# --- Numbers -------------------------------------------------------------------------------------------------------

NOT_A_NUMBER = {
    "NaN": "NaN",
    "nan": "nan",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "plus Infinity": "+Infinity",
    "inf": "inf",
    "in a list": "[1,NaN]",
    "in an object": '{"y":Infinity}',
    "1e400": "1e400",
    "minus 1e400": "-1e400",
    "1E+309": "1E+309",
    "1.8e308": "1.8e308",
    "just beyond a double": "1.7976931348623159e308",
    "a huge exponent": "1e999999999999999999999",
    "an integer that rounds to infinity": str(ROUNDS_UP),
    "the same, negative": str(-ROUNDS_UP),
    "2 to the 1024": str(2**1024),
    "400 digits": "1" * 400,
    "minus 400 digits": "-" + "1" * 400,
    "4300 digits": "1" * 4300,
    "4301 digits": "1" * 4301,
    "50000 digits": "9" * 50_000,
    "400 digits in a list": f"[{'1' * 400}]",
    "400 digits and a fraction": "1" * 400 + ".5",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", NOT_A_NUMBER.values(), ids=NOT_A_NUMBER.keys())
def test_nan_infinity_and_numbers_beyond_a_double_are_refused(value, place):
    if place == "header" and len(value) > 12_000:
        judge(max_header_bytes=100_000).refuses(token(text_with(place, value)), DecodeError, "header")
    else:
        refuse(place, text_with(place, value))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "value",
    ["1e-400", "123e-10000000", "-1e-400", "0.0", "-0.0", "0e0", "1e-999999999999", "0." + "0" * 500 + "1"],
)
def test_underflow_is_zero(value, place):
    seen = accept(place, text_with(place, value))
    assert type(seen) is float
    assert seen == 0.0


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("value", "seen"),
    [
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("1.7976931348623158e308", 1.7976931348623157e308),
        ("5e-324", 5e-324),
        ("1E5", 1e5),
        ("1e+19", 1e19),
        ("12345678901234567890.0", 12345678901234567890.0),
        ("18446744073709551616.5", 18446744073709551616.5),
        ("18446744073709551616e0", 18446744073709551616.0),
        ("-1e19", -1e19),
        ("0.1", 0.1),
        ("1.0", 1.0),
        ("9007199254740993", 9007199254740993),
        ("9007199254740993.0", 9007199254740992.0),
        ("0", 0),
    ],
)
def test_floats_stay_floats_and_integers_integers(value, seen, place):
    read = accept(place, text_with(place, value))
    assert type(read) is type(seen)
    assert read == seen


LARGE_INTEGERS = [
    2**63 - 1,
    2**63,
    2**63 + 1,
    -(2**63),
    -(2**63) - 1,
    2**64 - 1,
    2**64,
    2**64 + 1,
    -(2**64),
    10**19,
    10**20 + 1,
    2**100 + 1,
    -(10**100) - 1,
    10**308 + 1,
    MOST_OF_A_DOUBLE,
    ROUNDS_DOWN,
    -ROUNDS_DOWN,
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", LARGE_INTEGERS, ids=lambda number: f"{number.bit_length()} bits")
def test_an_integer_beyond_64_bits_is_exact(number, place):
    """As a float, two different ids become equal; `orjson` makes one without a word."""
    asked = judge()
    for shape in ("%d", "[%d]", '{"y":%d}', '[1,{"y":[2,%d]}]', " %d ", '["1",%d,"2"]'):
        seen = accept(place, text_with(place, shape % number), asked)
        assert repr(seen) == repr(json.loads(shape % number))


def test_large_integers_are_exact_wherever_they_stand_in_the_text():
    """The 19 digits may lie across any border of a reader that takes 16, 32 or 64 octets at once."""
    asked = judge()
    crowd, expected = [], []
    for shift in range(140):
        for number in (2**63 + shift, -(2**64) - 1):
            claims = {"exp": LATER, "pad": "p" * shift, "x": number, "after": "a" * 70}
            crowd.append(token(None, claims))
            expected.append(claims)
    batch = asked.verifier.verify_batch(crowd, now=asked.now)
    assert not batch.errors
    assert repr(batch.claims) == repr(expected)
    assert repr([asked.verifier.verify(each, now=asked.now) for each in crowd[::7]]) == repr(expected[::7])


def test_digits_that_are_no_number_are_left_alone():
    asked = judge()
    for value in (
        "10769150350006150715113082367",
        "1.10769150350006150715113082367",
        ":10769150350006150715113082367",
        '":10769150350006150715113082367,"',
        "[10769150350006150715113082367]",
    ):
        assert accept("payload", text_with("payload", json.dumps(value)), asked) == value
        assert accept("payload", text_with("payload", json.dumps({value: [value]})), asked) == {
            value: [value]
        }


# --- Depth ---------------------------------------------------------------------------------------------------------


def nested(levels: int, opening: str = "[") -> str:
    """Return a value of so many levels: lists, objects, or (an even number) lists of objects."""
    if opening == "[":
        return "[" * levels + "]" * levels
    if opening == "{":
        return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)
    return '[{"a":' * (levels // 2 - 1) + "[{}]" + "}]" * (levels // 2 - 1)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("opening", ["[", "{"])
def test_64_levels_pass_and_65_do_not(opening, place):
    """The outer object is level 1."""
    asked = judge()
    for levels in (1, 49, 50, 62, 63):
        accept(place, text_with(place, nested(levels, opening)), asked)
    for levels in (64, 65, 100, 253, 254, 255, 256, 499, 500, 600):
        refuse(place, text_with(place, nested(levels, opening)), asked)


@pytest.mark.parametrize("place", PLACES)
def test_mixed_nesting_counts_lists_and_objects_alike(place):
    accept(place, text_with(place, nested(62, "mixed")))
    refuse(place, text_with(place, nested(64, "mixed")))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "value",
    [
        "[" * 5000,
        "[" * 5000 + "]" * 5000,
        '{"a":' * 2000,
        "[{" * 3000,
        '["' * 2000,
        "]" * 5000,
        "[" * 1030 + "]" * 1030,
    ],
    ids=lambda value: f"{value[:6]}, {len(value)}",
)
def test_endless_nesting_is_a_decode_error_and_no_recursion_error(value, place):
    refuse(place, text_with(place, value))
    refuse(place, value.encode())


def test_a_payload_of_nothing_but_brackets_is_refused():
    for letter in "[{":
        refuse("payload", letter.encode() * 190_000)
    refuse("payload", b"[" * 95_000 + b"]" * 95_000)


@pytest.mark.parametrize("place", PLACES)
def test_max_json_depth_is_the_way_out_and_narrows_too(place):
    deep = text_with(place, nested(255))
    judge(max_json_depth=256).accepts(token_of(place, deep))
    step = "header" if place == "header" else "json"
    judge(max_json_depth=255).refuses(token_of(place, deep), DecodeError, step)
    for levels in (256, 499, 1023, 2000):
        bad = token_of(place, text_with(place, nested(levels)))
        judge(max_json_depth=256).refuses(bad, DecodeError, step)
    judge(max_json_depth=2).accepts(token_of(place, text_with(place, "[]")))
    judge(max_json_depth=2).refuses(token_of(place, text_with(place, "[[]]")), DecodeError, step)
    judge(max_json_depth=1).refuses(token_of(place, text_with(place, "[]")), DecodeError, step)


@pytest.mark.parametrize("depth", [0, -1, 257, 1000, 10**30])
def test_max_json_depth_is_at_most_256(depth):
    with pytest.raises(ValueError):  # noqa: PT011 - the words are ours to choose
        Verifier(public(), max_json_depth=depth)


@pytest.mark.parametrize("place", PLACES)
def test_brackets_in_strings_are_no_nesting(place):
    for value in (
        "[" * 1000,
        "{" * 1000,
        '\\"[' * 500,
        "\\\\[{" * 300,
        '"' + "[" * 200 + '"',
        "\\" + "[" * 200,
    ):
        text = text_with(place, json.dumps(value))
        assert accept(place, text) == value
        accept(place, text_with(place, json.dumps({value: [value, {value: value}]})))


@pytest.mark.parametrize("place", PLACES)
def test_breadth_is_no_depth(place):
    for value in ("[" + ",".join(["[]"] * 900) + "]", "[" + ",".join(['{"a":[1]}'] * 300) + "]"):
        accept(place, text_with(place, value))


def test_deep_text_hidden_behind_strings_is_deep_all_the_same():
    for inner in ('"]]]]]]]]]]"', '"\\"]"', '"\\\\"', '"[\\\\\\"]"'):
        refuse("payload", text_with("payload", "[" + inner + "," + nested(64) + "]"))
        accept("payload", text_with("payload", "[" + inner + "," + nested(62) + "]"))


# --- Names twice ---------------------------------------------------------------------------------------------------

TWICE = {
    "x": '{"exp":%d,"x":1,"x":1}',
    "exp": '{"exp":%d,"exp":9999999999}',
    "by an escape": '{"exp":%d,"sub":"a","s\\u0075b":"b"}',
    "by escapes of either case": '{"exp":%d,"\\u00e9":1,"\\u00E9":1}',
    "by an escape of a pair": '{"exp":%d,"\\ud83d\\ude00":1,"\U0001f600":2}',
    "by an escaped solidus": '{"exp":%d,"a/b":1,"a\\/b":2}',
    "by an escaped quote": '{"exp":%d,"a\\"":1,"a\\u0022":2}',
    "the empty name": '{"exp":%d,"":1,"":2}',
    "NUL": '{"exp":%d,"\\u0000":1,"\\u0000":2}',
    "in an object": '{"exp":%d,"x":{"a":1,"a":2}}',
    "in a list": '{"exp":%d,"x":[1,{"a":1,"a":2}]}',
    "deep down": '{"exp":%d,"x":[[[[{"y":[{"a":1,"b":2,"a":3}]}]]]]}',
    "objects as values": '{"exp":%d,"x":{"a":1},"x":{"b":2}}',
    "a space before the second colon": '{"exp":%d,"x":1,"x" :1}',
    "a space before both": '{"exp":%d,"x" :1,"x" :1}',
    "a tab": '{"exp":%d,"x":1,"x"\t:1}',
    "a line feed": '{"exp":%d,"x":1,"x"\n:1}',
    "a carriage return": '{"exp":%d,"x":1,"x"\r:1}',
    "much white space": '{"exp":%d,"x":1,"x" \t\r\n \t\r\n:1}',
    "made up for by a string": '{"exp":%d,"x":1,"x" :"\\":"}',
    "made up for by a longer string": '{"exp":%d,"x" :"\\":\\":","x"\n:1}',
    "beside a large integer": '{"exp":%d,"x":1,"x":36893488147419103232}',
    "beside a float": '{"exp":%d,"x":1.5,"x":1e19}',
    "among many": '{"exp":%d,' + ",".join(f'"n{i}":{i}' for i in range(2000)) + ',"n1234":0}',
    "three times": '{"exp":%d,"x":1,"x":2,"x":3}',
    "with the same value": '{"exp":%d,"x":null,"x":null}',
    "in the first object, not the last": '{"exp":%d,"x":[{"a":1,"a":2},{"a":1,"b":2}]}',
}


@pytest.mark.parametrize("text", TWICE.values(), ids=TWICE.keys())
def test_a_claim_name_twice_is_refused_unless_allowed(text):
    """`DecodeError`, at any depth, after resolving escapes; `allow_duplicate_claims=True`: the last counts."""
    raw = text.replace("%d", str(LATER)).encode()
    refuse("payload", raw)
    asked = judge(allow_duplicate_claims=True)
    asked.accepts(token(None, raw), json.loads(raw))


def test_the_last_of_two_claims_counts_where_two_are_allowed():
    asked = judge(allow_duplicate_claims=True)
    asked.accepts(token(None, b'{"exp":1,"exp":%d}' % LATER), {"exp": LATER})
    asked.refuses(token(None, b'{"exp":%d,"exp":1}' % LATER), fastjwt.ExpiredSignatureError, "claims")
    asked.refuses(token(None, b'{"exp":%d,"e\\u0078p":1}' % LATER), fastjwt.ExpiredSignatureError, "claims")


def test_a_name_twice_is_found_wherever_it_stands_in_the_text():
    """The quote and the colon may lie across any border of a reader that takes 16, 32 or 64 octets at once."""
    asked = judge()
    crowd = []
    for shift in range(140):
        pad, end = "p" * shift, "e" * 70
        crowd += [
            token(None, f'{{"exp":{LATER},"pad":"{pad}","x":1,"x":2,"end":"{end}"}}'),
            token(None, f'{{"exp":{LATER},"pad":"{pad}","x":1,"x" :"\\":","end":"{end}"}}'),
            token(None, f'{{"exp":{LATER},"x":1,"pad":"{pad}","x"\n:"\\":"}}'),
            token(None, f'{{"x":1,"pad":"{pad}","exp":{LATER},"x":1}}'),
        ]
    batch = asked.verifier.verify_batch(crowd, now=asked.now)
    assert len(batch.errors) == len(crowd)
    assert {type(error) for error in batch.errors.values()} == {DecodeError}
    for bad in crowd[::11]:
        with pytest.raises(DecodeError):
            asked.verifier.verify(bad, now=asked.now)


ONCE = [
    '{"exp":%d,"x":1,"X":2}',
    '{"exp":%d,"x":{"x":{"x":1}}}',
    '{"exp":%d,"x":[{"a":1},{"a":1},{"a":1}]}',
    '{"exp":%d,"x":"\\"x\\":1,\\"x\\":2"}',
    '{"exp":%d,"x":"\\":\\":\\":"}',
    '{"exp":%d,"x\\":":1,"x":2}',
    '{"exp":%d,"\\"":1,"\\"\\"":2}',
    '{"exp":%d,"\u00e9":1,"e\u0301":2}',
    '{"exp":%d,"a":1,"a ":2," a":3}',
    '{ "exp" : %d , "x" : { "y" : [ 1 , 2 ] } }',
    '{\r\n\t"exp"\r\n\t:\r\n\t%d\r\n\t}',
]


@pytest.mark.parametrize("text", ONCE)
def test_names_that_differ_or_stand_in_different_objects_are_not_twice(text):
    raw = text.replace("%d", str(LATER)).encode()
    judge().accepts(token(None, raw), json.loads(raw))


# --- Not an object, and other faults of syntax ---------------------------------------------------------------------

NO_OBJECTS = {
    "list": "[]",
    "list of an object": '[{"exp":9999999999}]',
    "pairs": '[["exp",9999999999]]',
    "string": '"exp"',
    "object in a string": '"{\\"exp\\":9999999999}"',
    "number": "9999999999",
    "null": "null",
    "true": "true",
    "false": "false",
    "nothing but white space": " \n",
    "NUL": "\x00",
    "word": "exp",
    "form data": "exp=9999999999",
    "XML": "<claims/>",
    "YAML": "exp: 9999999999",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", NO_OBJECTS.values(), ids=NO_OBJECTS.keys())
def test_what_is_not_an_object_is_refused(text, place):
    refuse(place, text.encode())


@pytest.mark.parametrize("place", PLACES)
def test_a_token_in_the_place_of_an_object_is_refused(place):
    refuse(place, token().encode())


BAD_SYNTAX = {
    "trailing comma": "1,",
    "missing value": "",
    "missing colon": '{"a" 1}',
    "comma in a list": "[1,]",
    "comma in front": "[,1]",
    "two commas": "[1,,2]",
    "name without quotes": "{a:1}",
    "single quotes": "'a'",
    "number as name": "{1:1}",
    "null as name": "{null:1}",
    "comment": "1/*c*/",
    "line comment": "1//c\n",
    "hash comment": "1#c\n",
    "leading zero": "01",
    "minus leading zero": "-01",
    "plus sign": "+1",
    "lone minus": "-",
    "two minuses": "--1",
    "point in front": ".5",
    "point behind": "1.",
    "point without digits": "1.e5",
    "bare exponent": "1e",
    "signed bare exponent": "1e+",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "long integer": "1L",
    "Arabic digit": "\u0661",
    "Arabic digit behind": "1\u0661",
    "fullwidth digit": "\uff11",
    "superscript": "1\u00b2",
    "True": "True",
    "None": "None",
    "TRUE": "TRUE",
    "undefined": "undefined",
    "nul": "nul",
    "nullx": "nullx",
    "tab in a string": '"\t"',
    "line feed in a string": '"\n"',
    "NUL in a string": '"\x00"',
    "octet 1F in a string": '"\x1f"',
    "escape a": '"\\a"',
    "escape x": '"\\x41"',
    "escape of a line end": '"\\\n"',
    "octal escape": '"\\101"',
    "escape U": '"\\U00000041"',
    "short unicode escape": '"\\u12"',
    "bad unicode escape": '"\\u12G4"',
    "signed unicode escape": '"\\u+123"',
    "spaced unicode escape": '"\\u 123"',
    "underscored unicode escape": '"\\u1_23"',
    "prefixed unicode escape": '"\\u0x12"',
    "Arabic digits in an escape": '"\\u\u0661\u0661\u0661\u0661"',
    "unterminated string": '"abc',
    "unterminated escape": '"abc\\',
    "unterminated list": "[1",
    "unterminated object": '{"a":1',
    "closed by the other": "[1}",
    "object closed by the other": '{"a":1]',
    "form feed": "\f1",
    "vertical tab": "\v1",
    "no-break space": "\u00a01",
    "line separator": "\u20281",
    "zero width space": "\u200b1",
    "NUL between": "\x001",
    "two values": "1 2",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", BAD_SYNTAX.values(), ids=BAD_SYNTAX.keys())
def test_any_other_fault_of_syntax_is_refused(value, place):
    refuse(place, text_with(place, value))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "tail",
    [
        "x",
        "}",
        "]",
        "{}",
        ",",
        "\x00",
        "\x1a",
        "\x0c",
        "\x0b",
        "\ufeff",
        "\u00a0",
        "null",
        " 1",
        "\n{}",
        "//",
        ";",
    ],
    ids=ascii,
)
def test_octets_behind_the_object_are_refused(tail, place):
    refuse(place, text_with(place, "1") + tail.encode())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r", "\r\n", " \t\r\n" * 20], ids=ascii)
def test_white_space_of_rfc_8259_may_stand_around_every_part(space, place):
    asked = judge()
    good = text_with(place, "[1 ,{}]").decode()
    for mark in ("{", "}", ":", ",", "[", "]"):
        good = good.replace(mark, f"{space}{mark}{space}")
    accept(place, good.encode(), asked)


# --- Names and values are compared by code point -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Exp", "EXP", "exp ", " exp", "\uff45xp", "ex\u0440", "exp\u200b", "exp\x00"], ids=ascii
)
def test_a_name_that_differs_by_case_or_look_is_another_name(name):
    asked = judge()
    bad = token(None, {name: LATER})
    asked.refuses(bad, fastjwt.MissingRequiredClaimError, "claims", claim="exp")
    asked.accepts(token(None, {name: "anything", "exp": LATER}), {name: "anything", "exp": LATER})


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("\u00e9", "e\u0301"),
        ("e\u0301", "\u00e9"),
        ("\u212b", "\u00c5"),
        ("\ufb01", "fi"),
        ("alice", "Alice"),
        ("a", "a\u200b"),
    ],
    ids=ascii,
)
def test_a_value_that_differs_by_case_or_normalisation_is_another_value(wanted, given):
    for claim, option, kind in (
        ("sub", "subject", fastjwt.InvalidSubjectError),
        ("iss", "issuer", fastjwt.InvalidIssuerError),
        ("aud", "audience", fastjwt.InvalidAudienceError),
    ):
        asked = judge(None, tokens.with_claims(**{claim: wanted}), **{option: wanted})
        asked.refuses(tokens.with_claims(**{claim: given}), kind, "claims")


# --- JWKs and key sets ---------------------------------------------------------------------------------------------


def _bad_texts() -> dict[str, bytes]:
    jwk = json.dumps(public_jwk())[:-1].encode()
    return {
        "byte order mark": b"\xef\xbb\xbf" + jwk + b"}",
        "UTF-16": (jwk + b"}").decode().encode("utf-16"),
        "UTF-16 without a mark": (jwk + b"}").decode().encode("utf-16-le"),
        "not UTF-8": jwk + b',"x":"\xff"}',
        "encoded surrogate": jwk + b',"x":"\xed\xa0\x80"}',
        "lone surrogate": jwk + b',"x":"\\ud800"}',
        "NaN": jwk + b',"x":NaN}',
        "1e400": jwk + b',"x":1e400}',
        "400 digits": jwk + b',"x":' + b"1" * 400 + b"}",
        "name twice": jwk + b',"e":"AQAB"}',
        "name twice by an escape": jwk + b',"\\u0065":"AQAB"}',
        "name twice deep down": jwk + b',"x":[{"a":1,"a":1}]}',
        "deep": jwk + b',"x":' + nested(64).encode() + b"}",
        "very deep": jwk + b',"x":' + nested(2000).encode() + b"}",
        "trailing octets": jwk + b"}x",
        "cut short": jwk,
        "nothing": b"",
        "white space": b" ",
        "list": b"[" + jwk + b"}]",
        "string": json.dumps(jwk.decode() + "}").encode(),
        "null": b"null",
    }


@pytest.mark.parametrize("fault", _bad_texts().keys())
def test_the_same_faults_of_a_jwk_text_are_an_invalid_key(fault):
    text = _bad_texts()[fault]
    forms: list[Any] = [text, text.decode()] if text.isascii() else [text]
    for form in forms:
        for loader in (fastjwt.RSAPublicKey, fastjwt.RSAPrivateKey, fastjwt.HMACKey):
            with pytest.raises(InvalidKeyError):
                loader.from_jwk(form)


@pytest.mark.parametrize("fault", [name for name in _bad_texts() if name not in {"list", "string", "null"}])
def test_the_same_faults_of_a_key_set_text_are_a_jwks_error(fault):
    member = _bad_texts()[fault]
    encoding = {"UTF-16": "utf-16", "UTF-16 without a mark": "utf-16-le"}.get(fault)
    if encoding is not None:
        whole = json.dumps({"keys": [public_jwk()]}).encode(encoding)
    elif fault == "byte order mark":
        whole = member[:3] + b'{"keys":[' + member[3:] + b"]}"
    elif not member.strip():
        whole = member
    else:
        whole = b'{"keys":[' + member + b"]}"
    with pytest.raises(JWKSError):
        fastjwt.JWKSet.from_json(whole)
    if whole.isascii():
        with pytest.raises(JWKSError):
            fastjwt.JWKSet.from_json(whole.decode())


@pytest.mark.parametrize(
    "text", ["\ud800", '{"keys":[],"x":"\ud800"}', '{"kty":"RSA","x":"\udfff"}'], ids=ascii
)
def test_a_lone_surrogate_in_a_python_str_is_refused_as_a_jwk_and_as_a_key_set(text):
    with pytest.raises(InvalidKeyError):
        fastjwt.RSAPublicKey.from_jwk(text)
    with pytest.raises(JWKSError):
        fastjwt.JWKSet.from_json(text)
