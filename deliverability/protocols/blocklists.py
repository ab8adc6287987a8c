"""The block lists that mail servers ask, and how to read what they answer (RFC 5782).

The lists with their terms, sources and dates are in blocklists.csv beside this file, their answers in
blocklist_codes.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import Path

from deliverability.fastclass import dataclass
from deliverability.findings import Severity
from deliverability.lookup.answer import Answer
from deliverability.lookup.unasked import never_asked

LISTED = IPv4Network("127.0.0.0/8")
"""RFC 5782 §2.1: every answer lies in here; one outside comes from a list that is gone or hijacked."""
REFUSED = IPv4Network("127.255.255.0/24")
"""Spamhaus's convention, which others follow: the list will not say. Source as in blocklist_codes.csv."""


class Kind(StrEnum):
    """What a list can be asked."""

    IP4 = "ip4"
    IP6 = "ip6"
    DOMAIN = "domain"


class Which(StrEnum):
    """Which lists are asked."""

    NONE = "none"
    DEFAULT = "default"
    ALL = "all"


class State(StrEnum):
    """What became of one question to one list. Only `listed` and `clear` say anything of what was asked."""

    LISTED = "listed"
    CLEAR = "clear"
    REFUSED = "refused"
    BROKEN = "broken"
    SILENT = "silent"
    UNASKED = "unasked"


COULD_LOOK = frozenset({State.LISTED, State.CLEAR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One thing that a list says. `severity` is what it means for a sender."""

    name: str
    severity: Severity
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockList:
    """One list. `codes`, `bits` and `refusals` are by answer; `asked` is `default`, `all`, `never` or `dead`.

    `test` is the name that must be listed, where the list holds names; `keyed` the zone for customers with a key.
    """

    zone: str
    name: str
    kinds: tuple[Kind, ...]
    asked: str
    severity: Severity
    allow: bool
    test: str
    keyed: str
    date: str
    source: str
    terms: str
    codes: dict[str, Code]
    bits: dict[int, Code]
    refusals: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an answer comes to: the codes of a listing, or why nothing was learnt."""

    state: State
    codes: tuple[Code, ...] = ()
    why: str = ""


def read(blocklist: BlockList, answer: Answer) -> Reading:
    """What `answer` to an A question says. RFC 5782 §2.1: an address is a listing, none is not."""
    if never_asked(answer):
        return Reading(state=State.UNASKED, why="it was not asked: the answers come from files")
    if not answer.answered:
        return Reading(state=State.SILENT, why=f"it gave no answer ({answer.status})")
    refusal = next(filter(None, (_refusal(blocklist, record) for record in answer.records)), None)
    if refusal:
        return Reading(state=State.REFUSED, why=refusal)
    if any(_address(record) not in LISTED for record in answer.records):
        return Reading(state=State.BROKEN, why="it answers with addresses that no list gives")
    codes = tuple(code for record in answer.records for code in _codes(blocklist, record))
    return Reading(state=State.LISTED if answer.records else State.CLEAR, codes=codes)


def _refusal(blocklist: BlockList, record: str) -> str | None:
    if record in blocklist.refusals:
        return blocklist.refusals[record]
    return f"it refuses to say ({record})" if _address(record) in REFUSED else None


def _codes(blocklist: BlockList, record: str) -> Iterator[Code]:
    octet = int(record.rpartition(".")[2])
    known = [code for bit, code in blocklist.bits.items() if octet & bit]
    if record in blocklist.codes:
        known.append(blocklist.codes[record])
    # RFC 5782 §2.1: any address within 127/8 is a listing, also one that is not on our list of answers
    yield from known or [Code(name=record, severity=blocklist.severity, meaning=f"its answer {record}")]


def _address(record: str) -> IPv4Address:
    try:
        return IPv4Address(record)
    except AddressValueError:
        return IPv4Address(0)  # what is no address lies outside of everything, too


def chosen(which: Which) -> tuple[BlockList, ...]:
    """The lists that are asked, in the order of the file. Dead ones and those that want an account never are."""
    wanted = {Which.NONE: (), Which.DEFAULT: ("default",), Which.ALL: ("default", "all")}[which]
    return tuple(one for one in known() if one.asked in wanted) if wanted else ()


@lru_cache(maxsize=1)
def known() -> tuple[BlockList, ...]:
    """Every list of the file, the dead ones too."""
    codes = list(_rows("blocklist_codes.csv", 5))
    return tuple(_block_list(row, [code for code in codes if code[0] == row[0]]) for row in _rows("blocklists.csv", 10))


def _block_list(row: list[str], codes: list[list[str]]) -> BlockList:
    zone, kinds, asked, severity, test, keyed, date, source, name, terms = row
    said = {
        answer: Code(name=word, severity=Severity(grade), meaning=meaning)
        for _, answer, grade, word, meaning in codes
        if grade != "refusal"
    }
    return BlockList(
        zone=zone,
        name=name,
        kinds=tuple(map(Kind, kinds.split())),
        asked=asked,
        severity=Severity.INFO if severity == "allow" else Severity(severity),
        allow=severity == "allow",
        test=test or "test",
        keyed=keyed,
        date=date,
        source=source,
        terms=terms,
        codes={answer: code for answer, code in said.items() if not answer.startswith("bit ")},
        bits={int(answer[4:]): code for answer, code in said.items() if answer.startswith("bit ")},
        refusals={answer: meaning for _, answer, grade, _, meaning in codes if grade == "refusal"},
    )


def _rows(file: str, columns: int) -> Iterator[list[str]]:
    """The rows of a data file; its last column may hold commas."""
    text = Path(__file__).with_name(file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return (line.split(",", columns - 1) for line in lines[1:])
