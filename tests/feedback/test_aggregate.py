"""One DMARC aggregate report: dialects, the defects of real ones, what is refused; the fast way and the strict one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.feedback.aggregate import Auth, Published, Reason, Record
from deliverability.intake.trouble import Refused
from support.aggregate import BEGIN, all_of, dkim, leaf, reason, record, report, spf

BOTH = pytest.mark.parametrize("fast", [True, False], ids=["fast", "strict"])

RFC9990 = """<?xml version="1.0" encoding="UTF-8"?>
<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">
  <version>1.0</version>
  <report_metadata>
    <org_name>Receiver Ltd</org_name><email>reports@receiver.example</email>
    <report_id>3v98abbp8ya9n3va8yr8oa3ya</report_id>
    <date_range><begin>1793491200</begin><end>1793577599</end></date_range>
    <generator>Example 1.0</generator>
  </report_metadata>
  <policy_published>
    <domain>Example.COM.</domain><p>quarantine</p><sp>none</sp><np>none</np><testing>n</testing>
    <discovery_method>treewalk</discovery_method>
  </policy_published>
  <extension><vendor xmlns="urn:vendor"><record><row><count>99</count></row></record></vendor></extension>
  <record>
    <row>
      <source_ip>2001:DB8:0::1</source_ip><count>123</count>
      <policy_evaluated><disposition>pass</disposition><dkim>pass</dkim><spf>fail</spf>
        <reason><type>local_policy</type><comment>arc=pass</comment></reason>
        <reason><type>other</type></reason></policy_evaluated>
    </row>
    <identifiers><envelope_from>bounces.example.net</envelope_from><header_from>news.example.com</header_from></identifiers>
    <auth_results>
      <dkim><domain>example.com</domain><selector>s1</selector><result>pass</result></dkim>
      <dkim><domain>esp.example</domain><selector>k2</selector><result>fail</result><human_result>bad</human_result></dkim>
      <dkim><domain>third.example</domain><selector>k3</selector><result>neutral</result></dkim>
      <spf><domain>bounces.example.net</domain><scope>mfrom</scope><result>pass</result></spf>
      <spf><domain>mx.example.net</domain><scope>helo</scope><result>none</result></spf>
    </auth_results>
    <extension><count>5</count></extension>
  </record>
</feedback>
"""


@BOTH
def test_a_report_of_rfc_9990(fast: bool) -> None:
    head, [row] = all_of(RFC9990, fast=fast)

    assert head.identity == ("Receiver Ltd", "3v98abbp8ya9n3va8yr8oa3ya", "example.com", 1793491200)
    assert head.end == 1793577599
    assert head.published == Published(p="quarantine", sp="none", np="none", testing="n", discovery_method="treewalk")
    assert row == Record(
        "2001:db8::1",
        123,
        "pass",
        "pass",
        "fail",
        (Reason("local_policy", "arc=pass"), Reason("other", "")),
        "bounces.example.net",
        "news.example.com",
        (
            Auth("dkim", "example.com", "s1", "pass"),
            Auth("dkim", "esp.example", "k2", "fail"),
            Auth("dkim", "third.example", "k3", "neutral"),
            Auth("spf", "bounces.example.net", "mfrom", "pass"),
            Auth("spf", "mx.example.net", "helo", "none"),
        ),
    )


@BOTH
@pytest.mark.parametrize(
    ("written", "field", "read"),
    [
        (leaf("source_ip", " 192.0.2.9\n"), "source_ip", "192.0.2.9"),
        (leaf("source_ip", "mail.example"), "source_ip", "unknown"),
        (leaf("source_ip", "192.0.2.300"), "source_ip", "unknown"),
        (leaf("source_ip", "192.0.2.01"), "source_ip", "unknown"),
        (leaf("source_ip", "::ffff:192.0.2.9"), "source_ip", "::ffff:192.0.2.9"),
        ("", "source_ip", "unknown"),
        (leaf("dkim", "Pass"), "dkim", "pass"),
        (leaf("dkim", ""), "dkim", ""),
        ("", "spf", ""),
        (leaf("disposition", " Quarantine "), "disposition", "quarantine"),
        (leaf("count", "\n 007 "), "messages", 7),
        ("<count>1<!-- not 2 -->5</count>", "messages", 15),
        ("<count><![CDATA[12]]></count>", "messages", 12),
        (leaf("header_from", "Someone <given.name@Example.ORG.>"), "header_from", "example.org"),
        (leaf("header_from", "bücher.example"), "header_from", "bücher.example"),
        (leaf("header_from", "a&b.example"), "header_from", "a&b.example"),
        (leaf("envelope_from", "given.name@example.net"), "envelope_from", "example.net"),
        ("<count xmlns='urn:x'>3</count>", "messages", 3),
        (leaf("count", 3) + leaf("count", 9), "messages", 3),
    ],
)
def test_a_defect_of_real_reports_is_read_as_it_was_meant(written: str, field: str, read: object, fast: bool) -> None:
    tag = {"messages": "count"}.get(field, field)
    parts = {
        name: leaf(name, value)
        for name, value in (
            *(("source_ip", "192.0.2.1"), ("count", 1), ("disposition", "none"), ("dkim", "pass"), ("spf", "pass")),
            *(("envelope_from", "example.com"), ("header_from", "example.com")),
        )
    } | {tag: written}
    row = (
        f"<record><row>{parts['source_ip']}{parts['count']}<policy_evaluated>{parts['disposition']}{parts['dkim']}"
        f"{parts['spf']}</policy_evaluated></row><identifiers>{parts['envelope_from']}{parts['header_from']}"
        "</identifiers><auth_results></auth_results></record>"
    )
    _, rows = all_of(report(record(count=1), row, record(count=1)), fast=fast)

    assert [one.messages for one in (rows[0], rows[2])] == [1, 1]
    assert getattr(rows[1], field) == read


@BOTH
def test_a_reason_may_be_empty_and_text_may_stand_between_elements(fast: bool) -> None:
    text = report(record(reasons="<reason><type></type><comment></comment></reason>")).replace("</p>", "</p>11")

    assert all_of(text, fast=fast)[1][0].reasons == (Reason("", ""),)


@BOTH
def test_a_report_may_lack_what_is_not_needed(fast: bool) -> None:
    head, rows = all_of(report("<record><row><count>4</count></row></record>", org=None, number=None), fast=fast)

    assert head.identity == ("", "", "example.com", BEGIN)
    assert rows == [Record("unknown", 4, "", "", "", (), "", "", ())]


def test_the_domain_of_its_address_names_an_organization_that_does_not_name_itself() -> None:
    text = report(record(), org=None).replace("<report_id>", "<email>dmarc@receiver.example</email><report_id>")

    assert all_of(text)[0].org_name == "receiver.example"
    assert all_of(report(record(), org="Reports <dmarc@Receiver.example>"))[0].org_name == "receiver.example"


def test_a_report_without_records_is_one() -> None:
    assert all_of(report())[1] == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_an_encoding_is_told_by_its_first_octets(encoding: str) -> None:
    text = report(record(), org="Söhne").replace("?>", f' encoding="{encoding[:6]}"?>', 1)

    assert all_of(text.encode(encoding), most=7)[0].org_name == "Söhne"


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "gb2312", "euc-kr", "iso-2022-jp"])
def test_an_encoding_that_is_declared_is_believed(encoding: str) -> None:
    name = {"gb2312": "网易", "euc-kr": "네이버", "iso-2022-jp": "ヤフー"}.get(encoding, "Söhne")
    text = report(record(), org=name).replace("?>", f' encoding="{encoding}"?>', 1)

    assert all_of(text.encode(encoding), most=11)[0].org_name == name


def test_octets_that_the_encoding_does_not_allow_cost_a_character_and_not_the_report() -> None:
    octets = report(record(header_from="bad_byte"), record(count=5)).encode().replace(b"bad_byte", b"bad\xff\xc3")
    _, rows = all_of(octets)

    assert [(row.header_from, row.messages) for row in rows] == [("bad\ufffd\ufffd", 1), ("example.com", 5)]


def test_utf_16_that_is_declared_and_not_written_is_not_believed() -> None:
    assert all_of(report(record()).replace("?>", ' encoding="utf-16"?>', 1))[0].domain == "example.com"


REFUSED = {
    "empty": [b"", b" \r\n\t "],
    "not-a-report": [b"hello", b"<html><body>hello</body></html>", b"<record></record>", b"<x:y xmlns:x='u'/>"],
    "unknown-encoding": [b'<?xml encoding="zlib"?><feedback/>', b'<?xml encoding="x-nobody"?><feedback/>'],
    "doctype": [
        b"<!DOCTYPE feedback><feedback/>",
        b'<!DOCTYPE f [<!ENTITY a "b">]><feedback>&a;</feedback>',
        b'<!DOCTYPE f SYSTEM "http://127.0.0.1:9/x.dtd"><feedback/>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE feedback><feedback/>'.encode("utf-16"),
    ],
    "malformed-xml": [
        report(record()).replace("<p>", "<p").encode(),
        report(record(header_from="X")).replace("X", "bad<xml").encode(),
        report(record(header_from="X")).replace("X", "&lol;").encode(),
        report(record(header_from="X")).replace("X", "\x01").encode(),
        report(record(), "<record>").encode(),
        (report(record()) + report(record())).encode(),
        (report(record()) + "\n" * 300_000 + "<feedback/>").encode(),
        report(record()).replace("<row>", "<row a='1' a='2'>").encode(),
    ],
    "truncated": [
        report(record()).encode()[:-11],
        report(record(), record()).encode()[:-60],
        b"<feedback><report_metadata><org_name>mailcloud</org_name><date_ran",
        report(record()).encode()[:-11] + b"<!-- ",
    ],
    "too-deep": [b"<feedback>" + b"<a>" * 100_000, b"<feedback>" + b"<a>" * 33 + b"</a>" * 33 + b"</feedback>"],
    "text-too-long": [
        b"<feedback><report_metadata><org_name>" + b"x" * 70_000,
        report(record(header_from="x" * 70_000)).encode(),
        report(record(header_from="X")).replace("X", "<![CDATA[" + "x" * 70_000 + "]]>").encode(),
    ],
    "markup-too-long": [b"<feedback><a " + b"x" * 3_000_000, b"<feedback><!--" + b"<record>" * 400_000],
    "no-policy-domain": [report(record(), domain=None).encode(), report(domain="").encode(), b"<feedback/>"],
    "bad-date-range": [
        report(record(), begin=bad).encode() for bad in ("", "yesterday", "-5", "1793491200000", "9" * 5000)
    ],
    "bad-count": [report(record(count=bad)).encode() for bad in ("", "-3", "1e9", "ten", "9" * 40, "1.5", "²")],
    "head-after-records": [
        b"<feedback>" + record().encode() * 12_000 + report().encode().partition(b"<feedback>")[2]
    ],
}  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("reason", "octets"), [(reason, octets) for reason, examples in REFUSED.items() for octets in examples]
)
def test_what_cannot_be_read_is_refused_by_name(reason: str, octets: bytes, fast: bool) -> None:
    with pytest.raises(Refused) as refused:
        all_of(octets, fast=fast, most=1 << 18)

    assert refused.value.reason == reason
    assert "\n" not in refused.value.detail


@BOTH
def test_what_is_in_bounds_is_read(fast: bool) -> None:
    deep = "<a>" * 31 + "</a>" * 31
    text = report(record(), deep, record(auth="<x>" + "y" * 65_000 + "</x>"), record(count=10**12))

    assert [row.messages for row in all_of(text, fast=fast)[1]] == [1, 1, 10**12]


@BOTH
def test_records_may_come_before_what_they_are_about(fast: bool) -> None:
    head, rows = all_of("<feedback>" + record() + report().partition("<feedback>")[2], fast=fast)

    assert (head.domain, len(rows)) == ("example.com", 1)


@BOTH
@pytest.mark.parametrize("rest", ["\n\n", "\0\0\0", "\n-- \nsent by receiver.example", "<!-- done -->"])
def test_what_follows_a_report_is_passed_over(rest: str, fast: bool) -> None:
    assert len(all_of(report(record()) + rest, fast=fast)[1]) == 1


@pytest.mark.parametrize("fast", [True, False])
def test_a_report_under_a_prefix_is_the_same(fast: bool) -> None:
    text = report(record(), record(count=2))
    body = text.partition("?>")[2].replace("</", "</d:").replace("<", "<d:").replace("<d:/d:", "</d:")
    body = body.replace("<d:feedback>", '<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">')

    assert all_of(body, fast=fast) == all_of(text)


# the fast way and the strict one

names = st.sampled_from(["example.com", "Example.com.", "a.b-c_d.test", "", "x" * 300, "bü.example", "a@b.example"])
words = st.sampled_from(["pass", "fail", "Pass", " none ", "", "permerror", "x" * 50, "a&b"])
numbers = st.sampled_from(["1", "25", " 3", "0", "999999999999", "1000000000000", "9999999999999", "-1", "x"])
addresses = st.sampled_from(
    ["192.0.2.1", "2001:DB8::1", "1.2.3.4.5", "255.255.255.256", "01.2.3.4", "::1", "..", "1::2::3", "fe80::1%eth0", ""]
)
noise = st.sampled_from(
    ["", "", "", "\n  ", "\r\n\t", "x", "<!-- <record> </record> -->", "<!--<record>-->", "<?pi <record>?>", "<a/>",
     "<![CDATA[<record></record>]]>", "<extension><record><row><count>7</count></row></record></extension>",
     "</record>", "<record", "&amp;", "]]>", "\u00a0", "<a b='<record>'/>", "<a b='</record>'/>", "<record/>"]
)  # fmt: skip
shapes = st.sampled_from([record().replace("><", f">{space}<") for space in ("", "\n  ", "\r\n\t\t")])


@st.composite
def rows(draw: st.DrawFn) -> str:
    """A record, more or less."""
    if draw(st.booleans()):
        return draw(shapes)
    made = record(
        draw(addresses),
        draw(numbers),
        disposition=draw(words),
        by_dkim=draw(words),
        by_spf=draw(words),
        reasons="".join(draw(st.lists(st.builds(reason, words, words), max_size=2))),
        header_from=draw(names),
        auth="".join(
            draw(
                st.lists(
                    st.one_of(st.builds(dkim, names, words, names), st.builds(spf, names, words, words)), max_size=4
                )
            )
        ),
    )
    at = draw(st.integers(0, made.count(">")))
    pieces = made.split(">")
    return ">".join(pieces[:at]) + (">" if 0 < at < len(pieces) else "") + draw(noise) + ">".join(pieces[at:])


def outcome(text: str, *, fast: bool, most: int) -> object:
    try:
        return all_of(text, fast=fast, most=most)
    except Refused as refused:
        return refused.reason


@given(st.lists(st.tuples(noise, rows()), max_size=6), noise, st.sampled_from([1, 3, 17, 200, 1100, 1 << 20]))
def test_the_fast_way_comes_to_what_the_strict_one_does(body: list[tuple[str, str]], last: str, most: int) -> None:
    text = report(*("".join(pair) for pair in body), last)

    assert outcome(text, fast=True, most=most) == outcome(text, fast=False, most=1 << 20)


@given(st.binary(max_size=300), st.integers(0, 900))
def test_any_octets_are_read_or_refused(octets: bytes, at: int) -> None:
    whole = report(record(), record(count=3)).encode()
    damaged = whole[:at] + octets + whole[at:]

    assert outcome_of(damaged, fast=True) == outcome_of(damaged, fast=False)


def outcome_of(octets: bytes, *, fast: bool) -> object:
    try:
        return all_of(octets, fast=fast)
    except Refused as refused:
        return refused.reason


@pytest.mark.parametrize("comment", ["<!-- {} -->", "<![CDATA[{}]]>", "<?note {}?>", "<extension>{}</extension>"])
@pytest.mark.parametrize("most", [1, 64, 1 << 20])
def test_a_record_that_is_none_is_not_counted(comment: str, most: int) -> None:
    hidden = comment.format(record(count=1000))
    text = report(hidden, record(), hidden, record(), hidden)

    assert [row.messages for row in all_of(text, most=most)[1]] == [1, 1]


def test_time_is_linear_where_a_comment_is_full_of_records() -> None:
    hidden = "<!--" + "<record></record>" * 50_000 + "-->"  # 850 KB; the square of it would take minutes

    assert len(all_of(report(record(), hidden, record()), most=1 << 18)[1]) == 2
