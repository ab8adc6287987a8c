"""The words, marks and small texts that every report shares: one spelling each."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime

from deliverability.findings import Action, Effort, Evidence, Fix, Outcome, Owner, Reference, Role, Severity
from deliverability.lookup.answer import Status
from deliverability.names import to_unicode
from deliverability.reports.language import N_, Words, _
from deliverability.sources import SOURCES
from deliverability.verdict import Word

VERDICTS: Mapping[Word, str] = Words(
    {
        Word.SEND: N_("send"),
        Word.FIX_FIRST: N_("fix first"),
        Word.DO_NOT_SEND: N_("do not send"),
        Word.UNDETERMINED: N_("could not determine"),
    }
)

CLEAR = N_("in order")
"""What `send` is called of a domain that is to send nothing."""


def verdict(word: Word, role: Role) -> str:
    """The verdict in words; a domain that is not for sending is never said to be ready for it."""
    return _(CLEAR) if word is Word.SEND and role is not Role.SENDING else VERDICTS[word]


ROLES: Mapping[Role, str] = Words(
    {
        Role.SENDING: N_("sending"),
        Role.RECEIVING: N_("receiving only"),
        Role.PARKED: N_("parked"),
    }
)

LEVELS: Mapping[Severity, str] = Words(
    {
        Severity.CRITICAL: N_("required"),
        Severity.HIGH: N_("required"),
        Severity.MEDIUM: N_("recommended"),
        Severity.LOW: N_("optional"),
        Severity.INFO: N_("a note"),
    }
)
"""What a severity asks of the reader."""

SEVERITIES: Mapping[Severity, str] = Words(
    {
        Severity.CRITICAL: N_("critical"),
        Severity.HIGH: N_("high"),
        Severity.MEDIUM: N_("medium"),
        Severity.LOW: N_("low"),
        Severity.INFO: N_("info"),
    }
)

OUTCOMES: Mapping[Outcome, str] = Words(
    {
        Outcome.FAIL: N_("fails"),
        Outcome.UNKNOWN: N_("could not check"),
        Outcome.ERROR: N_("deliv failed"),
        Outcome.INFO: N_("note"),
        Outcome.PASS: N_("passed"),
        Outcome.NOT_APPLICABLE: N_("does not apply"),
    }
)

SHAPES: Mapping[Outcome, str] = {
    Outcome.FAIL: "△",
    Outcome.UNKNOWN: "◇",
    Outcome.ERROR: "◇",
    Outcome.INFO: "○",
    Outcome.PASS: "●",
    Outcome.NOT_APPLICABLE: "–",
}

FAMILIES: Mapping[str, str] = Words(
    {
        "dns": N_("The domain's entries (DNS)"),
        "mx": N_("Receiving replies and bounces (MX)"),
        "spf": N_("Servers allowed to send (SPF)"),
        "dkim": N_("Signatures on the mail (DKIM)"),
        "dmarc": N_("Policy against forgery (DMARC)"),
        "hosts": N_("The servers that send (PTR, HELO)"),
        "host": N_("The servers that send (PTR, HELO)"),
        "reputation": N_("Reputation"),
        "blocklist": N_("Reputation"),
        "postmaster": N_("Reputation"),
        "snds": N_("Reputation"),
        "feedback": N_("Reputation"),
        **dict.fromkeys(("transport", "tls"), N_("Encryption of incoming mail (TLS)")),
        **dict.fromkeys(("bounces", "bounce", "hard", "deferral", "suppression"), N_("Mail that comes back")),
        **dict.fromkeys(("complaints", "complaint", "unsubscribe"), N_("Complaints and unsubscribing")),
        **dict.fromkeys(("engagement", "open", "machine", "data"), N_("Opens, and what the figures rest on")),
        "message": N_("The message itself"),
        "recipients": N_("The list of recipients"),
        **dict.fromkeys(("timeliness", "delivery", "time", "volume"), N_("Arrival everywhere and in time")),
    }
)
"""The plain name before the acronym: by family, and by the first word of an id where that is another."""

CONVENTIONS: Mapping[str, str] = Words(
    {
        "complaint_sent": N_("of all that was sent"),
        "complaint_delivered": N_("of what was delivered"),
        "complaint_reporting": N_("where complaints are reported"),
    }
)
"""Ways of counting complaints, by the name of the rate."""

CONNECTIONS: Mapping[str, str] = Words(
    {
        "given": N_("as given"),
        "smtp": N_("the SMTP session"),
        "received": N_("the Received field"),
        "authentication-results": N_("the Authentication-Results field"),
        "received-spf": N_("the Received-SPF field"),
        "nothing": N_("nothing to go by"),
    }
)
"""Where it is known from who handed a message over."""

OWNERS: Mapping[Owner, str] = Words(
    {
        Owner.DNS: N_("whoever edits the domain's DNS"),
        Owner.ESP: N_("the sending service"),
        Owner.CONTENT: N_("whoever writes the mail"),
        Owner.LIST: N_("whoever keeps the mailing list"),
    }
)
EFFORTS: Mapping[Effort, str] = Words(
    {
        Effort.LOW: N_("minutes"),
        Effort.MEDIUM: N_("about a day"),
        Effort.HIGH: N_("a project"),
    }
)

OTHER_PROVIDERS = N_("other providers")
"""What the table of providers calls those that are not in it."""

ACTIONS: Mapping[Action, str] = Words(
    {
        Action.ADD: N_("add"),
        Action.REPLACE: N_("replace"),
        Action.REMOVE: N_("remove"),
    }
)

STATUSES: Mapping[Status, str] = Words(
    {
        Status.OK: N_("answered"),
        Status.NODATA: N_("no such record"),
        Status.NXDOMAIN: N_("no such name"),
        Status.SERVFAIL: N_("server failure"),
        Status.REFUSED: N_("refused"),
        Status.TIMEOUT: N_("no answer in time"),
    }
)


def shape(outcome: Outcome, severity: Severity) -> str:
    """The mark of an outcome; a critical fault is filled, the lesser ones are outlined."""
    return "▲" if outcome is Outcome.FAIL and severity is Severity.CRITICAL else SHAPES[outcome]


def shown(text: str) -> str:
    """`text` with everything that a reader cannot see written as an escape.

    That is what `deliverability.text.visible` escapes, and also no-break and zero-width spaces, soft hyphens and lone
    surrogates: they hide faults as well as attacks.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def _escape(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def status(note: str) -> str:
    """A bare DNS status in words; any other text as it is."""
    return next((text for status, text in STATUSES.items() if status.value == note), note)


def when(instant: str) -> str:
    """An ISO instant as people write dates, always with its zone; unchanged if it is no instant."""
    try:
        moment = datetime.fromisoformat(instant).astimezone(UTC)
    except (ValueError, OverflowError):
        return instant
    return _("{day} {month} {year}, {clock} UTC").format(
        day=moment.day, month=f"{moment:%B}", number=moment.month, year=moment.year, clock=f"{moment:%H:%M}"
    )


def family(check: str) -> str:
    """The plain name of the family that a check id belongs to."""
    name = check.partition("-")[0]
    return FAMILIES.get(name, name)


def provider_name(name: str) -> str:
    """A mailbox provider's own name by its id; the id where it is none of the list, as a document may have it."""
    from deliverability.events.providers import OTHER  # noqa: PLC0415 - tables, where there is mail
    from deliverability.events.providers import provider_name as named  # noqa: PLC0415 - as above

    return _(OTHER_PROVIDERS) if name == OTHER else named(name)


def evidence_name(evidence: Evidence) -> str:
    """What a row of evidence is about: words for a reason, a provider, a way of counting, a source, else its name."""
    if evidence.kind == "count":
        from deliverability.reports.reasons import BY_NAME  # noqa: PLC0415 - as above

        return BY_NAME.get(evidence.name, evidence.name)
    if evidence.kind in {"provider", "rejection", "rate"}:
        return CONVENTIONS.get(evidence.name) or provider_name(evidence.name)
    if evidence.kind == "connection":
        return CONNECTIONS.get(evidence.name, evidence.name)
    return evidence.name


def effort(fix: Fix) -> str:
    """How much work a fix is, and whose."""
    return work(fix.effort, fix.owner)


def work(much: Effort, owner: Owner) -> str:
    """How much work, and whose."""
    return _("{effort}, by {owner}").format(effort=EFFORTS[much], owner=OWNERS[owner])


def both_forms(name: str) -> str:
    """A domain as people read it, followed by its A-labels where those differ."""
    unicode = to_unicode(name)
    return name if unicode == name else f"{unicode} ({name})"


def sentence(text: str) -> str:
    """`text` with a capital at its start, unless that would change a name or a record."""
    first = text.partition(" ")[0].rstrip(",:;")
    is_word = first.isascii() and first.isalpha() and first.islower() and first != "deliv"
    return text[:1].upper() + text[1:] if is_word else text


def citation(reference: Reference) -> str:
    """`RFC 7208 §4.6.4`."""
    return f"{reference.source} §{reference.section}" if reference.section else reference.source


def source_date(reference: Reference) -> str:
    """The date of the document a rule stands in; empty where this version does not know it."""
    source = SOURCES.get(reference.source)
    return source.date if source else ""


def dig(name: str, rdtype: str) -> str:
    """The command that shows a record to anybody. `name` may come from DNS; it stays one argument and no option."""
    asked = f"-q {shlex.quote(name)}" if name[:1] in {"-", "+", "@"} else shlex.quote(name)
    return f"dig +short {shlex.quote(rdtype)} {asked}"
