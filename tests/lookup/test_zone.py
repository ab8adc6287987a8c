"""Master files: what is read, what is refused and on which line, and what the zones then say."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import Answer, AssumeAbove, Resolver, Status, ZoneError, ZoneResolver, names_below
from support.shared import shared


def ask(resolver: Resolver, name: str, rdtype: str = "TXT") -> Answer:
    return asyncio.run(resolver.resolve(name, rdtype))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('example.test. TXT "a"\nwww TXT "b"\n', 2, "relative (no final dot)"),
        ("\n\n@ TXT x", 3, "relative"),
        ("example.test. MX 10 mail\n", 1, "relative name (no final dot) in '10 mail'"),
        ('example.test. TXT "open\nexample.test. A 192.0.2.1\n', 1, "does not end on its line"),
        ("example.test. SOA ns.test. hm.test. (\n1 2 3 4 5\n\n", 1, "never closed"),
        ("\nexample.test. TXT a )\n", 2, "without an opening one"),
        ("a.test. TXT a\\\n", 1, "backslash at the end"),
        ("a.test. TXT \\999", 1, "bad escape"),
        ("a.test. TXT \\1", 1, "bad escape"),
        ("a.test. NOSUCH data", 1, "unknown record type: 'NOSUCH'"),
        ("a.test. 300 IN", 1, "without a type"),
        ("a.test. A", 1, "a A record without data"),
        ("a.test. A 192.0.2.999", 1, ""),
        ("a.test. A 192.0.2.1 surplus", 1, ""),
        ("a.test. CH TXT a", 1, "class CH"),
        ("a.test. OPT 1", 1, "OPT is no type"),
        ("  TXT a", 1, "without an owner"),
        ("a..test. TXT a", 1, "empty label"),
        (f"{'a' * 64}.test. TXT a", 1, "label over 63"),
        ("a.test. 4294967296 TXT a", 1, "over 2147483647"),
        ("$TTL soon", 1, "bad TTL"),
        ("$TTL", 1, "$TTL takes one argument"),
        ("a.test. TXT a\n$INCLUDE /etc/passwd\n", 2, "$INCLUDE is refused"),
        ("$GENERATE 1-1000000000 a$.test. A 192.0.2.1", 1, "$GENERATE is not supported"),
        ("$ORIGIN test", 1, "relative"),
        ("; deliv-delete a.test.", 1, "deliv-delete NAME TYPE"),
        ("a.test. TXT a\n ; deliv-delete a.test. NOSUCH", 2, "unknown record type"),
        ("a.test. CNAME b.test.\na.test. CNAME c.test.", 2, "a second CNAME at a.test"),
        ('a.test. TXT ( "short"\n "' + "x" * 256 + '" )', 2, "256 octets; one string holds 255"),
    ],
)
def test_an_error_names_its_line_and_what_is_wrong(text: str, line: int, says: str) -> None:
    with pytest.raises(ZoneError) as caught:
        ZoneResolver.from_text(text, path="my.zone")

    assert (caught.value.path, caught.value.line) == ("my.zone", line)
    assert says in caught.value.message
    assert str(caught.value) == f"my.zone:{line}: {caught.value.message}"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("octets", "line", "says"),
    [
        (b"a.test. TXT a\r\n\xff\xfe", 2, "not UTF-8"),
        (b"\n\n\x7fELF\0\0", 3, "a binary file"),
        (b"a.test. TXT a\n\n(", 3, "never closed"),
    ],
)
def test_a_bad_file_names_its_line(octets: bytes, line: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.zone"
    path.write_bytes(octets)

    with pytest.raises(ZoneError) as caught:
        ZoneResolver.from_files([path])

    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert says in str(caught.value)


def test_a_file_that_cannot_be_opened_has_no_line(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.zone", tmp_path, "a\0b"):
        with pytest.raises(ZoneError) as caught:
            ZoneResolver.from_files([path])

        assert caught.value.line is None
        assert str(caught.value).startswith(f"{path}: ")


def test_a_file_may_have_a_byte_order_mark_and_any_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "dos.zone"
    path.write_bytes(b"\xef\xbb\xbf$ORIGIN example.test.\r\n@ TXT a\rwww TXT b\r\n")

    zone = ZoneResolver.from_files([path])

    assert ask(zone, "www.example.test").records == ("b",)
    assert zone.line_of("www.example.test", "txt") == (str(path), 3)
    assert zone.line_of("www.example.test", "A") is None


def test_times_are_read_with_units_and_inherited() -> None:
    zone = ZoneResolver.from_text(
        "a.test. TXT a\nb.test. 1h30m IN TXT b\nc.test. TXT c\n$TTL 1d\nd.test. IN 5 TXT d\ne.test. TXT e\n"
    )

    assert [ask(zone, f"{name}.test").ttl for name in "abcde"] == [300, 5400, 5400, 5, 86400]


def test_the_lesser_ttl_of_an_rrset_holds_and_records_are_a_set() -> None:
    zone = ZoneResolver.from_text('a.test. 60 TXT "x"\na.test. 30 TXT "x"\na.test. 90 TXT "x" ""\n')

    assert ask(zone, "a.test").ttl == 30
    assert ask(zone, "a.test").strings == ((b"x",), (b"x", b""))


def test_names_beyond_ascii_and_generic_records_are_read() -> None:
    zone = ZoneResolver.from_text("bücher.test. TXT grün\na.test. TXT \\# 3 026869\na.test. TYPE16 \\# 2 0161")

    assert ask(zone, "xn--bcher-kva.test").records == ("grün".encode().decode("latin-1"),)
    assert ask(zone, "a.test").records == ("a", "hi")


@pytest.mark.parametrize(
    ("text", "origin", "origins"),
    [
        ("", "Example.Test.", ("example.test",)),
        ("$ORIGIN example.test.\nwww TXT a", None, ("example.test",)),
        ("www TXT a", "example.test", ("example.test",)),
        ("www.example.test. TXT a\n_dmarc.example.test. TXT b", None, ("example.test",)),
        ("*.example.test. TXT a\nesp.test. TXT b", None, ("esp.test", "example.test")),
        ("a.example.test. TXT a\nexample.test. TXT b", None, ("example.test",)),
        ("s._domainkey.example.test. TXT a", None, ("example.test",)),
        ("$ORIGIN test.\nexample SOA ns hm 1 2 3 4 5\nwww.example TXT a", None, ("example.test",)),
        ("$ORIGIN a.test.\n@ TXT a\n$ORIGIN b.test.\nwww TXT b", None, ("a.test", "b.test")),
        ("$ORIGIN .\n@ SOA ns. hm. 1 2 3 4 5", None, ("",)),
    ],
)
def test_the_apex_is_the_soa_s_owner_or_the_origin_or_the_shortest_owner(
    text: str, origin: str | None, origins: tuple[str, ...]
) -> None:
    assert ZoneResolver.from_text(text, origin).origins == origins


def test_a_bad_origin_is_a_zone_error() -> None:
    with pytest.raises(ZoneError, match="<text>: bad origin: empty label"):
        ZoneResolver.from_text("", "a..b")


def test_deletions_are_collected_relative_to_the_origin_and_never_read_from_data() -> None:
    zone = ZoneResolver.from_text(
        '; deliv-delete old.test. TXT\n$ORIGIN example.test.\n  ;deliv-delete @ mx\n@ TXT "; deliv-delete a.test. A"\n'
        "; deliv-deleted is no directive\n"
    )

    assert zone.deletions == {("old.test", "TXT"), ("example.test", "MX")}


def test_names_are_listed_only_where_the_whole_subtree_is_here() -> None:
    zone = ZoneResolver.from_text(
        "$ORIGIN example.test.\n@ SOA ns hm 1 2 3 4 5\n@ NS ns\nb.keys TXT b\na.keys TXT a\nsub NS ns.other.test.\n"
        "dn DNAME keys\nchild NS ns\n$ORIGIN child.example.test.\n@ SOA ns hm 1 2 3 4 5\nwww TXT a\n"
    )

    assert names_below(zone, "Keys.example.test.") == ("a.keys.example.test", "b.keys.example.test")
    assert names_below(zone, "absent.example.test") == ()
    assert names_below(zone, "child.example.test") == ("www.child.example.test",)
    for cut in (
        "example.test",
        "sub.example.test",
        "x.sub.example.test",
        "x.dn.example.test",
        "dn.example.test",
        "test",
    ):
        assert names_below(zone, cut) is None
    assert names_below(object(), "example.test") is None


def test_a_delegated_child_that_is_loaded_too_answers_and_ds_stays_with_the_parent() -> None:
    zone = ZoneResolver.from_text(
        "$ORIGIN example.test.\n@ SOA ns hm 1 2 3 4 5\nchild NS ns\nchild DS 1 8 200 00\n"
        "else NS ns\nelse DS 2 8 200 00\n"
        "$ORIGIN child.example.test.\n@ SOA ns hm 1 2 3 4 5\nwww TXT a\n"
    )

    assert ask(zone, "www.child.example.test").records == ("a",)
    assert ask(zone, "child.example.test", "DS").records == ("1 8 200 00",)
    assert ask(zone, "else.example.test", "DS").records == ("2 8 200 00",)
    assert ask(zone, "else.example.test").status is Status.REFUSED
    assert ask(zone, "example.test", "DS").status is Status.NODATA


def test_alias_chains_are_bounded() -> None:
    links = "\n".join(f"c{n}.example.test. CNAME c{n + 1}.example.test." for n in range(40))
    zone = ZoneResolver.from_text(f"{links}\nc40.example.test. TXT end\n$ORIGIN example.test.\n")

    answer = ask(zone, "c0.example.test")

    assert answer.status is Status.SERVFAIL
    assert len(answer.cname_chain) == 17
    assert ask(zone, "c30.example.test").records == ("end",)


def test_a_dname_that_makes_a_name_too_long_is_a_failure() -> None:
    long = ".".join(["x" * 60] * 3)
    zone = ZoneResolver.from_text(f"$ORIGIN example.test.\n@ TXT a\nd DNAME {long}.example.test.\nroot DNAME .\n")

    assert ask(zone, f"{'y' * 60}.{'z' * 10}.d.example.test").status is Status.SERVFAIL
    assert ask(zone, "www.d.example.test").cname_chain == (f"www.{long}.example.test",)
    assert ask(zone, "test.root.example.test").cname_chain == ("test",)


def test_above_the_origins_nodata_is_assumed_and_nothing_else() -> None:
    resolver = AssumeAbove(ZoneResolver.from_text("mail.example.test. CNAME test.\nmail.example.test. CNAME test."))

    for name in ("example.test", "_dmarc.example.test", "test", "_dmarc.test"):
        assert (ask(resolver, name).status, ask(resolver, name).source) == (Status.NODATA, "assumed")
    assert ask(resolver, "mail.example.test").status is Status.NODATA
    assert ask(resolver, "mail.example.test").cname_chain == ("test",)
    assert ask(resolver, "other.test").status is Status.REFUSED
    assert ask(resolver, "mail.example.test", "CNAME").source == "zone"
    assert names_below(resolver, "mail.example.test") == ()
    assert names_below(resolver, "test") is None


def test_a_malformed_question_is_a_value_error() -> None:
    zone = ZoneResolver.from_text("")

    for name, rdtype in (("a..b", "TXT"), ("\xfc.test", "TXT"), ("a.test", "NOSUCH"), ("\\", "TXT"), ("\\300", "TXT")):
        with pytest.raises(ValueError, match=r"\w"):
            ask(zone, name, rdtype)


@given(st.text(st.sampled_from('ab.@$;"\\()\n\t 0123456789éTXAMN_*-')))
def test_any_text_is_a_zone_or_a_zone_error(text: str) -> None:
    caught: ZoneError | None = None
    try:
        zone = ZoneResolver.from_text(f"$ORIGIN example.test.\n{text}")
    except ZoneError as error:
        caught = error
    else:
        assert ask(zone, "example.test").status in Status

    assert caught is None or 1 <= (caught.line or 0) <= text.count("\n") + 2


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=3))
def test_any_octets_come_back_from_an_escaped_text_record(strings: list[bytes]) -> None:
    quoted = " ".join('"' + "".join(f"\\{octet:03d}" for octet in string) + '"' for string in strings)

    assert ask(ZoneResolver.from_text(f"a.test. TXT {quoted}"), "a.test").strings == (tuple(strings),)


@pytest.mark.corpus
def test_every_zone_of_a_real_operator_loads() -> None:
    paths = sorted(shared("data", "moj-dns", "master").glob("*.zone"))

    zone = ZoneResolver.from_files(paths)

    assert len(paths) == len(zone.origins) == 203
    statuses = Counter(ask(zone, name, rdtype).status for name, rdtype in zone.rrsets)
    assert statuses.keys() <= {Status.OK, Status.REFUSED}  # what stands at and below a delegation is another zone's
    assert statuses[Status.REFUSED] < len(zone.rrsets) / 10
