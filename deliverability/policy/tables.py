"""A `deliv.toml` as tables and places: bounded, and every fault of its syntax in one line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path as File
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.policy.places import At, Path, TooMuch, places_of
from deliverability.text import visible

MAX_OCTETS = 1024 * 1024
"""Our own bound; a policy is a few KB."""
_WHERE = re.compile(r"(.*) \(at (?:line ([0-9]+), column ([0-9]+)|end of document)\)", re.DOTALL)


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
        raise BadConfig([located(file, (1, 1), "a number has more digits than can be read")]) from None


def _parsed(text: str) -> tuple[dict[str, Any], dict[Path, At]]:
    places = places_of(text)
    return tomllib.loads(text), places


def located(file: str, at: At, what: str) -> str:
    """One fault with its place, in one line."""
    return f"{visible(file)}:{at[0]}:{at[1]}: {what}"


def _of_syntax(file: str, message: str, text: str) -> str:
    """What `tomllib` complains of, with the place in front."""
    found = _WHERE.fullmatch(message)
    end = text.count("\n") + 1, len(text) - text.rfind("\n")
    what, at = (found[1], (int(found[2]), int(found[3])) if found[2] else end) if found else (message, end)
    return located(file, at, f"not TOML: {visible(what)[:200]}")
