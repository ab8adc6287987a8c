"""What of a message may be kept: nothing that names a person, nothing that a terminal obeys."""

from __future__ import annotations

import re

from deliverability.mail.message.facts import HIDDEN
from deliverability.names import domain_name
from deliverability.privacy import Pseudonyms
from deliverability.text import visible

MAX_SHOWN = 120
"""Ours: characters of the message that one value shows."""

MAX_HIDDEN = 4000
"""Ours: characters in which addresses are looked for; what is shown is shorter by far."""

_PSEUDONYMS = Pseudonyms(b"only to find them: what it makes is taken out again")
_PSEUDONYM = re.compile(r"[0-9a-f]{16}@")

_ROLES = """
    abuse admin administrator alerts billing bounce bounces contact customerservice do-not-reply donotreply
    email feedback ftp hello help hostmaster info list mail mailer mailer-daemon marketing news newsletter
    newsletters no-reply no_reply noc noreply notification notifications notify office orders postmaster
    replies reply root sales security service services subscribe support team unsubscribe updates usenet
    uucp webmaster www
"""
_PLAIN = re.compile(r"[ -$&-?A-\[\]-~]*+")
"""Printable ASCII without any of the signs that an address can have (privacy): @, and the % and \\ of its encodings."""

ROLES = frozenset(_ROLES.split())
"""Local parts that name a task and no person: RFC 2142 §3-6, and what senders of mail to many use."""


def hidden(text: str) -> str:
    """`text` with the local part of every address left out."""
    return _PSEUDONYM.sub(HIDDEN + "@", _PSEUDONYMS.scrub(text))


def shown(text: str, most: int = MAX_SHOWN) -> str:
    """`text` as it may be kept: addresses hidden, control characters escaped, shortened with an ellipsis."""
    if len(text) <= most and _PLAIN.fullmatch(text):  # nearly always, and in a tenth of the time
        return text
    short = text if len(text) <= MAX_HIDDEN else text[:MAX_HIDDEN].rpartition(" ")[0]  # no half of an address
    safe = visible(hidden(short).encode("utf-8", "replace").decode("utf-8"))
    return safe if len(safe) <= most and len(short) == len(text) else safe[: most - 1] + HIDDEN


def role(local: str) -> str:
    """`local` in lower case where it names a task; else empty."""
    lowered = local.lower()
    return lowered if lowered in ROLES else ""


def domain_of(text: str) -> str:
    """A domain name in A-labels; empty where `text` is none."""
    if len(text) > 253 * 4:
        return ""
    return domain_name(text.strip().removesuffix(".")) or ""
