"""What the operators of the Ministry of Justice's zones mended, and the DKIM keys that stand there today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from deliverability import api
from deliverability.findings import Finding, Outcome, Severity
from deliverability.lookup import Resolver, ZoneResolver
from deliverability.protocols.dkim import KeyRecord, ProblemKind, clean, parse
from support.corpora import repaired, rows, rrsets, states
from support.shared import shared

pytestmark = pytest.mark.corpus

FIXES: list[dict[str, Any]] = rows("moj-dns", "fixes_labelled.json")
MENDED = {
    "dmarc-text-in-cname": "dns-record-misplaced",
    "spf-rrtype-conflict": "spf-obsolete-type",
    "spf-at-wrong-name": "spf-present",  # the commit before had "valie" for "value": nothing was published anywhere
    "dkim-target-in-txt": "dkim-key-syntax",
    "dangling-dkim-cname": "dkim-delegation",
    "dangling-mx": "mx-target-address",
}
"""Labelled repairs, and the check that sees the fault before and no fault after."""


def labelled(label: str) -> dict[str, Any]:
    (fix,) = (fix for fix in FIXES if fix["label"] == label)
    return fix


def failing(fix: dict[str, Any], resolver: Resolver) -> dict[tuple[str, str], Finding]:
    """What fails in the domain that a labelled repair is about, by check and subject."""
    domain, selector = repaired(fix)
    (audit,) = api.audit(domain, resolver=resolver, selectors=[selector] if selector else [])
    return {(f.check, f.subject): f for f in audit.findings if f.outcome is Outcome.FAIL}


@pytest.mark.parametrize("fix", [f for f in FIXES if f["label"] in MENDED], ids=lambda f: f"{f['label']} {f['zone']}")
def test_what_the_operators_mended_is_a_finding_before_and_gone_after(fix: dict[str, Any]) -> None:
    before, after = (failing(fix, resolver) for resolver in states(fix))
    touched = {name for side in ("removed", "added") for name, _ in rrsets(fix, side)}
    targets = {
        value.split()[-1].removesuffix(".") for values in rrsets(fix, "removed").values() for value in values if value
    }

    gone = {subject for check, subject in before.keys() - after.keys() if check == MENDED[fix["label"]]}
    assert gone & (touched | targets | {repaired(fix)[0]})


def test_a_host_name_as_text_is_no_key() -> None:
    before, _ = (failing(labelled("dkim-target-in-txt"), state) for state in states(labelled("dkim-target-in-txt")))

    finding = before["dkim-key-syntax", "litesrv._domainkey.hmiprisons.gov.uk"]
    assert (finding.severity, finding.case) == (Severity.CRITICAL, "target_in_txt")


@pytest.mark.parametrize(
    ("label", "side", "places"),
    [("dkim-whitespace", "removed", 3), ("dkim-whitespace", "added", 2), ("dkim-nbsp-regression", "added", 2)],
)
def test_no_state_of_the_pasted_key_could_be_used_and_each_is_mended_to_the_same_key(
    label: str, side: str, places: int
) -> None:
    """The repair of the white space left two pairs of quotation marks, the next one wrapped the whole in quotes."""
    fix, subject = labelled(label), "dkim.co._domainkey.justice.gov.uk"
    failed = failing(fix, states(fix)[side == "added"])
    (text,) = rrsets(fix, side)[subject, "TXT"]
    (first,) = rrsets(labelled("dkim-whitespace"), "added")[subject, "TXT"]

    finding = failed["dkim-key-syntax", subject]
    assert (finding.severity, finding.case, finding.data["count"]) == (Severity.CRITICAL, "pasted_quotes", places)
    assert ("dns-txt-characters", subject) in failed
    assert finding.fix is not None
    assert finding.fix.reaudited
    assert [change.value for change in finding.fix.records if change.value] == [clean(text)]
    assert parse(clean(text) or "").key == parse(clean(first) or "").key is not None


def txt_records() -> Iterator[tuple[str, KeyRecord]]:
    """Every TXT record at a selector in the zones of moj-dns; ADSP records (RFC 5617) stand among them and are none."""
    for path in sorted(shared("data", "moj-dns", "master").glob("*.zone")):
        for (name, rdtype), rrset in ZoneResolver.from_files([path]).rrsets.items():
            if rdtype == "TXT" and "._domainkey." in name and not name.startswith("_adsp."):
                yield from ((name, parse(text)) for text in rrset.records)


def test_the_keys_of_the_ministry_of_justice() -> None:
    found = list(txt_records())
    problems = Counter(kind for _, record in found for kind in {problem.kind for problem in record.problems})
    bits = Counter(record.key.bits for _, record in found if record.key)
    revoked = sum(record.revoked for _, record in found)
    print(f"\n{len(found)} records: {revoked} revoked, bits {dict(bits)}, problems {dict(problems)}")

    assert len(found) == 189
    assert revoked == 151
    assert problems == {ProblemKind.PASTED_QUOTES: 9, ProblemKind.TARGET_IN_TXT: 3}
    assert bits == {1024: 23, 2048: 3}
    assert all(record.key is None or record.key.weakness is None for _, record in found)
    for _, record in found:
        quoted = any(problem.kind is ProblemKind.PASTED_QUOTES for problem in record.problems)
        assert (clean(record.text) is not None) is quoted
