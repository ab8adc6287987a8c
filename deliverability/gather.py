"""The facts that checks ask for, gathered concurrently, each kind once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection
from importlib import import_module
from typing import Any

from deliverability.asking import Inquiry
from deliverability.findings import Subject
from deliverability.lookup import Resolver
from deliverability.lookup.leave import questions_leave
from deliverability.messages.given import ENGINES

PROTOCOLS = "deliverability.protocols."

Lookup = Callable[..., Awaitable[Any]]


def _lookup(protocol: str) -> Lookup:
    lookup: Lookup = import_module(PROTOCOLS + protocol).lookup
    return lookup


async def _subject(inquiry: Inquiry, resolver: Resolver) -> Subject:
    from deliverability.role import role_of  # noqa: PLC0415 - loads spf, which is loaded by then

    txt, mail = await asyncio.gather(*(resolver.resolve(inquiry.domain, rdtype) for rdtype in ("TXT", "MX")))
    return role_of(inquiry.domain, txt, mail, asked=inquiry.role, inputs=inquiry.sending_inputs)


INPUTS = ("rates", "dmarc_reports", "tls_reports", "postmaster", "snds", "senderhub", "recipients", "change")
"""Facts that nobody has to be asked for: what the audit was given."""


def _given(name: str) -> Callable[[Inquiry, Resolver], Awaitable[Any]]:
    async def of(inquiry: Inquiry, _: Resolver) -> Any:  # noqa: ANN401 - the facts of any input
        return getattr(inquiry.inputs, name)

    return of


async def _message(inquiry: Inquiry, _: Resolver) -> Any:  # noqa: ANN401 - as above
    return inquiry.inputs.message.facts if inquiry.inputs.message else None


def _engine(name: str) -> Callable[[Inquiry, Resolver], Awaitable[Any]]:
    async def of(inquiry: Inquiry, _: Resolver) -> Any:  # noqa: ANN401 - as above
        return getattr(inquiry.inputs.message, name, None)

    return of


async def _authentication(inquiry: Inquiry, resolver: Resolver) -> Any:  # noqa: ANN401 - as above
    given = inquiry.inputs.message
    if given is None:
        return None
    from deliverability.mail.authenticate import authenticate  # noqa: PLC0415 - only where a message was given

    return await authenticate(resolver, given.facts, given.verifier, given.connection, now=given.at)


async def _links_listed(inquiry: Inquiry, resolver: Resolver) -> Any:  # noqa: ANN401 - as above
    given = inquiry.inputs.message
    if given is None:
        return None
    from deliverability.mail.authenticate import links_listed  # noqa: PLC0415 - only where a message was given

    return await links_listed(
        resolver, given.facts.link_hosts, domain=inquiry.domain, which=inquiry.blocklists, keyed=inquiry.dqs
    )


def _selectors(inquiry: Inquiry) -> tuple[str, ...]:
    """The selectors that are in use: those named, and those by which the message is signed."""
    signed = inquiry.inputs.message.selectors(inquiry.domain) if inquiry.inputs.message else ()
    return tuple(dict.fromkeys(inquiry.selectors + signed))


def _sent(inquiry: Inquiry) -> tuple[str, ...]:
    """The addresses that sent the domain's mail, by its events."""
    return inquiry.inputs.rates.sent_from(inquiry.domain) if inquiry.inputs.rates else ()


GATHERERS: dict[str, Callable[[Inquiry, Resolver], Awaitable[Any]]] = {
    "mx": lambda q, resolver: _lookup("mx")(resolver, q.domain),
    "spf": lambda q, resolver: _lookup("spf")(resolver, q.domain, ips=q.ips, helo=q.helo),
    "dmarc": lambda q, resolver: _lookup("dmarc")(resolver, q.domain),
    "domain": lambda q, resolver: _lookup("domain")(resolver, q.domain),
    "dkim": lambda q, resolver: _lookup("dkim")(resolver, q.domain, selectors=_selectors(q)),
    "hosts": lambda q, resolver: _lookup("hosts")(resolver, q.domain, ips=q.ips, sent=_sent(q), helo=q.helo),
    "dnsbl": lambda q, resolver: _lookup("dnsbl")(
        resolver, q.domain, ips=q.ips, sent=_sent(q), which=q.blocklists, keyed=q.dqs
    ),
    "subject": _subject,
    "authentication": _authentication,
    "links_listed": _links_listed,
    "message": _message,
    **{name: _engine(name) for name in ENGINES},
    **{name: _given(name) for name in INPUTS},
}
"""Every fact a check can name in its signature: one line here and one module in protocols/, or a field of `Inputs`.

Those that ask in the longest chains come first. Each module is loaded when its turn comes, while the questions of those
before it are on their way: loading all of them takes as long as two round trips.
"""


_WITH_US = frozenset({"subject", "authentication", "links_listed", "message", *ENGINES, *INPUTS})
"""Facts that have no module in protocols/: what they need is loaded by then."""

Looking = dict[str, asyncio.Task[Any]]
"""Facts on their way, by name."""


async def begin(inquiry: Inquiry, resolver: Resolver, wanted: Collection[str]) -> Looking:
    """Ask for the wanted facts; returns once the first questions of each are out."""
    looking: Looking = {}
    for name in GATHERERS:
        if name in wanted:
            loaded = name in _WITH_US or PROTOCOLS + name in sys.modules
            looking[name] = asyncio.create_task(_one(name, inquiry, resolver))
            if not loaded:
                await questions_leave()
    return looking


async def finish(looking: Looking) -> dict[str, Any]:
    """The facts by name. Where our own code failed, the exception stands in the fact's place."""
    found = await asyncio.gather(*looking.values(), return_exceptions=True)
    for value in found:
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value
    return dict(zip(looking, found, strict=True))


async def gather(inquiry: Inquiry, resolver: Resolver, wanted: Collection[str]) -> dict[str, Any]:
    """The wanted facts by name."""
    return await finish(await begin(inquiry, resolver, wanted))


async def _one(name: str, inquiry: Inquiry, resolver: Resolver) -> Any:  # noqa: ANN401 - the facts of any protocol
    return await GATHERERS[name](inquiry, resolver)
