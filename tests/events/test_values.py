"""JSON in any layout is read completely; a broken place is counted, and the rest goes on."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.events.reading import values
from deliverability.events.reading.values import Broken, Value, read_values

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
objects = st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=6)
LAYOUTS: dict[str, Callable[[list[str]], str]] = {
    "a line each": "\n".join,
    "a line each, of Windows": "\r\n".join,
    "run together": "".join,
    "an array": lambda texts: "[" + ",".join(texts) + "]",
    "an array over lines": lambda texts: "[\n" + ",\n".join(texts) + "\n]\n",
    "a sequence (RFC 7464)": lambda texts: "".join(f"\x1e{text}\n" for text in texts),
    "with a byte-order mark": lambda texts: "\ufeff" + "\n".join(texts),
    "with commas at the ends": lambda texts: "".join(f"{text},\n" for text in texts),
}


class Dripping:
    """A stream that gives a few octets at a time, as a pipe does."""

    def __init__(self, octets: bytes, size: int) -> None:
        self._file = io.BytesIO(octets)
        self._size = size

    def read(self, _: int = -1, /) -> bytes:
        return self._file.read(self._size)


def found(text: str | bytes, drip: int = 1 << 20) -> list[Any]:
    octets = text.encode() if isinstance(text, str) else text
    return list(read_values(Dripping(octets, drip)))


def plain(text: str) -> list[Any]:
    return [one.value for one in found(text) if isinstance(one, Value)]


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=15)
@given(wanted=objects, indent=st.sampled_from([None, 1]), ascii_only=st.booleans(), drip=st.integers(1, 40))
def test_any_values_in_any_layout_are_read_completely(
    layout: str, wanted: list[Any], indent: int | None, ascii_only: bool, drip: int
) -> None:
    texts = [json.dumps(value, indent=indent, ensure_ascii=ascii_only) for value in wanted]
    octets = LAYOUTS[layout](texts).encode("utf-8", "surrogatepass")
    got = found(octets, drip)
    assert [one.value for one in got if isinstance(one, Value)] == wanted
    assert not any(isinstance(one, Broken) for one in got)


@given(
    before=objects,
    after=objects,
    broken=st.sampled_from(["{", '{"a"', "nonsense", '{"a":1}}', '{"a":', "}", "\0", "{'a':1}"]),
)
def test_what_stands_on_other_lines_than_a_broken_place_is_read(
    before: list[Any], after: list[Any], broken: str
) -> None:
    text = "\n".join([*map(json.dumps, before), broken, *map(json.dumps, after), ""])
    got = [one.value for one in found(text) if isinstance(one, Value)]
    # what the broken line itself holds may be read beside
    assert [value for value in got if value != {"a": 1}] == [value for value in before + after if value != {"a": 1}]
    assert sum(isinstance(one, Broken) for one in found(text)) == 1


@given(st.binary(max_size=200), st.integers(1, 7))
def test_no_octets_raise(octets: bytes, drip: int) -> None:
    got = found(octets, drip)
    assert all(one.line <= octets.count(b"\n") + 1 for one in got)


def test_every_value_knows_the_line_on_which_it_begins() -> None:
    got = found('\n{"a":\n1}\n\n[{"b":2},\n{"c":3}] {"d":4}\n', drip=3)
    assert [(one.line, one.value) for one in got] == [(2, {"a": 1}), (5, {"b": 2}), (6, {"c": 3}), (6, {"d": 4})]


@pytest.mark.parametrize(
    ("text", "reason"),
    {
        "cut in a key": ('{"a":1}\n{"b', "truncated"),
        "cut after a colon": ('{"a":1}\n{"b":', "truncated"),
        "no JSON": ('{"a":1}\n{b:123456789}', "not-json"),
        "a thousand levels": ('{"a":1}\n' + '{"a":' * 100_000, "not-json"),
        "a number of 5,000 digits": ('{"a":1}\n{"b":' + "9" * 5000 + "}", "not-json"),
    }.values(),
)
def test_a_broken_place_says_how_and_where(text: str, reason: str) -> None:
    first, second = found(text)
    assert (first.value, second.line, second.reason) == ({"a": 1}, 2, reason)


def test_after_a_broken_object_over_several_lines_the_next_object_is_read_and_no_line_between() -> None:
    got = found('{\n"a" 1,\n"b": 2,\n"c"\n},\n{"d":4}\n')
    assert [(one.line, isinstance(one, Broken)) for one in got] == [(1, True), (6, False)]


def test_numbers_are_never_cut_at_the_end_of_a_block() -> None:
    assert [one.value for one in found("12345 678", drip=2)] == [12345, 678]


def test_not_a_number_is_null() -> None:
    assert plain('{"a":NaN,"b":-Infinity}') == [{"a": None, "b": None}]


def test_a_value_beyond_the_bound_is_passed_over_without_being_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "MAX_VALUE", 10_000)
    monkeypatch.setattr(values, "BLOCK", 1_000)
    sizes: list[int] = []

    class Endless(Dripping):
        def read(self, size: int = -1, /) -> bytes:
            sizes.append(size)
            return super().read(size)

    text = b'{"a":1}\n{"x":"' + b"y" * 1_000_000 + b'"}\n{"b":2}\n'
    got = list(read_values(Endless(text, 1_000)))
    assert [(one.line, getattr(one, "reason", "")) for one in got] == [(1, ""), (2, "too-large"), (3, "")]
    assert max(sizes) < 20_000
    assert isinstance(got[1], Broken)
    assert len(got[1].text) <= 200
