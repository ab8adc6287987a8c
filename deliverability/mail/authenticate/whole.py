"""One message authenticated as a receiver would: every question that is known beforehand is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from deliverability.lookup import Answer, Resolver
from deliverability.mail.authenticate.alignment import Organizations, aligned, organizations
from deliverability.mail.authenticate.arc import chain_status
from deliverability.mail.authenticate.dmarc import identifiers, judged
from deliverability.mail.authenticate.facts import (
    AuthenticationFacts,
    Connection,
    DmarcResult,
    Field,
    Signature,
    SignatureResult,
    Verifier,
)
from deliverability.mail.authenticate.judge import asks_for_key, judge
from deliverability.mail.authenticate.spf import authorised
from deliverability.names import domain_name
from deliverability.protocols.dmarc import discover

MAX_AUTHORS = 10
"""Ours: author domains that DMARC is evaluated for. RFC 9989 §5.3.1 wants one; more are a form of attack."""


class Authored(Protocol):
    """What is needed of a message beside its signatures: the domains of From, in A-labels."""

    @property
    def from_domains(self) -> tuple[str, ...]:
        """The domains of the addresses in From, in order."""
        ...


async def authenticate(
    resolver: Resolver, message: Authored, verifier: Verifier, connection: Connection, *, now: datetime
) -> AuthenticationFacts:
    """What receivers find: DKIM, SPF, DMARC for each author domain, ARC.

    Args:
        resolver: answers the questions; they are the same whatever the verifier is. Where `connection` knows the local
            part of MAIL FROM, its base is a `protocols.spf.private.Telling`, or a recording of one.
        message: its `from_domains`.
        verifier: a `LiveVerifier` of the message, or a `RememberedVerifier` in a replay.
        connection: who handed it over, as `connection_of` found it.
        now: when it is verified, unless the connection tells when it arrived.
    """
    mail = verifier.mail
    authors = _names(message.from_domains)[:MAX_AUTHORS]
    others = _names([*(one.domain for one in mail.signatures), *filter(None, (connection.mail_from, connection.helo))])
    keys, spf, discoveries, bodies = await asyncio.gather(
        _keys(resolver, mail.signatures),
        authorised(resolver, connection),
        asyncio.gather(*(discover(resolver, author) for author in authors)),
        organizations(resolver, authors, others),
    )
    at = now.timestamp() if connection.arrived is None else connection.arrived
    judged_all = [judge(one, keys.get(one.key_name), verifier, at=at) for one in mail.signatures]
    author = authors[0] if authors else ""
    dkim = [_beside(one, author, bodies) for one in judged_all if one.signature.field == Field.DKIM.value]
    spf = tuple(replace(one, aligned=_fits(author, one.domain, bodies)) for one in spf)
    found = identifiers(dkim, spf[0])
    dmarc: list[DmarcResult] = [judged(one, found, bodies) for one in discoveries]
    return AuthenticationFacts(
        from_domains=message.from_domains,
        connection=connection,
        dkim=tuple(dkim),
        left_out=mail.left_out,
        spf=spf,
        dmarc=tuple(dmarc),
        arc=chain_status(mail, judged_all),
        too_large=mail.too_large,
    )


async def _keys(resolver: Resolver, signatures: Sequence[Signature]) -> dict[str, Answer]:
    """The answers at the names of the keys, each asked once."""
    names = list(dict.fromkeys(one.key_name for one in signatures if asks_for_key(one)))
    answers = await asyncio.gather(*(resolver.resolve(name, "TXT") for name in names))
    return dict(zip(names, answers, strict=True))


def _names(domains: Iterable[str]) -> list[str]:
    """The domains that DNS can hold, in A-labels, each once."""
    return list(dict.fromkeys(filter(None, map(domain_name, domains))))


def _beside(one: SignatureResult, author: str, bodies: Organizations) -> SignatureResult:
    domain = one.signature.domain
    return replace(one, aligned=_fits(author, domain, bodies), strictly_aligned=bool(author) and author == domain)


def _fits(author: str, domain: str, bodies: Organizations) -> bool | None:
    if not author or not domain:
        return False
    return aligned(author, domain, strict=False, organizations=bodies)
