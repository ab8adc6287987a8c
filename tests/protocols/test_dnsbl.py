"""Block lists: the data file, how an answer is read, the self-test, and what is asked."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.api import BLOCKLISTS
from deliverability.findings import Severity
from deliverability.lookup import Answer, Status, ZoneResolver
from deliverability.protocols import dnsbl
from deliverability.protocols.blocklists import BlockList, Kind, State, Which, chosen, known, read
from support.nameserver import Counting

DATE = re.compile(r"20\d\d(-\d\d(-\d\d)?)?")


def named(zone: str) -> BlockList:
    return next(one for one in known() if one.zone == zone)


ZEN, DBL, SURBL = (named(zone) for zone in ("zen.spamhaus.org", "dbl.spamhaus.org", "multi.surbl.org"))


def answer(*records: str, status: Status | None = None, source: str | None = None) -> Answer:
    said = status or (Status.OK if records else Status.NXDOMAIN)
    return Answer(name="x.test", rdtype="A", status=said, records=records, source=source)


# the data


def test_every_list_is_whole() -> None:
    assert len({one.zone for one in known()}) == len(known())
    for one in known():
        assert one.kinds, one.zone
        assert one.name, one.zone
        assert one.asked in {"default", "all", "never", "dead"}, one.zone
        assert DATE.fullmatch(one.date), one.zone
        assert one.source.startswith("https://"), one.zone
        assert one.terms or one.asked == "dead", one.zone
        assert all(code.meaning and code.name for code in (*one.codes.values(), *one.bits.values())), one.zone
        assert all(str(ip).startswith("127.") for ip in (*one.codes, *one.refusals)), one.zone
        assert all(bit in {2, 4, 8, 16, 32, 64, 128} for bit in one.bits), one.zone


def test_the_rows_of_the_answers_belong_to_lists() -> None:
    """A code whose zone is misspelt would be lost without a word."""
    assert sum(len(one.codes) + len(one.bits) + len(one.refusals) for one in known()) == 43


def test_the_default_is_small_and_needs_no_account() -> None:
    assert {one.zone for one in chosen(Which.DEFAULT)} == {
        *("zen.spamhaus.org", "bl.spamcop.net", "dbl.spamhaus.org", "multi.surbl.org"),
    }


def test_dead_lists_are_never_asked() -> None:
    dead = {one.zone for one in known() if one.asked in {"dead", "never"}}

    assert {"dnsbl.sorbs.net", "ix.dnsbl.manitu.net", "b.barracudacentral.org"} <= dead
    assert dead.isdisjoint(one.zone for which in Which for one in chosen(which))


def test_the_library_knows_the_same_words() -> None:
    assert tuple(which.value for which in Which) == BLOCKLISTS


# reading an answer


@pytest.mark.parametrize(
    ("blocklist", "records", "state", "codes"),
    [
        (ZEN, (), State.CLEAR, []),
        (ZEN, ("127.0.0.2",), State.LISTED, [("SBL", Severity.CRITICAL)]),
        (ZEN, ("127.0.0.10", "127.0.0.4"), State.LISTED, [("PBL", Severity.INFO), ("XBL", Severity.CRITICAL)]),
        (ZEN, ("127.0.0.200",), State.LISTED, [("127.0.0.200", Severity.HIGH)]),
        (ZEN, ("127.255.255.252",), State.REFUSED, []),
        (ZEN, ("127.255.255.9",), State.REFUSED, []),
        (ZEN, ("127.0.0.2", "127.255.255.254"), State.REFUSED, []),
        (ZEN, ("203.0.113.9",), State.BROKEN, []),
        (ZEN, ("127.0.0.2", "203.0.113.9"), State.BROKEN, []),
        (ZEN, ("nonsense",), State.BROKEN, []),
        (DBL, ("127.0.1.255",), State.REFUSED, []),
        (DBL, ("127.0.1.106",), State.LISTED, [("abused botnet", Severity.HIGH)]),
        (SURBL, ("127.0.0.1",), State.REFUSED, []),
        (SURBL, ("127.0.0.24",), State.LISTED, [("PH", Severity.CRITICAL), ("MW", Severity.CRITICAL)]),
    ],
)
def test_what_an_answer_says(blocklist: BlockList, records: tuple[str, ...], state: State, codes: list[Any]) -> None:
    reading = read(blocklist, answer(*records))

    assert reading.state is state
    assert [(code.name, code.severity) for code in reading.codes] == codes
    assert bool(reading.why) is (state not in {State.LISTED, State.CLEAR})


@pytest.mark.parametrize("status", [Status.TIMEOUT, Status.SERVFAIL, Status.REFUSED])
def test_no_answer_is_no_all_clear(status: Status) -> None:
    assert read(ZEN, answer(status=status)).state is State.SILENT


@pytest.mark.parametrize("source", ["zone", "not recorded"])
def test_a_refusal_of_files_is_no_refusal_of_the_list(source: str) -> None:
    assert read(ZEN, answer(status=Status.REFUSED, source=source)).state is State.UNASKED


@given(st.sampled_from(known()), st.lists(st.ip_addresses(v=4).map(str), max_size=4))
def test_only_addresses_of_127_8_list_and_only_silence_of_the_name_clears(
    blocklist: BlockList, found: list[str]
) -> None:
    state = read(blocklist, answer(*found)).state

    assert (state is State.CLEAR) == (not found)
    if state is State.LISTED:
        assert all(ip.startswith("127.") and not ip.startswith("127.255.255.") for ip in found)


# the self-test


@pytest.mark.parametrize(
    ("held", "missing", "state"),
    [
        (answer("127.0.0.2"), answer(), State.CLEAR),
        (answer("127.0.0.2"), answer(status=Status.NODATA), State.CLEAR),
        (answer(), answer(), State.BROKEN),
        (answer("127.0.0.2"), answer("127.0.0.2"), State.BROKEN),
        (answer("203.0.113.9"), answer("203.0.113.9"), State.BROKEN),
        (answer("127.255.255.254"), answer("127.255.255.254"), State.REFUSED),
        (answer("127.0.0.2"), answer("127.255.255.255"), State.REFUSED),
        (answer(status=Status.TIMEOUT), answer(), State.SILENT),
        (answer("127.0.0.2"), answer(status=Status.SERVFAIL), State.SILENT),
    ],
)
def test_a_list_is_believed_only_after_its_test(held: Answer, missing: Answer, state: State) -> None:
    """RFC 5782 §5, §7."""
    assert dnsbl.self_test(ZEN, held, missing).state is state


# what is asked


def asked(*ips: str, domain: str = "shop.test", **options: Any) -> set[str]:
    base = Counting(ZoneResolver.from_text("$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n"))
    asyncio.run(dnsbl.lookup(base, domain, ips=ips, **options))
    assert {rdtype for _, rdtype in base.asked} <= {"A"}, "the reason is asked of a listing alone"
    return {name for name, _ in base.asked}


def test_the_names_that_are_asked() -> None:
    """RFC 5782 §2.1 for addresses, §3 for names."""
    assert asked("192.0.2.25") == {
        *(f"{octets}.{zone}" for octets in ("2.0.0.127", "1.0.0.127", "25.2.0.192") for zone in ADDRESS_LISTS),
        *("test.dbl.spamhaus.org", "invalid.dbl.spamhaus.org", "shop.test.dbl.spamhaus.org"),
        *("test.surbl.org.multi.surbl.org", "invalid.multi.surbl.org", "shop.test.multi.surbl.org"),
    }


ADDRESS_LISTS = ("zen.spamhaus.org", "bl.spamcop.net")


def test_ipv6_is_asked_by_nibbles_of_the_lists_that_hold_it() -> None:
    names = {name for name in asked("2001:db8::25") if "dbl" not in name and "surbl" not in name}

    assert names == {
        "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org",
        "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.spamhaus.org",
        "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.spamhaus.org",
    }


def test_without_an_address_no_list_of_addresses_is_asked() -> None:
    assert {name for name in asked() if name.endswith(ADDRESS_LISTS)} == set()


def test_nobody_is_asked_where_that_is_wished() -> None:
    assert asked("192.0.2.25", which="none") == set()


def test_all_asks_more() -> None:
    names = asked("192.0.2.25", which="all")

    assert "25.2.0.192.list.dnswl.org" in names
    assert "shop.test.multi.uribl.com" in names
    assert {name for name in names if "sorbs" in name or "barracuda" in name} == set()


def test_an_address_that_nobody_sees_is_not_asked_about() -> None:
    assert {name for name in asked("10.0.0.1", domain="shop.org") if name.endswith(ADDRESS_LISTS)} == set()


def test_the_addresses_asked_about_are_bounded() -> None:
    ips = [f"192.0.2.{n}" for n in range(1, 40)]
    base = ZoneResolver.from_text("$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n")

    facts = asyncio.run(dnsbl.lookup(base, "shop.test", ips=ips))

    assert (len(facts.addresses), len(facts.left_out)) == (dnsbl.MAX_ADDRESSES, 39 - dnsbl.MAX_ADDRESSES)


def test_a_name_too_long_for_a_list_is_not_asked_about() -> None:
    long = ".".join(["x" * 60] * 4) + ".shop.test"

    assert {name for name in asked(domain=long) if name.startswith("x")} == set()
    assert "shop.test.dbl.spamhaus.org" in asked(domain=long)


def test_no_reason_is_asked_of_a_list_that_fails_its_test() -> None:
    base = Counting(ZoneResolver.from_text("$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n*.zen.spamhaus.org. 60 A 127.0.0.2\n"))

    facts = asyncio.run(dnsbl.lookup(base, "shop.test", ips=["192.0.2.25"]))

    assert [one.state for one in facts.lists if one.zone == "zen.spamhaus.org"] == [State.BROKEN]
    assert {rdtype for _, rdtype in base.asked} == {"A"}


def test_the_reason_is_asked_of_a_listing() -> None:
    base = ZoneResolver.from_text(
        "$ORIGIN .\n@ 60 SOA a. b. 1 2 3 4 5\n"
        "2.0.0.127.zen.spamhaus.org. 60 A 127.0.0.2\n"
        "25.2.0.192.zen.spamhaus.org. 60 A 127.0.0.3\n"
        '25.2.0.192.zen.spamhaus.org. 60 TXT "because"\n'
    )

    facts = asyncio.run(dnsbl.lookup(base, "shop.test", ips=["192.0.2.25"]))

    [zen] = [one for one in facts.lists if one.zone == "zen.spamhaus.org"]
    assert (zen.works, zen.kind) == (True, Kind.IP4)
    assert [heard.reason.records for heard in zen.listings if heard.reason] == [("because",)]
