"""Real SPF and DKIM records over which somebody argued in public, and the verdict that was reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from deliverability import api
from deliverability.document import Audit
from deliverability.findings import Finding, Outcome
from deliverability.lookup import LiveResolver, Nameserver, Resolver
from deliverability.protocols.spf import check_host
from support.corpora import rows
from support.spf_zone import DictResolver

pytestmark = pytest.mark.corpus

Row = dict[str, Any]
ROWS: list[Row] = [r for r in rows("issue-cases", "known_verdicts.json") if r["type"] in {"SPF", "DKIM"}]
IP = "192.0.2.1"


def world(row: Row, *others: tuple[str, str]) -> DictResolver:
    """The row's record or records, one TXT record at each of `others`, and nothing else in DNS."""
    values = row["value"] if isinstance(row["value"], list) else [row["value"]]
    return DictResolver({name_of(row): {"TXT": values}, **{name: {"TXT": [text]} for name, text in others}})


def name_of(row: Row) -> str:
    return "example.test" if row["domain"] == "(any)" else row["domain"]


def audited(row: Row, resolver: Resolver, *selectors: str) -> Audit:
    family = row["type"].lower()
    (audit,) = api.audit(name_of(row), resolver=resolver, selectors=selectors, role="sending", select=[f"{family}-*"])
    assert [f for f in audit.findings if f.outcome is Outcome.ERROR] == []
    return audit


def said(audit: Audit, check: str) -> Finding:
    (finding,) = (f for f in audit.findings if f.check == check)
    return finding


def nested(row: Row, more: int) -> list[tuple[str, str]]:
    """Records for the row's includes that need `more` lookups among them, dealt out in turn."""
    targets = [term.removeprefix("include:") for term in row["value"].split() if term.startswith("include:")]
    shares = {target: range(more)[number :: len(targets)] for number, target in enumerate(targets)}
    return [
        (target, " ".join(["v=spf1", *(f"exists:n{n}.example.test" for n in share), "-all"]))
        for target, share in shares.items()
    ]


def eleven_of_ten(row: Row) -> None:
    """The thread has the sum, not the included records: any that bring it to eleven show the same."""
    finding = said(audited(row, world(row, *nested(row, 7))), "spf-lookup-limit")

    assert (finding.outcome, finding.data["total"]) == (Outcome.FAIL, 11)
    assert "11" in finding.title


def five_direct_and_more_below(row: Row) -> None:
    flat, deep = (said(audited(row, world(row, *nested(row, more))), "spf-lookup-limit") for more in (0, 6))

    assert (flat.outcome, flat.data["total"]) == (Outcome.PASS, 5)
    assert (deep.outcome, deep.data["total"]) == (Outcome.FAIL, 11)


def two_void_look_ups(row: Row) -> None:
    assert said(audited(row, world(row)), "spf-void-limit").outcome is Outcome.PASS


def one_look_up(row: Row) -> None:
    zone = {name_of(row): {"TXT": [row["value"]], "MX": ["10 mail.example.test."]}, "mail.example.test": {"A": [IP]}}

    finding = said(audited(row, DictResolver(zone)), "spf-lookup-limit")
    assert (finding.outcome, finding.data["total"]) == (Outcome.PASS, 1)


def two_records(row: Row) -> None:
    resolver = world(row)

    assert said(audited(row, resolver), "spf-single").outcome is Outcome.FAIL
    result = asyncio.run(check_host(resolver, ip=IP, sender=f"a@{row['domain']}", helo="mail.example.test"))
    assert result.result == "permerror"


def found_among_59(row: Row) -> None:
    """They fit no UDP answer: the nameserver truncates, and the record has to come over TCP."""
    texts = [row["value"], *(f"some-vendor-verification={number:040}" for number in range(58))]

    async def over_packets() -> Audit:
        resolver = DictResolver({name_of(row): {"TXT": texts}})
        async with Nameserver(resolver) as server, LiveResolver([server.address]) as live:
            return (await api.audit_async(name_of(row), resolver=live, role="sending", select=["spf-*"]))[0]

    audit = asyncio.run(over_packets())
    answer = next(a for a in audit.dns if (a.name, a.rdtype) == (name_of(row), "TXT"))
    assert len(answer.records) == 59
    assert said(audit, "spf-present").outcome is Outcome.PASS


def valid_with_macros(row: Row) -> None:
    expanded = f"{IP}._ip.mail.example.test._ehlo.cnn.com._spf.vali.email"
    resolver = world(row, ("cnn.com._nspf.vali.email", "v=spf1 -all"), (expanded, f"v=spf1 ip4:{IP} -all"))

    assert said(audited(row, resolver), "spf-syntax").outcome is Outcome.PASS
    result = asyncio.run(check_host(resolver, ip=IP, sender="a@cnn.com", helo="mail.example.test"))
    assert result.result == "pass"


def valid(row: Row) -> None:
    [google] = [
        target["spf"] for target in rows("mxmap-it", "spf_targets.jsonl") if target["name"] == "_spf.google.com"
    ]

    audit = audited(row, world(row, ("_spf.google.com", google)))
    assert [f.check for f in audit.findings if f.outcome is Outcome.FAIL] == []


def a_real_key() -> str:
    """A key that was recorded with real mail; the threads describe theirs and give none."""
    found = {row["name"]: row["records"] for row in rows("blaze-dns-cache", "records.jsonl")}
    [record] = found["pf2014._domainkey.github.com"]
    return str(record).removeprefix("txt:")


def key_syntax(row: Row, selector: str, text: str) -> Finding:
    zone = {f"{selector}._domainkey.{row['domain']}": {"TXT": [text]}}
    return said(audited(row, DictResolver(zone), selector), "dkim-key-syntax")


def broken_in_a_second_pair_of_quotes(row: Row) -> None:
    assert key_syntax(row, "dkim-201406", a_real_key()).outcome is Outcome.PASS
    finding = key_syntax(row, "dkim-201406", f'"{a_real_key()}"')
    assert (finding.outcome, finding.case) == (Outcome.FAIL, "pasted_quotes")


def broken_by_a_quote_in_front(row: Row) -> None:
    finding = key_syntax(row, "default", f'"{a_real_key()}')
    assert (finding.outcome, finding.case) == (Outcome.FAIL, "pasted_quotes")


VERDICTS: dict[str, Callable[[Row], None]] = {
    "ebay.com": eleven_of_ten,
    "voidlookups.nestous.nl": two_void_look_ups,
    "(any)": one_look_up,
    "kojenecke-obleceni.eu": five_direct_and_more_below,
    "spftest.bleq.nl": two_records,
    "wolterskluwer.com": found_among_59,
    "cnn.com": valid_with_macros,
    "skia.org": valid,
    "twitter.com": broken_in_a_second_pair_of_quotes,
    "rudrasecure.com": broken_by_a_quote_in_front,
}
NO_RECORD = "the thread does not give the record"
NOT_TESTABLE = dict.fromkeys(("linbit.com", "online.net", "emark.nl", "mediterana.de"), NO_RECORD)
"""Rows that nothing can be tested with, and why."""


@pytest.mark.parametrize("row", [row for row in ROWS if row["domain"] in VERDICTS], ids=lambda row: row["domain"])
def test_the_verdict_holds(row: Row) -> None:
    VERDICTS[row["domain"]](row)


def test_each_row_is_tested_or_has_a_reason() -> None:
    assert {row["domain"] for row in ROWS} == VERDICTS.keys() | NOT_TESTABLE.keys()
    assert {row["domain"] for row in ROWS if row["value"] is None} == NOT_TESTABLE.keys()
