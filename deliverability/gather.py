"""The facts that checks ask for, gathered concurrently, each kind once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from deliverability.asking import Inquiry
from deliverability.findings import Subject
from deliverability.lookup import Resolver
from deliverability.protocols import dkim, dmarc, domain, mx, spf
from deliverability.role import role_of


async def _subject(inquiry: Inquiry, resolver: Resolver) -> Subject:
    txt, mail = await asyncio.gather(*(resolver.resolve(inquiry.domain, rdtype) for rdtype in ("TXT", "MX")))
    return role_of(inquiry.domain, txt, mail, asked=inquiry.role, inputs=inquiry.sending_inputs)


GATHERERS: dict[str, Callable[[Inquiry, Resolver], Awaitable[Any]]] = {
    "subject": _subject,
    "domain": lambda q, resolver: domain.lookup(resolver, q.domain),
    "mx": lambda q, resolver: mx.lookup(resolver, q.domain),
    "spf": lambda q, resolver: spf.lookup(resolver, q.domain, ips=q.ips, helo=q.helo),
    "dkim": lambda q, resolver: dkim.lookup(resolver, q.domain, selectors=q.selectors),
    "dmarc": lambda q, resolver: dmarc.lookup(resolver, q.domain),
}
"""Every fact a check can name in its signature. Adding one is one line here and one module in protocols/."""


async def gather(inquiry: Inquiry, resolver: Resolver, wanted: Iterable[str]) -> dict[str, Any]:
    """The wanted facts by name. Where our own code failed, the exception stands in the fact's place."""
    names = sorted(set(wanted), key=list(GATHERERS).index)
    found = await asyncio.gather(*(GATHERERS[n](inquiry, resolver) for n in names), return_exceptions=True)
    for value in found:
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value
    return dict(zip(names, found, strict=True))
