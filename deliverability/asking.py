"""How one audit asks DNS: each question once, a bounded number of them, and everything written down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deliverability.fastclass import dataclass
from deliverability.inputs import Inputs
from deliverability.lookup import Answer, Resolver, Status
from deliverability.lookup.answer import canonical_name, names_below
from deliverability.lookup.leave import questions_leave
from deliverability.lookup.recording import UnrecordedQuestion
from deliverability.lookup.unasked import UNRECORDED
from deliverability.policy.model import Judging

MAX_QUESTIONS = 5_000
"""Questions one audit may ask. Ordinary audits ask about 70; a hostile SPF tree could ask without end."""

OVER_BUDGET = "question budget spent"

_Key = tuple[str, str, str | None, bool]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is audited: the domain (A-labels) and the inputs that shape the facts.

    `blocklists` says which lists are asked (`none`, `default`, `all`), `dqs` whether Spamhaus's with a customer's key.
    """

    domain: str
    selectors: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    helo: str | None = None
    role: str = "auto"
    blocklists: str = "default"
    dqs: bool = False
    inputs: Inputs = Inputs()

    @property
    def sending_inputs(self) -> tuple[str, ...]:
        """The inputs that say this domain sends."""
        given = {
            "DKIM selectors": self.selectors,
            "sending addresses": self.ips,
            "events": self.inputs.rates is not None,
            "a list": self.inputs.recipients is not None,
            "a message": self.inputs.message is not None,
        }
        return tuple(word for word, value in given.items() if value)


@dataclass(frozen=True, slots=True)
class Setting:
    """What is the same for all domains of a run: the checks asked for, how they judge, and what each document says."""

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    options: Mapping[str, Any]
    vantage: Mapping[str, Any]
    started_at: datetime
    judging: Judging = Judging()


OPENING = ("TXT", "MX")
"""What every audit asks of the domain itself, whatever checks are selected: its role follows from these."""


def telling(base: Resolver, inputs: Inputs) -> Resolver:
    """`base`, which asks with the local part of MAIL FROM where SPF does; goes below what is recorded."""
    given = inputs.message
    if given is None or given.local is None:
        return base
    from deliverability.protocols.spf.private import Telling  # noqa: PLC0415 - only where a message was given

    return Telling(base, given.connection.mail_from or "", given.local)


class AuditResolver:
    """Asks `base` each question once and no more than `limit` questions; what cannot be asked is `refused`."""

    def __init__(self, base: Resolver, limit: int = MAX_QUESTIONS) -> None:
        self._base = base
        self._limit = limit
        self._asked: dict[_Key, asyncio.Task[Answer]] = {}

    async def open(self, domain: str) -> None:
        """Send the opening questions, so that loading the rest of deliv costs no round trip of its own."""
        for rdtype in OPENING:
            self._start((domain, rdtype, None, False))
        await questions_leave()

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """Answer one question from what was asked before, or ask it."""
        key = (canonical_name(name), rdtype, server, dnssec)
        if key not in self._asked and len(self._asked) >= self._limit:
            return _unasked(key[0], rdtype, OVER_BUDGET)
        return await asyncio.shield(self._asked.get(key) or self._start(key))

    def _start(self, key: _Key) -> asyncio.Task[Answer]:
        task = self._asked[key] = asyncio.create_task(self._ask(*key))
        return task

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """What the base knows of the names below `name`."""
        return names_below(self._base, name)

    async def _ask(self, name: str, rdtype: str, server: str | None, dnssec: bool) -> Answer:
        try:
            return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)
        except UnrecordedQuestion:
            return _unasked(name, rdtype, UNRECORDED)


def _unasked(name: str, rdtype: str, source: str) -> Answer:
    return Answer(name=name, rdtype=rdtype, status=Status.REFUSED, source=source)
