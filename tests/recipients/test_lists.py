"""What lists add up to: repeats, suppressions, what DNS says."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from deliverability.intake.trouble import Troubles
from deliverability.lists.read import Wanted, recipients
from deliverability.lookup import Answer, LiveResolver, Nameserver, ZoneResolver
from deliverability.recipients import addresses, ledger
from deliverability.recipients.facts import Tally
from support.lists import ZONE, emails, read
from support.sending import put


def test_every_row_is_counted_once() -> None:
    found = read("id,email\n1,a@example.com\n2,\n3\n4,bad\n5,A@Example.com\n6,b@b.example\n")

    assert (found.rows, found.addresses, found.empty, found.bad, found.invalid) == (6, 3, 1, 1, 1)
    assert (found.unique, found.duplicates, found.domains) == (2, 1, 2)
    assert found.bad_reasons == {"too-few-columns": 1}
    assert found.invalid_reasons == {"no-at-sign": 1}
    assert found.invalid_lines == (5,)


@pytest.mark.parametrize("held", [3, 1_000_000])
def test_repeats_are_found_in_any_spelling_of_the_domain(held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.Ledger.__init__, "__defaults__", (held,))
    found = read(emails(["kim@메일.한국", "KIM@xn--h32bq4v.xn--3e0b707e", "a@x.com", "b@x.com", "c@x.com", "B@X.COM"]))

    assert (found.duplicates, found.unique, found.idn) == (2, 4, 2)


def test_what_a_provider_leaves_out_is_said_apart() -> None:
    found = read(emails(["given.name@gmail.com", "givenname+a@googlemail.com", "x+a@example.com", "x@example.com"]))

    assert (found.duplicates, found.aliases) == (0, 1)
    found = read(emails(["given.name@gmail.com", "Given.Name@gmail.com", "givenname@gmail.com"]))
    assert (found.duplicates, found.aliases) == (1, 1)


def test_tasks_disposable_services_and_international_addresses_are_counted() -> None:
    found = read(emails(["info@example.com", "a@0-mail.com", "김@example.com", "b@mail.0-mail.com"]))

    assert (found.role, found.roles) == (1, {"info": 1})
    assert (found.disposable, [one.domain for one in found.disposable_domains]) == (
        2,
        ["0-mail.com", "mail.0-mail.com"],
    )
    assert found.international == 1


def test_the_users_own_list_of_disposable_domains_takes_the_place_of_the_shipped_one() -> None:
    put("own.txt", b"# ours\nThrowaway.example\n")
    found = read(emails(["a@0-mail.com", "a@throwaway.example"]), disposable="own.txt")

    assert (found.disposable, found.disposable_source) == (1, "own.txt")


def test_a_slip_that_the_list_of_disposable_domains_holds_is_a_slip() -> None:
    many = emails([*(f"a{n}@gmail.com" for n in range(200)), "b@gmial.com"])
    found = read(many, clean=Path("out.csv"))

    assert (found.slipped, found.disposable, found.disposable_domains) == (1, 0, ())
    assert Path("out.csv").read_text().endswith("b@gmial.com,typo:gmail.com\n")


def test_dns_is_asked_and_what_it_says_is_kept_by_domain() -> None:
    found = read(
        emails(["a@example.com", "b@example.com", "a@null.example.com", "a@gone.example.com", "a@example.org"]),
        resolver=ZoneResolver.from_text(ZONE),
    )

    assert {name: (one.domains, one.addresses) for name, one in found.mail.items()} == {
        "mx": (1, 2),
        "null_mx": (1, 1),
        "nxdomain": (1, 1),
        "unknown": (1, 1),
    }
    assert found.known_dead == 2
    assert {(one.domain, one.mail) for one in found.dead} == {
        ("null.example.com", "null_mx"),
        ("gone.example.com", "nxdomain"),
    }


def test_suppressions_are_met_in_several_files() -> None:
    put("one.csv", b"name,email\nKim,A@Example.com\nbad\n")
    put("two.txt", b"b@example.com\nnobody@example.com\nno address\n")
    troubles = Troubles()
    found = recipients(
        [put("list.csv", emails(["a@example.com", "b@example.com", "c@example.com"]).encode())],
        Wanted(suppressions=("one.csv", "two.txt")),
        troubles=troubles,
    )

    assert found.suppressions is not None
    assert (found.suppressions.rows, found.suppressions.addresses, found.suppressions.overlap) == (5, 3, 2)
    assert (found.suppressions.bad, found.stopped) == (2, 2)
    assert troubles.by_reason == {"no-at-sign": 1, "too-few-columns": 1}


@pytest.mark.parametrize(
    "row",
    [
        "Kim <a@example.com>",
        "<a@example.com>",
        "mailto:a@example.com",
        '"""Kim, M."" <A@Example.com>"',
        '"x@x.com; a@example.com"',
        "x@x.com a@example.com.",
        "'a@example.com'",
        "@example.com",
        "*@Example.com",
    ],
)
def test_whoever_said_no_is_spared_however_that_was_written_down(row: str) -> None:
    put("gone.csv", f"id,email\n1,y@y.com\n2,{row}\n".encode())
    found = read(emails(["a@example.com", "b@sub.example.com", "c@c.com"]), suppressions=("gone.csv",))

    assert found.suppressions is not None
    assert (found.suppressions.bad, found.suppressions.overlap, found.stopped) == (0, 1, 1)
    assert found.suppressions.domains == ("*" in row or row.startswith("@"))


@pytest.mark.parametrize(
    "row",
    [
        "Kim <A@Example.com>",
        "<a@example.com>",
        "mailto:a@example.com",
        "a @example.com",
        "a@ example.com",
        "x@x.com; a@example.com",
    ],
)
@pytest.mark.parametrize("gone", ["a@example.com", "@example.com"])
def test_whoever_said_no_is_found_in_a_row_that_is_no_address(row: str, gone: str) -> None:
    put("gone.csv", f"email\n{gone}\n".encode())
    found = read(emails([row, "Lee <b@sub.example.com>", "no address", "a b", "c@c.com"]), suppressions=("gone.csv",))

    assert found.suppressions is not None
    assert (found.suppressions.overlap, found.stopped) == (1, 1)
    assert (found.addresses, found.invalid, found.wrapped, found.domains) == (1, 4, 2, 1)


@pytest.mark.parametrize("row", ["kim @example.com", "kim@ example.com", "Kim Lee kim @ example.com"])
def test_space_around_the_sign_stops_nobody_else(row: str) -> None:
    put("gone.csv", f"email\n{row}\n".encode())
    found = read(emails(["kim@example.com", "lee@example.com"]), suppressions=("gone.csv",))

    assert found.suppressions is not None
    assert (found.suppressions.addresses, found.suppressions.domains, found.stopped) == (1, 0, 1)


def test_suppressions_without_addresses_stop_the_run() -> None:
    put("gone.csv", b"id,email\n1,a@example.com\n2,customer-17\n3,customer-18\n")

    with pytest.raises(ValueError, match="2 of 3 rows hold no address"):
        read(emails(["a@example.com"]), suppressions=("gone.csv",))


@pytest.mark.parametrize("by", ["; ", ",", "\t"])
def test_suppressions_on_one_line_are_all_read(by: str) -> None:
    put("gone.txt", by.join(f"Kim <a{n}@example.com>" for n in range(4)).encode())
    found = read(emails(f"a{n}@example.com" for n in range(6)), suppressions=("gone.txt",))

    assert found.stopped == 4


def test_suppressions_without_a_value_are_no_fault_of_theirs() -> None:
    put("gone.csv", b"id,email\n1,a@example.com\n2,\n3,\n4,\n")
    found = read(emails(["a@example.com"]), suppressions=("gone.csv",))

    assert found.suppressions is not None
    assert (found.suppressions.rows, found.suppressions.bad, found.stopped) == (4, 0, 1)


def test_half_of_the_suppressions_are_enough() -> None:
    put("gone.csv", b"id,email\n1,a@example.com\n2,customer-17\n")
    found = read(emails(["a@example.com"]), suppressions=("gone.csv",))

    assert found.stopped == 1


def test_domains_beyond_the_bound_are_counted_together_and_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.Addresses.__init__, "__defaults__", (2,))
    found = read(emails(f"a@d{n}.example.com" for n in range(9)), resolver=ZoneResolver.from_text(ZONE))

    assert (found.addresses, found.unique, found.domains) == (9, 9, 3)
    assert found.mail == {"nxdomain": Tally(domains=2, addresses=2), "unasked": Tally(domains=1, addresses=7)}


def test_suppressions_that_cannot_be_read_are_no_suppressions() -> None:
    put("gone.csv", b"email\na@example.com\n" + b"x" * (5 << 20))

    with pytest.raises(ValueError, match="line-too-long"):
        read(emails(["a@example.com"]), suppressions=("gone.csv",))


def test_a_file_that_is_refused_is_counted_and_the_rest_goes_on() -> None:
    put("a.csv", b"\xd0\xcf\x11\xe0 a spreadsheet")
    troubles = Troubles()
    found = recipients(["a.csv", put("b.csv", b"a@example.com\n")], troubles=troubles)

    assert (found.files, found.refused, found.rows) == (1, 1, 1)
    assert troubles.by_reason == {"spreadsheet": 1}


class Silent:
    """A resolver that never answers."""

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError(name)


def test_dns_that_is_silent_ends_with_its_time() -> None:
    found = read(emails(f"a@d{n}.example" for n in range(300)), resolver=Silent(), seconds=0.05)

    assert found.looked
    assert found.mail == {"unknown": Tally(domains=300, addresses=300)}


def test_a_live_resolver_is_asked_and_closed() -> None:
    async def serve(ready: threading.Event, done: threading.Event, address: list[str]) -> None:
        async with Nameserver(ZoneResolver.from_text(ZONE)) as server:
            address.append(server.address)
            ready.set()
            await asyncio.to_thread(done.wait)

    ready, done, address = threading.Event(), threading.Event(), list[str]()
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, done, address)))
    thread.start()
    try:
        assert ready.wait(20)
        live = LiveResolver(address)
        found = read(emails(["a@example.com", "a@null.example.com", "b@none.example.com"]), resolver=live)
    finally:
        done.set()
        thread.join()

    assert {name: one.addresses for name, one in found.mail.items()} == {"mx": 1, "null_mx": 1, "nxdomain": 1}
