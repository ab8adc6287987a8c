"""The sample sender of examples/, audited before and after its repair through real DNS packets on loopback."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from importlib.resources import files

from deliverability import api
from deliverability.diff import AuditDiff, diff
from deliverability.document import Audit
from deliverability.fastclass import dataclass
from deliverability.lookup import Answer, LiveResolver, Resolver, ZoneResolver
from deliverability.lookup.serve import Nameserver

DOMAIN = "vinotheque.example"
SENDER = "203.0.113.70"
"""A server of the help desk, which answers the shop's customers in the shop's name."""
HELO = "out1.helpdesk.example"
"""How that server greets."""
SOURCE = "127.0.0.1 (deliv demo)"
"""Who answered, as the audits say it: the port that the nameserver gets differs from run to run."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The sample at one time: the folder of examples/ with its zones, and the DKIM selectors in use."""

    folder: str
    selectors: tuple[str, ...]


BEFORE = Stage("before", ("shop2019", "news", "crm1"))
AFTER = Stage("after", ("shop2026", "news", "crm2"))
NEIGHBOURS = "around"
"""The folder with the zones that are the same at both times."""


@dataclass(frozen=True, slots=True)
class DemoResult:
    """Both audits, and what the repair changed."""

    before: Audit
    after: Audit
    changes: AuditDiff


async def demo(now: datetime) -> DemoResult:
    """Serve the sample on loopback and audit it, as it was and as it is; `now` is the clock of both audits.

    Apart from `now` and the milliseconds that answers took, the result is always the same. Raises OSError where no
    port on 127.0.0.1 can be opened.
    """
    before, after = await _audit(BEFORE, now), await _audit(AFTER, now)
    return DemoResult(before, after, diff(before, after))


async def _audit(stage: Stage, now: datetime) -> Audit:
    nothing: dict[str, list[str]] = {"resolver": [], "zone": [], "overlay": []}
    plan = api.plan(
        DOMAIN,
        selectors=stage.selectors,
        ips=[SENDER],
        helo=HELO,
        now=now,
        asked=nothing,
        vantage={"resolvers": [SOURCE]},
    )
    async with Nameserver(zones(stage)) as server, LiveResolver([server.address]) as live:
        [audit] = await api.run(plan, _Named(live, SOURCE))
    return audit


def zones(stage: Stage) -> ZoneResolver:
    """The sample's whole world at one time. No question is refused: what no zone holds does not exist."""
    room = files("deliverability.examples")
    found = [entry for folder in (stage.folder, NEIGHBOURS) for entry in room.joinpath(folder).iterdir()]
    texts = [entry.read_text(encoding="utf-8") for entry in sorted(found, key=lambda entry: entry.name)]
    return ZoneResolver.from_text("\n".join(texts))


@dataclass(frozen=True, slots=True)
class _Named:
    """`base`, whose answers all come from `source`."""

    base: Resolver
    source: str

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As `base`."""
        return replace(await self.base.resolve(name, rdtype, server=server, dnssec=dnssec), source=self.source)
