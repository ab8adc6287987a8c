"""A change laid over what is there: whole RRsets, aliases in both directions, names that come and go."""

from __future__ import annotations

import asyncio

import pytest

from deliverability.lookup import Answer, OverlayResolver, Resolver, Status, ZoneResolver, names_below

BASE = """
$ORIGIN example.test.
@ SOA ns hm 1 2 3 4 60
@ TXT "one"
@ TXT "two"
alias 600 CNAME target
target TXT "old"
twice CNAME alias
lost CNAME absent
*.star TXT "base star"
*.star MX 10 mx
keys TXT "k"
a.keys TXT "a"
b.keys TXT "b"
"""


class Unlisted:
    """As live DNS: nobody can list its names."""

    def __init__(self, base: Resolver) -> None:
        self._base = base

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        return await self._base.resolve(name, rdtype, server=server, dnssec=dnssec)


def over(text: str, *, listed: bool = True) -> OverlayResolver:
    base = ZoneResolver.from_text(BASE)
    return OverlayResolver(ZoneResolver.from_text(f"$ORIGIN example.test.\n{text}"), base if listed else Unlisted(base))


def ask(resolver: Resolver, name: str, rdtype: str = "TXT") -> Answer:
    return asyncio.run(resolver.resolve(name, rdtype))


def test_a_whole_rrset_is_replaced_and_the_rest_stays() -> None:
    resolver = over("@ 60 TXT three")

    assert ask(resolver, "Example.test.").records == ("three",)
    assert ask(resolver, "example.test").ttl == 60
    assert ask(resolver, "example.test").source == "overlay"
    assert ask(resolver, "example.test", "SOA").source == "zone"


def test_a_deletion_leaves_nodata_and_says_nothing_of_what_was_not_there() -> None:
    resolver = over("; deliv-delete @ TXT\n; deliv-delete gone TXT\n; deliv-delete keys MX\n; deliv-delete alias TXT")

    assert ask(resolver, "example.test").status is Status.NODATA
    assert ask(resolver, "gone.example.test").status is Status.NXDOMAIN
    assert ask(resolver, "keys.example.test", "MX").status is Status.NODATA
    assert ask(resolver, "alias.example.test").records == ("old",)


def test_an_alias_of_the_overlay_redirects_other_types() -> None:
    resolver = over("keys 30 CNAME target\nnew CNAME keys")

    answer = ask(resolver, "new.example.test")

    assert answer.records == ("old",)
    assert answer.cname_chain == ("keys.example.test", "target.example.test")
    assert answer.ttl == 30
    assert ask(resolver, "new.example.test", "CNAME").records == ("keys.example.test.",)


def test_an_alias_of_base_is_followed_into_the_overlay() -> None:
    resolver = over("target TXT new")

    assert ask(resolver, "twice.example.test").records == ("new",)
    assert ask(resolver, "twice.example.test").cname_chain == ("alias.example.test", "target.example.test")
    assert ask(over("absent TXT here"), "lost.example.test").records == ("here",)
    assert ask(over("absent MX 10 mx"), "lost.example.test").status is Status.NODATA
    assert ask(over("x.absent MX 10 mx"), "lost.example.test").status is Status.NODATA


def test_records_at_an_alias_win_for_their_type_and_a_deleted_alias_is_gone() -> None:
    resolver = over("alias TXT own")

    assert ask(resolver, "alias.example.test").records == ("own",)
    assert ask(resolver, "alias.example.test", "A").cname_chain == ("target.example.test",)
    assert ask(over("; deliv-delete alias CNAME"), "alias.example.test").status is Status.NODATA
    assert ask(over("; deliv-delete alias CNAME"), "alias.example.test").cname_chain == ()
    assert ask(over("; deliv-delete alias CNAME"), "twice.example.test").cname_chain == ("alias.example.test",)
    assert ask(over("; deliv-delete alias CNAME"), "alias.example.test", "CNAME").status is Status.NODATA


def test_an_alias_loop_between_the_two_is_a_failure() -> None:
    answer = ask(over("target CNAME alias"), "alias.example.test")

    assert answer.status is Status.SERVFAIL
    assert answer.ttl is None


@pytest.mark.parametrize("listed", [True, False])
def test_a_new_name_exists_with_all_names_above_it(listed: bool) -> None:
    resolver = over("very.new MX 10 mx", listed=listed)

    assert ask(resolver, "very.new.example.test").status is Status.NODATA
    assert ask(resolver, "new.example.test").status is Status.NODATA
    assert ask(resolver, "newer.example.test").status is Status.NXDOMAIN


def test_a_new_name_is_no_longer_covered_by_a_wildcard() -> None:
    assert ask(over("x.star A 192.0.2.1"), "x.star.example.test").status is Status.NODATA
    assert ask(over("x.star A 192.0.2.1"), "y.star.example.test").records == ("base star",)


@pytest.mark.parametrize("listed", [True, False])
def test_a_wildcard_of_the_overlay_answers_for_names_that_do_not_exist(listed: bool) -> None:
    resolver = over("*.keys TXT wild\n*.star TXT new\nc.keys MX 10 mx", listed=listed)

    assert ask(resolver, "new.keys.example.test").records == ("wild",)
    assert ask(resolver, "far.new.keys.example.test").records == ("wild",)
    assert ask(resolver, "a.keys.example.test").records == ("a",)
    assert ask(resolver, "below.a.keys.example.test").status is Status.NXDOMAIN
    assert ask(resolver, "c.keys.example.test").status is Status.NODATA
    assert ask(resolver, "new.keys.example.test", "A").status is Status.NODATA
    assert ask(resolver, "any.star.example.test").records == ("new",)
    assert ask(resolver, "any.star.example.test", "MX").records == ("10 mx.example.test.",)
    gone = over("; deliv-delete *.star TXT", listed=listed)
    assert ask(gone, "any.star.example.test").status is Status.NODATA


def test_the_list_of_names_follows_the_changes() -> None:
    resolver = over("c.keys TXT c\na.keys TXT changed\n; deliv-delete b.keys TXT\nelse TXT x")

    assert names_below(resolver, "keys.example.test") == ("a.keys.example.test", "c.keys.example.test")
    assert names_below(over("c.keys TXT c", listed=False), "keys.example.test") is None


def test_rrsets_are_given_as_answers_show_them() -> None:
    long = "v=DKIM1; p=" + "x" * 300 + '"\\\xff'
    resolver = OverlayResolver.from_rrsets(
        {
            ("Example.test.", "txt"): (long, ""),
            ("mx.example.test", "MX"): ("20 b.test.", "10 a.test."),
            ("keys.example.test", "TXT"): (),
        },
        ZoneResolver.from_text(BASE),
    )

    answer = ask(resolver, "example.test")

    assert answer.records == ("", long)
    assert answer.strings == ((b"",), (long[:255].encode("latin-1"), long[255:].encode("latin-1")))
    assert ask(resolver, "mx.example.test", "MX").records == ("10 a.test.", "20 b.test.")
    assert ask(resolver, "keys.example.test").status is Status.NODATA


@pytest.mark.parametrize("rrsets", [{("a..b", "TXT"): ("x",)}, {("a", "NOSUCH"): ("x",)}, {("a", "TXT"): ("€",)}])
def test_malformed_rrsets_are_value_errors(rrsets: dict[tuple[str, str], tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        OverlayResolver.from_rrsets(rrsets, ZoneResolver.from_text(""))


def test_what_other_servers_would_say_is_not_known() -> None:
    resolver = over("keys NS ns.elsewhere.test.\nkeys DS 1 13 2 " + "a" * 64 + "\na.keys TXT proposed")

    assert ask(resolver, "keys.example.test").status is Status.REFUSED
    assert ask(resolver, "b.keys.example.test").status is Status.REFUSED
    assert ask(resolver, "keys.example.test", "NS").records == ("ns.elsewhere.test.",)
    assert ask(resolver, "keys.example.test", "DS").status is Status.OK
    assert ask(resolver, "a.keys.example.test").records == ("proposed",)
    assert ask(resolver, "target.example.test").records == ("old",)


def test_a_whole_zone_and_servers_of_which_one_stays_hand_nothing_over() -> None:
    zone = over("@ SOA ns hm 2 2 3 4 60\n@ NS ns.elsewhere.test.")
    base = ZoneResolver.from_text(BASE + "@ NS ns1\n")
    one_more = ZoneResolver.from_text("$ORIGIN example.test.\n@ NS ns1\n@ NS ns2\n")

    assert ask(zone, "target.example.test").records == ("old",)
    assert ask(OverlayResolver(one_more, base), "target.example.test").records == ("old",)
