"""Whom a list must not hold: files of addresses that are not to be mailed, read as generously as they are written.

Names around an address, `mailto:` and several in a cell are all read, and `@domain` (or `*@domain`) stands for
everybody in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from deliverability.intake.trouble import Bad, Troubles
from deliverability.recipients.addresses import Address, Addresses
from deliverability.recipients.ledger import Ledger, key_of
from deliverability.recipients.rows import List
from deliverability.recipients.wrapped import EVERYBODY, addresses_in

MAX_BAD = 0.5
"""Share of the rows without an address in them above which a run ends: whom to spare is not known. Ours, and that of
events (--max-bad-share)."""


class NobodyToSpare(ValueError):
    """Files of suppressions that hold hardly an address; the message says so in one line."""


class Suppressed:
    """What the files hold: keys of addresses and of all in a domain, these domains (A-labels), and counts.

    counts: `rows`; of these `bad` without an address; `addresses` and `domains` that were found.
    """

    def __init__(self) -> None:
        self.keys = Ledger()
        self.domains = set[str]()
        self.counts = Counter[str]()

    def add(self, found: Iterable[Address]) -> None:
        """Take in the addresses and domains of a row."""
        for each in found:
            self.keys.add(key_of(each.key), 1)
            if each.local == EVERYBODY:
                self.domains.add(each.domain.name)
            else:
                self.counts["addresses"] += 1
        self.counts["domains"] = len(self.domains)

    def check(self) -> None:
        """Raises NobodyToSpare where most rows hold no address."""
        rows, bad = self.counts["rows"], self.counts["bad"]
        if bad > MAX_BAD * rows:
            raise NobodyToSpare(
                f"suppressions: {bad:,} of {rows:,} rows hold no address, so it is not known whom to spare; the column "
                "of the addresses may need a head such as email"
            )


def suppressed_of(lists: Iterable[List], addresses: Addresses, troubles: Troubles) -> Suppressed:
    """Read files of suppressions. Raises NobodyToSpare, and Refused where a list does."""
    held = Suppressed()
    for one in lists:
        for cell, cells, fault in one.rows:
            held.counts["rows"] += 1
            # without a head nothing says that the other columns hold something else: addresses on one line are columns
            looked = cells if one.head is None and one.form == "csv" else [cell or ""]
            found = [each for text in looked if "@" in text for each in _found(text.strip(), addresses)]
            held.add(found)
            if not found and (cell != "" or fault):
                held.counts["bad"] += 1
                troubles.add(Bad(file=one.name, line=one.place.line, reason=fault or _why(cell or "", addresses)))
    held.check()
    return held


def _why(cell: str, addresses: Addresses) -> str:
    found = addresses.read(cell) if cell else "empty"
    return found if isinstance(found, str) else "empty"


def _found(cell: str, addresses: Addresses) -> Iterable[Address]:
    whole = addresses.read(cell)
    return addresses_in(cell, addresses) if isinstance(whole, str) else [whole]
