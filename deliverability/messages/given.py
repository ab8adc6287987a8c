"""One message that an audit is given: what stands in it, who handed it over, what judges its signatures.

The message itself is in no document: that keeps what was read of it and what each verification came to.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from deliverability.fastclass import dataclass
from deliverability.lookup.labels import is_below
from deliverability.names import domain_name, helo_name, ip_address
from deliverability.text import visible

if TYPE_CHECKING:
    from deliverability.mail.authenticate import HandedOver
    from deliverability.mail.authenticate.engines import Address, EngineFacts
    from deliverability.mail.authenticate.facts import Connection, Verifier
    from deliverability.mail.authenticate.rspamd import Endpoint
    from deliverability.mail.message.facts import MessageFacts

KIND = "message"
"""The kind of observation that holds it."""
ENGINES = ("spamassassin", "rspamd")
"""Spam filters that can be asked about it."""
NULL_PATH = "<>"
RECEIVED = "received"
"""The option that names a message that deliv received itself, where `message` names a file."""
OFFLINE = "offline"
"""The option that says that nobody was asked."""
_FIELD = re.compile(rb"(?:From [^\r\n]*\r?\n)?\s*[!-9;-~]+[ \t]*:")
"""How a mail begins: RFC 5322 §2.2, a header field's name and a colon; before it an mbox's separator may stand."""


NOT_A_MAIL = "not-a-mail"
EMPTY = "empty"
NO_DOMAIN = "no-domain"


class NoMessage(ValueError):
    """What was given holds no message, or more than one; one line that says so. `reason` is a word to be counted by."""

    def __init__(self, text: str, reason: str = NOT_A_MAIL) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the caller says of how the message was handed over, and whom to believe where the caller does not say.

    - ip: the address that it comes from; helo: what that server says in HELO.
    - mail_from: the domain of MAIL FROM; "" is the null reverse-path. local: its local part, where that was told: SPF
      may ask for it, and no document carries it.
    - trust: hosts and authserv-ids whose Received and Authentication-Results fields are believed.
    """

    ip: str | None = None
    helo: str | None = None
    mail_from: str | None = None
    local: str | None = field(default=None, repr=False, compare=False)
    trust: tuple[str, ...] = ()

    @property
    def path(self) -> str | None:
        """MAIL FROM as far as it was told."""
        return self.mail_from if self.local is None else f"{self.local}@{self.mail_from}"

    def options(self) -> dict[str, Any]:
        """What a document's options say of it beside address and HELO name."""
        path = {} if self.mail_from is None else {"mail_from": self.mail_from or NULL_PATH}
        return path | ({"trust": list(self.trust)} if self.trust else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMessage:
    """One message, as the checks look at it. The verifier of a replay remembers what another found.

    `local` is the local part of MAIL FROM, which SPF may ask with; a document does not keep it, so no replay knows it.
    `at` is when its signatures are judged, to the second, unless the connection tells when it arrived. `spamassassin`
    and `rspamd` are what these say of it, where the user runs them and asks for it.
    """

    facts: MessageFacts
    connection: Connection
    local: str | None = field(default=None, repr=False, compare=False)
    verifier: Verifier
    at: datetime
    spamassassin: EngineFacts | None = None
    rspamd: EngineFacts | None = None

    @property
    def domain(self) -> str | None:
        """Whose mail it is: the first domain of From that is one, else of Sender, else of Return-Path."""
        senders = (sender.domain for sender in self.facts.senders)
        named = (*self.facts.from_domains, *senders, self.facts.return_path)
        return next(filter(None, map(domain_name, named)), None)

    def is_of(self, domain: str) -> bool:
        """Whether a domain of From is `domain` or below it, or From names none that could be another's."""
        named = list(filter(None, map(domain_name, self.facts.from_domains)))
        return not named or any(name == domain or is_below(name, domain) for name in named)

    def selectors(self, domain: str) -> tuple[str, ...]:
        """The selectors by which the message is signed for exactly `domain`."""
        signed = (one for one in self.verifier.mail.signatures if one.domain.lower() == domain and one.selector)
        return tuple(dict.fromkeys(one.selector.lower() for one in signed))

    def to_observation(self) -> dict[str, Any]:
        """As a document keeps it: everything that was read and verified, and nothing else of the message."""
        from deliverability.events.plain import to_plain  # noqa: PLC0415 - only where a message was given

        engines = {name: to_plain(said) for name in ENGINES if (said := getattr(self, name)) is not None}
        return {
            "kind": KIND,
            "at": self.at.isoformat(),
            "facts": to_plain(self.facts),
            "connection": to_plain(self.connection),
            "kept": to_plain(self.verifier.kept()),
            **engines,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The spam filters that are asked about a message, which they are sent in full."""

    spamassassin: Address | None = None
    rspamd: Endpoint | None = None

    def options(self) -> dict[str, Any]:
        """Where each listens, as a document's options have it."""
        named = {} if self.spamassassin is None else {"spamassassin": self.spamassassin.text}
        return named if self.rspamd is None else {**named, "rspamd": self.rspamd.address.text}

    async def asked(self, given: GivenMessage, raw: bytes, *, timeout: float) -> GivenMessage:  # noqa: ASYNC109 - each bounds itself
        """The message with what they say of it, each within `timeout` seconds. Never raises."""
        if self.spamassassin is not None:
            from deliverability.mail.authenticate.spamd import ask_spamd  # noqa: PLC0415 - only where one is named

            given = replace(given, spamassassin=await ask_spamd(raw, self.spamassassin, timeout=timeout))
        if self.rspamd is not None:
            from deliverability.mail.authenticate.rspamd import ask_rspamd  # noqa: PLC0415 - as above

            said = await ask_rspamd(raw, self.rspamd, connection=given.connection, timeout=timeout)
            given = replace(given, rspamd=said)
        return given


def filters_of(spamassassin: str | None, rspamd: str | None) -> Filters:
    """The filters at HOST[:PORT] of a spamd and at the URL of an rspamd. Raises ValueError in one line."""
    if spamassassin is None and rspamd is None:
        return Filters()
    from deliverability.mail.authenticate.engines import parse_address  # noqa: PLC0415 - only where one is named
    from deliverability.mail.authenticate.rspamd import parse_url  # noqa: PLC0415 - as above
    from deliverability.mail.authenticate.spamd import PORT  # noqa: PLC0415 - as above

    return Filters(
        spamassassin=None if spamassassin is None else parse_address(spamassassin, PORT),
        rspamd=None if rspamd is None else parse_url(rspamd),
    )


def from_observation(plain: Mapping[str, Any]) -> GivenMessage:
    """The message of a document. Raises ValueError where it is something else."""
    from deliverability.events.plain import from_plain  # noqa: PLC0415 - only where a document holds one
    from deliverability.mail.authenticate import RememberedVerifier  # noqa: PLC0415 - as above
    from deliverability.mail.authenticate.engines import EngineFacts  # noqa: PLC0415 - as above
    from deliverability.mail.authenticate.facts import Connection, Kept  # noqa: PLC0415 - as above
    from deliverability.mail.message.facts import MessageFacts  # noqa: PLC0415 - as above

    said = {name: from_plain(EngineFacts, plain[name]) for name in ENGINES if name in plain}
    return GivenMessage(
        facts=from_plain(MessageFacts, plain.get("facts")),
        connection=from_plain(Connection, plain.get("connection")),
        verifier=RememberedVerifier(from_plain(Kept, plain.get("kept"))),
        at=_moment(plain.get("at")),
        spamassassin=said.get("spamassassin"),
        rspamd=said.get("rspamd"),
    )


def given_message(
    raw: bytes, *, name: str, now: datetime, told: Told | None = None, handed: HandedOver | None = None
) -> GivenMessage:
    """What there is to know of a message without asking anybody.

    Args:
        raw: The message as it was sent or stored.
        name: What reports call it; must hold no address.
        now: When it is looked at.
        told: How it was handed over, as far as the caller knows.
        handed: The same where deliv took part in it.

    Raises:
        NoMessage: It is empty, or does not begin with a header field.
        VerifierMissing: dkimpy is not installed.
    """
    from deliverability.mail.authenticate import LiveVerifier, handed_over  # noqa: PLC0415 - only where there is one
    from deliverability.mail.message import read  # noqa: PLC0415 - as above

    if not raw.strip():
        raise NoMessage("empty", EMPTY)
    if not is_mail(raw):
        raise NoMessage("not a mail: it does not begin with a header field")
    told = told or Told()
    handed = handed or handed_over(raw, ip=told.ip, helo=told.helo, mail_from=told.path, trust=told.trust)
    return GivenMessage(
        facts=read(raw, name=name),
        connection=handed.connection,
        local=handed.local,
        verifier=LiveVerifier(raw),
        at=now.astimezone(UTC).replace(microsecond=0),
    )


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_mail(raw: bytes) -> bool:
    """Whether these octets begin as a mail does."""
    return _FIELD.match(raw) is not None


def read_given(
    path: str, told: Told, now: datetime, *, stdin: BinaryIO | None = None, filters: Filters | None = None
) -> GivenMessage:
    """The one message in the file at `path` (`-` is `stdin`), plain or compressed, and what `filters` say of it.

    Raises NoMessage, which names the file, and VerifierMissing where dkimpy is not installed.
    """
    from deliverability.intake.mailbox import mails  # noqa: PLC0415 - only where a message was given
    from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above
    from deliverability.privacy import Pseudonyms  # noqa: PLC0415 - as above

    try:
        found = mails(path, stdin=stdin)
        mail = next(found, None)
        if mail is None:
            raise NoMessage("no message in it", EMPTY)
        if next(found, None) is not None:
            raise NoMessage("holds several messages, and one is wanted: deliv message reads many")
        given = given_message(mail.raw, name=Pseudonyms().scrub(mail.name), now=now, told=told)
        if filters is None or filters == Filters():
            return given
        from deliverability.mail.authenticate.engines import TIMEOUT  # noqa: PLC0415 - only where one is named

        return asyncio.run(filters.asked(given, mail.raw, timeout=TIMEOUT))
    except NoMessage as error:
        raise NoMessage(f"{path}: {error}", error.reason) from None
    except Refused as refused:
        raise NoMessage(f"{path}: {why_refused(refused.reason, refused.detail)}") from None


def domains_of(given: GivenMessage, domains: Sequence[str], path: str) -> tuple[str, ...]:
    """Those of `domains` whose mail it is. Raises NoMessage where there is none: a slip must not open a gate."""
    found = tuple(domain for domain in domains if given.is_of(domain))
    if not found:
        named = ", ".join(given.facts.from_domains[:3])
        raise NoMessage(f"{path}: From names {visible(named)[:120]}, and the audit is of {', '.join(domains[:3])}")
    return found


def why_refused(reason: str, detail: str) -> str:
    """Why a file was not read, for a person."""
    if reason in {"too-large", "mail-too-large"}:
        from deliverability.intake.bounds import DEFAULT  # noqa: PLC0415 - only where a message was given

        return f"larger than {DEFAULT.mail >> 20} MiB: no receiver takes such a message"
    return detail or reason


def told_of(ip: str | None, helo: str | None, mail_from: str | None, trust: tuple[str, ...]) -> Told:
    """What the caller says, checked. Raises ValueError in one line that shows no address of a person."""
    domain, local = (None, None) if mail_from is None else _reverse_path(mail_from)
    return Told(
        ip=None if ip is None else ip_address(ip),
        helo=None if helo is None else helo_name(helo),
        mail_from=domain,
        local=local,
        trust=tuple(_trusted(name) for name in trust),
    )


def _reverse_path(text: str) -> tuple[str, str | None]:
    """The domain of MAIL FROM, and its local part where one was told."""
    from deliverability.mail.authenticate.received import read_path  # noqa: PLC0415 - only where it was told

    path = read_path(text)
    if not path.domain and path.local is None:
        return "", None  # RFC 5321 §4.5.5: the null reverse-path of bounces
    domain = domain_name(path.domain)
    if domain is None:  # the line of `to_ascii` would show what may be an address
        raise ValueError("--mail-from is an address such as bounces@example.com, its domain, or <> for none")
    return domain, path.local


def _trusted(text: str) -> str:
    name = text.strip().lower().rstrip(".")
    if not name or not all(c.isalnum() or c in "-_.:[]" for c in name):
        raise ValueError(f"not a host or authserv-id: {visible(text)[:80]!r}")
    return name
