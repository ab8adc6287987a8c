"""DKIM keys in real zones: what operators mended, and what is wrong with the keys that stand there today.

octoDNS escapes semicolons and quotation marks in TXT values; apart from that the values are taken as they are written.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from deliverability import api
from deliverability.findings import Finding, Outcome, Severity
from deliverability.lookup import AssumeAbove, OverlayResolver, ZoneResolver
from deliverability.protocols.dkim import Effect, KeyRecord, ProblemKind, clean, parse
from support.shared import shared

pytestmark = pytest.mark.corpus

FIXES: dict[str, dict[str, Any]] = {
    row["label"]: row
    for row in json.loads(shared("data", "moj-dns", "fixes_labelled.json").read_text(encoding="utf-8"))
    if "dkim" in row["label"]
}


def records(label: str, side: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """The RRsets that a labelled change took away (`removed`) or brought (`added`), TXT as octets in latin-1."""
    fix = FIXES[label]
    return {
        (f"{row['name']}.{fix['zone']}", row["type"]): tuple(text_of(row["type"], v) for v in row["values"])
        for row in fix[side]
    }


def text_of(rdtype: str, value: str) -> str:
    plain = value.replace("\\;", ";").replace('\\"', '"').encode().decode("latin-1")
    return f"{plain.removesuffix('.')}." if rdtype == "CNAME" else plain


def judged(label: str, side: str) -> Finding:
    """What `dkim-key-syntax` says of the changed selector in the whole zone, before or after the change."""
    zone = FIXES[label]["zone"]
    there, gone = records(label, side), records(label, "added" if side == "removed" else "removed")
    base = AssumeAbove(ZoneResolver.from_files([shared("data", "moj-dns", "master", f"{zone}.zone")]))
    resolver = OverlayResolver.from_rrsets({**dict.fromkeys(gone, ()), **there}, base)
    (audit,) = api.audit(zone, resolver=resolver, select=["dkim-key-syntax"])
    ((name, _),) = there
    return next(finding for finding in audit.findings if finding.subject == name)


def test_a_host_name_as_text_is_a_finding_until_it_is_an_alias() -> None:
    before, after = judged("dkim-target-in-txt", "removed"), judged("dkim-target-in-txt", "added")

    assert (before.outcome, before.severity, before.case) == (Outcome.FAIL, Severity.CRITICAL, "target_in_txt")
    assert after.outcome is Outcome.UNKNOWN  # where the alias leads is in no zone at hand


@pytest.mark.parametrize(
    ("label", "side", "places"),
    [("dkim-whitespace", "removed", 3), ("dkim-whitespace", "added", 2), ("dkim-nbsp-regression", "added", 2)],
)
def test_no_state_of_the_pasted_key_could_be_used_and_each_is_mended_to_the_same_key(
    label: str, side: str, places: int
) -> None:
    """The repair of the white space left two pairs of quotation marks, the next one wrapped the whole in quotes."""
    finding = judged(label, side)
    (text,) = records(label, side).popitem()[1]
    fingerprints = {parse(clean(t) or "").key for t in (text, *records("dkim-whitespace", "added").popitem()[1])}

    assert (finding.outcome, finding.severity, finding.case) == (Outcome.FAIL, Severity.CRITICAL, "pasted_quotes")
    assert finding.data["count"] == places
    assert finding.fix is not None
    assert finding.fix.reaudited
    assert [change.value for change in finding.fix.records if change.value] == [clean(text)]
    assert len(fingerprints) == 1
    assert None not in fingerprints


def txt_records() -> Iterator[tuple[str, KeyRecord]]:
    """Every TXT record at a selector in the zones of moj-dns; ADSP records (RFC 5617) stand among them and are none."""
    for path in sorted(shared("data", "moj-dns", "master").glob("*.zone")):
        for (name, rdtype), rrset in ZoneResolver.from_files([path]).rrsets.items():
            if rdtype == "TXT" and "._domainkey." in name and not name.startswith("_adsp."):
                yield from ((name, parse(text)) for text in rrset.records)


def test_the_keys_of_the_ministry_of_justice(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(txt_records())
    problems = Counter(kind for _, record in found for kind in {problem.kind for problem in record.problems})
    bits = Counter(record.key.bits for _, record in found if record.key)
    revoked = sum(record.revoked for _, record in found)
    with capsys.disabled():
        print(f"\n{len(found)} records: {revoked} revoked, bits {dict(bits)}, problems {dict(problems)}")

    assert len(found) == 189
    assert revoked == 151
    assert problems == {ProblemKind.PASTED_QUOTES: 9, ProblemKind.TARGET_IN_TXT: 3}
    assert bits == {1024: 23, 2048: 3}
    assert all(record.key is None or record.key.weakness is None for _, record in found)
    for _, record in found:
        quoted = any(problem.kind is ProblemKind.PASTED_QUOTES for problem in record.problems)
        assert (clean(record.text) is not None) is quoted


def test_keys_recorded_with_real_mail_can_be_used() -> None:
    lines = shared("data", "blaze-dns-cache", "records.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for line in lines if "._domainkey." in (row := json.loads(line))["name"]]
    found = {row["name"]: parse(text.removeprefix("txt:")) for row in rows for text in row["records"]}

    assert len(found) == 11
    for name, record in found.items():
        assert record.usable, name
        assert not [problem for problem in record.problems if problem.effect is not Effect.ACCEPTED], name


def test_what_was_argued_in_public_about_dkim_records_is_seen() -> None:
    """Two threads, of which the values are only described: a key in a second pair of quotes, and one before it."""
    (good,) = (r.text for n, r in txt_records() if n.startswith("avature-ext._domainkey.justice.gov.uk"))

    for text in (f'"{good}"', f'"{good}'):
        record = parse(text)
        assert {problem.kind for problem in record.problems} == {ProblemKind.PASTED_QUOTES}
        assert clean(text) == parse(good).render()
