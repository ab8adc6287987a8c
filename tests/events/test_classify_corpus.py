"""The classifier against what sisimai expects of real bounces, on the diagnostic text and the Status field alone."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes

import pytest

from deliverability.events.classify import Classification, classify
from deliverability.events.reasons import Persistence
from support.shared import shared

pytestmark = pytest.mark.corpus

MEANS = {
    "authfailure": {"auth_failure"},
    "badreputation": {"domain_reputation", "rate_limited"},  # Yahoo's TSS04 and Outlook's S775 slow a sender down
    "blocked": {"ip_blocklisted", "missing_ptr", "policy"},
    "contenterror": {"policy", "spam_content"},
    "exceedlimit": {"message_too_large"},
    "expired": {"timeout_expired", "network_dns"},
    "filtered": {"unknown_user", "mailbox_disabled", "policy"},  # set apart: soft there, hard here
    "hasmoved": {"moved"},
    "hostunknown": {"bad_domain"},
    "mailboxfull": {"mailbox_full"},
    "mailererror": {"receiver_system"},
    "mesgtoobig": {"message_too_large"},
    "networkerror": {"network_dns", "bad_domain"},
    "norelaying": {"relay_denied"},
    "notaccept": {"bad_domain"},
    "policyviolation": {"policy", "auth_failure"},  # Yahoo's 5.7.9 is authentication
    "rejected": {"policy"},
    "requireptr": {"missing_ptr"},
    "securityerror": {"policy"},
    "spamdetected": {"spam_content"},
    "speeding": {"rate_limited"},
    "suspend": {"mailbox_disabled"},
    "syntaxerror": {"protocol_tls"},
    "systemerror": {"receiver_system"},
    "systemfull": {"receiver_system"},
    "toomanyconn": {"rate_limited"},
    "userunknown": {"unknown_user"},
}
"""Their reason → ours. Theirs are the names from before sisimai 5.6.0, which labels.csv has."""


def diagnosed() -> Iterator[tuple[str, str, str, Classification]]:
    """Yield file, their reason, the text and our reading of every mail with one recipient and a diagnostic text."""
    folder = shared("data", "sisimai-set-of-emails")
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    recipients = Counter(row["file"] for row in rows)
    for row in rows:
        if row["reason"] not in MEANS or recipients[row["file"]] > 1:
            continue
        mail = message_from_bytes((folder / row["file"]).read_bytes())
        fields = [part for part in mail.walk() if part.get("Diagnostic-Code")]
        if len(fields) == 1:
            text = " ".join(str(fields[0]["Diagnostic-Code"]).split())
            yield row["file"], row["reason"], text, classify(text, status=str(fields[0].get("Status", "")))


def test_nine_in_ten_real_bounces_are_read_as_sisimai_reads_them() -> None:
    read = list(diagnosed())
    table = Counter((theirs, found.reason.value, found.reason in MEANS[theirs]) for _, theirs, _, found in read)
    print(f"\n{len(read)} texts")
    for (theirs, ours, right), number in sorted(table.items()):
        print(f"{number:4} {theirs:16} {ours:18} {'' if right else 'differs'}")
    agreed = sum(number for (*_, right), number in table.items() if right)
    assert len(read) > 100
    assert agreed / len(read) > 0.9


HARD = {"userunknown", "hostunknown", "hasmoved", "notaccept", "filtered", "suspend", "networkerror"}
"""Their reasons that may be hard with us: the four that are with them, the two set apart, and their NXDOMAIN."""


def test_an_address_that_sisimai_keeps_is_not_removed() -> None:
    removed = [
        (name, theirs, text, found.evidence)
        for name, theirs, text, found in diagnosed()
        if theirs not in HARD and found.persistence is Persistence.HARD
    ]
    known = {  # a mail filter and a delivery agent that say "unknown user" where they mean something else
        "maildir/bsd/rhost-nttdocomo-03.eml",
        "maildir/bsd/lhost-postfix-01.eml",
    }
    assert {name for name, *_ in removed} <= known, removed


def test_a_postfix_log_of_real_replies_leaves_none_unread() -> None:
    """2,887 replies of 2013, most of them Czech and Slovak receivers'."""
    log = shared("data", "fgforrest-postfix-log", "mail.log.2.first-half.gz")
    line = re.compile(r"dsn=([\d.]+), status=(?:deferred|bounced) \((.*)\)\s*$")
    with gzip.open(log, "rt", encoding="utf-8", errors="replace") as file:
        found = [classify(hit[2], status=hit[1]) for hit in map(line.search, file) if hit is not None]
    reasons = Counter(each.reason.value for each in found)
    print(f"\n{len(found)} replies: {dict(reasons.most_common())}")
    assert len(found) > 2000
    assert reasons["unknown"] == 0
    assert sum(each.confidence == "low" for each in found) / len(found) < 0.01
