"""How messages are audited: a request that is checked before anything is looked up, and each question asked once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, canonical_name, names_below
from deliverability.messages.given import (
    ENGINES,
    NO_DOMAIN,
    Filters,
    GivenMessage,
    NoMessage,
    Told,
    filters_of,
    told_of,
)
from deliverability.policy.model import Judging

if TYPE_CHECKING:
    from deliverability.checks._check import Check
    from deliverability.document import Audit
    from deliverability.lookup import Resolver

FAMILY = "message-*"
"""The checks that run on a message unless others are asked for."""
DEFAULT_TIMEOUT = 30.0
"""Seconds one message's audit may take in all; what is not answered by then is unknown."""
MAX_KNOWN = 50_000
"""Answers that a run keeps; the oldest go first. Our own bound: a message asks some twenty questions."""
AGAIN_AFTER = 30.0
"""Seconds after which a question that was not answered is asked again. Our own choice."""

_Question = tuple[str, str, str | None, bool]


class Asked(TypedDict, total=False):
    """The keyword arguments that `message` and `messages` share, all optional.

    - ip, helo, mail_from: the address that sends, its HELO name and MAIL FROM ("<>" for none), where they are known.
    - trust: hosts and authserv-ids whose Received and Authentication-Results fields are believed.
    - domain: whose mail it is, where From names nobody.
    - select, ignore: ids or globs of checks to run besides `message-*`, or to leave out; full: run them all.
    - judging: severities and lines in place of deliv's own, as a deliv.toml sets them
      (`deliverability.policy.read.read_policy(path).judging`).
    - blocklists: which DNS block lists are asked about the domains of links: `none`, `default` or `all`.
    - spamassassin, rspamd: HOST[:PORT] of a spamd and URL of an rspamd that are asked about each message, which they
      are sent in full.
    - timeout: seconds for each message; now: the clock that goes into the document (UTC now by default).
    """

    ip: str | None
    helo: str | None
    mail_from: str | None
    trust: Sequence[str]
    domain: str | None
    select: Sequence[str]
    ignore: Sequence[str]
    full: bool
    judging: Judging
    blocklists: str
    dqs: bool
    spamassassin: str | None
    rspamd: str | None
    timeout: float
    now: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How each message of a run is audited: a checked request, in which nothing can fail any more but the network.

    `options` and `vantage` are what each document says of the run; `origin` is the option that names the message:
    `message` for a file, `received` where deliv received it.
    """

    resolver: Resolver
    told: Told
    domain: str | None
    checks: tuple[Check, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    options: Mapping[str, Any]
    vantage: Mapping[str, Any]
    timeout: float
    now: datetime
    filters: Filters = Filters()
    judging: Judging = Judging()
    origin: str = "message"

    async def audit(self, given: GivenMessage, raw: bytes | None = None) -> Audit:
        """Audit one message. Raises NoMessage where it is not known whose mail it is.

        The spam filters that are named are asked about it where `raw`, the message itself, is at hand.
        """
        from deliverability.asking import AuditResolver, Inquiry, Setting, telling  # noqa: PLC0415 - only where there is one
        from deliverability.audit import audit_domain  # noqa: PLC0415 - as above
        from deliverability.inputs import Inputs  # noqa: PLC0415 - as above
        from deliverability.lookup import DeadlineResolver  # noqa: PLC0415 - as above

        domain = self.domain or given.domain
        if domain is None:
            raise NoMessage("no field names a domain whose mail it could be (--domain says which)", NO_DOMAIN)
        if raw is not None:
            given = await self.filters.asked(given, raw, timeout=self.timeout)
        told = self.told
        options: dict[str, Any] = {**self.options, self.origin: given.facts.name, **told.options()}
        options |= {name: said.address for name in ENGINES if (said := getattr(given, name)) is not None}
        setting = Setting(self.select, self.ignore, options, self.vantage, self.now, self.judging)
        ips = () if told.ip is None else (told.ip,)
        inquiry = Inquiry(
            domain=domain,
            ips=ips,
            helo=told.helo,
            blocklists=options["blocklists"],
            dqs=options["dqs"],
            inputs=Inputs(message=given),
        )
        base = DeadlineResolver(self.resolver, time.monotonic() + self.timeout)
        asking = AuditResolver(telling(base, inquiry.inputs))
        await asking.open(domain)
        return await audit_domain(inquiry, asking, setting, self.checks)


def plan_run(
    resolver: Resolver,
    *,
    told: Told | None = None,
    more: Mapping[str, Any] | None = None,
    vantage: Mapping[str, Any] | None = None,
    **asked: Unpack[Asked],
) -> Run:
    """Check what was asked for, before anything is looked up. Raises ValueError in one line.

    `told` stands in the place of ip, helo, mail_from and trust where these were checked before. `more` and `vantage`
    are what a command adds to the document's options and vantage.
    """
    from deliverability.names import to_ascii  # noqa: PLC0415 - only where there is a message
    from deliverability.protocols.blocklists import Which  # noqa: PLC0415 - as above
    from deliverability.selection import selected  # noqa: PLC0415 - loads every check

    if told is None:
        trust = tuple(asked.get("trust", ()))
        told = told_of(asked.get("ip"), asked.get("helo"), asked.get("mail_from"), trust)
    full, ignore = asked.get("full", False), tuple(asked.get("ignore", ()))
    select = () if full else (FAMILY, *(asked.get("select") or ()))
    timeout = asked.get("timeout", DEFAULT_TIMEOUT)
    if not 0 < timeout < math.inf:
        raise ValueError(f"a timeout is some seconds above 0, not {timeout}")
    domain = asked.get("domain")
    judging = asked.get("judging", Judging())
    options = {
        "selectors": [],
        "ips": [] if told.ip is None else [told.ip],
        "helo": told.helo,
        "role": "auto",
        "blocklists": Which(asked.get("blocklists", "default")).value,
        "dqs": asked.get("dqs", False),
        "select": list(select),
        "ignore": list(ignore),
        "timeout": timeout,
        **(more or {}),
        **judging.options(),
    }
    return Run(
        resolver=resolver,
        told=told,
        domain=None if domain is None else to_ascii(domain),
        checks=selected(select, ignore, judging),
        select=select,
        ignore=ignore,
        options=options,
        vantage={"resolvers": [], "ipv6": None, "port25": None, **(vantage or {})},
        timeout=timeout,
        now=asked.get("now") or datetime.now(UTC),
        filters=filters_of(asked.get("spamassassin"), asked.get("rspamd")),
        judging=judging,
    )


class Once:
    """Asks `base` each question once in a run, so that ten thousand messages of one campaign ask what one would.

    What was not answered is asked again after a while: one lost packet must not decide about all that follow.
    """

    def __init__(self, base: Resolver, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` counts seconds."""
        self._base, self._clock = base, clock
        self._known: dict[_Question, tuple[float, asyncio.Task[Answer]]] = {}

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """The answer that is known, or that of `base`."""
        key = (canonical_name(name), rdtype, server, dnssec)
        asked_at, task = self._known.get(key, (0.0, None))
        if task is None or (_is_lost(task) and self._clock() - asked_at >= AGAIN_AFTER):
            task = asyncio.create_task(_ask(self._base, *key))
            self._known[key] = (self._clock(), task)
            if len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
        return await asyncio.shield(task)

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """As `base`."""
        return names_below(self._base, name)


async def _ask(base: Resolver, name: str, rdtype: str, server: str | None, dnssec: bool) -> Answer:
    return await base.resolve(name, rdtype, server=server, dnssec=dnssec)


def _is_lost(task: asyncio.Task[Answer]) -> bool:
    """Whether it is over without an answer."""
    if not task.done():
        return False
    return task.cancelled() or task.exception() is not None or not task.result().answered
