"""What is said of a message's authentication: which word, how grave, and with what in evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deliverability.checks._check import ASK_AGAIN, Check
from deliverability.checks.message_auth import MESSAGE_AUTH, message_arc, message_spf
from deliverability.checks.message_dkim import message_dkim
from deliverability.checks.message_dmarc import message_dmarc_alignment
from deliverability.findings import Finding, Lack, Outcome, Role, Severity, Subject
from deliverability.lookup import Resolver, Status
from deliverability.lookup.unasked import UNRECORDED
from deliverability.mail.authenticate import Connection
from deliverability.mail.message import read
from support.authentication import NOW, RSA_NAME, World, authenticated
from support.signing import arc_sealed, dkim_signed, ed25519_signer, message, rsa_signer

RSA = rsa_signer()
BULK = "List-Unsubscribe: <https://mail.example/leave>"
IP = "192.0.2.7"
GIVEN = Connection(ip=IP, helo="out.mail.example", mail_from="mail.example", source="given", why="given")
KEY = {RSA_NAME: RSA.record}
POLICY = {"_dmarc.mail.example": "v=DMARC1; p=reject"}


def judge(
    check: Check,
    raw: bytes,
    texts: Mapping[str, Any] | None = None,
    *,
    connection: Connection | None = None,
    failing: tuple[str, ...] = (),
    world: Resolver | None = None,
    domain: str = "mail.example",
) -> list[Finding]:
    facts = read(raw, name="message.eml")
    resolver = world or World({**KEY, **(texts or {})}, failing)
    authentication = authenticated(raw, resolver, connection=connection, author=facts)  # type: ignore[arg-type]
    subject = Subject(domain, Role.SENDING, "")
    return check.judge({"authentication": authentication, "message": facts, "subject": subject}, domain)


def only(found: list[Finding]) -> Finding:
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("check", MESSAGE_AUTH, ids=lambda check: check.id)
def test_without_a_message_nothing_is_known(check: Check) -> None:
    facts: dict[str, Any] = dict.fromkeys(("authentication", "message", "subject", "spamassassin", "rspamd"))

    finding = only(check.judge(facts, "mail.example"))

    assert (finding.outcome, finding.lack) == (Outcome.UNKNOWN, Lack.INPUT)
    assert finding.settle


# message-dkim


def _tagged(**tags: str) -> bytes:
    return dkim_signed(message(), RSA, tags=tags.items())


AT = int(NOW.timestamp())
STATES: dict[str, tuple[bytes, Any, str, str | None]] = {
    "body_changed": (dkim_signed(message(), RSA).replace(b"morning", b"evening"), RSA.record, "body", "bh"),
    "signature_wrong": (dkim_signed(message(), RSA).replace(b"The week", b"A week"), RSA.record, "not verify", "b"),
    "key_missing": (_tagged(s="other"), RSA.record, "other._domainkey.mail.example has no record", "s"),
    "key_revoked": (dkim_signed(message(), RSA), "v=DKIM1; p=", "revoked", "s"),
    "key_syntax": (dkim_signed(message(), RSA), "v=DKIM1; p=x", "cannot use", "s"),
    "key_unfit": (dkim_signed(message(), RSA), ed25519_signer().record, "(type)", "s"),
    "several_keys": (dkim_signed(message(), RSA), (RSA.record, RSA.record + " "), "2 DKIM keys", "s"),
    "weak_hash": (dkim_signed(message(), rsa_signer(1024, "rsa-sha1")), RSA.record, "SHA-1", "a"),
    "algorithm": (_tagged(a="rsa-md5"), RSA.record, "does not exist", "a"),
    "expired": (_tagged(x=str(AT - 7200)), RSA.record, "2026-11-22 07:00 UTC", "x"),
    "future": (_tagged(t=str(AT + 7200)), RSA.record, "2026-11-22 11:00 UTC", "t"),
    "syntax": (_tagged(c="no/such"), RSA.record, "canonicalization c", "c"),
    "syntax (empty)": (_tagged(bh=""), RSA.record, "cannot be read: empty tag bh", "bh"),
    "from_unsigned": (dkim_signed(message(), RSA, signed=("to",)), RSA.record, "does not cover From", "h"),
}


@pytest.mark.parametrize("state", STATES)
def test_what_breaks_a_signature_is_said_and_shown(state: str) -> None:
    raw, record, words, tag = STATES[state]

    finding = only(judge(message_dkim, raw, {RSA_NAME: record}))

    assert (finding.outcome, finding.case, finding.severity) == (Outcome.FAIL, state.partition(" ")[0], Severity.HIGH)
    assert words in finding.title
    assert finding.fix is not None
    assert finding.fix.text
    shown = finding.evidence[0]
    assert shown.span is not None
    assert shown.text[: shown.span[0]].endswith(f"{tag}=")


def test_a_time_beyond_any_calendar_is_shown_as_it_is() -> None:
    assert "999999999999" in only(judge(message_dkim, _tagged(t="999999999999"))).title


def test_mail_to_many_without_a_signature_that_holds_is_critical() -> None:
    assert only(judge(message_dkim, message(BULK))).severity is Severity.CRITICAL
    assert only(judge(message_dkim, message())).severity is Severity.HIGH


def test_a_signature_for_another_domain_alone_does_not_do() -> None:
    raw = dkim_signed(message(), RSA, domain="esp.test", selector="k")

    finding = only(judge(message_dkim, raw, {"k._domainkey.esp.test": RSA.record}))

    assert (finding.outcome, finding.case) == (Outcome.FAIL, "unaligned")
    assert "esp.test" in finding.title
    assert "mail.example" in finding.title


def test_a_broken_signature_beside_one_that_holds_is_less_grave() -> None:
    raw = dkim_signed(dkim_signed(message(), RSA), RSA, domain="esp.test", selector="k")

    held, broken = judge(message_dkim, raw)

    assert (held.outcome, held.subject) == (Outcome.PASS, "mail.example")
    assert (broken.outcome, broken.severity, broken.case) == (Outcome.FAIL, Severity.LOW, "key_missing")
    assert broken.subject == "k._domainkey.esp.test"


def test_what_is_unknown_of_one_does_not_matter_beside_one_that_holds() -> None:
    raw = dkim_signed(dkim_signed(message(), RSA), RSA, domain="mail.example", selector="k")

    finding = only(judge(message_dkim, raw, failing=("k._domainkey.mail.example",)))

    assert finding.outcome is Outcome.PASS


def test_a_key_that_is_not_answered_is_unknown_and_so_is_one_out_of_reach() -> None:
    raw = dkim_signed(message(), RSA)

    silent = only(judge(message_dkim, raw, failing=(RSA_NAME,)))
    away = only(judge(message_dkim, raw, world=OutOfReach(KEY, failing=(RSA_NAME,))))

    assert (silent.outcome, silent.case, silent.lack) == (Outcome.UNKNOWN, "unanswered", Lack.ANSWER)
    assert (away.outcome, away.case, away.lack) == (Outcome.UNKNOWN, "out_of_reach", Lack.INPUT)
    assert silent.settle == away.settle == ASK_AGAIN


class OutOfReach(World):
    """Says of failing names that nobody was asked, as files do."""

    async def resolve(self, name: str, rdtype: str, **options: Any) -> Any:
        answer = await super().resolve(name, rdtype, **options)
        return answer if answer.answered else replace(answer, status=Status.REFUSED, source=UNRECORDED)


def test_too_much_header_is_no_word_about_the_signature() -> None:
    raw = b"X: " + b"y" * 600_000 + b"\r\n" + dkim_signed(message(), RSA)

    assert only(judge(message_dkim, raw)).outcome is Outcome.UNKNOWN


def test_signatures_that_were_not_looked_at_leave_it_open() -> None:
    raw = b"DKIM-Signature: v=1\r\n" * 12 + message()

    finding = judge(message_dkim, raw)[0]

    assert (finding.outcome, finding.case, finding.data["left_out"]) == (Outcome.UNKNOWN, "left_out", 2)


def test_body_length_is_named_as_the_risk_it_is() -> None:
    signed = dkim_signed(message(body=b"Hello\r\n"), RSA, length=7)

    held, appended = judge(message_dkim, signed + b"Buy now\r\n")
    _, open_ended = judge(message_dkim, signed)

    assert held.outcome is Outcome.PASS
    assert (appended.case, appended.severity, appended.data["octets"]) == ("length", Severity.HIGH, 9)
    assert (open_ended.case, open_ended.severity) == ("length_open", Severity.MEDIUM)


def test_fields_that_a_signature_leaves_open() -> None:
    bare = dkim_signed(message(), RSA, signed=("from", "to", "date"))
    doubled = dkim_signed(message(), RSA).replace(b"From: News", b"Subject: More\r\nFrom: News")

    assert [(one.case, one.data.get("fields")) for one in judge(message_dkim, bare)] == [
        ("pass", None),
        ("open_fields", "subject"),
    ]
    assert [(one.case, one.data.get("fields")) for one in judge(message_dkim, doubled)] == [
        ("pass", None),
        ("doubled", "subject"),
    ]


# message-spf


@pytest.mark.parametrize(
    ("record", "connection", "outcome", "case"),
    [
        (f"v=spf1 ip4:{IP} -all", GIVEN, Outcome.PASS, "pass"),
        ("v=spf1 -all", GIVEN, Outcome.FAIL, "fail"),
        ("v=spf1 ~all", GIVEN, Outcome.FAIL, "softfail"),
        ("v=spf1 ?all", GIVEN, Outcome.FAIL, "neutral"),
        ("v=spf1 nonsense", GIVEN, Outcome.FAIL, "permerror"),
        ("hello", GIVEN, Outcome.FAIL, "none"),
        ("v=spf1 exists:%{l}.mail.example -all", GIVEN, Outcome.UNKNOWN, "local_part"),
        ("v=spf1 -all", Connection(), Outcome.UNKNOWN, "no_address"),
        ("v=spf1 -all", Connection(ip=IP), Outcome.UNKNOWN, "no_sender"),
        ("v=spf1 -all", Connection(ip=IP, mail_from=""), Outcome.UNKNOWN, "no_helo"),
    ],
)
def test_what_spf_comes_to(record: str, connection: Connection, outcome: Outcome, case: str) -> None:
    finding = only(judge(message_spf, message(), {"mail.example": record}, connection=connection))

    assert (finding.outcome, finding.case) == (outcome, case)
    assert finding.evidence[0].kind == "connection"
    assert "{" not in finding.title


def test_spf_for_another_domain_passes_and_is_said_to_be_no_help_to_dmarc() -> None:
    elsewhere = Connection(ip=IP, helo="h.esp.test", mail_from="esp.test")
    finding = only(judge(message_spf, message(), {"esp.test": f"v=spf1 ip4:{IP} -all"}, connection=elsewhere))

    assert (finding.outcome, finding.case) == (Outcome.PASS, "unaligned")


def test_spf_that_is_not_answered_is_unknown() -> None:
    finding = only(judge(message_spf, message(), connection=GIVEN, failing=("mail.example",)))

    assert (finding.outcome, finding.lack) == (Outcome.UNKNOWN, Lack.ANSWER)


def test_a_soft_result_is_grave_for_mail_to_many() -> None:
    texts = {"mail.example": "v=spf1 ~all"}

    assert only(judge(message_spf, message(), texts, connection=GIVEN)).severity is Severity.MEDIUM
    assert only(judge(message_spf, message(BULK), texts, connection=GIVEN)).severity is Severity.HIGH


# message-dmarc-alignment


STRANGER = Connection(ip="203.0.113.9", helo="x.test", mail_from="mail.example")
SPF = {"mail.example": f"v=spf1 ip4:{IP} -all"}


@pytest.mark.parametrize(
    ("raw", "texts", "connection", "outcome", "case", "severity"),
    [
        (dkim_signed(message(), RSA), POLICY, STRANGER, Outcome.PASS, "pass", None),
        (message(), {**POLICY, **SPF}, GIVEN, Outcome.PASS, "spf_alone", None),
        (message(), {**POLICY, **SPF}, STRANGER, Outcome.FAIL, "fail", Severity.CRITICAL),
        (message(), {"_dmarc.mail.example": "v=DMARC1; p=none", **SPF}, STRANGER, Outcome.FAIL, "fail", Severity.HIGH),
        (dkim_signed(message(), RSA), {}, STRANGER, Outcome.INFO, "aligned", None),
        (message(), SPF, STRANGER, Outcome.FAIL, "unaligned", Severity.MEDIUM),
        (message(BULK), SPF, STRANGER, Outcome.FAIL, "unaligned", Severity.HIGH),
        (message(), POLICY, Connection(), Outcome.UNKNOWN, "connection", None),
    ],
)
def test_what_dmarc_comes_to(
    raw: bytes, texts: dict[str, str], connection: Connection, outcome: Outcome, case: str, severity: Severity | None
) -> None:
    finding = only(judge(message_dmarc_alignment, raw, texts, connection=connection))

    assert (finding.outcome, finding.case) == (outcome, case)
    assert severity is None or finding.severity is severity


@pytest.mark.parametrize("silent", ["_dmarc.mail.example", RSA_NAME])
def test_dmarc_that_is_not_answered_is_unknown(silent: str) -> None:
    raw = dkim_signed(message(), RSA)
    finding = only(judge(message_dmarc_alignment, raw, POLICY | SPF, connection=STRANGER, failing=(silent,)))

    assert (finding.outcome, finding.case, finding.lack) == (Outcome.UNKNOWN, "temperror", Lack.ANSWER)
    assert any(row.name == silent for row in finding.evidence)


def test_spf_that_is_not_answered_is_unknown_and_so_is_one_out_of_reach() -> None:
    silent = only(judge(message_spf, message(), SPF, connection=GIVEN, failing=("mail.example",)))
    away = only(judge(message_spf, message(), connection=GIVEN, world=OutOfReach(SPF, failing=("mail.example",))))

    assert (silent.outcome, silent.case, silent.lack) == (Outcome.UNKNOWN, "temperror", Lack.ANSWER)
    assert (away.outcome, away.case, away.lack) == (Outcome.UNKNOWN, "out_of_reach", Lack.INPUT)
    assert silent.settle == away.settle == ASK_AGAIN
    assert {row.name for row in away.evidence if row.kind == "dns_answer"} == {"mail.example"}


def test_dmarc_that_waits_for_spf_out_of_reach_is_the_callers_to_settle() -> None:
    away = OutOfReach(POLICY, failing=("mail.example",))
    finding = only(judge(message_dmarc_alignment, message(), connection=GIVEN, world=away))

    assert (finding.outcome, finding.case, finding.lack) == (Outcome.UNKNOWN, "out_of_reach", Lack.INPUT)


def test_dmarc_out_of_reach_of_the_files_is_the_callers_to_settle() -> None:
    away = OutOfReach(KEY, failing=("_dmarc.mail.example",))
    finding = only(judge(message_dmarc_alignment, dkim_signed(message(), RSA), world=away))

    assert (finding.outcome, finding.case, finding.lack) == (Outcome.UNKNOWN, "out_of_reach", Lack.INPUT)
    assert finding.settle == ASK_AGAIN  # whoever hands the message over says nothing about it


def test_readers_that_differ_are_told_of() -> None:
    # blogspot.com is a public suffix by the list, and an ordinary domain by the walk
    raw = dkim_signed(message(sender="a@one.blogspot.com"), RSA, domain="two.blogspot.com")
    texts = {
        "_dmarc.one.blogspot.com": "v=DMARC1; p=reject",
        "_dmarc.blogspot.com": "v=DMARC1; p=reject",
        "s1._domainkey.two.blogspot.com": RSA.record,
    }
    finding = only(judge(message_dmarc_alignment, raw, texts, connection=STRANGER))

    assert (finding.outcome, finding.case, finding.severity) == (Outcome.FAIL, "readers_differ", Severity.MEDIUM)


def test_several_authors_are_several_findings() -> None:
    raw = dkim_signed(message(sender="a@mail.example, b@other.test"), RSA)
    found = judge(
        message_dmarc_alignment, raw, {**POLICY, "_dmarc.other.test": "v=DMARC1; p=reject"}, connection=STRANGER
    )

    assert {one.subject: one.outcome for one in found} == {
        "mail.example": Outcome.PASS,
        "other.test": Outcome.FAIL,
    }


def test_no_author_is_not_judged() -> None:
    raw = b"Subject: x\r\n\r\nhello\r\n"

    assert only(judge(message_dmarc_alignment, raw)).outcome is Outcome.NOT_APPLICABLE


# message-arc


SEALED = arc_sealed(dkim_signed(message(), RSA), RSA, instance=1, domain="list.test", cv="none")
ARC = {"arc._domainkey.list.test": RSA.record}


def test_a_chain_counts_for_who_forwards() -> None:
    broken = SEALED.replace(b"morning", b"evening")

    assert only(judge(message_arc, SEALED, ARC)).outcome is Outcome.PASS
    assert only(judge(message_arc, message(), ARC)).outcome is Outcome.NOT_APPLICABLE
    elsewhere = only(judge(message_arc, broken, ARC))
    own = only(judge(message_arc, broken, ARC, domain="list.test"))
    assert (elsewhere.outcome, elsewhere.case) == (Outcome.INFO, "elsewhere")
    assert (own.outcome, own.severity) == (Outcome.FAIL, Severity.MEDIUM)


def test_a_chain_whose_key_is_silent_is_unknown() -> None:
    finding = only(judge(message_arc, SEALED, failing=("arc._domainkey.list.test",)))

    assert (finding.outcome, finding.lack) == (Outcome.UNKNOWN, Lack.ANSWER)


# all of them


def test_no_recipient_stands_in_any_of_it() -> None:
    raw = (
        b"Return-Path: <b+ann=inbox.example@mail.example>\r\n"
        b"Received: from out.mail.example ([192.0.2.7]) by mx.inbox.example for <ann@inbox.example>; x\r\n" + SEALED
    )
    found = [
        one
        for check in (message_dkim, message_spf, message_dmarc_alignment, message_arc)
        for one in judge(check, raw, {**ARC, **POLICY, **SPF}, connection=GIVEN)
    ]

    assert "ann" not in repr(found)
