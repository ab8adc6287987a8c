"""What a list of recipients adds up to: counts and names of domains, never an address.

`deliverability.lists.read` fills these; the checks of the family recipients read them, and an audit's document
carries them. Every count is of rows whose address is one, unless it says otherwise: a row is a message to be sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from deliverability.events.plain import from_plain, to_plain
from deliverability.fastclass import dataclass

KIND = "recipients"
"""The kind of observation that holds them."""

MAX_LISTED = 50
"""Domains of each kind that are named, those with most addresses; our own bound. The counts are of all."""


class Mail(StrEnum):
    """Whether a domain takes mail, by DNS."""

    MX = "mx"
    """It names hosts for its mail."""
    ADDRESS = "address"
    """It names none, and its own address stands in (RFC 5321 §5.1)."""
    NULL_MX = "null_mx"
    """It says that it takes none (RFC 7505 §3)."""
    NOWHERE = "nowhere"
    """It exists, without a mail host and without an address."""
    NXDOMAIN = "nxdomain"
    """There is no such name."""
    UNKNOWN = "unknown"
    """DNS did not say."""
    UNASKED = "unasked"
    """It was not asked about: no DNS was wanted, or it is beyond the bound."""


DEAD = (Mail.NXDOMAIN, Mail.NULL_MX, Mail.NOWHERE)
"""A domain to which no mail can be delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many domains, and how many addresses in them."""

    domains: int = 0
    addresses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One domain (A-labels), its addresses in the list, and whether it takes mail."""

    domain: str
    addresses: int
    mail: str = Mail.UNASKED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A domain that looks like a slip of the keyboard, and the domain that was meant, which has `of` addresses here."""

    domain: str
    meant: str
    addresses: int
    of: int
    mail: str = Mail.UNASKED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressions:
    """What the files of addresses that must not be mailed hold, and how much of the list is in them.

    bad: rows without an address. domains: those of which nobody is to be mailed.
    """

    files: int = 0
    rows: int = 0
    bad: int = 0
    addresses: int = 0
    domains: int = 0
    overlap: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Addresses of the list at one mailbox provider, and what became of such addresses in the events.

    - group: `met` had mail before that did not come back; `new` are not in the events.
    - bounced, sent: messages to addresses of that kind that came back because there is no such mailbox or domain, of
      all sent to them: to those of `met` the messages after the first, to those of `new` the first to each.
    """

    provider: str
    group: str
    addresses: int
    bounced: int
    sent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the events say of the addresses in the list.

    - start, end: the first and the last event, ISO 8601 UTC; empty without events.
    - people: recipients in the events. dead, complained, unsubscribed: addresses of the list that bounced hard, or did
      so, and have not been delivered to, or subscribed, since. stopped: those of which any of the three is so.
    - met: addresses that had mail and are none of these. strata: what the rest is expected by.
    """

    start: str = ""
    end: str = ""
    people: int = 0
    dead: int = 0
    complained: int = 0
    unsubscribed: int = 0
    stopped: int = 0
    met: int = 0
    strata: tuple[Stratum, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientsFacts:
    """Everything the checks of recipients want to know of the lists that were given.

    - files, rows: as read; rows = addresses + invalid + empty + bad. refused: files that were not read, or not to their
      end. bad: rows that could not be read, by reason.
    - encodings: how the text was written → lines; columns: the columns that hold the addresses, as found.
    - addresses: rows whose address is one. international: those that need SMTPUTF8 (RFC 6531); idn: those whose domain
      alone is international. invalid: rows whose address is none, by reason, and the lines of the first; wrapped: those
      of them that hold addresses all the same, with a name around it or several.
    - unique: distinct addresses, the domain in A-labels and all in lower case. duplicates: rows that repeat an earlier
      one; aliases: rows that do so only by what their provider leaves out (dots, a plus and what follows).
    - domains, by_provider: distinct domains, and addresses at each mailbox provider.
    - looked: whether DNS was asked. mail: what it said → domains and addresses. dead: those that take no mail, by name.
    - known_dead: addresses in a dead domain, or that bounced hard in the history: each is counted once.
    - disposable, role: addresses, with their domains, and with the names (`info`) → addresses. disposable_source: whose
      list of disposable domains that is.
    - slips: domains that look like slips of the keyboard; slipped: addresses in them.
    - suppressions, history: None where nothing was given. stopped: rows with an address, wrapped ones too, that must be
      left alone by either.
    - cleaned: rows that were written back with something against them, None where none were written.
    """

    files: int = 0
    refused: int = 0
    rows: int = 0
    empty: int = 0
    bad: int = 0
    bad_reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    encodings: Mapping[str, int] = field(default_factory=dict[str, int])
    columns: tuple[str, ...] = ()
    addresses: int = 0
    invalid: int = 0
    invalid_reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    invalid_lines: tuple[int, ...] = ()
    wrapped: int = 0
    international: int = 0
    idn: int = 0
    unique: int = 0
    duplicates: int = 0
    aliases: int = 0
    domains: int = 0
    by_provider: Mapping[str, int] = field(default_factory=dict[str, int])
    looked: bool = False
    mail: Mapping[str, Tally] = field(default_factory=dict[str, Tally])
    dead: tuple[Listed, ...] = ()
    known_dead: int = 0
    disposable: int = 0
    disposable_domains: tuple[Listed, ...] = ()
    disposable_source: str = ""
    role: int = 0
    roles: Mapping[str, int] = field(default_factory=dict[str, int])
    slips: tuple[Slip, ...] = ()
    slipped: int = 0
    slip_domains: int = 0
    stopped: int = 0
    suppressions: Suppressions | None = None
    history: History | None = None
    cleaned: int | None = None

    def tally(self, *kinds: Mail) -> Tally:
        """Domains and addresses of which DNS said one of `kinds`."""
        found = [self.mail.get(kind.value, Tally()) for kind in kinds]
        return Tally(domains=sum(one.domains for one in found), addresses=sum(one.addresses for one in found))


def to_observation(facts: RecipientsFacts) -> dict[str, Any]:
    """The facts as a document keeps them."""
    return {"kind": KIND, **to_plain(facts)}


def from_observation(plain: Mapping[str, Any]) -> RecipientsFacts:
    """The facts that `to_observation` made `plain` of. Raises NotThose (ValueError) where it is something else."""
    return from_plain(RecipientsFacts, {key: value for key, value in plain.items() if key != "kind"})
