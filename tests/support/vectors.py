"""Vector files: zone text in, one check's judgement out, all through the real audit.

A case names the zone it serves, which answers are broken (what no zone file can say), the inputs of the audit, and the
finding it expects as a subset. `live = true` audits as over live DNS: other names do not exist and none can be listed.
`inputs` is what is read beside DNS: a receiver's export as the text of its file, and the figures of events as a table.
`message` is the text of a message that is about to be sent, its lines ended by CR and LF; `told` how it is handed over
(ip, helo, mail_from, trust); `repeated` how often its last line stands there; `signed` the selector by which it is
signed for the domain, the key put into the zone; `sealed` the same for an ARC set of the domain; `engines` what spam
filters said of it.
"""

from __future__ import annotations

import asyncio
import fnmatch
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zlib import crc32

from deliverability import api
from deliverability.checks import CHECKS
from deliverability.document import Audit
from deliverability.events import figures
from deliverability.events.plain import from_plain
from deliverability.feedback import change, postmaster, senderhub, snds
from deliverability.feedback import facts as reports
from deliverability.findings import Action, Finding, Outcome, RecordChange
from deliverability.inputs import Inputs
from deliverability.lookup import Answer, AssumeAbove, OverlayResolver, Resolver, Status, ZoneResolver
from deliverability.lookup.answer import canonical_name, names_below
from deliverability.mail.authenticate.engines import EngineFacts
from deliverability.messages.given import Told, given_message
from deliverability.recipients import facts as recipients
from deliverability.repair import apply
from support import letters, signing

FAMILIES = {check.id: [one.id for one in CHECKS if one.family == check.family] for check in CHECKS}
"""Check → the checks of its family, itself among them."""
VECTORS = Path(__file__).parent.parent / "vectors"
CLOCK = datetime(2026, 11, 21, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One case of a vector file."""

    name: str
    check: str
    zone: str
    expect: dict[str, Any]
    spec: str = ""
    domain: str = "example.test"
    outside: str = ""
    broken: list[str] = field(default_factory=list)
    live: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    signed: str = ""
    sealed: str = ""
    engines: dict[str, Any] = field(default_factory=dict)
    repeated: int = 1
    forbid: list[str] = field(default_factory=list)
    fixed: bool = False
    spoiled: bool = False
    file: str = ""


def cases() -> Iterator[Case]:
    """Every case of every vector file, in a fixed order."""
    for path in sorted(VECTORS.rglob("*.toml")):
        for plain in tomllib.loads(path.read_text(encoding="utf-8"))["case"]:
            yield Case(**plain, file=path.relative_to(VECTORS).as_posix())


@dataclass(frozen=True)
class Broken:
    """A resolver some of whose answers are failures; for live DNS, every other name is known to be absent."""

    base: Resolver
    failures: tuple[tuple[Status, str, str], ...] = ()
    live: bool = False

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """The planted failure, or what the zone says."""
        asked = canonical_name(name)
        for status, wanted, pattern in self.failures:
            if wanted in {"*", rdtype} and fnmatch.fnmatchcase(asked, pattern):
                return Answer(name=asked, rdtype=rdtype, status=status)
        answer = await self.base.resolve(name, rdtype, server=server, dnssec=dnssec)
        outside = self.live and answer.status is Status.REFUSED
        return replace(answer, status=Status.NXDOMAIN) if outside else answer

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """Whole zones can be listed; live DNS cannot."""
        return None if self.live else names_below(self.base, name)


def resolver_for(case: Case) -> Broken:
    """The world of one case."""
    selectors = filter(None, {case.signed, case.sealed})
    keys = "".join(f"{one}._domainkey.{case.domain}. TXT {letters.key_record()}\n" for one in selectors)
    zone = ZoneResolver.from_text(f"{case.zone}\n{keys}{case.outside}")
    failures = tuple(_failure(text) for text in case.broken)
    return Broken(zone if case.live else AssumeAbove(zone), failures, case.live)


def _failure(text: str) -> tuple[Status, str, str]:
    status, rdtype, pattern = text.split()
    return Status(status.lower()), rdtype.upper(), pattern.lower().removesuffix(".")


WHOLE = 4
"""Of so many cases that need no other check one runs them all, which says whether any of them fails on its input."""


def audit(case: Case, resolver: Resolver | None = None) -> Audit:
    """The audit of a case: of its check's family, of every check where a fix is tried, and of every check now and then.

    Which cases those are follows from their names alone. By another `resolver` it is of the family.
    """
    options: dict[str, Any] = {"now": CLOCK, "timeout": 20.0, **case.options}
    if resolver is not None or not (case.fixed or case.forbid or crc32(case.name.encode()) % WHOLE == 0):
        options.setdefault("select", FAMILIES[case.check])
    given: dict[str, Any] = {name: _input(name, given) for name, given in case.inputs.items()}
    if case.message:
        message = given_message(_octets(case), name="message.eml", now=CLOCK, told=Told(**case.told))
        said: dict[str, Any] = {n: from_plain(EngineFacts, {"engine": n, **one}) for n, one in case.engines.items()}
        given["message"] = replace(message, **said)
    if given:
        options["inputs"] = {case.domain: Inputs(**given)}
    return api.audit(case.domain, resolver=resolver or resolver_for(case), **options)[0]


def _octets(case: Case) -> bytes:
    """The message of a case as it is sent; U+F700 to U+F7FF stand for single octets."""
    *lines, last = case.message.splitlines(keepends=True)
    text = "".join(lines) + last * case.repeated
    raw = b"".join(bytes([ord(c) - 0xF700]) if 0xF700 <= ord(c) < 0xF800 else c.encode() for c in text)
    sent = raw.replace(b"\n", b"\r\n")
    if case.signed:
        sent = letters.signed(sent, domain=case.domain, selector=case.signed)
    if case.sealed:
        key = letters.signer()
        sent = signing.arc_sealed(sent, key, instance=1, domain=case.domain, cv="none", selector=case.sealed)
    return sent


def _input(name: str, given: Any) -> Any:
    return TABLES[name](given) if name in TABLES else EXPORTS[name].parse(given.encode())


TABLES: dict[str, Any] = {
    "rates": figures.from_plain,
    "dmarc_reports": reports.aggregate_from,
    "tls_reports": reports.tls_from,
    "recipients": recipients.from_observation,
    "change": change.from_observation,
}
EXPORTS: dict[str, Any] = {"postmaster": postmaster, "snds": snds, "senderhub": senderhub}


def found(audit: Audit, case: Case) -> list[Finding]:
    """The findings of the case's check that fit its expectation."""
    return [f for f in audit.findings if f.check == case.check and fits(f, case.expect)]


def fits(finding: Finding, expect: dict[str, Any]) -> bool:
    """Whether a finding has every value that is expected of it."""
    data = expect.get("data", {})
    named = {k: v for k, v in expect.items() if k != "data"}
    return all(getattr(finding, k) == v for k, v in named.items()) and all(
        k in finding.data and finding.data[k] == v for k, v in data.items()
    )


def published(case: Case, changes: Sequence[RecordChange]) -> Audit:
    """The audit once `changes` are published over the case's zone."""
    base = resolver_for(case)
    keys = {(canonical_name(c.name), c.type) for c in changes}
    now = {key: asyncio.run(base.resolve(*key)) for key in keys}
    rrsets = {key: apply(changes, key, () if answer.cname_chain else answer.records) for key, answer in now.items()}
    return audit(case, OverlayResolver.from_rrsets(rrsets, base))


def still_fails(audit: Audit, finding: Finding) -> bool:
    """Whether the same check still fails for the same subject."""
    return any(
        (f.check, f.subject) == (finding.check, finding.subject) and f.outcome is Outcome.FAIL for f in audit.findings
    )


def spoil(changes: Sequence[RecordChange]) -> tuple[RecordChange, ...]:
    """The same changes badly made: what was to be replaced stays, a new text has a slip in it, nothing else happens."""
    kept = [c for c in changes if c.action is Action.REPLACE or (c.action is Action.ADD and c.type == "TXT")]
    return tuple(replace(c, value=c.old or (c.value or "").replace("=", "", 1)) for c in kept)
