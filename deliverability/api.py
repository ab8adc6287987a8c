"""The library: what every command does, as documented functions.

`audit` and `audit_async` are here. Those that read what is not DNS are each in a module of the same name, and stand
here too, loaded when they are first named:

- `rates`: events into counts and rates; `ingest`: events normalised and kept.
- `bounces`: which mails came back, and why.
- `recipients`: a list of recipients before it is mailed.
- `dmarc_reports`, `tls_reports`: what receivers report.
- `message`: one message before it is sent; `messages`: thousands, and what they come to.
- `gate`: audits held against a policy, and one decision (`deliverability.gate.decide`).
- `compare`: before and after a change, from events or campaign rows, and what the evidence permits to say
  (`deliverability.comparison`, as the package `deliverability.compare` holds the method); `plan_comparison`: how many
  campaigns that takes, and by what it will be decided (`deliverability.planning.plan`).
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from deliverability.asking import AuditResolver, Inquiry, Setting, telling
from deliverability.fastclass import dataclass
from deliverability.findings import Role
from deliverability.inputs import Inputs
from deliverability.lookup import DeadlineResolver, LiveResolver, Resolver
from deliverability.lookup.keyed import keyed
from deliverability.loop import completed
from deliverability.names import helo_name, ip_address, selector_name, to_ascii
from deliverability.policy.model import DomainPolicy, Judging
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.bounces import bounces
    from deliverability.comparison import compare
    from deliverability.dmarc_reports import dmarc_reports
    from deliverability.document import Audit
    from deliverability.gate.decide import decide as gate
    from deliverability.ingest import ingest
    from deliverability.lists.read import recipients
    from deliverability.messages.many import message, messages
    from deliverability.planning import plan as plan_comparison
    from deliverability.rates import rates
    from deliverability.tls_reports import tls_reports

__all__ = [
    "audit",
    "audit_async",
    "bounces",
    "compare",
    "dmarc_reports",
    "gate",
    "ingest",
    "message",
    "messages",
    "plan_comparison",
    "rates",
    "recipients",
    "tls_reports",
]

READERS = {
    **{name: (name, name) for name in ("rates", "ingest", "bounces", "dmarc_reports", "tls_reports")},
    "compare": ("comparison", "compare"),
    "gate": ("gate.decide", "decide"),
    "message": ("messages.many", "message"),
    "messages": ("messages.many", "messages"),
    "recipients": ("lists.read", "recipients"),
    "plan_comparison": ("planning", "plan"),
}
"""The functions that are in modules of their own, since what they load would delay the first DNS packet: the module
and what it calls them."""

DEFAULT_TIMEOUT = 30.0
"""Seconds one domain's audit may take in all; what is not answered by then is unknown."""
SHARE_BEFORE = 0.5
"""How much of that may go by before the audit itself: for the domains of a list, and for the senders that proposed
records are about. Our own bound."""
DOMAINS_AT_ONCE = 50
"""Domains audited concurrently. Each asks some 60 questions; the resolver bounds those in flight by itself."""


OWN = Judging()
"""Everything judged as deliv does by itself."""

BLOCKLISTS = ("none", "default", "all")
"""Which block lists are asked; `protocols.blocklists.Which` with what each means."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of READERS
    if name not in READERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, its = READERS[name]
    return getattr(import_module(f"deliverability.{module}"), its)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked request: nothing in it can fail any more but the network."""

    inquiries: tuple[Inquiry, ...]
    setting: Setting
    timeout: float


def plan(
    domains: str | Iterable[str],
    *,
    selectors: Sequence[str] = (),
    ips: Sequence[str] = (),
    helo: str | None = None,
    role: str = "auto",
    blocklists: str = "default",
    dqs: bool = False,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    timeout: float = DEFAULT_TIMEOUT,
    now: datetime | None = None,
    inputs: Mapping[str, Inputs] | None = None,
    asked: Mapping[str, Any] | None = None,
    vantage: Mapping[str, Any] | None = None,
    judging: Judging = OWN,
    known: Mapping[str, DomainPolicy] | None = None,
) -> Plan:
    """Check what was asked for, before anything is looked up. Raises ValueError in one line for bad input.

    `inputs` are events and reports by domain (`deliverability.inputs.read_for`); `asked` and `vantage` are what a
    command adds to the document's `options` and `vantage`. `dqs` says that the resolver is a KeyedResolver; the key
    itself stays there. `judging` and `known` are what a policy says of checks and of domains (by A-labels): role,
    selectors, addresses and HELO name of each where none are given here.
    """
    names = [domains] if isinstance(domains, str) else list(domains)
    addresses = tuple(map(ip_address, ips))
    given = tuple(map(selector_name, selectors))
    helo = None if helo is None else helo_name(helo)
    if role != "auto":
        Role(role)
    if blocklists not in BLOCKLISTS:
        raise ValueError(f"blocklists is one of {', '.join(BLOCKLISTS)}, not {visible(blocklists)[:80]!r}")
    check_timeout(timeout)
    if select or ignore or judging.severities:
        from deliverability.selection import selected  # noqa: PLC0415 - loads every check; unselective runs ask first

        selected(tuple(select or ()), tuple(ignore), judging)
    options = {
        "selectors": list(given),
        "ips": list(addresses),
        "helo": helo,
        "role": role,
        "blocklists": blocklists,
        "dqs": dqs,
        "select": list(select or ()),
        "ignore": list(ignore),
        "timeout": timeout,
        **(asked or {}),
        **judging.options(),
    }
    common = Inquiry("", given, addresses, helo, role, blocklists, dqs)
    inquiries = tuple(
        replace(_as_known(common, (known or {}).get(name)), domain=name, inputs=(inputs or {}).get(name, Inputs()))
        for name in map(to_ascii, names)
    )
    where: dict[str, Any] = {"resolvers": [], "ipv6": None, "port25": None, **(vantage or {})}
    setting = Setting(tuple(select or ()), tuple(ignore), options, where, now or datetime.now(UTC), judging)
    return Plan(inquiries, setting, timeout)


def check_timeout(timeout: float) -> None:
    """Raises ValueError for what is no number of seconds to wait."""
    if not 0 < timeout < math.inf:
        raise ValueError(f"a timeout is some seconds above 0, not {timeout}")


def _as_known(asked: Inquiry, known: DomainPolicy | None) -> Inquiry:
    """What is asked of a domain: what was given, and where nothing was, what a policy knows of it."""
    if known is None:
        return asked
    return replace(
        asked,
        selectors=asked.selectors or known.selectors,
        ips=asked.ips or known.ips,
        helo=known.helo if asked.helo is None else asked.helo,
        role=known.role if asked.role == "auto" else asked.role,
    )


async def run(plan: Plan, resolver: Resolver, published: Resolver | None = None) -> list[Audit]:
    """Carry out a plan: all its domains concurrently, in the order given.

    `published` is what `resolver` lays proposed records over: then what they do to reported senders is looked up too.
    """
    slots = asyncio.Semaphore(DOMAINS_AT_ONCE)

    async def one(inquiry: Inquiry) -> Audit:
        async with slots:
            return await _one(plan, resolver, inquiry, published)

    return list(await asyncio.gather(*(one(inquiry) for inquiry in plan.inquiries)))


async def stream(plan: Plan, resolver: Resolver, published: Resolver | None = None) -> AsyncGenerator[Audit]:
    """The same, one after another in the order given: no more than DOMAINS_AT_ONCE audits are held at any time."""
    asking = deque[asyncio.Task["Audit"]]()
    try:
        for inquiry in plan.inquiries:
            asking.append(asyncio.create_task(_one(plan, resolver, inquiry, published)))
            if len(asking) >= DOMAINS_AT_ONCE:
                yield await asking.popleft()
        while asking:
            yield await asking.popleft()
    finally:
        for task in asking:
            task.cancel()


async def _one(plan: Plan, resolver: Resolver, inquiry: Inquiry, published: Resolver | None) -> Audit:
    started = time.monotonic()
    if published is not None:
        from deliverability.whatif import with_change  # noqa: PLC0415 - only where records are proposed

        until = started + plan.timeout * SHARE_BEFORE
        inquiry = await with_change(inquiry, *(DeadlineResolver(side, until) for side in (published, resolver)))
    asking = AuditResolver(telling(DeadlineResolver(resolver, started + plan.timeout), inquiry.inputs))
    await asking.open(inquiry.domain)
    from deliverability.audit import audit_domain  # noqa: PLC0415 - loads while the first answers travel

    return await audit_domain(inquiry, asking, plan.setting)


class Asked(TypedDict, total=False):
    """The keyword arguments of `audit`, all optional; what each means stands there."""

    selectors: Sequence[str]
    ips: Sequence[str]
    helo: str | None
    role: str
    blocklists: str
    select: Sequence[str] | None
    ignore: Sequence[str]
    timeout: float
    inputs: Mapping[str, Inputs] | None
    judging: Judging
    now: datetime | None


async def audit_async(
    domains: str | Iterable[str],
    *,
    resolver: Resolver | None = None,
    dqs_key: str | None = None,
    **asked: Unpack[Asked],
) -> list[Audit]:
    """The same as `audit`, for use inside a running event loop."""
    request = plan(domains, dqs=dqs_key is not None, **asked)
    if resolver is not None:
        return await run(request, keyed(resolver, dqs_key))
    async with LiveResolver() as live:
        return await run(request, keyed(live, dqs_key))


def audit(
    domains: str | Iterable[str],
    *,
    resolver: Resolver | None = None,
    selectors: Sequence[str] = (),
    ips: Sequence[str] = (),
    helo: str | None = None,
    role: str = "auto",
    blocklists: str = "default",
    dqs_key: str | None = None,
    select: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    timeout: float = DEFAULT_TIMEOUT,
    inputs: Mapping[str, Inputs] | None = None,
    judging: Judging = OWN,
    now: datetime | None = None,
) -> list[Audit]:
    """Audit one or more domains and return their audits in the order given.

    - domains: names in A-labels or U-labels.
    - resolver: where answers come from; the system's resolvers by default.
    - selectors, ips, helo: DKIM selectors, sending addresses and the HELO name, where known.
    - role: `auto`, `sending`, `receiving` or `parked`.
    - blocklists: which DNS block lists are asked about the domain and `ips`: `none`, `default` (a few) or `all`.
    - dqs_key: a key of Spamhaus's Data Query Service. It appears in nothing that comes back.
    - select, ignore: ids or globs of checks to run or to leave out.
    - inputs: what each domain's events and receivers' reports say (`deliverability.inputs.read_for`).
    - judging: severities and lines in place of deliv's own, as `[checks]` and `[thresholds]` of a deliv.toml set them
      (`deliverability.policy.read.read_policy(path).judging`).
    - timeout: seconds for each domain; now: the clock that goes into the document (UTC now by default).

    Raises ValueError, in one line, for a name, address, selector, key or check id that is none. What DNS does never
    raises.
    """
    return completed(
        audit_async(
            domains,
            resolver=resolver,
            selectors=selectors,
            ips=ips,
            helo=helo,
            role=role,
            blocklists=blocklists,
            dqs_key=dqs_key,
            select=select,
            ignore=ignore,
            timeout=timeout,
            inputs=inputs,
            judging=judging,
            now=now,
        )
    )
