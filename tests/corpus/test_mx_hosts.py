"""The MX records of 19,881 public bodies: what is wrong with the hosts they name, as far as names alone show it."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from deliverability import api
from deliverability.findings import Finding, Outcome
from deliverability.lookup import ZoneResolver
from deliverability.names import InvalidDomain, to_ascii
from support.shared import shared

pytestmark = [pytest.mark.corpus, pytest.mark.corpus_slow]


def findings(domain: str, hosts: list[str]) -> tuple[Finding, ...]:
    """What the checks of MX say of a zone that holds these hosts and nothing else; the data lost the preferences."""
    name = to_ascii(domain)
    records = "".join(f"@ MX 10 {host.rstrip('.')}.\n" for host in hosts)
    zone = ZoneResolver.from_text(f"$ORIGIN {name}.\n@ SOA ns.invalid. h.invalid. 1 2 3 4 5\n{records}", name)
    (audit,) = api.audit(name, resolver=zone, select=["mx-*"], role="sending")
    return audit.findings


def test_every_set_of_hosts_is_judged_and_the_known_slips_are_among_them(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [json.loads(line) for line in shared("data", "mxmap-it", "domains.jsonl").read_text("utf-8").splitlines()]
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        try:
            said = findings(row["domain"], row["mx"])
        except InvalidDomain:
            counts["", "not a domain name", ""] += 1
            continue
        counts.update({(f.check, f.outcome.value, f.case) for f in said})
    with capsys.disabled():
        print(f"\n{len(rows)} domains\n" + "\n".join(f"{n:7} {' '.join(key)}" for key, n in sorted(counts.items())))

    assert not any(outcome == Outcome.ERROR for _, outcome, _ in counts)
    for case in ("literal", "undotted"):
        assert counts["mx-target-address", "fail", case]
    assert counts["mx-mixed-providers", "fail", "fail"]
    assert counts["mx-mixed-providers", "pass", "pass"]
