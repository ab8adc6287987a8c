"""The codec agrees with dnspython on every packet, and survives every other."""

from __future__ import annotations

from itertools import pairwise

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.txtbase
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.lookup import Status, canonical_name
from deliverability.lookup.labels import ancestors, from_labels, is_below, parent, to_labels, to_wire
from deliverability.lookup.rdtypes import canonical_type, type_name
from deliverability.lookup.wire import MalformedResponse, decode_response, encode_query

LABEL = st.binary(min_size=1, max_size=63)
LABELS = st.lists(LABEL, max_size=8).filter(lambda labels: sum(len(label) + 1 for label in labels) < 255)
NAMES = LABELS.map(lambda labels: dns.name.Name([*labels, b""]))
V4_IN_V6 = st.sampled_from([bytes(12), bytes(10) + b"\xff\xff", bytes(8) + b"\xff\xff\0\0", b"\0\1" * 6])
HOT = ["A", "AAAA", "TXT", "SPF", "MX", "CNAME", "NS", "SOA", "PTR", "SRV", "CAA"]


def octets(name: dns.name.Name) -> bytes:
    return name.to_wire() or b""


def rdatas() -> st.SearchStrategy[dns.rdata.Rdata]:
    number = st.integers(0, 65535)
    strings = st.lists(st.binary(max_size=255), min_size=1, max_size=4)

    def read(rdtype: str, wire: bytes) -> dns.rdata.Rdata:
        kind = dns.rdatatype.from_text(rdtype)
        return dns.rdata.from_wire(dns.rdataclass.IN, kind, wire, 0, len(wire))

    def text(rdtype: str) -> st.SearchStrategy[dns.rdata.Rdata]:
        return strings.map(lambda parts: read(rdtype, b"".join(bytes((len(p),)) + p for p in parts)))

    def target(rdtype: str) -> st.SearchStrategy[dns.rdata.Rdata]:
        return NAMES.map(lambda name: read(rdtype, octets(name)))

    def pair(name: dns.name.Name, preference: int) -> dns.rdata.Rdata:
        return read("MX", preference.to_bytes(2, "big") + octets(name))

    def soa(primary: dns.name.Name, mailbox: dns.name.Name, numbers: bytes) -> dns.rdata.Rdata:
        return read("SOA", octets(primary) + octets(mailbox) + numbers)

    return st.one_of(
        st.binary(min_size=4, max_size=4).map(lambda wire: read("A", wire)),
        st.binary(min_size=16, max_size=16).map(lambda wire: read("AAAA", wire)),
        st.builds(lambda low, high: read("AAAA", high + low), st.binary(min_size=4, max_size=4), V4_IN_V6),
        text("TXT"),
        text("SPF"),
        target("NS"),
        target("PTR"),
        st.builds(pair, NAMES, number),
        st.builds(soa, NAMES, NAMES, st.binary(min_size=20, max_size=20)),
    )  # fmt: skip


@given(st.lists(rdatas(), min_size=1, max_size=3), NAMES, st.integers(0, 2**31 - 1))
def test_presentation_form_is_dnspython_s(found: list[dns.rdata.Rdata], owner: dns.name.Name, ttl: int) -> None:
    # of types that stand alone, such as SOA, dnspython keeps the last
    same = dns.rrset.from_rdata_list(owner, ttl, [rdata for rdata in found if rdata.rdtype == found[0].rdtype])
    rdtype = dns.rdatatype.to_text(same.rdtype)
    response = dns.message.make_response(dns.message.make_query(owner, rdtype))
    response.answer.append(same)

    reply = decode_response(response.to_wire(max_size=65535), canonical_name(owner.to_text()), rdtype)

    assert reply is not None
    assert reply.rrset is not None
    assert reply.ttl == ttl
    if isinstance(same[0], dns.rdtypes.txtbase.TXTBase):
        assert set(reply.rrset.strings) == {rdata.strings for rdata in same}
    else:
        assert reply.rrset.records == tuple(sorted({rdata.to_text() for rdata in same}))


@given(NAMES)
def test_names_go_to_text_and_back_as_in_dnspython(name: dns.name.Name) -> None:
    text = name.canonicalize().to_text(omit_final_dot=True).removesuffix(".") if name.labels != (b"",) else ""

    assert canonical_name(name.to_text()) == text
    assert canonical_name(text) == text
    assert to_wire(text) == name.canonicalize().to_wire()
    assert from_labels(to_labels(text)) == text
    assert list(ancestors(text)) == [from_labels(to_labels(text)[n:]) for n in range(1, len(name.labels))]


@given(st.text())
def test_a_name_is_canonical_or_a_value_error(text: str) -> None:
    try:
        name = canonical_name(text)
    except ValueError:
        return
    assert canonical_name(name) == name
    assert len(to_wire(name)) <= 255


def test_an_escaped_dot_separates_nothing() -> None:
    name = canonical_name(r"First\.Last.Example.test.")

    assert name == r"first\.last.example.test"
    assert parent(name) == "example.test"
    assert is_below(name, "example.test")
    assert not is_below(r"a\.example.test", "example.test")
    assert is_below(r"a\.example.test", "test")
    assert is_below("test", "")
    assert not is_below("", "")
    assert parent("") == ""
    assert canonical_name("a b@c.test") == r"a\032b\@c.test"
    assert canonical_name("x" * 63 + "." + r"\065" * 63) == "x" * 63 + "." + "a" * 63


@pytest.mark.parametrize("name", ["", ".", "example.test", r"a\.b.test"])
@pytest.mark.parametrize("dnssec", [True, False])
def test_a_query_says_what_dnspython_reads(name: str, dnssec: bool) -> None:
    query = dns.message.from_wire(encode_query(4711, canonical_name(name), "TYPE65280", dnssec=dnssec))

    assert query.id == 4711
    assert query.question[0].name == dns.name.from_text(name)
    assert query.question[0].rdtype == 65280
    assert query.payload == 1232
    assert bool(query.ednsflags & dns.flags.DO) is dnssec
    assert query.flags == dns.flags.RD | (dns.flags.AD if dnssec else 0)
    assert dns.message.from_wire(encode_query(1, "a.test", "TXT", payload=0)).edns == -1


def test_types_have_one_spelling() -> None:
    assert [canonical_type(text) for text in ("txt", "TYPE16", "TYPE65280", "hip")] == [
        "TXT",
        "TXT",
        "TYPE65280",
        "HIP",
    ]
    assert type_name(65281) == "TYPE65281"
    with pytest.raises(ValueError, match="unknown record type: 'NOSUCH'"):
        canonical_type("nosuch")


def response(*answers: str, authority: tuple[str, ...] = (), flags: str = "QR", rcode: int = 0) -> bytes:
    message = dns.message.make_response(dns.message.make_query("a.test", "TXT", use_edns=True))
    message.flags = dns.flags.from_text(flags)
    message.set_rcode(dns.rcode.Rcode.make(rcode))
    for section, lines in ((message.answer, answers), (message.authority, authority)):
        for line in lines:
            name, rdtype, rdata = line.split(" ", 2)
            section.append(dns.rrset.from_text(name, 300, "IN", rdtype, rdata))
    return message.to_wire()


SOA = "test. SOA ns. hm. 1 2 3 4 60"


@pytest.mark.parametrize(
    ("wire", "status", "ttl", "incomplete"),
    [
        (response(authority=(SOA,)), Status.NODATA, 60, False),
        (response(authority=(SOA,), rcode=3), Status.NXDOMAIN, 60, False),
        (response(), Status.NODATA, None, False),
        (response(authority=("other.test. SOA ns. hm. 1 2 3 4 60",)), Status.NODATA, None, False),
        (response(authority=("test. NS ns.test.",)), Status.REFUSED, None, False),
        (response(authority=("test. NS ns.test.",), flags="QR AA"), Status.NODATA, None, False),
        (response(authority=("test. NS ns.test.", SOA)), Status.NODATA, 60, False),
        (response(rcode=2), Status.SERVFAIL, None, False),
        (response(rcode=5), Status.REFUSED, None, False),
        (response(rcode=9), Status.SERVFAIL, None, False),
        (response(rcode=16), Status.SERVFAIL, None, False),
        (response("a.test. CNAME b.other."), Status.NODATA, 300, True),
        (response("a.test. CNAME b.test.", authority=(SOA,), rcode=3), Status.NXDOMAIN, 60, False),
        (response("a.test. CNAME a.test."), Status.SERVFAIL, None, False),
        (response("a.test. CNAME b.test.", "b.test. CNAME a.test."), Status.SERVFAIL, None, False),
        (response("a.test. CNAME b.test.", "b.test. CNAME b.test."), Status.SERVFAIL, None, False),
        (response("b.test. TXT stray", authority=(SOA,)), Status.NODATA, 60, False),
        (response(flags="QR TC"), Status.SERVFAIL, None, False),
        (response(rcode=5)[:4] + bytes(8), Status.REFUSED, None, False),
    ],
)
def test_what_is_not_there_keeps_its_kind(wire: bytes, status: Status, ttl: int | None, incomplete: bool) -> None:
    reply = decode_response(wire, "a.test", "TXT")

    assert reply is not None
    assert (reply.status, reply.ttl, reply.incomplete) == (status, ttl, incomplete)
    assert reply.rrset is None


def test_records_off_the_alias_path_are_ignored() -> None:
    wire = response(
        "a.test. CNAME b.test.", "evil.test. TXT no", "b.test. TXT yes", "b.test. A 192.0.2.1", "a.test. A 192.0.2.1"
    )

    reply = decode_response(wire, "a.test", "TXT")

    assert reply is not None
    assert reply.rrset is not None
    assert reply.rrset.records == ("yes",)
    assert reply.cname_chain == ("b.test",)


def test_a_long_chain_is_cut() -> None:
    names = ["a.test.", *(f"c{n}.test." for n in range(30))]
    wire = response(*(f"{a} CNAME {b}" for a, b in pairwise(names)), f"{names[-1]} TXT end")

    reply = decode_response(wire, "a.test", "TXT")

    assert reply is not None
    assert (reply.status, len(reply.cname_chain)) == (Status.SERVFAIL, 17)


@pytest.mark.parametrize(
    "wire",
    [
        response("a.test. TXT x", flags="RD"),  # a query
        response("a.test. TXT x")[:2] + b"\xa8" + response("a.test. TXT x")[3:],  # another opcode
        dns.message.make_response(dns.message.make_query("b.test", "TXT")).to_wire(),
        dns.message.make_response(dns.message.make_query("a.test", "A")).to_wire(),
        dns.message.make_response(dns.message.make_query("a.test", "TXT", rdclass="CH")).to_wire(),
        response()[:4] + bytes(8),  # no question, no failure
        response()[:20],
        response()[:12] + b"\xc0\x0c" + response()[20:],  # a question that points to itself
    ],
)
def test_what_is_no_reply_to_the_question_is_ignored(wire: bytes) -> None:
    assert decode_response(wire, "a.test", "TXT") is None


HEAD = response("a.test. TXT x")[:12]
QUESTION = response("a.test. TXT x")[12:24]
RR = b"\xc0\x0c\x00\x10\x00\x01\x00\x00\x00\x01"


@pytest.mark.parametrize(
    ("wire", "rdtype"),
    [
        (b"", "TXT"),
        (HEAD + QUESTION + b"\xc0\x18" + RR[2:], "TXT"),  # a name that points to itself
        (HEAD + QUESTION + b"\x01a\xc0\x18" + RR[2:], "TXT"),  # and around
        (HEAD + QUESTION + b"\x41a\x00" + RR[2:], "TXT"),  # a label type of 1999
        (HEAD + QUESTION + (b"\x3f" + b"x" * 63) * 5, "TXT"),  # too long
        (HEAD + QUESTION, "TXT"),  # counts that lie
        (HEAD + QUESTION + RR + b"\x00\x09\x01x", "TXT"),  # a record beyond the end
        (HEAD + QUESTION + RR + b"\x00\x02\x05x", "TXT"),  # a string beyond its record
        (HEAD + QUESTION + RR + b"\x00\x00", "TXT"),  # no string at all
    ],
)
def test_a_hostile_packet_is_malformed(wire: bytes, rdtype: str) -> None:
    with pytest.raises(MalformedResponse):
        decode_response(wire, "a.test", rdtype)


@pytest.mark.parametrize("rdtype", [*HOT, "TLSA"])
def test_rdata_of_the_wrong_length_is_malformed(rdtype: str) -> None:
    query = encode_query(1, "a.test", rdtype, payload=0)
    number = query[-4:-2]
    head = query[:2] + b"\x80\x00\x00\x01\x00\x01" + bytes(4) + query[12:]

    for rdata in (b"", b"\x01", b"\x00" * 2, b"\x00" * 30, b"\x03abc\x00extra"):
        wire = head + b"\xc0\x0c" + number + b"\x00\x01" + bytes(4) + len(rdata).to_bytes(2, "big") + rdata
        try:
            reply = decode_response(wire, "a.test", rdtype)
        except MalformedResponse:
            continue
        assert rdtype in {"TXT", "SPF", "CAA", "TLSA", "SRV"}
        assert reply is not None


def test_a_ttl_with_its_top_bit_is_zero_and_other_classes_are_ignored() -> None:
    head = response("a.test. TXT x")[:7] + b"\x02" + bytes(4) + QUESTION
    high = b"\xc0\x0c\x00\x10\x00\x01\xff\xff\xff\xff\x00\x02\x01x"
    chaos = b"\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x05\x00\x02\x01y"

    reply = decode_response(head + chaos + high, "a.test", "TXT")

    assert reply is not None
    assert reply.rrset is not None
    assert (reply.rrset.records, reply.ttl) == (("x",), 0)


@given(st.binary(max_size=80), st.sampled_from(HOT))
def test_any_octets_are_decoded_or_malformed(tail: bytes, rdtype: str) -> None:
    query = encode_query(1, "a.test", rdtype, payload=0)
    wire = query[:2] + b"\x80\x00\x00\x01\x00\x02\x00\x01\x00\x01" + query[12:] + tail

    try:
        reply = decode_response(wire, "a.test", rdtype)
    except MalformedResponse:
        return
    assert reply is not None
    assert reply.status in Status


@given(st.data())
def test_any_damage_to_a_good_packet_is_survived(data: st.DataObject) -> None:
    wire = bytearray(response("a.test. CNAME b.test.", "b.test. TXT one", "b.test. TXT two", authority=(SOA,)))
    for _ in range(data.draw(st.integers(1, 4))):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))

    try:
        decode_response(bytes(wire[: data.draw(st.integers(0, len(wire)))]), "a.test", "TXT")
    except MalformedResponse as error:
        assert str(error)  # noqa: PT017
