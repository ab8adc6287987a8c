"""Real DMARC records over which somebody argued in public, and the verdict that was reached."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from deliverability.asking import Inquiry, Setting
from deliverability.audit import audit_domain
from deliverability.checks.dmarc import DMARC
from deliverability.findings import Finding, Outcome
from deliverability.lookup import ZoneResolver
from deliverability.protocols.dmarc import Authorisation, DmarcFacts, DmarcRecord, ProblemKind, lookup, parse
from support.shared import shared

pytestmark = pytest.mark.corpus

ROWS: list[dict[str, Any]] = [
    row
    for row in json.loads(shared("data", "issue-cases", "known_verdicts.json").read_text(encoding="utf-8"))
    if row["type"] == "DMARC"
]

Row = dict[str, Any]


def world(row: Row, more: str = "") -> ZoneResolver:
    """The row's record in DNS, in strings that fit, and that nobody else publishes anything."""
    value = row["value"]
    strings = " ".join(f'"{value[start : start + 250]}"' for start in range(0, len(value), 250))
    domain = row["domain"]
    return ZoneResolver.from_text(f"{domain}. MX 10 mail.{domain}.\n_dmarc.{domain}. TXT {strings}\n{more}", origin=".")


def facts(row: Row, more: str = "") -> DmarcFacts:
    return asyncio.run(lookup(world(row, more), row["domain"]))


def fails(row: Row, check: str, more: str = "") -> list[Finding]:
    setting = Setting((), (), {}, {}, datetime(2026, 11, 21, tzinfo=UTC))
    audit = asyncio.run(audit_domain(Inquiry(row["domain"]), world(row, more), setting, DMARC))
    assert [f for f in audit.findings if f.outcome is Outcome.ERROR] == []
    return [f for f in audit.findings if f.check == check and f.outcome is Outcome.FAIL]


def record(row: Row) -> DmarcRecord:
    return parse(row["value"])


def authorised_by(row: Row, text: str) -> None:
    """Every other organization that gets reports says `text`: each of them counts as having agreed."""
    silent = facts(row)
    names = [one.authorising_name for one in silent.destinations if one.external]
    agreed = "".join(f'{name}. TXT "{text}"\n' for name in names)

    assert names
    assert {one.authorisation for one in silent.destinations if one.external} == {Authorisation.NO}
    assert {one.authorisation for one in facts(row, agreed).destinations} <= {
        Authorisation.YES,
        Authorisation.NOT_NEEDED,
    }
    assert fails(row, "dmarc-external-authorisation", agreed) == []


def authorised_without_semicolon(row: Row) -> None:
    authorised_by(row, "v=DMARC1")


def authorised_either_way(row: Row) -> None:
    authorised_by(row, "v=DMARC1")
    authorised_by(row, "v=DMARC1;")


def valid_behind_an_alias(row: Row) -> None:
    domain = row["domain"]
    text = f'{domain}. A 192.0.2.1\n_dmarc.{domain}. CNAME r.vendor.test.\nr.vendor.test. TXT "{row["value"]}"'
    found = asyncio.run(lookup(ZoneResolver.from_text(text, origin="."), domain))

    assert record(row).problems == ()
    assert found.discovery.policy == "reject"
    assert found.discovery.parsed is not None
    assert found.discovery.parsed.rua == ()
    assert [uri.size for uri in found.discovery.parsed.ruf] == ["10m"]
    assert [finding.case for finding in fails(row, "dmarc-rua")] == ["none"]


def tags_without_a_uri(row: Row) -> None:
    assert [(p.kind, p.tag) for p in record(row).problems] == [
        (ProblemKind.NO_VALUE, "rua"),
        (ProblemKind.NO_VALUE, "ruf"),
    ]
    [finding] = fails({**row, "domain": "example.test"}, "dmarc-syntax")
    assert finding.case == "no_destination"


def malformed_and_none(row: Row) -> None:
    [problem] = record(row).problems

    assert problem.kind is ProblemKind.MALFORMED
    assert row["value"][slice(*problem.span)] == problem.found
    assert facts(row).discovery.policy == "none"
    assert facts(row).discovery.legacy.policy == "none"
    assert [finding.case for finding in fails(row, "dmarc-syntax")] == ["ignored"]


def valid_and_enforcing(row: Row) -> None:
    assert record(row).problems == ()
    assert facts(row).discovery.policy == "reject"
    assert fails(row, "dmarc-effective-policy") == fails(row, "dmarc-syntax") == []


def valid_with_another_organization(row: Row) -> None:
    found = facts(row)

    assert record(row).problems == ()
    assert [one.external for one in found.destinations] == [True, False]


VERDICTS: dict[str, Callable[[Row], None]] = {
    "external report authorisation exists at both destinations": authorised_either_way,
    "authorised: ": authorised_without_semicolon,
    "valid; found through a CNAME": valid_behind_an_alias,
    "rua / ruf without a URI": tags_without_a_uri,
    "malformed tag (colon or no equals sign)": malformed_and_none,
    "valid, enforcing": valid_and_enforcing,
    "valid; rua to a second organisation": valid_with_another_organization,
}
"""How each verdict of the corpus begins, and what has to hold for it."""

NOT_TESTABLE = {
    "record starts with white space": "the thread does not give the record",
    "DMARC fail for a Mailchimp send": "a verdict on one message's alignment, not on the record",
}


def _named(row: Row, verdicts: dict[str, Any]) -> str | None:
    return next((start for start in verdicts if row["known_verdict"].startswith(start)), None)


@pytest.mark.parametrize("row", [row for row in ROWS if _named(row, VERDICTS)], ids=lambda row: row["domain"])
def test_the_verdict_holds(row: Row) -> None:
    VERDICTS[_named(row, VERDICTS) or ""](row)


def test_each_row_is_tested_or_has_a_reason() -> None:
    named = [(_named(row, VERDICTS), _named(row, NOT_TESTABLE)) for row in ROWS]

    assert [
        row["domain"]
        for row, (tested, not_testable) in zip(ROWS, named, strict=True)
        if not tested and not not_testable
    ] == []
    assert {start for pair in named for start in pair if start} == VERDICTS.keys() | NOT_TESTABLE.keys()
