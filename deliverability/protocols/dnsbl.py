"""What block lists say of a domain and its sending addresses (RFC 5782): each list tested before it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from itertools import chain

from deliverability.fastclass import dataclass
from deliverability.lookup import Answer, Resolver
from deliverability.lookup.keyed import PLACEHOLDER
from deliverability.lookup.labels import MAX_NAME_OCTETS
from deliverability.names import registrable
from deliverability.protocols.addresses import Origin, not_public
from deliverability.protocols.blocklists import COULD_LOOK, BlockList, Code, Kind, Reading, State, Which, chosen, read

MAX_ADDRESSES = 16
"""Addresses that the lists are asked about; ours, for the lists' sake."""

_TESTS = {
    Kind.IP4: ("127.0.0.2", "127.0.0.1"),
    Kind.IP6: ("::ffff:7f00:2", "::ffff:7f00:1"),
    Kind.DOMAIN: ("test", "invalid"),
}
"""RFC 5782 §5: what every list of that kind must hold, and what it must not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one list said of one subject. `reason` is the TXT answer, asked only where it is listed."""

    subject: str
    answer: Answer
    state: State
    codes: tuple[Code, ...] = ()
    why: str = ""
    reason: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedList:
    """One list, asked about one kind of subject: its self-test and what it said.

    `state` is `clear` where the test went well. Otherwise it says nothing of any subject, and `why` tells the cause.
    """

    zone: str
    name: str
    kind: Kind
    allow: bool
    state: State
    why: str
    tests: tuple[Answer, ...]
    listings: tuple[Listing, ...]

    @property
    def works(self) -> bool:
        """Whether what it says can be believed."""
        return self.state is State.CLEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsblFacts:
    """What the lists say. `addresses` and `names` are what they were asked about, `left_out` what was beyond the bound.

    `special` are the addresses that nobody outside can see, so that no list knows them; `origin` is how it is known
    that any of these send.
    """

    domain: str
    which: Which
    addresses: tuple[str, ...]
    names: tuple[str, ...]
    lists: tuple[AskedList, ...]
    special: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    origin: Origin = Origin.GIVEN


async def lookup(
    resolver: Resolver,
    domain: str,
    *,
    ips: Sequence[str] = (),
    sent: Sequence[str] = (),
    which: str = "default",
    keyed: bool = False,
) -> DnsblFacts:
    """What the block lists say of `domain` and of the addresses it sends from.

    Args:
        resolver: answers the questions; where `keyed`, through `deliverability.lookup.keyed.KeyedResolver`.
        domain: in A-labels, lower case, without the final dot. Its registrable domain is asked about as well.
        ips: the addresses that the caller knows to send.
        sent: those that sent by the events of the sending service, asked about where there are no `ips`.
        which: `none`, `default` or `all`; raises ValueError for another word.
        keyed: ask the lists of Spamhaus under the customer's zones.
    """
    lists = chosen(Which(which))
    sending = dict.fromkeys(ips or sent)
    addresses = [ip for ip in sending if not not_public(ip, domain)]
    asked = tuple(addresses[:MAX_ADDRESSES])
    names = tuple(dict.fromkeys((domain, registrable(domain) or domain))) if lists else ()
    subjects = {Kind.DOMAIN: names, **{k: tuple(a for a in asked if _kind(a) is k) for k in (Kind.IP4, Kind.IP6)}}
    pairs = [(one, kind) for one in lists for kind in one.kinds if subjects[kind]]
    found = await asyncio.gather(*(_ask(resolver, one, kind, subjects[kind], keyed=keyed) for one, kind in pairs))
    return DnsblFacts(
        domain=domain,
        which=Which(which),
        addresses=asked,
        names=names,
        lists=tuple(found),
        special=tuple(ip for ip in sending if ip not in addresses),
        left_out=tuple(addresses[MAX_ADDRESSES:]),
        origin=Origin.GIVEN if ips or not sent else Origin.EVENTS,
    )


async def lookup_names(
    resolver: Resolver,
    domain: str,
    names: Sequence[str],
    *,
    left_out: Sequence[str] = (),
    which: str = "default",
    keyed: bool = False,
) -> DnsblFacts:
    """What the lists that hold names say of `names` (A-labels, lower case), which have to do with `domain`.

    The caller bounds `names` and tells what is `left_out`; the rest is as in `lookup`.
    """
    lists = [one for one in chosen(Which(which)) if Kind.DOMAIN in one.kinds] if names else []
    found = await asyncio.gather(*(_ask(resolver, one, Kind.DOMAIN, names, keyed=keyed) for one in lists))
    return DnsblFacts(
        domain=domain,
        which=Which(which),
        addresses=(),
        names=tuple(names),
        lists=tuple(found),
        left_out=tuple(left_out),
    )


def _kind(address: str) -> Kind:
    return Kind.IP4 if ip_address(address).version == 4 else Kind.IP6


async def _ask(
    resolver: Resolver, blocklist: BlockList, kind: Kind, subjects: Iterable[str], *, keyed: bool
) -> AskedList:
    """Test and ask at once; what the list says counts only if the test goes well."""
    zone = f"{PLACEHOLDER}.{blocklist.keyed}" if keyed and blocklist.keyed else blocklist.zone
    held, missing = _TESTS[kind]
    tests = (blocklist.test if kind is Kind.DOMAIN else held, missing)
    questions = {subject: name for subject in subjects if len(name := _question(subject, zone)) <= MAX_NAME_OCTETS}
    asked = chain((_question(test, zone) for test in tests), questions.values())
    answers = await asyncio.gather(*(resolver.resolve(name, "A") for name in asked))
    tested, said = tuple(answers[:2]), answers[2:]
    reading = self_test(blocklist, *tested)
    works = reading.state is State.CLEAR
    listings = await asyncio.gather(
        *(_listing(resolver, blocklist, subject, a, works) for subject, a in zip(questions, said, strict=True))
    )
    return AskedList(
        zone=blocklist.zone,
        name=blocklist.name,
        kind=kind,
        allow=blocklist.allow,
        state=reading.state,
        why=reading.why,
        tests=tested,
        listings=tuple(listings),
    )


async def _listing(resolver: Resolver, blocklist: BlockList, subject: str, answer: Answer, works: bool) -> Listing:
    reading = read(blocklist, answer)
    listed = works and reading.state is State.LISTED
    return Listing(
        subject=subject,
        answer=answer,
        state=reading.state,
        codes=reading.codes,
        why=reading.why,
        # RFC 5782 §2.1: the TXT record at the same name tells the reason
        reason=await resolver.resolve(answer.name, "TXT") if listed else None,
    )


def self_test(blocklist: BlockList, held: Answer, missing: Answer) -> Reading:
    """Whether the list is alive and answers this resolver: `clear` if so. RFC 5782 §5, §7: otherwise it must not count.

    `held` is its answer for what every list holds, `missing` for what none does.
    """
    readings = read(blocklist, held), read(blocklist, missing)
    failed = next((one for one in readings if one.state not in COULD_LOOK), None)
    if failed is not None:
        return failed
    if readings[1].state is State.LISTED:
        return Reading(state=State.BROKEN, why="it lists what no list may hold, so it lists everything")
    if readings[0].state is State.CLEAR:
        return Reading(state=State.BROKEN, why="it does not list its own test entry, so it is gone or does not answer")
    return Reading(state=State.CLEAR)


def _question(subject: str, zone: str) -> str:
    """The name that is asked. RFC 5782 §2.1: octets reversed; §2.4: nibbles reversed; §3: names as they are."""
    try:
        reverse = ip_address(subject).reverse_pointer
    except ValueError:
        return f"{subject}.{zone}"
    return f"{reverse.removesuffix('.arpa').rpartition('.')[0]}.{zone}"
