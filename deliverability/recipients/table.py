"""Which of a file's columns holds the addresses, what parts its columns, and whether it has a head."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from deliverability.fastclass import dataclass
from deliverability.intake.trouble import Refused
from deliverability.text import visible

SAMPLE = 200
"""Rows by which the columns are told apart; our own bound."""
DELIMITERS = ",;\t|"
NAMES = (
    *("email", "emailaddress", "emailaddr", "recipient", "recipientemail", "recipientaddress", "subscriberemail"),
    *("useremail", "contactemail", "customeremail", "primaryemail", "workemail", "emailid", "mail", "mailaddress"),
    *("이메일", "이메일주소", "메일주소", "메일", "전자우편", "전자우편주소", "수신자", "수신자이메일", "받는사람"),
    *("emailadresse", "mailadresse", "courriel", "adresseemail", "correo", "correoelectronico", "correoelectrónico"),
    *("メールアドレス", "メール", "邮箱", "电子邮件", "電子郵件", "电子邮箱", "rcpt", "rcptto", "to", "address"),
)
"""Heads of a column of addresses, as services, spreadsheets and people name it; the first of several wins."""
_ORDER = {name: place for place, name in enumerate(NAMES)}
MAX_SHOWN = 12
"""Columns that a refusal names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How a file is laid out: the column of the addresses, its name (or its number where there is no head)."""

    delimiter: str
    column: int
    name: str
    head: tuple[str, ...] | None


def squashed(name: str) -> str:
    """A head by which spellings are compared: lower case, letters and digits alone."""
    return "".join(c for c in name.lower() if c.isalnum())


def delimiter_of(lines: Sequence[str]) -> str:
    """What parts the columns of these lines; nothing where there is one column alone."""
    best, most = "", 0
    for delimiter in DELIMITERS:
        widths = Counter(_width(line, delimiter) for line in lines)
        width, rows = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        if width > 1 and rows > most:
            best, most = delimiter, rows
    return best


def _width(line: str, delimiter: str) -> int:
    """The columns of one line by itself: a quote that is never closed would take all the others along."""
    try:
        return max((len(row) for row in csv.reader([line], delimiter=delimiter, strict=True)), default=0)
    except csv.Error:
        return line.count(delimiter) + 1


def table_of(rows: Sequence[Sequence[str]], delimiter: str, asked: str | None) -> Table:
    """The column of the addresses, by its head and by what stands in it. Raises Refused."""
    first = tuple(cell.strip() for cell in rows[0])
    signs = _signs(rows[1:])
    has_head = not any("@" in cell for cell in first)
    if asked is not None:
        column = _asked(first if has_head else (), asked, max(len(row) for row in rows))
    elif (found := _found(first, signs, has_head=has_head)) is not None:
        column = found
    else:
        raise Refused("no-address-column", f"name it with --column ({_columns(first, has_head=has_head)})")
    # a list whose one column has no name begins with an address, or with what should have been one
    if has_head and not _is_named(first, column, asked) and (len(first) == 1 or not signs[column]):
        has_head = False
    name = first[column] if has_head and column < len(first) else str(column + 1)
    return Table(delimiter=delimiter, column=column, name=name, head=first if has_head else None)


def _is_named(first: Sequence[str], column: int, asked: str | None) -> bool:
    return column < len(first) and (squashed(first[column]) in _ORDER or asked == first[column])


def _signs(rows: Sequence[Sequence[str]]) -> Counter[int]:
    """Column → how many of its cells hold the sign of an address."""
    return Counter(place for row in rows for place, cell in enumerate(row) if "@" in cell)


def _found(first: Sequence[str], signs: Counter[int], *, has_head: bool) -> int | None:
    if not has_head:
        signs = signs + _signs([first])
        return max(signs, key=lambda place: (signs[place], -place))
    named = {place: _ORDER[name] for place, cell in enumerate(first) if (name := squashed(cell)) in _ORDER}
    if named:
        return min(named, key=lambda place: (-bool(signs[place]), named[place], place))
    if signs:
        return max(signs, key=lambda place: (signs[place], -place))
    return 0 if len(first) == 1 else None


def _asked(head: Sequence[str], asked: str, width: int) -> int:
    """The column that the user named, or its number from 1. Raises Refused."""
    exact = (place for place, name in enumerate(head) if name == asked)
    alike = (place for place, name in enumerate(head) if squashed(name) == squashed(asked))
    if (found := next(chain(exact, alike), None)) is not None:
        return found
    if asked.isdecimal() and 1 <= int(asked) <= width:
        return int(asked) - 1
    raise Refused("no-such-column", f"{visible(asked)[:60]!r} ({_columns(head, has_head=bool(head))})")


def _columns(head: Sequence[str], *, has_head: bool) -> str:
    if not has_head:
        return "the file has no head: give the column's number"
    more = ", …" if len(head) > MAX_SHOWN else ""
    return "columns: " + ", ".join(visible(name)[:40] for name in head[:MAX_SHOWN]) + more


def key_of(objects: Sequence[Mapping[str, object]], asked: str | None) -> str:
    """The key of JSON objects under which the addresses stand. Raises Refused."""
    keys = list(dict.fromkeys(key for one in objects for key in one))
    if asked is not None:
        return keys[_asked(keys, asked, 0)]
    texts = {key: [value for one in objects if isinstance(value := one.get(key), str)] for key in keys}
    signs = Counter({key: sum("@" in value for value in values) for key, values in texts.items()})
    named = [key for key in keys if squashed(key) in _ORDER]
    if named:
        return min(named, key=lambda key: (-bool(signs[key]), _ORDER[squashed(key)]))
    if +signs:
        return max(keys, key=lambda key: signs[key])
    raise Refused(
        "no-address-column", f"name it with --column ({_columns([k for k in keys if '@' not in k], has_head=True)})"
    )
