"""What happened to the mail, tied to the fault in DNS that causes it."""

from __future__ import annotations

from deliverability import api
from deliverability.events.figures import Counts, RatesFacts, Rejection
from deliverability.findings import Severity
from deliverability.inputs import Inputs
from deliverability.lookup import AssumeAbove, ZoneResolver


def test_what_mends_the_cause_comes_before_what_it_caused() -> None:
    zone = '$ORIGIN shop.test.\n@ SOA ns h 1 1 1 1 1\n@ NS ns\n@ TXT "v=spf1 include:gone.shop.test -all"\n'
    refused = RatesFacts(
        totals=Counts(sent=1_000, bounced=200, bounced_block=200),
        rejections=(Rejection(provider="gmail", code="5.7.26", reason="auth_failure", bounced=200),),
    )
    (audited,) = api.audit(
        "shop.test",
        resolver=AssumeAbove(ZoneResolver.from_text(zone)),
        inputs={"shop.test": Inputs(rates=refused)},
        select=["spf-include-resolves", "bounce-auth-rejections"],
    )

    symptom = next(f for f in audited.findings if f.check == "bounce-auth-rejections")
    assert symptom.severity is Severity.CRITICAL
    assert [cause["check"] for cause in symptom.data["causes"]] == ["spf-include-resolves"]
    assert audited.next_best_fix is not None
    assert audited.next_best_fix.check == "spf-include-resolves"
