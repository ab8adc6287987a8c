"""Where the reports of a policy go, whether they can arrive, and whether the destination wants them (RFC 9990)."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterable
from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import MAX_NAME_OCTETS, Answer, Resolver
from deliverability.lookup.leave import questions_leave
from deliverability.names import domain_name
from deliverability.protocols.dmarc.discover import Discovery, Walk, walk
from deliverability.protocols.dmarc.record import is_dmarc, parse
from deliverability.protocols.dmarc.uri import ReportUri

MAX_DESTINATIONS = 10
"""Destinations of one tag that are looked into; our own bound. RFC 7489 §6.3 makes receivers support two."""
LABELS = "_report._dmarc"
AUTHORISING_TEXT = "v=DMARC1"
"""The least that a destination publishes to take another domain's reports."""


class Authorisation(StrEnum):
    """Whether a destination takes reports about the domain."""

    NOT_NEEDED = "not_needed"
    YES = "yes"
    NO = "no"
    ELSEWHERE = "elsewhere"
    """The authorising record sends them on to another host, which receivers must not follow."""
    TOO_LONG = "too_long"
    """The name to ask does not fit into DNS, so nobody can authorise."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whether mail to a domain can be delivered anywhere: MX, and failing that its own addresses (RFC 5321 §5.1)."""

    domain: str
    mx: Answer
    a: Answer
    aaaa: Answer

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The three answers."""
        return self.mx, self.a, self.aaaa

    @property
    def can_receive(self) -> bool | None:
        """None where nobody could tell."""
        if not self.mx.answered:
            return None
        if self.mx.records:
            # RFC 7505 §3: a null MX takes no mail
            return any(record.split()[-1] != "." for record in self.mx.records)
        if self.a.records or self.aaaa.records:
            return True
        return False if self.a.answered and self.aaaa.answered else None


@dataclass(frozen=True, slots=True)
class Destination:
    """One usable URI of `rua` or `ruf`. `host` is canonical; empty where no report can be sent to such a URI.

    `external` says whether host and policy domain belong to different Organizational Domains; None where nobody could
    tell. `authorising_name` is where the destination would say that it takes the reports, `authorising` what is there.
    """

    tag: str
    uri: ReportUri
    host: str
    mailbox: Mailbox | None = None
    external: bool | None = False
    authorisation: Authorisation = Authorisation.NOT_NEEDED
    authorising_name: str = ""
    authorising: Answer | None = None
    unanswered: tuple[Answer, ...] = ()


async def mailbox_of(resolver: Resolver, domain: str) -> Mailbox:
    """Ask whether `domain` (canonical) can receive mail."""
    return Mailbox(domain, *await asyncio.gather(*(resolver.resolve(domain, rdtype) for rdtype in ("MX", "A", "AAAA"))))


async def destinations(resolver: Resolver, discovery: Discovery) -> tuple[Destination, ...]:
    """The usable destinations of the policy that was discovered, rua before ruf."""
    record = discovery.parsed
    if record is None:
        return ()
    uris = [(tag, uri) for tag, listed in (("rua", record.rua), ("ruf", record.ruf)) for uri in _usable(listed)]
    return tuple(await asyncio.gather(*(_destination(resolver, discovery, tag, uri) for tag, uri in uris)))


def _usable(uris: Iterable[ReportUri]) -> list[ReportUri]:
    return [uri for uri in uris if uri.fault is None][:MAX_DESTINATIONS]


async def _destination(resolver: Resolver, discovery: Discovery, tag: str, uri: ReportUri) -> Destination:
    host = _host(uri)
    if not host:
        return Destination(tag, uri, "")
    policy_domain = discovery.policy_domain or discovery.domain
    mailbox, external, usable = await asyncio.gather(
        mailbox_of(resolver, host) if uri.scheme == "mailto" else _nothing(),
        _external(resolver, discovery, policy_domain, host) if host != policy_domain else _nothing(),
        _is_usable(uri),
    )
    if not usable:
        return Destination(tag, uri, "")
    if external is None:
        return Destination(tag, uri, host, mailbox)
    outside, name, answer, unanswered = external
    authorisation = _authorisation(outside, answer, host)
    if authorisation is not Authorisation.UNKNOWN:
        unanswered = ()
    return Destination(tag, uri, host, mailbox, outside, authorisation, name, answer, unanswered)


async def _nothing() -> None:
    return None


def _host(uri: ReportUri) -> str:
    """The host that gets the reports, in A-labels; empty if it is none."""
    return domain_name(uri.host) or ""


_PLAIN = re.compile(
    r"(?=[^@]{1,64}@.{1,189}\Z)[a-z0-9]+(?:[._+-][a-z0-9]+)*"
    r"@(?:[a-z0-9]{1,40}(?:-[a-z0-9]{1,20})?\.){1,4}(?!arpa|invalid|local|onion)[a-z]{2,12}",
    re.IGNORECASE | re.ASCII,
)
"""Letters, digits and single separators, within RFC 5321 §4.5.3.1's lengths; a test holds this to the library."""


def plainly_valid(address: str) -> bool:
    """Whether `address` is of a form that `email-validator` always accepts, which spares loading it (30 ms)."""
    return _PLAIN.fullmatch(address) is not None


async def _is_usable(uri: ReportUri) -> bool:
    """Whether mail can be addressed to a `mailto:`; other URIs have no address to judge."""
    if uri.scheme != "mailto" or plainly_valid(uri.address):
        return True
    if "email_validator" not in sys.modules:
        await questions_leave()
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 80 ms, while packets are under way

    try:
        # DNS tells whether mail can go there, so .test is as good as any other name
        validate_email(uri.address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


async def _external(
    resolver: Resolver, discovery: Discovery, policy_domain: str, host: str
) -> tuple[bool | None, str, Answer | None, tuple[Answer, ...]]:
    """Whether `host` is another organization's, where that would be authorised, what is there, and what is open."""
    name = f"{policy_domain}.{LABELS}.{host}"
    fits = len(name) <= MAX_NAME_OCTETS
    walked, answer = await asyncio.gather(walk(resolver, host), resolver.resolve(name, "TXT") if fits else _nothing())
    silent = tuple(found for found in discovery.walk if not found.answered) + walked.unanswered
    outside = None if silent else walked.organizational_domain != _organization(discovery, policy_domain)
    return outside, name, answer, _unanswered(walked, silent, answer)


def _organization(discovery: Discovery, policy_domain: str) -> str:
    """The Organizational Domain of the name at which the policy stands; a public suffix is its own."""
    organizational = discovery.organizational_domain
    below = f".{policy_domain}".endswith(f".{organizational}")
    return organizational if below else policy_domain


def _unanswered(walked: Walk, silent: tuple[Answer, ...], answer: Answer | None) -> tuple[Answer, ...]:
    asked = () if answer is None or answer.answered else (answer,)
    return tuple(dict.fromkeys((*asked, *silent, *walked.unanswered)))


def _authorisation(external: bool | None, answer: Answer | None, host: str) -> Authorisation:
    """RFC 9990, "Verifying External Destinations", steps 4 to 9."""
    if external is False:
        return Authorisation.NOT_NEEDED
    if answer is None:
        return Authorisation.TOO_LONG if external else Authorisation.UNKNOWN
    if not answer.answered:
        return Authorisation.UNKNOWN
    records = [parse(text) for text in answer.records if is_dmarc(text)]
    if not records:
        return Authorisation.NO if external else Authorisation.UNKNOWN
    # step 9: it may name another address, but only one at the same host
    elsewhere = any(uri.fault is None and _host(uri) != host for record in records for uri in record.rua)
    return Authorisation.ELSEWHERE if elsewhere else Authorisation.YES
