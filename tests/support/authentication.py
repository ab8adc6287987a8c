"""A world of key records in which messages are authenticated."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from deliverability.lookup import Answer, AssumeAbove, Resolver, Status, ZoneResolver
from deliverability.mail.authenticate import AuthenticationFacts, Connection, LiveVerifier, Verifier, authenticate

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
RSA_NAME = "s1._domainkey.mail.example"


@dataclass(frozen=True)
class From:
    """As much of a message as authentication looks at."""

    from_domains: tuple[str, ...] = ("mail.example",)


@dataclass(frozen=True)
class World:
    """Names of TXT records; what `failing` names is not answered, and every other name does not exist."""

    texts: Mapping[str, str | tuple[str, ...]]
    failing: tuple[str, ...] = ()
    base: Resolver | None = None

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        asked = name.lower().removesuffix(".")
        if asked in self.failing:
            return Answer(name=asked, rdtype=rdtype, status=Status.SERVFAIL)
        found = self.texts.get(asked)
        if found is None:
            if self.base is not None:
                return await self.base.resolve(name, rdtype)
            return Answer(name=asked, rdtype=rdtype, status=Status.NXDOMAIN)
        if rdtype != "TXT":
            return Answer(name=asked, rdtype=rdtype, status=Status.NODATA)
        records = (found,) if isinstance(found, str) else found
        return Answer(name=asked, rdtype=rdtype, status=Status.OK, records=records)


def zone(text: str) -> Resolver:
    """A zone below `example.`, with nothing above it."""
    return AssumeAbove(ZoneResolver.from_text(text, "example."))


def authenticated(
    raw: bytes,
    resolver: Resolver,
    *,
    connection: Connection | None = None,
    verifier: Verifier | None = None,
    now: datetime = NOW,
    author: From | None = None,
) -> AuthenticationFacts:
    """What there is to know of `raw`."""
    judge = verifier or LiveVerifier(raw)
    return asyncio.run(authenticate(resolver, author or From(), judge, connection or Connection(), now=now))
