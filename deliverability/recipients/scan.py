"""One pass over the rows of all lists: what is said of each address, counted, and what is needed to say the rest.

Addresses are not kept. What stays of a row is 64-bit keys in ledgers, and of a domain its name and its count.
"""

from __future__ import annotations

from collections import Counter

from deliverability.intake.trouble import Bad, Troubles
from deliverability.recipients.addresses import Address, Addresses, Domain
from deliverability.recipients.history import Identities
from deliverability.recipients.ledger import Ledger, key_of
from deliverability.recipients.reference import roles
from deliverability.recipients.rows import List
from deliverability.recipients.wrapped import addresses_in, everybody_at

PLACE = 20
"""Bits of a number in a ledger that hold the domain's place; those above hold the row. 2^20 is above `MAX_DOMAINS`."""
MAX_LINES_SHOWN = 10
"""Rows with an address that is none of which the number is kept to be shown; our own bound."""


class Scan:
    """What the rows add up to. Rows are numbered from 0 over all lists; `row` is the next one's number.

    Ledgers: `keys` of addresses, `mailboxes` behind them, `persons` in a history; `inside` those of addresses, and of
    all in their domains, in rows that are none themselves.
    """

    def __init__(self, addresses: Addresses, identities: Identities | None = None) -> None:
        self._read = addresses.read
        self._identities = identities
        self.addresses = addresses
        self.places: dict[Domain, int] = {}
        self.row = self.good = self.empty = self.international = self.wrapped = 0
        self.bad = Counter[str]()
        self.invalid = Counter[str]()
        self.invalid_lines: list[int] = []
        self.roles = Counter[str]()
        self.keys, self.mailboxes, self.persons, self.inside = Ledger(), Ledger(), Ledger(), Ledger()

    def add(self, one: List, troubles: Troubles) -> None:
        """Take in the rows of one list. Raises Refused where the list does, and OSError (a full disk)."""
        add_key, read, task, places = self.keys.add, self._read, roles(), self.places
        for number, (cell, _cells, fault) in enumerate(one.rows, self.row):
            self.row = number + 1
            if not cell or fault:
                self._not_read(cell, fault, one, troubles)
                continue
            address = read(cell)
            if isinstance(address, str):
                self._invalid(address, cell, number, one.place.line)
                continue
            key, local, domain, smtputf8 = address
            domain.addresses += 1
            place = places.setdefault(domain, len(places))
            self.good += 1
            add_key(key_of(key), number << PLACE | place)
            if smtputf8:
                self.international += 1
            if local in task:
                self.roles[local] += 1
            if domain.aliasing is not None:
                self.mailboxes.add(key_of(address.mailbox or key), number)
            if self._identities is not None:
                self._person(address, number)

    def _not_read(self, cell: str | None, fault: str, one: List, troubles: Troubles) -> None:
        if cell == "" and not fault:
            self.empty += 1
            return
        self.bad[fault or "empty"] += 1
        troubles.add(Bad(file=one.name, line=one.place.line, reason=fault or "empty"))

    def _invalid(self, why: str, cell: str, number: int, line: int) -> None:
        self.invalid[why] += 1
        if len(self.invalid_lines) < MAX_LINES_SHOWN:
            self.invalid_lines.append(line)
        held = list(addresses_in(cell, self.addresses)) if "@" in cell else []
        self.wrapped += bool(held)
        for address in held:
            self.inside.add(key_of(address.key), number)
            self.inside.add(key_of(everybody_at(address)), number)
            self._person(address, number)

    def _person(self, address: Address, number: int) -> None:
        for person in self._identities.of(address.key) if self._identities else ():
            self.persons.add(person, number)

    def close(self) -> None:
        """Let the ledgers' files go."""
        for ledger in (self.keys, self.mailboxes, self.persons, self.inside):
            ledger.close()
