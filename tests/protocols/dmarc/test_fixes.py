"""The records that the DMARC checks propose, and where they propose none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import process_time

import pytest

from deliverability.asking import Inquiry, Setting
from deliverability.audit import audit_domain
from deliverability.checks.dmarc import DMARC
from deliverability.document import Audit
from deliverability.findings import Finding, Fix, Outcome
from deliverability.lookup import AssumeAbove, Resolver, ZoneResolver
from deliverability.protocols.dmarc import DmarcFacts, lookup

SENDER = "example.test. MX 10 mail.example.test.\n"
PARKED = 'example.test. TXT "v=spf1 -all"\n'
BEHIND_AN_ALIAS = """
example.test. MX 10 mail.example.test.
_dmarc.example.test. CNAME d.vendor.test.
vendor.test. A 192.0.2.1
d.vendor.test. TXT "v=DMARC1; p=none; fo=x"
"""


def audit(zone: str, domain: str = "example.test") -> Audit:
    resolver: Resolver = AssumeAbove(ZoneResolver.from_text(zone))
    setting = Setting((), (), {}, {}, datetime(2026, 11, 21, tzinfo=UTC))
    return asyncio.run(audit_domain(Inquiry(domain), resolver, setting, DMARC))


def failed(zone: str, check: str, domain: str = "example.test") -> Finding:
    [finding] = [f for f in audit(zone, domain).findings if f.check == check and f.outcome is Outcome.FAIL]
    return finding


def fix(zone: str, check: str, domain: str = "example.test") -> Fix:
    found = failed(zone, check, domain).fix
    assert found is not None
    return found


def record(text: str) -> str:
    return f'_dmarc.example.test. TXT "{text}"\n'


@pytest.mark.parametrize(
    ("zone", "check", "value", "safe"),
    [
        (SENDER, "dmarc-present", "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.test", True),
        ("example.test. MX 0 .\nexample.test. A 192.0.2.1", "dmarc-present", "v=DMARC1; p=reject", True),
        ("example.test. TXT x", "dmarc-present", "v=DMARC1; p=none", True),
        (PARKED, "dmarc-present", "v=DMARC1; p=reject", True),
        (PARKED, "dmarc-parked", "v=DMARC1; p=reject", True),
        (
            SENDER + record("v=DMARC1"),
            "dmarc-present",
            "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.test",
            True,
        ),
        (SENDER + record("v=DMARC1 p=reject"), "dmarc-present", "v=DMARC1; p=reject", False),
        (SENDER + record("v=DMARC1; p=none; fo:1"), "dmarc-syntax", "v=DMARC1; p=none", True),
        (SENDER + record("v=DMARC1; p=rejct"), "dmarc-syntax", "v=DMARC1; p=reject", False),
        (SENDER + record("v=DMARC1; p=reject; adkim=strict"), "dmarc-syntax", "v=DMARC1; p=reject; adkim=s", False),
        (SENDER + record("v=DMARC1; p=refuse"), "dmarc-syntax", "v=DMARC1; p=none", True),
        (
            SENDER + record("v=DMARC1; p=reject; rua=a@example.test"),
            "dmarc-syntax",
            "v=DMARC1; p=reject; rua=mailto:a@example.test",
            True,
        ),
        (SENDER + record("v=DMARC1; p=reject; sp=none"), "dmarc-subdomain-policy", "v=DMARC1; p=reject", False),
        (SENDER + record("v=DMARC1; p=reject; t=y"), "dmarc-testing", "v=DMARC1; p=reject", False),
        (
            SENDER + record("v=DMARC1; p=none"),
            "dmarc-rua",
            "v=DMARC1; p=none; rua=mailto:dmarc-reports@example.test",
            True,
        ),
        (SENDER + record("v=DMARC1; p=none; fo=1"), "dmarc-tags-without-effect", "v=DMARC1; p=none", True),
        (SENDER + record("v=DMARC1; p=none; psd=y"), "dmarc-psd", "v=DMARC1; p=none", True),
        (
            SENDER + record("v=DMARC1; adkim=r; p=reject"),
            "dmarc-receivers-differ",
            "v=DMARC1; p=reject; adkim=r",
            False,
        ),
        (PARKED + record("v=DMARC1; p=none; sp=none"), "dmarc-parked", "v=DMARC1; p=reject", True),
    ],
)
def test_the_record_proposed(zone: str, check: str, value: str, safe: bool) -> None:
    found = fix(zone, check)

    assert [change.value for change in found.records] == [value]
    assert found.reaudited
    assert found.safe is safe


@pytest.mark.parametrize(
    ("zone", "check"),
    [
        # behind an alias the record is somebody else's
        ("example.test. A 192.0.2.1\n_dmarc.example.test. CNAME gone.example.test.", "dmarc-present"),
        (BEHIND_AN_ALIAS, "dmarc-syntax"),
        # a mailbox that nobody could write to is not made up
        ('example.test. TXT "x"\n' + record("v=DMARC1; p=reject"), "dmarc-rua"),
        # more than deliv can decide
        (SENDER + record("v=DMARC1; p=none"), "dmarc-effective-policy"),
        (SENDER + record("v=DMARC1; p=reject; t=y"), "dmarc-receivers-differ"),
        (SENDER + record("v=DMARC1; p=reject; adkim=s; aspf=s"), "dmarc-strict-alignment"),
        (SENDER + record("v=DMARC1; p=x") + record("v=DMARC1"), "dmarc-single"),
    ],
)
def test_no_record_proposed(zone: str, check: str) -> None:
    assert fix(zone, check).records == ()


def test_other_texts_at_the_name_stay() -> None:
    found = fix(SENDER + record("v=DMARC1; p=none; fo=1") + record("stray"), "dmarc-tags-without-effect")

    assert [(c.old, c.value) for c in found.records] == [
        ("v=DMARC1; p=none; fo=1", "v=DMARC1; p=none"),
        ("stray", "stray"),
    ]


def test_of_two_records_the_mildest_stays() -> None:
    zone = SENDER + record("v=DMARC1; p=none") + record("v=DMARC1; p=quarantine")
    found = fix(zone, "dmarc-single")

    assert next((c.action.value, c.old) for c in found.records) == ("remove", "v=DMARC1; p=quarantine")
    assert found.safe


def test_consent_is_the_destinations_to_publish() -> None:
    zone = SENDER + record("v=DMARC1; p=none; rua=mailto:a@vendor.test") + "vendor.test. A 192.0.2.1"
    found = fix(zone, "dmarc-external-authorisation")

    [change] = found.records
    assert (change.name, change.value) == ("example.test._report._dmarc.vendor.test", "v=DMARC1")
    assert found.owner == "esp"
    assert "vendor.test" in found.text


def test_the_place_of_the_fault_is_shown() -> None:
    [evidence] = failed(SENDER + record("v=DMARC1; p=none; adkim=x"), "dmarc-syntax").evidence

    assert evidence.span is not None
    assert (evidence.name, evidence.text[slice(*evidence.span)]) == ("_dmarc.example.test", "x")


def test_both_readers_are_shown_for_three_names() -> None:
    zone = SENDER + record("v=DMARC1; p=reject; sp=quarantine; np=none") + "www.example.test. A 192.0.2.1"
    [finding] = [f for f in audit(zone).findings if f.check == "dmarc-effective-policy"]

    assert [(n["policy"], n["rfc7489"], n["exists"]) for n in finding.data["names"]] == [
        ("reject", "reject", True),
        ("quarantine", "quarantine", True),
        ("none", "quarantine", False),
    ]


def strings(text: str) -> str:
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))


@pytest.mark.parametrize("filler", [";", "a=b;", "p=x;", "rua=,", "mailto:a@b.test,", "v=DMARC1 ", "\\\\", "x" * 7])
def test_a_record_of_60_kilobytes_ends_quickly_and_shows_little(filler: str) -> None:
    text = "v=DMARC1;p=none;rua=" + filler * (60_000 // len(filler))
    zone = SENDER + f"_dmarc.example.test. TXT {strings(text)}\n"
    before = process_time()

    result = audit(zone)

    assert process_time() - before < 10
    assert [f for f in result.findings if f.outcome is Outcome.ERROR] == []
    assert max(len(f.title) for f in result.findings) < 400
    assert max(len(f.evidence) for f in result.findings) <= 60


def test_how_many_questions_it_takes() -> None:
    asked: set[tuple[str, str]] = set()
    zone = ZoneResolver.from_text(SENDER + record("v=DMARC1; p=none; rua=mailto:a@example.test"))

    class Counting:
        async def resolve(self, name: str, rdtype: str, **options: object) -> object:
            asked.add((name, rdtype))
            return await AssumeAbove(zone).resolve(name, rdtype)

    facts: DmarcFacts = asyncio.run(lookup(Counting(), "example.test"))  # type: ignore[arg-type]

    assert facts.discovery.policy == "none"
    assert len(asked) == 9
