"""Every mail of the corpora through the audit of messages: none of ours fails, each is an audit or is counted."""

from __future__ import annotations

from collections import Counter

import pytest

from deliverability import api
from deliverability.document import Audit, from_json, to_json
from deliverability.findings import Outcome
from deliverability.intake.trouble import Troubles
from deliverability.lookup import AssumeAbove, ZoneResolver
from support.shared import shared

pytestmark = pytest.mark.corpus

FOLDERS = ("sisimai-set-of-emails", "mikel-mail-reports", "stalwart-mail-auth", "mimekit-reports", "flufl.bounce")


def test_every_mail_is_audited_without_an_error_or_said_to_be_none() -> None:
    troubles = Troubles()
    outcomes = Counter[Outcome]()
    stable = 0

    def look(audit: Audit) -> None:
        nonlocal stable
        outcomes.update(finding.outcome for finding in audit.findings)
        stable += to_json(from_json(to_json(audit))) == to_json(audit)

    nowhere = AssumeAbove(ZoneResolver.from_text("$ORIGIN nowhere.example.\n@ 300 IN SOA a b 1 1 1 1 1\n"))
    document = api.messages(
        [str(shared("data", name)) for name in FOLDERS], resolver=nowhere, troubles=troubles, on_audit=look
    )

    read = document["input"]
    assert outcomes[Outcome.ERROR] == 0
    assert set(troubles.by_reason) <= {"no-domain", "not-a-mail", "empty"}
    assert stable == read["messages"] == document["totals"]["messages"]
    assert read["messages"] > 400
    assert read["messages"] + read["bad"] >= read["files"]
