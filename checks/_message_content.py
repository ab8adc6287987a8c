"""What every check of a message's content needs: no word where none was given, and how its evidence is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deliverability.checks._check import with_fact
from deliverability.findings import Evidence

if TYPE_CHECKING:
    from deliverability.mail.message.facts import Fault, Link, MessageFacts

GIVE_MESSAGE = "Give the message with --message FILE, or to deliv message."
"""How to settle what only a message can tell."""
GIVE_SMALLER = "Give a message that is small enough to be read whole."
"""How to settle what was left out."""
MOST_ROWS = 20
"""Rows of evidence that one finding shows."""

with_message = with_fact("message")


def field_evidence(name: str, text: str, span: tuple[int, int] | None = None, note: str = "") -> Evidence:
    """A header field as it is kept."""
    return Evidence("message_header", name, "", text, span, note)


def fault_evidence(fault: Fault) -> Evidence:
    """A fault where it stands: a header field, a part, or the message."""
    note = f"{fault.count} times" if fault.count > 1 else ""
    return Evidence("message_octets", fault.where, "", fault.text, fault.span, note)


def link_evidence(link: Link, note: str = "") -> Evidence:
    """A link, its host marked."""
    start = link.text.find(link.host) if link.host else 0
    span = (start, start + len(link.host)) if link.host else None
    return Evidence("message_link", link.where, "", link.text, span, note)


def unread(message: MessageFacts) -> bool:
    """Whether part of the message was left out, so that what was not found may stand there."""
    bodies = (message.html, message.plain)
    return bool(message.left_out) or any(not body.complete for body in bodies if body is not None)


def capital(name: str) -> str:
    """A header field's name as it is mostly written."""
    words = {"id": "ID", "dkim": "DKIM", "mime": "MIME", "arc": "ARC"}
    return "-".join(words.get(word, word.capitalize()) for word in name.split("-"))
