"""What the readers of receivers' exports share: bounded JSON and CSV, shares, dates, and texts without addresses."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NoReturn, cast

from deliverability.intake.trouble import Bad, Refused
from deliverability.text import visible

OnBad = Callable[[Bad], None]

MAX_OCTETS = 32 * 1024 * 1024
"""Octets of one export; our own bound. A year of a thousand addresses or campaigns a day is far less."""
MAX_ROWS = 500_000
"""Rows of one export that are read; our own bound."""
MAX_FIELD = 8_192
"""Characters of one CSV field; our own bound."""
MAX_TEXT = 200
"""Characters of a word or an identifier that are kept; our own bound."""


def no_bad(bad: Bad) -> None:
    """Count nothing."""


def decoded(raw: bytes) -> str:
    """The export as text. UTF-8 with or without a mark, or UTF-16 with one, as spreadsheets save it.

    Raises:
        Refused: It is too large, or no text.
    """
    if len(raw) > MAX_OCTETS:
        raise Refused("too-large", f"more than {MAX_OCTETS // 2**20} MiB")
    encoding = "utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused("not-text", f"no {encoding.removesuffix('-sig').upper()} at octet {error.start}") from None


def is_json(text: str) -> bool:
    """Whether the text begins as a JSON object or list does."""
    return text.lstrip()[:1] in {"{", "["}


def json_values(text: str) -> Iterator[Any]:
    """One JSON value, or several one after the other (pages of one answer, saved together).

    Raises:
        Refused: It is no JSON, or nested too deeply.
    """
    decoder = json.JSONDecoder(parse_constant=_no_constant)
    at = _skip(text, 0)
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except RecursionError:
            raise Refused("too-deep", "nested more deeply than any export is") from None
        except ValueError as error:
            line = text.count("\n", 0, getattr(error, "pos", 0)) + 1
            raise Refused("not-json", f"line {line}") from None
        yield value
        at = _skip(text, at)


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one in place of anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def listed(value: object) -> Sequence[Any]:
    """A JSON list; an empty one in place of anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else []


def is_object(value: object) -> bool:
    """Whether this is a JSON object. No type guard: of what a stranger wrote, nothing more is known for it."""
    return isinstance(value, Mapping)


def is_list(value: object) -> bool:
    """Whether this is a JSON list."""
    return isinstance(value, list)


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list; none where it is no list."""
    return (mapping(item) for item in listed(value) if is_object(item))


_SPACE = re.compile(r"[\s,]*")


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


def csv_rows(text: str) -> list[tuple[int, list[str]]]:
    """The line number and the fields of each row that is not empty; commas, semicolons or tabs between them.

    Raises:
        Refused: A field is longer than any should be.
    """
    head = text[:4096].partition("\n")[0]
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        rows = ((reader.line_num, [field.strip() for field in row]) for row in islice(reader, MAX_ROWS))
        return [(line, row) for line, row in rows if any(row)]
    except csv.Error as error:
        raise Refused("not-csv", f"line {reader.line_num}: {error}") from None
    finally:
        csv.field_size_limit(limit)


def squashed(text: str) -> str:
    """A head or a word by which spellings are compared: lower case, letters and digits alone."""
    return "".join(c for c in text.lower() if c.isalnum())


def columns(head: list[str], known: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Our name of a column → its place, for those whose head is spelled in one of the ways in `known`."""
    places = {squashed(text): place for place, text in reversed(list(enumerate(head)))}
    return {
        name: places[spelling]
        for name, spellings in known.items()
        for spelling in spellings[::-1]
        if spelling in places
    }


_SHARE = re.compile(r"(?P<bound>[<>≤≥])?=?\s*(?P<number>\d{1,9}(?:[.,]\d{1,12})?)\s*(?P<unit>%)?")


def share(text: str, *, unit: str = "") -> tuple[float, str] | None:
    """`0.3%`, `< 0.1 %`: the fraction, and `<` or `>` where it is only a bound. None where it cannot be read.

    A bare number has no unit, and a hundredfold is at stake: it is read by `unit` ("%" or "1"), else not at all.
    """
    found = _SHARE.fullmatch(text.strip())
    if found is None or not (found["unit"] or unit):
        return None
    number = float(found["number"].replace(",", "."))
    bound = (found["bound"] or "").replace("≤", "<").replace("≥", ">")
    return (round(number / 100, 12) if found["unit"] or unit == "%" else number), bound


def count(text: str) -> int | None:
    """A number of messages, with or without separators for thousands; None where it cannot be read."""
    digits = text.strip().replace(",", "").replace("\u202f", "").replace("\xa0", "")
    return int(digits) if digits.isdecimal() and len(digits) <= 15 else None


_DATES = ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%b %d, %Y")


@lru_cache(maxsize=4_096)
def moment(text: str) -> str | None:
    """A date or a time in ISO 8601, to the minute; None where it cannot be read. Slashes mean month, day, year."""
    cleaned = text.strip().removesuffix(" UTC")
    try:
        return _iso(datetime.fromisoformat(cleaned))
    except ValueError:
        pass
    for form in _DATES:
        try:
            return _iso(datetime.strptime(cleaned, form))  # noqa: DTZ007 - as the receiver writes it, without a zone
        except ValueError:
            continue
    return None


def _iso(found: datetime) -> str:
    found = found.astimezone(UTC) if found.tzinfo else found
    return found.strftime("%Y-%m-%d" if not (found.hour or found.minute) else "%Y-%m-%dT%H:%M")


def day(year: object, month: object, of_month: object) -> str | None:
    """A date from three numbers; None where they make none."""
    if not all(isinstance(part, int) and not isinstance(part, bool) for part in (year, month, of_month)):
        return None
    try:
        return date(year, month, of_month).isoformat()  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        return None


_LOCAL_PART = re.compile(r"[^\s<>@;,\"']+(?=@)")
_SIGNS = re.compile("＠|%40", re.IGNORECASE)  # noqa: RUF001 - the full-width sign is one of its spellings
_CUT_WORD = re.compile(r"[^\s<>;,]{1,1000}\Z")


def word(value: object) -> str:
    """A word of the export that may be kept and shown: one line, bounded, and of an address only the domain."""
    text = str(value or "").strip()
    if len(text) > 4 * MAX_TEXT:  # half an address at the cut would not be known as one
        text = _CUT_WORD.sub("", text[: 4 * MAX_TEXT])
    return visible(_LOCAL_PART.sub("", _SIGNS.sub("@", text)))[:MAX_TEXT]


def domain_of(value: object) -> str:
    """The domain of a name like `domains/example.com/…`, of an address, or the name itself; lower case."""
    text = word(value).lower().removeprefix("domains/").partition("/")[0]
    return text.rpartition("@")[2].strip("<>. ")
