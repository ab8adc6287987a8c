"""Whose the mailboxes are: the table `mailbox`, by the list of domains, and by mail hosts where DNS may be asked."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from deliverability.events.engine import Engine
from deliverability.events.providers import OTHER, PROVIDERS, UNKNOWN, VOICES, domains, provider_of, providers_by_mx
from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from deliverability.lookup import Resolver

MAX_ASKED = 5_000
"""Domains that are asked for their mail hosts, those with most messages; our own bound on the questions of one run."""
MAX_SECONDS = 60.0
"""Seconds that all of these questions may take; what is not answered by then is not known. Our own bound."""
REPORTING = frozenset(name for name, provider in PROVIDERS.items() if provider.reports_complaints)
"""The mailbox providers that tell senders who complained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mx:
    """Domains of no listed provider: `asked` for their mail hosts, and `not_asked` since they are beyond the bound.

    Of the asked, `answered` are those of which DNS spoke, and `unanswered` the rest: their provider stays `other`.
    """

    asked: int
    answered: int
    unanswered: int
    not_asked: int


def find_mailboxes(engine: Engine, resolver: Resolver | None = None) -> Mx | None:
    """Make the table `mailbox`: a domain's key → its provider, whether that reports complaints, whose system answers.

    `resolver` is asked about the domains that are not listed; without one nothing is asked. The tables `name_domain`
    and `message` have to be there.
    """
    keys = {str(name): int(key) for name, key in engine.run("SELECT name, key FROM name_domain")}
    providers = {name: provider_of(name) for name in keys}
    mx = None
    if resolver is not None:
        largest = [name for name in _by_messages(engine) if providers[name] == OTHER]
        found = _ask(largest[:MAX_ASKED], resolver)
        unanswered = sum(provider == UNKNOWN for provider in found.values())
        providers |= {name: provider for name, provider in found.items() if provider != UNKNOWN}
        mx = Mx(
            asked=len(found),
            answered=len(found) - unanswered,
            unanswered=unanswered,
            not_asked=len(largest) - len(largest[:MAX_ASKED]),
        )
    _write(engine, {keys[name]: provider for name, provider in providers.items()})
    return mx


def _by_messages(engine: Engine) -> list[str]:
    """The domains, those with most messages first."""
    query = "SELECT name FROM name_domain JOIN message ON domain = key GROUP BY name ORDER BY count(*) DESC, name"
    return [str(name) for (name,) in engine.run(query)]


def _ask(names: Sequence[str], resolver: Resolver) -> dict[str, str]:
    import asyncio  # noqa: PLC0415 - with the resolvers, 70 ms that only --mx needs

    from deliverability.lookup import DeadlineResolver, LiveResolver  # noqa: PLC0415 - as above

    async def ask() -> dict[str, str]:
        try:
            return await providers_by_mx(names, DeadlineResolver(resolver, time.monotonic() + MAX_SECONDS))
        finally:
            if isinstance(resolver, LiveResolver):
                await resolver.aclose()  # its sockets belong to this loop, which ends here

    found = asyncio.run(ask())
    return {name: found[name.lower().removesuffix(".")] for name in names}


def _write(engine: Engine, providers: Mapping[int, str]) -> None:
    path = engine.folder / "mailboxes.ndjson"
    with path.open("w", encoding="utf-8") as out:
        for key, provider in providers.items():
            row = {
                "key": key,
                "provider": provider,
                "reports": provider in REPORTING,
                "system": _voice(provider),
            }
            out.write(json.dumps(row) + "\n")
    columns = "{'key': 'UBIGINT', 'provider': 'VARCHAR', 'reports': 'BOOLEAN', 'system': 'VARCHAR'}"
    read = f"read_json('{path}', format='newline_delimited', columns={columns})"
    engine.run(f"CREATE TABLE mailbox AS SELECT * FROM {read}")


def _voice(provider: str) -> str | None:
    system = PROVIDERS[provider].system
    return system if system in VOICES else None


def list_voices(engine: Engine) -> None:
    """Make the table `voice`: listed domain → the mail system that answers, where it matters whose it is."""
    engine.run("CREATE OR REPLACE TEMP TABLE voice (domain VARCHAR, system VARCHAR)")
    found = {domain: voice for domain, provider in domains().items() if (voice := _voice(provider))}
    engine.run("INSERT INTO voice SELECT unnest(?), unnest(?)", [list(found), list(found.values())])
