"""The checks of a message's content where no vector shows them: large messages, figures at their lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deliverability.checks._message_content import GIVE_MESSAGE
from deliverability.checks.message import MESSAGE
from deliverability.checks.message_body import CLIPPED, NEAR_CLIPPED, REFUSED_BY_DEFAULT, REFUSED_BY_MANY
from deliverability.findings import Finding, Lack, Outcome, Severity
from deliverability.mail.authenticate.facts import (
    ArcFacts,
    AuthenticationFacts,
    Connection,
    Signature,
    SignatureResult,
)
from deliverability.mail.authenticate.states import Chain, State
from deliverability.mail.message import read
from deliverability.mail.message.facts import Body, MessageFacts
from support import letters

BY_ID = {one.id: one for one in MESSAGE}
LETTER = read(letters.letter(), name="a.eml")


def judge(check: str, message: MessageFacts | None, **facts: Any) -> list[Finding]:
    given = {"message": message, "authentication": None, "links_listed": None, **facts}
    return BY_ID[check].judge(given, letters.DOMAIN)


@pytest.mark.parametrize("check", sorted(BY_ID))
def test_without_a_message_nothing_is_known_and_the_option_is_named(check: str) -> None:
    (finding,) = judge(check, None)

    assert (finding.outcome, finding.lack, finding.is_unasked) == (Outcome.UNKNOWN, Lack.INPUT, True)
    assert finding.settle


@pytest.mark.parametrize(
    ("octets", "case", "severity"),
    [
        (REFUSED_BY_DEFAULT, "pass", None),
        (REFUSED_BY_DEFAULT + 1, "large", Severity.MEDIUM),
        (REFUSED_BY_MANY, "large", Severity.MEDIUM),
        (REFUSED_BY_MANY + 1, "huge", Severity.HIGH),
    ],
)
def test_a_message_is_too_large_from_the_line_on(octets: int, case: str, severity: Severity | None) -> None:
    (finding,) = judge("message-size", replace(LETTER, octets=octets))

    assert finding.case == case
    assert (finding.outcome is Outcome.FAIL) is (severity is not None)
    assert severity in {None, finding.severity}


@pytest.mark.parametrize(
    ("decoded", "encoded", "case"),
    [
        (NEAR_CLIPPED, NEAR_CLIPPED, "pass"),
        (70_000, NEAR_CLIPPED + 1, "near"),
        (70_000, CLIPPED, "near"),
        (70_000, CLIPPED + 1, "clipped"),
    ],
)
def test_gmail_cuts_html_from_the_line_on(decoded: int, encoded: int, case: str) -> None:
    body = Body(part="1", octets=encoded, decoded=decoded, words=100)
    (finding,) = judge("message-size", replace(LETTER, html=body))

    assert finding.case == case


def test_a_letter_that_has_all_passes_or_waits_for_what_dns_says() -> None:
    outcomes = {one: {finding.outcome for finding in judge(one, LETTER)} for one in BY_ID}

    assert outcomes.pop("message-one-click") == {Outcome.UNKNOWN}  # no signature was looked at
    assert outcomes.pop("message-links") == {Outcome.UNKNOWN}  # nor any block list
    assert set().union(*outcomes.values()) == {Outcome.PASS}


BOTH = ("from", "list-unsubscribe", "list-unsubscribe-post")


@pytest.mark.parametrize(
    ("signed", "state", "aligned", "outcome", "fields"),
    [
        (BOTH, State.PASS, True, Outcome.PASS, None),
        (BOTH[:2], State.PASS, True, Outcome.FAIL, "List-Unsubscribe-Post"),
        (BOTH[:1], State.PASS, True, Outcome.FAIL, "List-Unsubscribe and List-Unsubscribe-Post"),
        (BOTH, State.PASS, False, Outcome.FAIL, "List-Unsubscribe and List-Unsubscribe-Post"),
        (BOTH, State.BODY_CHANGED, True, Outcome.FAIL, "List-Unsubscribe and List-Unsubscribe-Post"),
        (BOTH, State.KEY_UNANSWERED, True, Outcome.UNKNOWN, None),
        (BOTH[:2], State.KEY_UNANSWERED, True, Outcome.FAIL, "List-Unsubscribe and List-Unsubscribe-Post"),
    ],
)
def test_one_valid_signature_of_the_from_domain_covers_both_fields(
    signed: tuple[str, ...], state: State, aligned: bool, outcome: Outcome, fields: str | None
) -> None:
    one = Signature(index=0, field="dkim-signature", text="v=1; h=from", domain=letters.DOMAIN, signed=signed)
    (finding,) = judge(
        "message-one-click", LETTER, authentication=facts(SignatureResult(signature=one, state=state, aligned=aligned))
    )

    assert finding.outcome is outcome
    assert finding.data.get("fields") == fields


def test_two_signatures_that_each_cover_one_field_cover_neither() -> None:
    halves = (
        Signature(index=i, field="dkim-signature", text="v=1", domain=letters.DOMAIN, signed=("from", name))
        for i, name in enumerate(BOTH[1:])
    )
    signed = facts(*(SignatureResult(signature=half, state=State.PASS, aligned=True) for half in halves))
    (finding,) = judge("message-one-click", LETTER, authentication=signed)

    assert finding.case == "unsigned"
    assert finding.data["fields"] == "List-Unsubscribe and List-Unsubscribe-Post together"


def facts(*signatures: SignatureResult) -> AuthenticationFacts:
    """What a receiver would find of a message with these signatures."""
    return AuthenticationFacts(
        from_domains=(letters.DOMAIN,),
        connection=Connection(),
        dkim=signatures,
        left_out=0,
        spf=(),
        dmarc=(),
        arc=ArcFacts(status=Chain.NONE),
    )


def test_no_finding_shows_who_the_letter_is_to() -> None:
    shown = str([judge(one, LETTER) for one in BY_ID])

    assert letters.SECRET not in shown


def test_every_finding_of_a_fault_says_what_to_do() -> None:
    broken = read(b"Subject: {{ x }}\nDate: now\n\nDear ,\n" + b"x" * 1000, name="a.eml")
    faults = [finding for one in BY_ID for finding in judge(one, broken) if finding.outcome is Outcome.FAIL]

    assert len(faults) >= 5
    assert [finding.title for finding in faults if finding.fix is None or not finding.fix.text] == []


def test_who_answers_one_message_needs_no_way_out() -> None:
    report = read(letters.letter(extra="Auto-Submitted: auto-replied\n"), name="a.eml")

    assert [judge(check, report)[0].case for check in ("message-one-click", "message-unsubscribe-link")] == [
        "personal",
        "personal",
    ]


def test_a_feedback_id_alone_asks_for_a_link_mildly_and_for_no_list_id() -> None:
    raw = (
        b"From: Shop <news@example.com>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n"
        b"Feedback-ID: 1.eu-west-1.abc=:AmazonSES\r\n\r\nYour order is on its way.\r\n"
    )
    receipt = read(raw, name="a.eml")

    assert [one.severity for one in judge("message-unsubscribe-link", receipt)] == [Severity.MEDIUM]
    assert [one.outcome for one in judge("message-identifiers", receipt)] == [Outcome.PASS]


@pytest.mark.parametrize(
    ("field", "severity"), [("Subject: a", Severity.CRITICAL), ("MIME-Version: 1.0", Severity.MEDIUM)]
)
def test_a_repeated_field_is_as_grave_as_what_receivers_do_about_it(field: str, severity: Severity) -> None:
    twice = read(letters.letter(extra=f"{field}\n"), name="a.eml")

    assert [one.severity for one in judge("message-format", twice) if one.case == "repeated"] == [severity]


@pytest.mark.parametrize(("display", "severity"), [("bank@bank.com", Severity.HIGH), ("Booking.com", Severity.MEDIUM)])
def test_an_address_in_a_display_name_is_graver_than_a_domain(display: str, severity: Severity) -> None:
    raw = letters.letter().replace(b"From: The Wine Shop", f'From: "{display}"'.encode())
    (finding,) = judge("message-from", read(raw, name="a.eml"))

    assert (finding.case, finding.severity) == ("lookalike", severity)


def test_whoever_gave_a_message_is_not_asked_to_give_one() -> None:
    cut = replace(LETTER, left_out=("octets",))
    unknowns = [one for check in BY_ID for one in judge(check, cut) if one.outcome is Outcome.UNKNOWN]

    assert {one.check for one in unknowns} >= {"message-links", "message-format", "message-template-residue"}
    assert [one.check for one in unknowns if one.check != "message-one-click" and one.settle == GIVE_MESSAGE] == []


def test_mail_to_many_without_any_text_has_no_way_out() -> None:
    (finding,) = judge("message-unsubscribe-link", replace(LETTER, html=None, plain=None, links=()))

    assert (finding.outcome, finding.case) == (Outcome.FAIL, "none")


def test_html_is_as_large_stored_with_bare_line_feeds_as_it_is_sent() -> None:
    raw = b"From: a@weinhandel.example\r\nContent-Type: text/html\r\n\r\n<p>a</p>\r\n<p>b</p>\r\n"
    stored, sent = read(raw.replace(b"\r\n", b"\n"), name="a.eml").html, read(raw, name="a.eml").html

    assert stored is not None
    assert sent is not None
    assert stored.octets == sent.octets > 0
