"""What the checks of a message's authentication have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deliverability.checks._check import answer_evidence, with_fact
from deliverability.findings import Evidence, Lack
from deliverability.lookup.unasked import never_asked

if TYPE_CHECKING:
    from deliverability.lookup.answer import Answer
    from deliverability.mail.authenticate.facts import AuthenticationFacts, Connection, SignatureResult

GIVE_CONNECTION = (
    "Give the address that sends with --ip and its envelope with --mail-from, or name your own receiver with --trust."
)

with_authentication = with_fact("authentication")


def author_of(authentication: AuthenticationFacts) -> str:
    """The (first) domain of From; empty where From names none."""
    return authentication.from_domains[0] if authentication.from_domains else ""


def signature_evidence(one: SignatureResult, tag: str = "", note: str = "") -> tuple[Evidence, ...]:
    """The signature field, with the offending tag marked, and what DNS says at the name of its key."""
    signature = one.signature
    rows = (
        Evidence(signature.field.replace("-", "_"), signature.domain, "", signature.text, signature.span(tag), note),
    )
    return rows if one.key is None else rows + answer_evidence(one.key, "the key of this signature")


def connection_evidence(connection: Connection) -> Evidence:
    """Who handed the message over, and why that is believed."""
    said = {"ip": connection.ip, "helo": connection.helo, "mail_from": connection.mail_from}
    text = " ".join(f"{name}={value or '<>'}" for name, value in said.items() if value is not None)
    return Evidence("connection", connection.source, "", text, note=connection.why)


def lack_of(*answers: Answer) -> Lack:
    """What is lacking where these were not answered: names outside of the given files are an input."""
    silent = [answer for answer in answers if not answer.answered]
    return Lack.INPUT if silent and all(map(never_asked, silent)) else Lack.ANSWER


def date_of(seconds: int) -> str:
    """The moment that a signature names, as people write it; the number where no calendar has it."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return str(seconds)
