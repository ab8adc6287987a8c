"""A `deliv.toml` as tables and places: bounded, and every fault of its syntax in one line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path as File
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.policy.places import At, Path, TooMuch, places_of
from deliverability.text import visible

MAX_OCTETS = 1024 * 1024
"""Our own bound; a policy is a few KB."""
MAX_LINE = 200
"""Characters before and after a fault of syntax that are looked at for what was meant. Our own bound."""
_WHERE = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)", re.DOTALL)

_DIGITS = re.compile(r"\d(?:_?\d){4299}")
"""A number of more digits than Python reads (`sys.int_info.default_max_str_digits`, 4,300)."""
_HINTS = tuple(
    (re.compile(pattern, re.MULTILINE), hint)
    for pattern, hint in (
        # TOML 1.0.0, Key/Value Pair, Comment, Keys, String, Inline Table, Table: in this order
        (r"\0[ \t]*:|^\0[ \t]*\{", "TOML writes key = value"),
        (r"\0[ \t]*(?:;|//|/\*)", "a comment begins with #"),
        (r"[=\[,][ \t]*\0[\u2018-\u201f]", "a text stands in straight quotes"),
        (r"[=\[,][ \t]*\0[^\W\d]", "a text goes in quotes"),
        (r"^[ \t]*\0[^\x00-\x7f]", "a key of other letters than a to z goes in quotes"),
        (r"\\.?\0", "between single quotes a backslash is one"),
        (r"[{,][ \t]*\0[ \t]*(?:#.*)?(?:\}|$)", "an inline table is one line, without a comma after its last key"),
        (r"^Cannot (?:declare|overwrite)", "each table and each key stands once"),
    )
)
"""What is meant, by the complaint of `tomllib` and the line that it is about, with a NUL at the place."""


class BadConfig(ValueError):
    """The file is not what it should be.

    `problems` are all its faults, a line each, as `FILE:LINE:COLUMN: what`; the exception's text is the first of them,
    and how many more there are.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        more = len(problems) - 1
        super().__init__(problems[0] + (f"; and {more} more (deliv config check lists them)" if more else ""))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Tables:
    """What a file says, and where it says it."""

    file: str
    root: Mapping[str, Any]
    places: Mapping[Path, At]


def read_tables(path: File) -> Tables:
    """The tables of the file. Raises BadConfig, OSError."""
    with path.open("rb") as file:
        octets = file.read(MAX_OCTETS + 1)
    return tables_of(octets, str(path))


def tables_of(octets: bytes, file: str) -> Tables:
    """The same of what a file holds. Raises BadConfig."""
    if len(octets) > MAX_OCTETS:
        raise BadConfig([f"{visible(file)}: larger than {MAX_OCTETS // 1024} KiB"])
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = octets[: error.start]
        at = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise BadConfig([located(file, at, "not UTF-8")]) from None
    try:
        return Tables(file, *_parsed(text))
    except TooMuch as error:
        raise BadConfig([located(file, error.at, str(error))]) from None
    except tomllib.TOMLDecodeError as error:
        raise BadConfig([_of_syntax(file, str(error), text)]) from None
    except ValueError:  # Python's own bound on a number comes through tomllib as it is, without a place
        found = _DIGITS.search(text)
        at = _at(text, found.start()) if found else (1, 1)
        raise BadConfig([located(file, at, "a number has more digits than can be read")]) from None


def _parsed(text: str) -> tuple[dict[str, Any], dict[Path, At]]:
    places = places_of(text)
    return tomllib.loads(text), places


def located(file: str, at: At, what: str) -> str:
    """One fault with its place, in one line."""
    return f"{visible(file)}:{at[0]}:{at[1]}: {what}"


def _at(text: str, place: int) -> At:
    return text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)


def _of_syntax(file: str, message: str, text: str) -> str:
    """What `tomllib` complains of, with the place in front."""
    found = _WHERE.fullmatch(message)
    end = _at(text, len(text))
    what, at = (found[1], (int(found[2]), int(found[3])) if found[2] else end) if found else (message, end)
    return located(file, at, f"not TOML: {visible(what)[:200]}{_hint(what, text, at)}")


def _hint(what: str, text: str, at: At) -> str:
    """What may have been meant, in parentheses; empty where nobody knows."""
    line = next(islice(text.split("\n"), at[0] - 1, None), "")[: at[1] + MAX_LINE]
    seen = f"{what}\n{line[: at[1] - 1][-MAX_LINE:]}\0{line[at[1] - 1 :]}"
    return next((f" ({hint})" for pattern, hint in _HINTS if pattern.search(seen)), "")
