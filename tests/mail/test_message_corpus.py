"""Every mail of the shared data is read: no exception, no recipient's address, bounded time, and few false alarms."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from functools import cache
from typing import Any

import pytest

from deliverability.checks.message import MESSAGE
from deliverability.events.plain import from_plain, to_plain
from deliverability.findings import Outcome
from deliverability.intake.mailbox import mails
from deliverability.intake.trouble import Troubles
from deliverability.mail.message import read
from deliverability.mail.message.facts import MessageFacts
from deliverability.mail.message.safe import ROLES
from support.shared import shared

pytestmark = pytest.mark.corpus

FOLDERS = (
    *("sisimai-set-of-emails", "flufl.bounce", "bounce_email-ruby", "php-bounce-handler", "mimekit-reports"),
    *("mikel-mail-reports", "stalwart-mail-auth", "parsedmarc-samples", "kumomta"),
)
NO_MAIL = {".json", ".csv", ".md", ".gz", ".zip", ".xml", ".rs", ".rb", ".py", ".lua", ".toml"}
ADDRESS = re.compile(r"([\w.+'=-]{1,64})@(?:[\w-]+\.)+[A-Za-z]{2,}")
SLOWEST = 2.0
"""Seconds that one mail of these, none above a megabyte, may take on a busy machine."""


@cache
def corpus() -> tuple[tuple[str, bytes], ...]:
    """Every mail by its path, those of an mbox one by one."""
    top = shared("data")
    files = sorted(
        path
        for folder in FOLDERS
        for path in (top / folder).rglob("*")
        if path.is_file() and path.suffix not in NO_MAIL
    )
    return tuple(
        (f"{path.relative_to(top)}:{mail.number or 1}", mail.raw)
        for path in files
        for mail in mails(str(path), troubles=Troubles())
    )


@cache
def everything() -> tuple[tuple[str, bytes, MessageFacts, float], ...]:
    """Every mail with its facts, and the seconds that they took."""
    found: list[tuple[str, bytes, MessageFacts, float]] = []
    for name, raw in corpus():
        began = time.perf_counter()
        message = read(raw, name=name.rpartition("/")[2])
        found.append((name, raw, message, time.perf_counter() - began))
    return tuple(found)


def test_every_mail_is_read_in_bounded_time_and_comes_back_from_json() -> None:
    took = sum(seconds for *_, seconds in everything())
    octets = sum(len(raw) for _, raw, _, _ in everything())
    print(f"\n{len(everything())} mails, {octets} octets: {len(everything()) / took:.0f} mails/s on one core")

    assert len(everything()) >= 500
    assert [name for name, _, _, seconds in everything() if seconds > SLOWEST] == []
    for name, _, message, _ in everything():
        assert from_plain(MessageFacts, json.loads(json.dumps(to_plain(message)))) == message, name


def test_no_address_of_a_person_is_in_the_facts_or_the_findings() -> None:
    shown = [
        (name, local)
        for name, _, message, _ in everything()
        for local in ADDRESS.findall(text_of(message))
        if local.lower() not in {*ROLES, "unique"}  # the last stands in the text of a fix
    ]

    assert shown == []


def text_of(message: MessageFacts) -> str:
    """All that a document would hold of a message."""
    return json.dumps([to_plain(message), to_plain(tuple(judged(message)))], default=str, ensure_ascii=False)


def judged(message: MessageFacts) -> list[Any]:
    given: dict[str, Any] = {"message": message, "authentication": None, "links_listed": None}
    return [finding for one in MESSAGE for finding in one.judge(given, "example.test")]


def test_real_mail_is_judged_and_raises_no_false_alarm_about_templates() -> None:
    table = Counter[tuple[str, str, str]]()
    alarms: list[str] = []
    for name, _, message, _ in everything():
        for finding in judged(message):
            table[finding.check, finding.outcome.value, finding.case] += 1
            if finding.check == "message-template-residue" and finding.case in {"residue", "greeting"}:
                alarms.append(f"{name}: {finding.title}")
    print()
    for (check, outcome, case), number in sorted(table.items()):
        print(f"{check:28}{outcome:16}{case:22}{number:5}")

    assert alarms == []
    assert not any(outcome == Outcome.ERROR.value for _, outcome, _ in table)


def test_line_ends_make_no_difference_to_what_is_read() -> None:
    top = shared("data", "sisimai-set-of-emails", "maildir")
    names = sorted(path.name for path in (top / "dos").glob("*.eml"))
    differ = [
        name
        for name in names
        if essence((top / "dos" / name).read_bytes()) != essence((top / "mac" / name).read_bytes())
    ]

    assert len(names) >= 40
    assert differ == []


def essence(raw: bytes) -> tuple[Any, ...]:
    """What does not hang on how lines end."""
    message = read(raw, name="a.eml")
    return message.authors, message.fields, [part.kind for part in message.parts], message.links, message.residue
