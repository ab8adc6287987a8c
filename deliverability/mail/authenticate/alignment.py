"""Whether a domain that passed speaks for the domain of From: the Organizational Domain by walk, and by suffix list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from deliverability.fastclass import dataclass
from deliverability.lookup import Resolver
from deliverability.names import registrable
from deliverability.protocols.dmarc.discover import Discovery, Walk, walk


@dataclass(frozen=True, slots=True)
class Organizations:
    """The walks from every domain that could be aligned, by domain."""

    walks: Mapping[str, Walk]

    def of(self, domain: str) -> str | None:
        """The Organizational Domain of `domain` (RFC 9989 §4.10.2); None where DNS did not say."""
        walked = self.walks.get(domain)
        if walked is None or walked.unanswered:
            return None
        return walked.organizational_domain


async def organizations(resolver: Resolver, authors: Iterable[str], others: Iterable[str]) -> Organizations:
    """Walk from each author domain, and from each other domain that has the author's last label and is not it.

    Without a common ending two domains have no Organizational Domain in common, so that nothing need be asked.
    """
    ends = {author.rpartition(".")[2] for author in authors}
    names = list(dict.fromkeys([*authors, *(one for one in others if one.rpartition(".")[2] in ends)]))
    found = await asyncio.gather(*(walk(resolver, name) for name in names))
    return Organizations(dict(zip(names, found, strict=True)))


def aligned(author: str, other: str, *, strict: bool, organizations: Organizations) -> bool | None:
    """RFC 9989 §4.4: whether `other` is aligned with the `author` domain; None where DNS did not say."""
    if author == other:
        return True
    if strict or author.rpartition(".")[2] != other.rpartition(".")[2]:
        return False
    ours, theirs = organizations.of(author), organizations.of(other)
    return None if ours is None or theirs is None else ours == theirs


def legacy_aligned(discovery: Discovery, other: str, *, strict: bool) -> bool:
    """RFC 7489 §3.1: the same with the Organizational Domain by the Public Suffix List."""
    if discovery.domain == other or strict:
        return discovery.domain == other
    return discovery.legacy.organizational_domain == (registrable(other) or other)
