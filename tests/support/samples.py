"""Audits to draw: a wine shop whose mail is in trouble, the same shop repaired, and a stranger who means harm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deliverability.arbitration import FixChoice, NextFix
from deliverability.checks._check import Check
from deliverability.document import Audit
from deliverability.findings import (
    Action,
    Effort,
    Evidence,
    Finding,
    Fix,
    Lack,
    Outcome,
    Owner,
    RecordChange,
    Reference,
    Role,
    Severity,
    Subject,
)
from deliverability.lookup.answer import Answer, Status
from deliverability.verdict import Verdict, Word

DOMAIN = "weinhandel.example"
SPF = (
    "v=spf1 include:_spf.crm.example include:mail.shop.example include:_spf.helpdesk.example "
    "include:spf.newsletter.example a mx ~all"
)
GOOD_SPF = "v=spf1 include:spf.newsletter.example ip4:192.0.2.0/28 -all"
KEY = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" + "Qx7sVt2LwZ4nB9kE" * 20 + "IDAQAB"
VERIFICATION = "site-verification=h3Jk29fLq0"
HOSTILE = "</style></table><script>alert(1)</script>\"'><img src=x onerror=alert(2)>\x1b[31m\x07\u202egnp.exe\u2066\x85"


def _check(id_: str, severity: Severity, why: str, *references: Reference, settle: str = "") -> Check:
    return Check(
        id=id_,
        family=id_.partition("-")[0],
        severity=severity,
        references=references,
        ask=f"The rule that {id_} asks about",
        why=why,
        fix=f"What mends {id_}.",
        titles={},
        fixes={},
        effort=Effort.LOW,
        owner=Owner.DNS,
        settle=settle,
        needs=(),
        function=lambda: (),
    )


MANUAL = {
    check.id: check
    for check in (
        _check(
            "spf-lookup-limit",
            Severity.HIGH,
            "Receivers stop at the eleventh lookup and treat the record as broken. "
            "DMARC then rests on the DKIM signature alone, and mail without one is refused or filed as spam.",
            Reference("RFC 7208", "4.6.4"),
        ),
        _check(
            "spf-include-resolves",
            Severity.CRITICAL,
            "Receivers answer permerror as soon as they reach an include that leads nowhere, so SPF protects nothing. "
            "Whoever registers the lost name can write a record there and send as you.",
            Reference("RFC 7208", "5.2"),
        ),
        _check(
            "dkim-key-size",
            Severity.MEDIUM,
            "Keys of 1024 bits are within reach of a patient attacker, and receivers have begun to ask for more.",
            Reference("RFC 8301", "3.2"),
        ),
        _check(
            "dkim-selectors",
            Severity.HIGH,
            "A signature is what survives forwarding.",
            Reference("RFC 6376", "3.1"),
            settle="Name the selectors that your sending services use (--selector).",
        ),
        _check(
            "dmarc-effective-policy",
            Severity.HIGH,
            "Anybody can write mail that carries your name, and receivers deliver it. "
            "Your reputation pays for what they send.",
            Reference("RFC 9989", "5.3"),
        ),
    )
}
"""The manual pages of some of the sample's checks; the others are unknown, as in a document of another version."""


def lookup_limit() -> Finding:
    return Finding(
        check="spf-lookup-limit",
        outcome=Outcome.FAIL,
        severity=Severity.HIGH,
        subject=DOMAIN,
        case="fail",
        title="SPF needs 14 DNS lookups; receivers stop at ten",
        data={"total": 14},
        evidence=(
            Evidence("spf_term", DOMAIN, "TXT", SPF, (7, 31), "9 of the 14, through 3 nested includes"),
            Evidence("spf_term", DOMAIN, "TXT", SPF, (58, 87), "the eleventh lookup is made here"),
        ),
        fix=Fix(
            text="Drop the includes of services that no longer send for you, and name your own servers by address.",
            records=(
                RecordChange(Action.REPLACE, DOMAIN, "TXT", 300, SPF, GOOD_SPF),
                RecordChange(Action.REPLACE, DOMAIN, "TXT", 300, VERIFICATION, VERIFICATION),
            ),
            reaudited=True,
        ),
        references=(Reference("RFC 7208", "4.6.4"),),
    )


def lost_include() -> Finding:
    term = "include:_spf.helpdesk.example"
    start = SPF.index(term)
    return Finding(
        check="spf-include-resolves",
        outcome=Outcome.FAIL,
        severity=Severity.CRITICAL,
        subject=DOMAIN,
        case="nxdomain",
        title="SPF includes _spf.helpdesk.example, a name that does not exist",
        evidence=(
            Evidence("spf_term", DOMAIN, "TXT", SPF, (start, start + len(term)), "permerror from here on"),
            Evidence("dns_answer", "_spf.helpdesk.example", "TXT", note="nxdomain"),
        ),
        fix=Fix(
            text="Take the term out; nothing is sent from there any more.",
            records=(
                RecordChange(Action.REPLACE, DOMAIN, "TXT", 300, SPF, SPF.replace(f"{term} ", "")),
                RecordChange(Action.REPLACE, DOMAIN, "TXT", 300, VERIFICATION, VERIFICATION),
            ),
            reaudited=True,
        ),
        references=(Reference("RFC 7208", "5.2"),),
    )


def short_key() -> Finding:
    name = f"mail._domainkey.{DOMAIN}"
    return Finding(
        check="dkim-key-size",
        outcome=Outcome.FAIL,
        severity=Severity.MEDIUM,
        subject=name,
        case="short",
        title="The DKIM key at selector mail has 1024 bits; 2048 are recommended",
        data={"bits": 1024},
        evidence=(Evidence("dkim_key", name, "TXT", KEY, (18, len(KEY)), "1024 bits"),),
        fix=Fix(
            text="Let the sending service make a key of 2048 bits, publish it at a new selector, then switch.",
            effort=Effort.MEDIUM,
            owner=Owner.ESP,
        ),
        references=(Reference("RFC 8301", "3.2"), Reference("Gmail sender guidelines")),
    )


def weak_policy() -> Finding:
    name = f"_dmarc.{DOMAIN}"
    record = f"v=DMARC1; p=none; rua=mailto:dmarc@{DOMAIN}"
    return Finding(
        check="dmarc-effective-policy",
        outcome=Outcome.FAIL,
        severity=Severity.HIGH,
        subject=DOMAIN,
        case="none",
        title="Receivers are asked to do nothing about forged mail",
        data={"policy": "none"},
        evidence=(Evidence("dmarc_tag", name, "TXT", record, (10, 16), "forged mail is delivered"),),
        fix=Fix(
            text="Ask for quarantine once the aggregate reports show that your own mail passes.",
            effort=Effort.HIGH,
            safe=False,
            records=(RecordChange(Action.REPLACE, name, "TXT", 3600, record, record.replace("none", "quarantine")),),
            reaudited=True,
        ),
        references=(Reference("RFC 9989", "5.3"),),
    )


def duplicate_term() -> Finding:
    return Finding(
        check="spf-duplicate-terms",
        outcome=Outcome.FAIL,
        severity=Severity.LOW,
        subject=DOMAIN,
        case="fail",
        title="A term stands twice in the SPF record",
        evidence=(Evidence("dns_answer", DOMAIN, "MX", note="nodata"),),
        fix=Fix(text="Remove the second one."),
    )


def guessed_selectors() -> Finding:
    return Finding(
        check="dkim-selectors",
        outcome=Outcome.UNKNOWN,
        severity=Severity.HIGH,
        subject=DOMAIN,
        case="unguessed",
        title="Which DKIM selectors are in use is not known (41 were tried)",
        lack=Lack.INPUT,
        settle="Name the selectors that your sending services use (--selector).",
        references=(Reference("RFC 6376", "3.1"),),
    )


def silent_server() -> Finding:
    name = f"{DOMAIN}._report._dmarc.collector.example"
    return Finding(
        check="dmarc-external-authorisation",
        outcome=Outcome.UNKNOWN,
        severity=Severity.HIGH,
        subject="collector.example",
        case="unknown",
        title="It is not known whether collector.example accepts reports about this domain",
        evidence=(Evidence("dns_answer", name, "TXT", note="timeout"),),
        lack=Lack.ANSWER,
        settle="Ask again, or through another resolver (--resolver).",
    )


def _plain(check: str, outcome: Outcome, title: str, **more: Any) -> Finding:
    return Finding(check, outcome, Severity.MEDIUM, DOMAIN, outcome.value, title, **more)


def quiet_findings() -> tuple[Finding, ...]:
    return (
        _plain("mx-provider", Outcome.INFO, "Mail for this domain is received by Example Mail"),
        _plain("dns-domain-exists", Outcome.PASS, "The domain exists"),
        _plain("mx-present", Outcome.PASS, "The domain names its mail servers"),
        _plain("spf-present", Outcome.PASS, "The domain publishes SPF"),
        _plain(
            "spf-single",
            Outcome.PASS,
            "There is exactly one SPF record",
            evidence=(Evidence("dns_answer", DOMAIN, "TXT", SPF),),
        ),
        _plain("dmarc-present", Outcome.PASS, "The domain publishes DMARC"),
        _plain("spf-parked", Outcome.NOT_APPLICABLE, "Does not apply: a parked domain authorises nobody"),
    )


def answers() -> tuple[Answer, ...]:
    return (
        Answer(name=DOMAIN, rdtype="MX", status=Status.NODATA, ttl=300, source="192.0.2.53", ms=19),
        Answer(
            name=DOMAIN,
            rdtype="TXT",
            status=Status.OK,
            records=(VERIFICATION, SPF),
            ttl=300,
            source="192.0.2.53",
            ms=21,
        ),
        Answer(
            name=f"mail._domainkey.{DOMAIN}",
            rdtype="TXT",
            status=Status.OK,
            records=(KEY,),
            ttl=3600,
            cname_chain=("mail.dkim.newsletter.example",),
            source="192.0.2.53",
            ms=40,
        ),
        Answer(name=f"{DOMAIN}._report._dmarc.collector.example", rdtype="TXT", status=Status.TIMEOUT, ms=2000),
    )


def in_trouble() -> Audit:
    """The wine shop before its repair."""
    fails = (duplicate_term(), short_key(), lookup_limit(), weak_policy(), lost_include())
    unknown = (guessed_selectors(), silent_server())
    return Audit(
        deliv_version="0.1.0",
        ruleset="2026.11",
        subject=Subject(DOMAIN, Role.SENDING, "nothing says that it does not send"),
        started_at="2026-11-21T09:00:00Z",
        options={},
        vantage={"resolvers": ["192.0.2.53"]},
        verdict=Verdict(
            Word.DO_NOT_SEND,
            f"Mail from this domain is or will be rejected or spoofed: {lost_include().title}.",
            tuple(f"{f.title}. {f.settle}" for f in unknown),
        ),
        next_best_fix=NextFix(
            "spf-include-resolves",
            DOMAIN,
            MANUAL["spf-include-resolves"].why,
            (FixChoice("spf-lookup-limit", DOMAIN), FixChoice("dmarc-effective-policy", DOMAIN)),
        ),
        findings=(*quiet_findings(), *fails, *unknown),
        facts={},
        dns=answers(),
    )


def repaired() -> Audit:
    """The same shop once all is well."""
    return replace(
        in_trouble(),
        started_at="2026-11-22T09:00:00Z",
        verdict=Verdict(Word.SEND, "Nothing that was checked keeps mail from people."),
        next_best_fix=None,
        findings=(
            *quiet_findings(),
            *(
                replace(f, outcome=Outcome.PASS, title=f"In order now: {f.check}", evidence=(), fix=None, settle="")
                for f in in_trouble().findings
                if f.outcome in {Outcome.FAIL, Outcome.UNKNOWN}
            ),
        ),
    )


def hostile() -> Audit:
    """Every text that can come from outside wants to be markup, a terminal command or something unseen."""
    audit = in_trouble()
    reference = Reference(HOSTILE, HOSTILE)
    change = RecordChange(Action.REPLACE, HOSTILE, "TXT", 300, HOSTILE, HOSTILE * 9)
    evil = Finding(
        check=HOSTILE,
        outcome=Outcome.FAIL,
        severity=Severity.CRITICAL,
        subject=HOSTILE,
        case="fail",
        title=HOSTILE,
        evidence=(Evidence(HOSTILE, HOSTILE, "TXT", HOSTILE * 40, (9, 30), HOSTILE),),
        fix=Fix(text=HOSTILE, records=(change,), safe=False),
        references=(reference,),
    )
    unknown = replace(evil, outcome=Outcome.UNKNOWN, settle=HOSTILE, fix=None)
    note = replace(evil, outcome=Outcome.INFO, fix=None)
    return replace(
        audit,
        subject=Subject(HOSTILE, Role.SENDING, HOSTILE),
        deliv_version=HOSTILE,
        ruleset=HOSTILE,
        started_at=HOSTILE,
        options={HOSTILE: HOSTILE, "selectors": [HOSTILE]},
        vantage={"resolvers": [HOSTILE], HOSTILE: HOSTILE},
        verdict=Verdict(Word.DO_NOT_SEND, HOSTILE, (HOSTILE,)),
        next_best_fix=NextFix(HOSTILE, HOSTILE, HOSTILE, (FixChoice(HOSTILE, HOSTILE), FixChoice("gone", HOSTILE))),
        findings=(evil, unknown, note, replace(note, outcome=Outcome.PASS), replace(note, outcome=Outcome.ERROR)),
        dns=(
            Answer(
                name=HOSTILE,
                rdtype="TXT",
                status=Status.OK,
                records=(HOSTILE,),
                cname_chain=(HOSTILE,),
                source=HOSTILE,
            ),
        ),
    )
