"""Why a mail was refused, from what the receiver said: known replies, the order of evidence, and any text at all."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events import phrases
from deliverability.events.classify import MAX_TEXT, Classification, classify
from deliverability.events.phrases import Phrasebook, words
from deliverability.events.reasons import KINDS, Persistence, Reason

VECTORS = tomllib.loads((Path(__file__).parent / "replies.toml").read_text(encoding="utf-8"))
PLAIN = tomllib.loads((Path(__file__).parent / "replies_plain.toml").read_text(encoding="utf-8"))
REPLIES = [
    *((reason, *reply) for reason, table in VECTORS.items() for reply in table["replies"]),
    *((reason, text) for reason, texts in PLAIN.items() for text in texts),
]
RULES = (Path(__file__).parents[2] / "deliverability/events/replies.csv").read_text(encoding="utf-8")


def classified(text: str, options: dict[str, Any]) -> Classification:
    return classify(
        text, status=options.get("status"), reply_code=options.get("code"), provider=options.get("provider")
    )


@pytest.mark.parametrize("vector", REPLIES, ids=lambda vector: f"{vector[0]}: {vector[1][:60]}")
def test_a_reply_has_its_reason(vector: tuple[Any, ...]) -> None:
    reason, text, *options = vector
    found = classified(text, options[0] if options else {})
    assert found.reason == reason, found.evidence


def test_every_reason_has_a_reply_and_every_receiver_with_phrases_of_its_own_has_one() -> None:
    assert set(VECTORS) == set(Reason)
    spoken = {classified(text, *(options or [{}])).evidence.partition(":")[0] for _, text, *options in REPLIES}
    named = {row.split(",")[1].lstrip("=") for row in RULES.splitlines() if row and not row.startswith(("#", "reason"))}
    assert not named - {""} - spoken


def test_what_follows_is_what_the_table_of_reasons_says() -> None:
    assert set(KINDS) == set(Reason)
    for _, text, *options in REPLIES:
        found = classified(text, *(options or [{}]))
        kind = KINDS[found.reason]
        assert (found.persistence, found.blame, found.action) == (kind.persistence, kind.blame, kind.action)


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        ("550 5.1.1 <u@example.com> has sent to too many recipients this hour. IB607", {}, "rate_limited"),
        ("552 4.2.2 User has full mailbox.", {"status": "5.0.0"}, "mailbox_full"),
        ("552 5.2.2 Over quota", {"status": "5.1.1"}, "mailbox_full"),
        ("421 4.7.30 x", {"provider": "gmail"}, "auth_failure"),
        ("421 4.7.30 x", {}, "protocol_tls"),
        ("550 5.4.1 x", {"provider": "microsoft"}, "unknown_user"),
        ("550 5.4.1 x", {}, "network_dns"),
        ("x", {"status": "5.1.1", "code": 421}, "unknown_user"),
        ("x", {"status": "5.0.0", "code": 552}, "mailbox_full"),
        ("550 rejected", {"status": "5.1.2"}, "bad_domain"),
        ("550 5.7.1 mailbox unavailable", {"provider": "microsoft"}, "policy"),
        ("500 5.0.0 hm (5.2.2)", {}, "mailbox_full"),  # x.0.0 is what servers say for want of another
        ("5.5.0 mailbox unavailable", {}, "unknown_user"),  # the class stands in for a reply code
        ("4.5.0 mailbox unavailable", {}, "receiver_system"),
        ("550 mail from 2001:db8:1:2:3:4:5:6 is blocked", {}, "ip_blocklisted"),  # an address is no word
        ("5.1.0 - Unknown address error 550-'5.7.1 x... Access denied'", {"status": "5.0.0"}, "policy"),
    ],
)
def test_the_receivers_words_go_before_any_words_and_words_before_codes(
    text: str, options: dict[str, Any], reason: str
) -> None:
    assert classified(text, options).reason == reason


def test_the_host_that_postfix_names_is_the_one_that_speaks() -> None:
    said = "said: 550 Requested action not taken: mailbox unavailable (in reply to RCPT TO command)"
    assert classify(f"host mx1.hotmail.com[192.0.2.1] {said}").confidence == "medium"
    assert classify(f"host mx1.example.com[192.0.2.1] {said}").confidence == "low"


def test_the_services_class_speaks_last() -> None:
    assert classify("550 5.1.1 user unknown", hint=Reason.SPAM_CONTENT).reason is Reason.UNKNOWN_USER
    assert classify("hm", reply_code=452, hint=Reason.SPAM_CONTENT).reason is Reason.MAILBOX_FULL
    assert classify("hm", hint=Reason.SPAM_CONTENT).reason is Reason.SPAM_CONTENT
    bare = classify("hm", hint=Persistence.HARD)
    assert (bare.reason, bare.persistence, bare.confidence) == (Reason.UNKNOWN, Persistence.HARD, "low")
    assert classify("hm", hint="nonsense").reason is Reason.UNKNOWN


BLOCKS = [
    text
    for reason, text, *_ in REPLIES
    if KINDS[Reason(reason)].persistence is Persistence.BLOCK and reason != "policy" and " " in text
]


@pytest.mark.parametrize("status", ["5.1.1", "5.2.1"])
@pytest.mark.parametrize("text", BLOCKS)
def test_a_block_never_reads_as_a_dead_address(text: str, status: str) -> None:
    """Receivers give the codes of dead addresses to those they block."""
    assert classify(text, status=status, reply_code=550).persistence is not Persistence.HARD


def test_the_evidence_holds_no_address_and_no_name() -> None:
    for text in (
        "550 5.1.1 <jane.doe@example.com>... User unknown",
        "550 User jane.doe (jane.doe@example.com) not listed in Domino Directory",
        "550 RCPT TO:<jane.doe@example.com>:User unknown",
        "550 user jane doe does not exist",
    ):
        evidence = classify(text).evidence
        assert "unknown" in evidence or "exist" in evidence or "listed" in evidence
        assert "jane" not in evidence
        assert "@" not in evidence


def test_an_address_is_no_evidence() -> None:
    assert classify("550 <user.unknown@mailbox-full.example>: hm").reason is Reason.UNKNOWN
    assert classify("host blocklisted.example.com[192.0.2.1] said: 452 hm").reason is Reason.MAILBOX_FULL


@given(
    st.text(max_size=600),
    st.none() | st.text(max_size=12),
    st.none() | st.integers() | st.text(max_size=5),
    st.none() | st.sampled_from(["gmail", "microsoft", "yahoo", "x"]),
    st.none() | st.sampled_from([*Reason, *Persistence]) | st.text(max_size=8),
)
def test_any_text_has_a_reason(text: str, status: Any, code: Any, provider: Any, hint: Any) -> None:
    found = classify(text, status=status, reply_code=code, provider=provider, hint=hint)
    assert found.reason in KINDS
    assert found.persistence in set(Persistence)
    assert found.confidence in {"high", "medium", "low"}
    assert found.evidence


WORDS = sorted(set(words(RULES)))


@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_any_words_of_the_rules_have_a_reason(tokens: list[str]) -> None:
    assert classify(" ".join(tokens)).reason in KINDS


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10**6,
        "@" * 10**6,
        "a@" * 10**6,
        "5.1.1." * 10**6,
        "1:" * 10**6,
        "550-" * 10**6,
        "user address recipient your ip is " * 10**5,
        "存在" * 10**6,
        "e\u0301" * 10**6,
        "\ufdfa" * 10**6,  # one character that stands for eighteen
        "] said: " * 10**6,
        " - " * 10**6,
        "\x00" * 10**6,
        "(in reply to " * 10**6,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    classify(text)
    assert time.process_time() - began < 1, "a second for four kilobytes is a hundred times what it takes"


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    assert classify(" " * MAX_TEXT + "user unknown").reason is Reason.UNKNOWN
    assert classify(" " * (MAX_TEXT - 12) + "user unknown").reason is Reason.UNKNOWN_USER


def found(patterns: list[str], text: str) -> set[int]:
    return {phrase for phrase, _ in Phrasebook(patterns).find(text, words(text))}


def test_phrases_are_words_alternatives_beginnings_and_gaps() -> None:
    book = ["mailbox (is |)full", "exceed* .. quota", "(a|b c) d", "満杯"]
    assert found(book, "the mailbox is full") == found(book, "mailbox full") == {0}
    assert found(book, "exceeded the quota") == found(book, "exceeds quota") == {1}
    assert found(book, "exceeded 1 2 3 4 5 6 7 8 quota") == {1}
    assert found(book, "exceeded 1 2 3 4 5 6 7 8 9 quota") == set()
    assert found(book, "a d") == found(book, "b c d") == {2}
    assert found(book, "b d") == found(book, "c d") == found(book, "mailboxes full") == set()
    assert found(book, "箱が満杯です") == {3}


def test_an_automaton_that_forgets_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "MAX_STATES", 3)
    monkeypatch.setattr(phrases, "MAX_STRANGERS", 2)
    book = Phrasebook(["user .. unknown", "full mailbox", "exceed* quota"])
    for _ in range(2):
        for text, expected in (
            ("a user b c unknown d", {0}),
            ("x y z full mailbox user", {1}),
            ("exceeding quota exceeds quota", {2}),
            ("user full mailbox exceeded quota unknown", {0, 1, 2}),
        ):
            assert {phrase for phrase, _ in book.find(text, words(text))} == expected


def test_a_code_that_is_none_is_not_heard() -> None:
    for code in (10**5000, -550, 0, "55", "5500", "५५०", "abc"):
        assert classify("hm", reply_code=code).reason is Reason.UNKNOWN
    assert classify("hm", reply_code=" 452 ").reason is Reason.MAILBOX_FULL


@pytest.mark.parametrize("pattern", ["(a", "a)", "", "()", "(a|)", "..", "a .. b)"])
def test_a_phrase_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="phrase"):
        Phrasebook([pattern])


def test_every_rule_is_whole_and_says_where_it_comes_from() -> None:
    legend = {word for line in RULES.splitlines() if line.startswith("#") for word in words(line)}
    for row in (line for line in RULES.splitlines() if line and not line.startswith(("#", "reason,"))):
        reason, _, when, confidence, pattern, source = row.split(",")
        assert reason in KINDS
        assert confidence in {"high", "medium", "low"}
        assert when in {"", "-"} or when.isdigit()
        assert pattern
        assert source in legend
