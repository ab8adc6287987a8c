"""The sample sender of examples/, audited before and after its repair through real DNS packets, and both compared."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

from deliverability import api
from deliverability.compare.result import Comparison
from deliverability.comparison import Wanted, compare, to_document
from deliverability.diff import AuditDiff, diff
from deliverability.document import Audit
from deliverability.events.engine import EngineMissing
from deliverability.fastclass import dataclass
from deliverability.gate.decide import decide
from deliverability.gate.model import Gate
from deliverability.inputs import Given, Inputs, read_inputs
from deliverability.intake.trouble import Troubles
from deliverability.lookup import Answer, LiveResolver, Resolver, ZoneResolver
from deliverability.lookup.serve import Nameserver
from deliverability.mail.authenticate.verifier import VerifierMissing
from deliverability.messages.given import GivenMessage, Told, given_message
from deliverability.policy.model import NAME, Need, Policy
from deliverability.policy.read import read_policy
from deliverability.rates import Asked

DOMAIN = "vinotheque.example"
SENDER = "203.0.113.70"
"""A server of the help desk, which answers the shop's customers in the shop's name."""
HELO = "out1.helpdesk.example"
"""How that server greets."""
SOURCE = "127.0.0.1 (deliv demo)"
"""Who answered, as the audits say it: the port that the nameserver gets differs from run to run."""
KNOWN: tuple[str, ...] = ("192.0.2.24/29", "198.51.100.16/28", "203.0.113.0/26", "203.0.113.64/28", "2001:db8:30::/64")
"""Whose mail the shop knows of: its own servers', the newsletter service's, the CRM's and the help desk's."""
EVENTS, REPORTS = "events.ndjson.gz", "dmarc-reports.zip"
"""Files in the folder of a stage: what the CRM's mail met, and what receivers reported of all mail as the shop."""
LETTER = "letter.eml"
"""The file in the same folder with the letter that is to go out next, as it came to a mailbox of the shop's."""
TOLD = Told(trust=("mx.mailbox.example",))
"""Whose word for where the letter came from is believed: that mailbox's server."""
REPAIR = "2026-09-14=SPF and DKIM repaired"
"""The change that the events of both times are compared by; the first letter after it went out 15 days later."""


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
    """Both audits, what the repair changed in DNS, and what it did to the mail; `after` holds that too.

    `gates` are what the shop's policy says of its next letter at each time. `left_out` says, a line each, what is in
    neither for want of a library; without the events there is no comparison.
    """

    before: Audit
    after: Audit
    changes: AuditDiff
    gates: tuple[Gate, Gate]
    comparison: Comparison | None = None
    left_out: tuple[str, ...] = ()


async def demo(now: datetime) -> DemoResult:
    """Serve the sample on loopback and audit it, as it was and as it is; `now` is the clock of both audits.

    Apart from `now` and the milliseconds that answers took, the result is always the same. Raises OSError where no
    port on 127.0.0.1 can be opened.
    """
    (before, left_out), (after, _) = await _audit(BEFORE, now), await _audit(AFTER, now)
    changes, gates = diff(before, after), (_gate(before, now), _gate(after, now))
    if before.rates is None:
        return DemoResult(before, after, changes, gates, None, left_out)
    found = compared(before, after, now)
    return DemoResult(before, replace(after, comparison=to_document(found)), changes, gates, found, left_out)


def policy() -> Policy:
    """What the shop decided: the file beside the folders."""
    with as_file(files("deliverability.examples").joinpath(NAME)) as path:
        return replace(read_policy(path), path=f"examples/{NAME}")


def _gate(audit: Audit, now: datetime) -> Gate:
    """May the letter go out, by the shop's policy?"""
    given = {Need.DMARC_REPORTS}
    given |= {Need.EVENTS} if audit.rates is not None else set()
    given |= {Need.MESSAGE} if "message" in audit.options else set()
    return decide([audit], policy(), today=now.date(), given=given)


def compared(before: Audit, after: Audit, now: datetime) -> Comparison:
    """What the mail of both times shows of the repair, with the findings that it mended."""
    with sample([(stage, EVENTS) for stage in (BEFORE, AFTER)]) as (first, second):
        wanted = Wanted(changes=(REPAIR,))
        return compare([first], [second], wanted, asked=Asked(now=now), audits=(before, after))


async def _audit(stage: Stage, now: datetime) -> tuple[Audit, tuple[str, ...]]:
    given, inputs, left_out = given_to(stage, now)
    nothing: dict[str, list[str]] = {"resolver": [], "zone": [], "overlay": []}
    plan = api.plan(
        DOMAIN,
        selectors=stage.selectors,
        ips=[SENDER],
        helo=HELO,
        now=now,
        inputs={DOMAIN: inputs},
        judging=policy().judging,
        asked=nothing | given,
        vantage={"resolvers": [SOURCE]},
    )
    async with Nameserver(zones(stage)) as server, LiveResolver([server.address]) as live:
        [audit] = await api.run(plan, _Named(live, SOURCE))
    return audit, left_out


def given_to(stage: Stage, now: datetime) -> tuple[dict[str, Any], Inputs, tuple[str, ...]]:
    """What the sample's audit is given, as options of `deliv audit` and as figures; and why some of it is not."""
    names = {"events": EVENTS, "dmarc_reports": REPORTS}
    left_out: tuple[str, ...] = ()
    try:
        inputs = _read(stage, names, now)
    except EngineMissing as error:
        left_out = (f"Without the sample's events: {error}",)
        del names["events"]
        inputs = _read(stage, names, now)
    given: dict[str, Any] = {option: [f"examples/{stage.folder}/{name}"] for option, name in names.items()}
    given["declared"] = list(KNOWN)
    try:
        inputs = replace(inputs, message=_letter(stage, now))
    except VerifierMissing as error:
        return given, inputs, (*left_out, f"Without the sample's letter: {error}")
    return given | {"message": f"examples/{stage.folder}/{LETTER}", **TOLD.options()}, inputs, left_out


def _letter(stage: Stage, now: datetime) -> GivenMessage:
    """Raises VerifierMissing."""
    raw = files("deliverability.examples").joinpath(stage.folder, LETTER).read_bytes()
    return given_message(raw, name=LETTER, now=now, told=TOLD)


def _read(stage: Stage, names: Mapping[str, str], now: datetime) -> Inputs:
    with sample([(stage, name) for name in names.values()]) as found:
        paths = {option: (path,) for option, path in zip(names, found, strict=True)}
        given = Given(events=paths.get("events", ()), dmarc_reports=paths.get("dmarc_reports", ()), declared=KNOWN)
        return read_inputs(given, DOMAIN, Asked(now=now), Troubles(), lambda _: None)


@contextmanager
def sample(wanted: Sequence[tuple[Stage, str]]) -> Generator[list[str]]:
    """Paths of files of the sample for as long as the block lasts, wherever the package is installed."""
    room = files("deliverability.examples")
    with ExitStack() as open_files:
        found = (as_file(room.joinpath(stage.folder, name)) for stage, name in wanted)
        yield [str(open_files.enter_context(one)) for one in found]


def zones(stage: Stage) -> ZoneResolver:
    """The sample's whole world at one time. No question is refused: what no zone holds does not exist."""
    room = files("deliverability.examples")
    found = [entry for folder in (stage.folder, NEIGHBOURS) for entry in room.joinpath(folder).iterdir()]
    zoned = [entry for entry in found if entry.name.endswith(".zone")]
    texts = [entry.read_text(encoding="utf-8") for entry in sorted(zoned, key=lambda entry: entry.name)]
    return ZoneResolver.from_text("\n".join(texts))


@dataclass(frozen=True, slots=True)
class _Named:
    """`base`, whose answers all come from `source`."""

    base: Resolver
    source: str

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """As `base`."""
        return replace(await self.base.resolve(name, rdtype, server=server, dnssec=dnssec), source=self.source)
