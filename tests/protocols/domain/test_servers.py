"""What servers do that no zone file can say, judged by the checks of the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from deliverability import api
from deliverability.findings import Finding, Lack, Outcome
from deliverability.lookup import Answer, Resolver, Status, ZoneResolver

ZONE = 'example.test. TXT "v=spf1 ip4:192.0.2.1 -all"\nexample.test. A 192.0.2.80\n'
LARGE = ZONE + "\n".join(f'example.test. TXT "site-verification-{i:02}={"x" * 80}"' for i in range(14))


@dataclass(frozen=True)
class Changed:
    """A resolver whose answers are changed on their way."""

    base: Resolver
    change: Callable[[Answer], Answer]

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        return self.change(await self.base.resolve(name, rdtype, server=server, dnssec=dnssec))


def judged(check: str, zone: str, change: Callable[[Answer], Answer]) -> Finding:
    resolver = Changed(ZoneResolver.from_text(zone), change)
    (audit,) = api.audit("example.test", resolver=resolver, select=[check])
    return audit.findings[0]


def at_apex(rdtype: str, **fields: object) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        hit = answer.name == "example.test" and answer.rdtype == rdtype
        return replace(answer, **fields) if hit else answer  # type: ignore[arg-type]

    return change


def test_texts_that_came_over_tcp_are_large_and_well() -> None:
    finding = judged("dns-txt-size", LARGE, at_apex("TXT", source="192.0.2.53", truncated=True))

    assert (finding.outcome, finding.case) == (Outcome.PASS, "tcp")
    assert finding.data["octets"] > finding.data["limit"]


def test_texts_that_were_cut_and_never_came_over_tcp_are_nobodys_fault_yet() -> None:
    lost = at_apex("TXT", status=Status.TIMEOUT, records=(), strings=(), truncated=True)

    finding = judged("dns-txt-size", LARGE, lost)

    assert (finding.outcome, finding.case, finding.lack) == (Outcome.UNKNOWN, "lost", Lack.ANSWER)


def test_an_alias_beside_other_records() -> None:
    beside = at_apex("CNAME", status=Status.OK, records=("www.host.test.",))

    finding = judged("dns-cname-and-other-data", ZONE, beside)

    assert (finding.outcome, finding.case, finding.subject) == (Outcome.FAIL, "fail", "example.test")
    assert finding.data["types"] == "A, TXT"
