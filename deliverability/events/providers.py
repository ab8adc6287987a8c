"""Whose mailboxes those are: a recipient's domain, or a domain's mail hosts, to the provider.

The lists are beside this file, each row with its source and date: providers.csv (domains), providers_hosts.csv (mail
hosts), providers_names.csv (the providers).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    import asyncio

    from deliverability.lookup import Answer, Resolver

OTHER = "other"
"""No provider of the list."""
UNKNOWN = "unknown"
"""DNS did not say."""
VOICES = frozenset({"gmail", "gmx", "microsoft", "yahoo"})
"""The mail systems of which it matters that they are known to speak: `classify` reads some of their codes and words
otherwise than another's."""
AT_ONCE = 100
"""MX questions that are under way together. Our own bound, 2026-11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A mailbox provider.

    - id, name: `webde`, `web.de`.
    - system: the id of the provider whose mail system answers, where it is another's: replies are read by its rules.
    - reports_complaints: whether complaints come back one by one, through a feedback loop. Where they do not, their
      absence says nothing.
    - source, date: where that is said, and when it was read (YYYY-MM); empty where no loop is known.
    """

    id: str
    name: str
    system: str
    reports_complaints: bool
    source: str
    date: str


def provider_of(domain: str) -> str:
    """The id of the provider that has the mailboxes of `domain`, in any case, with or without a final dot; or `other`.

    A name below a listed one is not listed: anybody can be given one.
    """
    return domains().get(domain.lower().removesuffix("."), OTHER)


def provider_name(provider: str) -> str:
    """A provider's own name by its id; the id where it is none of the list, as a document may have it."""
    if provider == OTHER:
        return "other providers"
    return PROVIDERS[provider].name if provider in PROVIDERS else provider


def provider_by_mx(hosts: Iterable[str]) -> str:
    """The id of the provider that runs the mail hosts of a domain; or `other`.

    Args:
        hosts: names of mail hosts, the preferred first: the first that is listed decides.
    """
    found = (_by_suffix(host.lower().removesuffix(".")) for host in hosts)
    return next((provider for provider in found if provider is not None), OTHER)


async def providers_by_mx(
    names: Iterable[str], resolver: Resolver, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Domain → provider, by the list of domains where it has them, else by one MX question each.

    Args:
        names: domains of recipients, in any case; each is asked about once.
        resolver: answers the questions.
        known: what an earlier call gave: not asked again, and part of the answer.

    Returns:
        Lower-case domain → id of a provider, `other`, or `unknown` where DNS gave no answer.
    """
    wanted = dict.fromkeys(name.lower().removesuffix(".") for name in names)
    found = {name: provider for name in wanted if (provider := provider_of(name)) != OTHER}
    found |= {name: known[name] for name in wanted if known is not None and name in known}
    import asyncio  # noqa: PLC0415 - 65 ms that nobody needs who does not ask

    gate = asyncio.Semaphore(AT_ONCE)
    asked = [name for name in wanted if name not in found]
    answers = await asyncio.gather(*(_asked(name, resolver, gate) for name in asked))
    return {**found, **dict(zip(asked, answers, strict=True))}


async def _asked(name: str, resolver: Resolver, gate: asyncio.Semaphore) -> str:
    async with gate:
        try:
            answer = await resolver.resolve(name, "MX")
        except ValueError:  # a recipient's domain can be anything
            return OTHER
    return provider_by_mx(_hosts(answer)) if answer.answered else UNKNOWN


def _hosts(answer: Answer) -> list[str]:
    """The mail hosts of an MX answer, the preferred first."""
    records = (record.split(" ", 1) for record in answer.records)
    return [host for _, host in sorted((int(preference), host) for preference, host in records)]


def _by_suffix(host: str) -> str | None:
    known, labels = _suffixes(), host.split(".")
    return next((known[name] for at in range(len(labels)) if (name := ".".join(labels[at:])) in known), None)


@lru_cache(maxsize=1)
def domains() -> Mapping[str, str]:
    """Every listed domain → the id of its provider."""
    return {row["domain"]: row["provider"] for row in _rows("providers.csv")}


@lru_cache(maxsize=1)
def _suffixes() -> Mapping[str, str]:
    return {row["suffix"]: row["provider"] for row in _rows("providers_hosts.csv")}


def _rows(name: str) -> Sequence[Mapping[str, str]]:
    text = files("deliverability.events").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


PROVIDERS: Mapping[str, Provider] = {
    row["id"]: Provider(
        id=row["id"],
        name=row["name"],
        system=row["system"],
        reports_complaints=row["complaints"] == "yes",
        source=row["source"],
        date=row["date"],
    )
    for row in _rows("providers_names.csv")
}
"""Id → provider, in the order in which tables name them; `other` and `unknown` are the last."""
