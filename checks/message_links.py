"""Is that good? Where the links of a message lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import TYPE_CHECKING

from deliverability.checks._check import Judgements, answer_evidence, check, failed, not_applicable, passed, unknown
from deliverability.checks._message_content import (
    GIVE_MESSAGE,
    GIVE_SMALLER,
    MOST_ROWS,
    link_evidence,
    unread,
    with_message,
)
from deliverability.checks.reputation import OWN_RESOLVER
from deliverability.findings import Evidence, Judgement, Lack, Owner, Severity
from deliverability.names import registrable
from deliverability.protocols.blocklists import State, Which
from deliverability.sources import rfc, source

if TYPE_CHECKING:
    from deliverability.mail.message.facts import Link, MessageFacts
    from deliverability.protocols.dnsbl import AskedList, DnsblFacts, Listing

MANY_DOMAINS = 10
"""Ours: different domains in the links of one message, images left out, beyond which filters find too many to trust."""
RUNNING = frozenset({"javascript", "vbscript", "data", "file", "blob"})
"""Schemes that run or carry something in place of leading somewhere; mail programs take them out."""
WEB = frozenset({"http", "https"})
ASK_LISTS = "Have block lists asked: --blocklists default."


@check(
    "message-links",
    Severity.HIGH,
    source("Gmail sender guidelines"),
    rfc(3986, "3.2"),
    rfc(5782, "3"),
    titles={
        "pass": "{count} {count:link|links} to {domains} {domains:domain|domains}, none of them odd",
        "none": "The message has no links",
        "scheme": "{count} {count:link has|links have} a scheme that mail programs take out: {what}",
        "literal": "{count} {count:link leads|links lead} to an address in place of a name: {what}",
        "mismatch": "{count} {count:link shows|links show} one domain and {count:leads|lead} to another: {what}",
        "tracked": "{count} {count:link shows|links show} a domain and {count:leads|lead} through another host: {what}",
        "shortened": "{count} {count:link goes|links go} through a public shortener: {what}",
        "plain_http": "{count} {count:link is|links are} not encrypted (http): {what}",
        "nowhere": "{count} {count:link leads|links lead} nowhere",
        "many": "The links lead to {count} different domains",
        "listed": "{what} is on {lists}",
        "lists_unknown": "No block list could be asked about {what}",
        "lists_off": "The links are not odd; no block list was asked about their {domains} {domains:domain|domains}",
        "partly": "Nothing is odd about the links in the part of the message that was read",
    },
    fixes={
        "scheme": "Let every link be https.",
        "literal": "Give the host a name under the sender's domain.",
        "mismatch": "Let the text of a link be words, or the domain that it leads to.",
        "tracked": "Count clicks under a host of the sender's domain, or let the text of the link be words.",
        "shortened": "Link to the place itself, or to a host of the sender's domain that redirects.",
        "plain_http": "Write https, also for the host that counts clicks, with a certificate for it.",
        "nowhere": "Give each link its address, or make it plain text.",
        "many": "Drop the links that are not needed.",
        "listed": "Take the link out, and find out what the list saw under that domain.",
    },
    owner=Owner.CONTENT,
    settle=GIVE_MESSAGE,
)
@with_message
def message_links(message: MessageFacts, links_listed: DnsblFacts | None) -> Judgements:
    """The links lead where they say, encrypted, by name, to domains on no block list.

    Why it matters: filters look up and follow the links of a message; those that hide where they lead are what fraud
    is made of, and one listed domain has the whole message refused.

    How to fix: link by https to few domains, best the sender's own, and let the text of each link say what it is.
    """
    if not message.links:
        return (
            unknown(case="partly", lack=Lack.INPUT, settle=GIVE_SMALLER)
            if unread(message)
            else not_applicable(case="none")
        )
    wrong = [*_odd(message), *_listed(links_listed)]
    if any(one.outcome == "fail" for one in wrong):
        return wrong
    domains = _domains(message.links)
    if wrong or (domains and (links_listed is None or links_listed.which is Which.NONE)):
        return wrong or unknown(case="lists_off", lack=Lack.INPUT, settle=ASK_LISTS, domains=len(domains))
    if unread(message):
        return unknown(case="partly", lack=Lack.INPUT, settle=GIVE_SMALLER)
    return passed(count=sum(link.count for link in message.links), domains=len(domains))


def _odd(message: MessageFacts) -> Iterator[Judgement]:
    """What is odd about the links themselves, each kind once."""
    from deliverability.mail.message.shorteners import is_shortener  # noqa: PLC0415 - only where a message was given

    own = {registrable(name) or name for name in message.from_domains}
    followed = [link for link in message.links if link.kind != "image"]
    claims = [link for link in followed if link.shown and link.host and _base(link.host) != _base(link.shown)]
    tracked = [link for link in claims if _base(link.shown or "") in own]
    yield from _kind("scheme", Severity.HIGH, [link for link in message.links if link.scheme in RUNNING], _scheme)
    yield from _kind("literal", Severity.HIGH, [link for link in message.links if _is_address(link.host)], _host)
    yield from _kind("mismatch", Severity.HIGH, [link for link in claims if link not in tracked], _claim)
    yield from _kind("tracked", Severity.MEDIUM, tracked, _claim)
    yield from _kind("shortened", Severity.MEDIUM, [link for link in followed if is_shortener(link.host)], _host)
    yield from _kind("plain_http", Severity.LOW, [link for link in followed if link.scheme == "http"], _host)
    yield from _kind("nowhere", Severity.MEDIUM, [link for link in followed if _leads_nowhere(link)], _host)
    if len(domains := _domains(followed)) > MANY_DOMAINS:
        yield failed("number of domains", case="many", severity=Severity.LOW, count=len(domains), domains=domains[:50])


def _kind(case: str, severity: Severity, links: list[Link], word: Callable[[Link], str]) -> Iterator[Judgement]:
    if not links:
        return
    words = dict.fromkeys(word(link) for link in links if word(link))
    rows = [link_evidence(link, f"its text shows {link.shown}" if link.shown else "") for link in links[:MOST_ROWS]]
    yield failed(
        ABOUT[case],
        case=case,
        severity=severity,
        evidence=tuple(rows),
        count=sum(link.count for link in links),
        what=", ".join(list(words)[:5]),
    )


ABOUT = {
    "scheme": "schemes",
    "literal": "addresses as hosts",
    "mismatch": "what links show",
    "tracked": "what tracked links show",
    "shortened": "shortened links",
    "plain_http": "links without encryption",
    "nowhere": "links without a place",
}
"""The subject of each kind."""


def _scheme(link: Link) -> str:
    return link.scheme


def _host(link: Link) -> str:
    return link.host


def _claim(link: Link) -> str:
    return f"{link.shown} → {link.host}"


def _leads_nowhere(link: Link) -> bool:
    """Without a host, or without anything. A mark inside the page (#top) leads somewhere, and has no scheme."""
    return (link.scheme in WEB and not link.host) or (not link.scheme and bool(link.path) and not link.host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _base(host: str) -> str:
    return host if _is_address(host) else registrable(host) or host


def _domains(links: Iterable[Link]) -> list[str]:
    return list(dict.fromkeys(_base(link.host) for link in links if link.host and not _is_address(link.host)))


def _listed(found: DnsblFacts | None) -> Iterator[Judgement]:
    """What the block lists say of each domain; nothing of those on none."""
    if found is None or found.which is Which.NONE:
        return
    for name in found.names:
        asked = [
            (one, heard) for one in found.lists if not one.allow for heard in one.listings if heard.subject == name
        ]
        said = [(one, heard) for one, heard in asked if one.works and heard.state is State.LISTED]
        codes = sorted((code for _, heard in said for code in heard.codes), key=lambda code: -code.severity.rank)
        if said and (not codes or codes[0].severity is not Severity.INFO):
            severity = codes[0].severity if codes else Severity.HIGH
            lists = ", ".join(dict.fromkeys(one.name for one, _ in said))
            yield failed(name, case="listed", severity=severity, evidence=_answers(said), what=name, lists=lists)
        elif asked and not any(one.works and heard.state is State.CLEAR for one, heard in asked) and not said:
            yield unknown(subject=name, case="lists_unknown", lack=Lack.INPUT, settle=OWN_RESOLVER, what=name)


def _answers(said: list[tuple[AskedList, Listing]]) -> tuple[Evidence, ...]:
    return tuple(row for one, heard in said for row in answer_evidence(heard.answer, note=one.name))
