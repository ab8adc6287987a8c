"""Gates to show: the wine shop of `samples` under a policy, once all is well, and in a stranger's hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from deliverability.document import Audit
from deliverability.findings import Finding, Outcome, Severity, Subject
from deliverability.gate.decide import decide
from deliverability.gate.model import Gate
from deliverability.policy.model import DomainPolicy, Need, OnUnknown, Place, Policy, Waiver
from support import samples

TODAY = date(2026, 11, 22)
FILE = "mail/deliv.toml"


def policy(**changes: object) -> Policy:
    """A policy that declares the shop, accepts one fault of it for a time, and has accepted another for too long."""
    declared = Policy(
        path=FILE,
        require=(Need.EVENTS,),
        domains={samples.DOMAIN: DomainPolicy(name=samples.DOMAIN, owner="post", place=Place(FILE, 7, 1))},
        waivers=(
            waiver("dmarc-*", date(2027, 3, 31), Place(FILE, 20), "the move ends in March"),
            waiver("spf-lookup-limit", date(2026, 8, 31), Place(FILE, 28, 3), "until after the summer"),
        ),
        places={"require": Place(FILE, 2, 1)},
    )
    return replace(declared, **changes)  # type: ignore[arg-type]


def waiver(check: str, until: date, place: Place, reason: str) -> Waiver:
    """A waiver for the shop."""
    return Waiver(check=check, subject=samples.DOMAIN, reason=reason, owner="mail team", until=until, place=place)


def closed() -> Gate:
    """Faults that close it, one known from before, one waived, one whose waiver has ended, an input not given."""
    before = replace(samples.in_trouble(), findings=(samples.lost_include(),), ruleset="2026.10")
    return decide([samples.in_trouble()], policy(), today=TODAY, baseline=[before])


def clean() -> Gate:
    """The shop once it is repaired, without a policy."""
    return decide([samples.repaired()], Policy(), today=TODAY)


def undetermined(on_unknown: OnUnknown = OnUnknown.FAIL) -> Gate:
    """Nothing closes it, and one question was not answered."""
    audit = replace(samples.repaired(), findings=(*samples.quiet_findings(), samples.silent_server()))
    return decide([audit], Policy(), today=TODAY, on_unknown=on_unknown)


def hostile() -> Gate:
    """Every text that can come from outside means harm, that of the policy too."""
    accepted = waiver("spf-*", date(2027, 1, 1), Place(samples.HOSTILE), samples.HOSTILE)
    audits = [samples.hostile(), samples.in_trouble()]
    return decide(audits, Policy(path=samples.HOSTILE, waivers=(accepted,)), today=TODAY)


def of(findings: Sequence[Finding], *, policy: Policy | None = None, domain: str = samples.DOMAIN) -> Gate:
    """The gate of one audit with these findings."""
    return decide([audit_of(findings, domain)], policy or Policy(), today=TODAY)


def audit_of(findings: Sequence[Finding], domain: str = samples.DOMAIN) -> Audit:
    """The repaired shop, called `domain`, with these findings alone."""
    shop = samples.repaired()
    return replace(shop, subject=Subject(domain, shop.subject.role, ""), findings=tuple(findings))


def fault(check: str = "spf-syntax", subject: str = samples.DOMAIN, title: str = "It is so", **more: object) -> Finding:
    """A critical fault."""
    made = Finding(check, Outcome.FAIL, Severity.CRITICAL, subject, "fail", title)
    return replace(made, **more)  # type: ignore[arg-type]
