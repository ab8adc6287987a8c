"""What a header tells of its recipient where it need not: the address in an identifier, a subject, a link."""

from __future__ import annotations

import re

from deliverability.mail.message.facts import HIDDEN, Residue
from deliverability.mail.message.fields import unsubscribe_uris
from deliverability.mail.message.header import Header
from deliverability.mail.message.links import exposed
from deliverability.mail.words import decoded

RECIPIENTS = ("to", "cc", "bcc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to")
"""Fields that name recipients. Their addresses are looked for elsewhere and never kept."""

LOOKED_AT = ("subject", "message-id", "feedback-id", "list-id", "x-campaign", "x-campaign-id", "x-campaignid")
"""Fields that travel on with the mail, into reports and logs, and have no need of the recipient's address."""

_ADDRESS = re.compile(r"[\w.+%'-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}")
MAX_RECIPIENTS = 100
"""Ours: recipients that are looked for."""


def recipients(header: Header) -> frozenset[str]:
    """The addresses of the recipients in lower case. For comparison alone: nothing of it may be kept."""
    found = (match.lower() for name in RECIPIENTS for field in header.all(name)[:5] for match in _matches(field.value))
    return frozenset(address for _, address in zip(range(MAX_RECIPIENTS), found, strict=False))


def local_parts(header: Header) -> frozenset[str]:
    """The recipients' local parts in lower case. For comparison alone: nothing of it may be kept."""
    return frozenset(address.partition("@")[0] for address in recipients(header))


def _matches(value: str) -> list[str]:
    return _ADDRESS.findall(value[:8000])


def exposures(header: Header) -> tuple[Residue, ...]:
    """Fields in which the address of a recipient stands, plain or encoded."""
    known = recipients(header)
    found: list[Residue] = []
    for name in LOOKED_AT if known else ():
        for field in header.all(name)[:3]:
            text = decoded(field.value).lower()
            if any(address in text or address.replace("@", "=") in text for address in known):
                found.append(Residue(kind="address", where=name, text=f"{HIDDEN}@{HIDDEN}"))
    found += [
        Residue(kind=what, where="list-unsubscribe", text=f"{HIDDEN}@{HIDDEN}")
        for uri in unsubscribe_uris(header.all("list-unsubscribe"))[0]
        if uri.lower().startswith(("http:", "https:")) and (what := exposed(uri))
    ]
    return tuple(found)
