"""Real bounces: how often deliv comes to what the sisimai project expects of them, and what it makes of other mail."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from deliverability.events.reasons import Reason
from deliverability.mail.arf import parse_arf
from deliverability.mail.bounce import Bounce, parse_bounce
from support.shared import shared

pytestmark = pytest.mark.corpus

SISIMAI = {
    Reason.UNKNOWN_USER: "userunknown",
    Reason.BAD_DOMAIN: "hostunknown notaccept",
    Reason.MAILBOX_DISABLED: "suspend filtered",
    Reason.MOVED: "hasmoved",
    Reason.MAILBOX_FULL: "mailboxfull",
    Reason.TIMEOUT_EXPIRED: "expired",
    Reason.NETWORK_DNS: "networkerror",
    Reason.RATE_LIMITED: "ratelimited speeding toomanyconn",
    Reason.GREYLISTED: "expired onhold",
    Reason.MESSAGE_TOO_LARGE: "emailtoolarge mesgtoobig exceedlimit",
    Reason.AUTH_FAILURE: "authfailure",
    Reason.MISSING_PTR: "requireptr",
    Reason.IP_BLOCKLISTED: "blocked",
    Reason.DOMAIN_REPUTATION: "badreputation",
    Reason.SPAM_CONTENT: "spamdetected contenterror",
    Reason.VIRUS_ATTACHMENT: "virusdetected",
    Reason.POLICY: "policyviolation rejected securityerror notcompliantrfc",
    Reason.RELAY_DENIED: "norelaying",
    Reason.PROTOCOL_TLS: "failedstarttls syntaxerror",
    Reason.RECEIVER_SYSTEM: "systemerror systemfull mailererror",
    Reason.UNKNOWN: "undefined onhold",
}
"""Our reason → theirs (design: events, §2), with the names of before their v5.6."""

APART = {"filtered", "suspend"}
"""What they call soft, and design: events, §2 calls hard."""
NO_BOUNCE = {"feedback", "vacation", "delivered"}
BLOCKS = {"blocked", "authfailure", "requireptr", "badreputation", "spamdetected", "policyviolation", "norelaying"}

Pair = tuple[dict[str, str], Bounce | None]


@cache
def labels() -> dict[str, list[dict[str, str]]]:
    """File → what is expected of each of its recipients."""
    expected: dict[str, list[dict[str, str]]] = {}
    with shared("data", "sisimai-set-of-emails", "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            expected.setdefault(row["file"], []).append(row)
    return expected


@cache
def pairs() -> tuple[Pair, ...]:
    """Each label of a bounce with the bounce that was read, or None. The order of recipients is nobody's matter."""
    return tuple(pair for file, rows in labels().items() for pair in _of_file(file, rows))


def _of_file(file: str, rows: list[dict[str, str]]) -> Iterator[Pair]:
    found = parse_bounce(shared("data", "sisimai-set-of-emails", file).read_bytes())
    for row in (row for row in rows if row["reason"] not in NO_BOUNCE):
        best = next((b for b in found if row["reason"] in SISIMAI.get(b.reason, "").split()), None)
        best = best or (found[0] if found else None)
        yield row, best
        if best is not None:
            found.remove(best)


def test_nearly_every_labelled_bounce_is_read_and_its_recipient_found() -> None:
    found = [bounce for _, bounce in pairs() if bounce is not None and "@" in bounce.recipient]

    assert len(found) >= 0.99 * len(pairs())


def test_hard_and_not_hard_are_told_apart() -> None:
    compared = [(row, b) for row, b in pairs() if b is not None and row["reason"] not in APART]
    wrong = [(row["file"], row["reason"], b.reason.value) for row, b in compared if _hard(b) != (row["hard"] == "true")]
    print(f"\nhard or not: {1 - len(wrong) / len(compared):.1%} of {len(compared)}; otherwise:", *wrong, sep="\n  ")

    assert len(wrong) <= 0.03 * len(compared)


def _hard(bounce: Bounce) -> bool:
    return bounce.persistence == "hard"


def test_reasons_agree() -> None:
    table = Counter((row["reason"], b.reason.value) for row, b in pairs() if b is not None)
    agreed = Counter({key: n for key, n in table.items() if key[0] in SISIMAI.get(Reason(key[1]), "").split()})
    apart = {key: n for key, n in table.items() if key[0] not in APART}
    print("\nexpected            read                number")
    for (theirs, ours), number in sorted(table.items()):
        print(f"{theirs:20}{ours:20}{number:6}{'' if (theirs, ours) in agreed else '  differs'}")
    whole = agreed.total() / table.total()
    without = sum(n for key, n in agreed.items() if key in apart) / sum(apart.values())
    print(
        f"agreed: {whole:.1%} of {table.total()}; without filtered and suspend {without:.1%} of {sum(apart.values())}"
    )

    assert whole >= 0.83
    assert without >= 0.90


def test_a_refused_sender_is_hardly_ever_read_as_a_dead_address() -> None:
    hard = [(row["file"], b.reason.value) for row, b in pairs() if b and row["reason"] in BLOCKS and _hard(b)]

    assert hard == []


def test_codes_are_found() -> None:
    told = [(row["reply_code"], b) for row, b in pairs() if b is not None and row["reply_code"]]

    assert sum(str(b.reply_code) == code for code, b in told) >= 0.95 * len(told)


OTHER_MAIL = (
    "sisimai-set-of-emails/maildir/not/*.eml",
    "sisimai-set-of-emails/maildir/bsd/rfc3834-*.eml",
    "sisimai-set-of-emails/maildir/bsd/arf-*.eml",
    "bounce_email-ruby/test/non_bounces/*.txt",
    "bounce_email-ruby/test/fixtures/no_subject.txt",
    "mimekit-reports/UnitTests/TestData/messages/disposition-notification*",
    "mimekit-reports/UnitTests/TestData/messages/feedback-report*",
    "kumomta/crates/kumo-log-types/data/rfc5965/*.eml",
    "stalwart-mail-auth/resources/*/*.eml",
    "parsedmarc-samples/samples/*/*.eml",
    "php-bounce-handler/eml/*.txt",
)


@pytest.mark.parametrize("pattern", OTHER_MAIL)
def test_other_mail_is_no_bounce(pattern: str) -> None:
    files = sorted(shared("data").glob(pattern))

    assert files
    assert [file.name for file in files if parse_bounce(file.read_bytes())] == []


OTHER_BOUNCES = {
    "flufl.bounce/tests/data/*.txt": 0.94,
    "php-bounce-handler/eml/*.eml": 1.0,
    "bounce_email-ruby/test/bounces/*.txt": 0.93,
    "sisimai-set-of-emails/maildir/err/*.eml": 1.0,
    "kumomta/crates/kumo-log-types/data/rfc3464/*.eml": 0.75,
}


@pytest.mark.parametrize(("pattern", "share"), OTHER_BOUNCES.items())
def test_the_recipients_of_other_bounces_are_found(pattern: str, share: float) -> None:
    files = sorted(shared("data").glob(pattern))
    found = {file.name: parse_bounce(file.read_bytes()) for file in files}
    named = [name for name, bounces in found.items() if bounces and all("@" in b.recipient for b in bounces)]
    print(f"\n{pattern}: {len(named)} of {len(files)}; not in", sorted(found.keys() - set(named)))

    assert files
    assert all(found.values())
    assert len(named) >= share * len(files)


def test_line_ends_make_no_difference() -> None:
    top = shared("data", "sisimai-set-of-emails", "maildir")
    files = sorted((top / "dos").glob("*.eml"))

    assert files
    assert [f.name for f in files if _read(f) != _read(top / "mac" / f.name)] == []


def _read(file: Path) -> list[tuple[str, str]]:
    return [(bounce.recipient, bounce.reason.value) for bounce in parse_bounce(file.read_bytes())]


@pytest.mark.parametrize("number", ["001", "002", "003", "004", "005"])
def test_feedback_reports_say_what_their_collector_expects(number: str) -> None:
    raw = shared("data", "stalwart-mail-auth", "resources", "arf", f"{number}.eml").read_bytes()
    theirs = json.loads(raw_json(number))
    ours = parse_arf(raw)

    assert ours is not None
    assert ours.kind == {"Abuse": "abuse", "AuthFailure": "auth-failure"}[theirs["feedback_type"]]
    assert (ours.source_ip, ours.user_agent) == (theirs["source_ip"], theirs["user_agent"])
    assert list(ours.reported_domains) == theirs["reported_domain"]
    assert ours.incidents == theirs["incidents"]


def raw_json(number: str) -> str:
    """What the collector of the feedback reports expects of one."""
    return shared("data", "stalwart-mail-auth", "resources", "arf", f"{number}.json").read_text(encoding="utf-8")
