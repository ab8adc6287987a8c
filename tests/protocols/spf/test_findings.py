"""What the SPF findings show of a client's check: the trace in its records, and which fault comes first."""

from __future__ import annotations

from textwrap import dedent

import pytest

from deliverability.document import Audit
from deliverability.findings import Finding
from support import vectors
from support.vectors import Case

CLIENT = "192.0.2.1"


def _audit(zone: str, *, broken: tuple[str, ...] = ()) -> Audit:
    case = Case(
        name="",
        check="spf-authorises",
        zone=dedent(zone),
        expect={},
        broken=list(broken),
        options={"ips": [CLIENT], "select": ["spf-*"]},
    )
    return vectors.audit(case)


def _authorises(audit: Audit) -> Finding:
    return next(f for f in audit.findings if f.check == "spf-authorises")


def _rows(finding: Finding) -> list[tuple[str, str, str]]:
    """Whose record, which characters of it, and the remark."""
    return [
        (row.name, row.text[slice(*row.span)], row.note)
        for row in finding.evidence
        if row.span and row.kind == "spf_step"
    ]


def test_the_trace_marks_what_cost_a_lookup_and_what_decided() -> None:
    audit = _audit("""
        example.test. TXT "v=spf1 ip4:203.0.113.1 include:_spf.example.test a:web.example.test -all"
        _spf.example.test. TXT "v=spf1 ip4:203.0.113.2 ip4:203.0.113.3 -all"
        web.example.test. A 203.0.113.4
        """)

    assert _rows(_authorises(audit)) == [
        ("example.test", "include:_spf.example.test", "lookup 1, no match"),
        ("example.test", "a:web.example.test", "lookup 2, no match: web.example.test A 203.0.113.4"),
        ("example.test", "-all", "matches"),
    ]


def test_a_pass_shows_the_term_that_lets_the_address_in() -> None:
    audit = _audit("""
        example.test. TXT "v=spf1 include:_spf.example.test -all"
        _spf.example.test. TXT "v=spf1 ip4:192.0.2.0/24 -all"
        """)

    assert _rows(_authorises(audit)) == [
        ("example.test", "include:_spf.example.test", "lookup 1, matches"),
        ("_spf.example.test", "ip4:192.0.2.0/24", "matches"),
    ]


def test_an_unanswered_question_is_said_once() -> None:
    audit = _audit('example.test. TXT "v=spf1 include:esp.example.test -all"', broken=("TIMEOUT TXT esp.example.test",))

    finding = _authorises(audit)

    assert [(row.name, row.note) for row in finding.evidence] == [
        ("esp.example.test", "timeout"),
        ("example.test", "lookup 1, temperror"),
    ]


TWELVE = "\n".join(
    [
        f'example.test. TXT "v=spf1 {" ".join(f"include:i{n}.example.test" for n in range(6))} -all"',
        *(f'i{n}.example.test. TXT "v=spf1 a:h{n}.example.test -all"' for n in range(6)),
        *(f"h{n}.example.test. A 203.0.113.{n}\nh{n}.example.test. AAAA 2001:db8::{n}" for n in range(6)),
    ]
)
"""Six includes of an `a` term each."""
MACROS = 'example.test. TXT "v=spf1 exists:%{i}.a.test exists:%{i}.b.test exists:%{i}.c.test -all"\ntest. TXT "live"'
HOSTS_WITHOUT_IPV4 = """
example.test. TXT "v=spf1 a:no.example.test mx -all"
example.test. MX 5 v6.example.test.
example.test. MX 6 w6.example.test.
v6.example.test. AAAA 2001:db8::1
w6.example.test. AAAA 2001:db8::2
"""


@pytest.mark.parametrize(
    ("zone", "cause"),
    [
        (TWELVE, "spf-lookup-limit"),
        ('example.test. TXT "v=spf1 a:x.example.test a:y.example.test a:z.example.test -all"', "spf-void-limit"),
        (MACROS, "spf-void-limit"),
        (HOSTS_WITHOUT_IPV4, "spf-receivers-differ"),
        ('example.test. TXT "v=spf1 include:gone.example.test -all"', "spf-include-resolves"),
        ('example.test. TXT "v=spf1 include:example.test -all"', "spf-loop"),
        ('example.test. TXT "v=spf1 ip4:192.0.2.1 nonsense -all"', "spf-syntax"),
        ('example.test. TXT "other"', "spf-present"),
    ],
)  # fmt: skip
def test_the_cause_of_permerror_is_the_fix_before_the_address(zone: str, cause: str) -> None:
    policy = '_dmarc.example.test. TXT "v=DMARC1; p=quarantine; rua=mailto:d@example.test"'
    audit = _audit(f"{zone}\n{policy}\nexample.test. MX 10 mail.example.test.\nmail.example.test. A 192.0.2.9")

    assert _authorises(audit).data["cause_check"] == cause
    assert audit.next_best_fix is not None
    assert audit.next_best_fix.check == cause


def test_an_address_given_twice_is_judged_once() -> None:
    zone = 'example.test. TXT "v=spf1 ip4:192.0.2.1 -all"'
    case = Case(
        name="", check="", zone=zone, expect={}, options={"ips": [CLIENT, CLIENT], "select": ["spf-authorises"]}
    )

    assert [f.subject for f in vectors.audit(case).findings] == [CLIENT]
