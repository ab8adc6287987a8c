"""Where keys stand: every key that `tomllib` reads has the line that it is written on."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.policy.places import MAX_DEPTH, MAX_KEYS, Path, TooMuch, places_of

EVERYTHING = r"""
top = 1 # "not" = a key
dotted . key = "a # = [b]"
"quoted.key" = 'x = 1'
'lit"eral' = "\"]} #"
"\u00e4\t" = 1
[table . "sub.table"]  # [no.table]
list = [1, "two, ]", [3], { a = 1, "b c" = [4] }, # a comment ]
  # another = comment
  2026-01-01 10:00:00,
]
text = '''
line = 1
[header]
''''
basic = "\""
other = '''''' # empty
more = '''
a ''quoted'' = "b"'''
inline = { x.y = 1, z = "}" }
[[entries]]
name = 1
[entries.sub]
key = 2
[[entries]]
[[entries.inner]]
a = 1
[[entries.inner]]
b = +1_000.0e3
"""


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Every key and entry below `value`, as the scanner names them."""
    if isinstance(value, dict):
        items: list[tuple[str | int, Any]] = list(value.items())
    else:
        items = list(enumerate(value, start=1)) if isinstance(value, list) else []
    for key, one in items:
        yield (*above, key)
        yield from paths(one, (*above, key))


def test_every_kind_of_key_has_the_place_where_it_is_written() -> None:
    found = places_of(EVERYTHING)
    lines = EVERYTHING.split("\n")

    assert set(found) == set(paths(tomllib.loads(EVERYTHING)))
    assert found["dotted", "key"] == (3, 10)
    assert found["table", "sub.table"] == (7, 10)
    assert found["table", "sub.table", "list", 4, "b c", 1] == (8, lines[7].index("[4]") + 2)
    assert found["table", "sub.table", "list", 5] == (10, 3)
    assert found["entries", 2, "inner", 2, "b"] == (lines.index("b = +1_000.0e3") + 1, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_do_not_move_a_line(end: str) -> None:
    text = EVERYTHING.replace("\n", end)

    assert set(places_of(text)) == set(paths(tomllib.loads(text)))
    assert places_of(text)["entries", 2, "inner", 2, "b"] == places_of(EVERYTHING)["entries", 2, "inner", 2, "b"]


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\t"), max_size=8)
SCALARS = st.one_of(st.integers(-9, 9), st.booleans(), st.dates(date(1, 1, 1)), WORDS, st.just('\n"#=[]{}\\\n'))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)
TABLES = st.dictionaries(
    WORDS,
    VALUES
    | st.dictionaries(WORDS, VALUES, max_size=3)
    | st.lists(st.dictionaries(WORDS, VALUES, max_size=2), min_size=1, max_size=3),
    max_size=4,
)


def basic(text: str) -> str:
    """A basic string, every character that is not a letter escaped."""
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text) + '"'


def spelled(value: object, style: int) -> str:
    """A value in TOML; `style` chooses among the ways of writing it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{basic(key)} = {spelled(one, style)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        between = ",\n # , ] x = 1\n" if style % 2 else ", "
        return "[" + between.join(spelled(one, style) for one in value) + "]"
    if isinstance(value, str):
        plain = value.isprintable() and "'" not in value
        multiline = f'"""\n{value}"""' if '"' not in value and "\\" not in value and value.isprintable() else None
        return (f"'{value}'" if plain and style % 3 == 1 else multiline if style % 3 == 2 else None) or basic(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def written(tables: dict[str, Any], style: int) -> str:
    """Tables as a document: plain keys first, then each table and array of tables under its header."""
    heads: list[str] = []
    rest: list[str] = []
    for key, value in tables.items():
        if isinstance(value, dict) and style % 2:
            rest.append(f"[ {basic(key)} ] # [x]")
            rest += [f"{basic(name)}= {spelled(one, style)}" for name, one in value.items()]
        elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value) and style % 2:
            for one in value:
                rest.append(f"[[{basic(key)}]]")
                rest += [f"{basic(name)} ={spelled(two, style)}" for name, two in one.items()]
        else:
            heads.append(f"\t{basic(key)} = {spelled(value, style)} # x = 1")
    return "\n".join(heads + rest)


@given(TABLES, st.integers(0, 5))
def test_every_key_of_any_document_has_a_place_whose_line_holds_it(tables: dict[str, Any], style: int) -> None:
    text = written(tables, style)
    read = tomllib.loads(text)
    found = places_of(text)
    lines = text.split("\n")

    assert set(found) == set(paths(read))
    for path, (line, column) in found.items():
        if isinstance(path[-1], str):
            assert lines[line - 1].startswith(basic(path[-1]), column - 1)


@given(st.text(st.sampled_from("ab.=\"'[]{}#,\\\n 1"), max_size=60))
def test_what_is_no_toml_ends_quietly_and_what_is_has_all_its_places(text: str) -> None:
    found = places_of(text)
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return

    assert set(found) == set(paths(read))


@pytest.mark.parametrize(
    "text",
    [
        "a" + ".a" * MAX_DEPTH + " = 1",
        "[" + "a." * MAX_DEPTH + "a]",
        "a = " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        "a = " + "{b = " * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1),
        "a = " + "[" * 100_000,
        "a." * 500_000,
        "x = 1\n" * 3 + "".join(f"x{number} = 1\n" for number in range(MAX_KEYS + 1)),
        "a = [" + "1," * (MAX_KEYS + 1) + "]",
    ],
)
def test_what_is_deeper_or_more_than_any_policy_is_refused(text: str) -> None:
    with pytest.raises(TooMuch):
        places_of(text)


@pytest.mark.parametrize(
    "text",
    [
        'a = "' + "\\" * 100_000,
        'a = """' + '""\\' * 100_000,
        "a = '''" + "''" * 100_000,
        '"' * 100_001,
        "a = [" + "#\n" * 100_000,
        "a = [" + "1,\n" * 90_000 + "]",
        "x = 1\n" * 100_000,
        "[[a]]\n" * 90_000,
    ],
)
def test_no_text_takes_more_than_one_pass(text: str) -> None:
    started = time.process_time()
    places_of(text)

    assert time.process_time() - started < 10  # a second pass for each character would take hours
