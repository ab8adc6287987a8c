"""Who handed a message over: whose word counts, and whose does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.events.plain import from_plain, to_plain
from deliverability.mail.authenticate import Connection, Source, connection_of, handed_over
from support.signing import message

DATE = "Fri, 20 Nov 2026 09:00:05 +0000"
SECRET = "ann=inbox.example"


def received(text: str, *more: str) -> bytes:
    lines = [f"Received: {text}; {DATE}", *more]
    return "".join(f"{line}\r\n" for line in lines).encode() + message()


POSTFIX = (
    "from out.mail.example (out.mail.example [192.0.2.7]) (using TLSv1.3) by mx.inbox.example (Postfix) with ESMTPS"
)
FORMS = {
    "Postfix": (POSTFIX, "192.0.2.7", "out.mail.example"),
    "Postfix, no reverse name": ("from x.example (unknown [192.0.2.7]) by mx.inbox.example", "192.0.2.7", "x.example"),
    "Gmail": (
        "from out.mail.example (out.mail.example. [192.0.2.7]) by mx.inbox.example with ESMTPS id 5 for <a@b.example>",
        "192.0.2.7",
        "out.mail.example",
    ),
    "Exim": (
        "from out.mail.example ([192.0.2.7] helo=me.mail.example) by mx.inbox.example with esmtps",
        "192.0.2.7",
        "me.mail.example",
    ),
    "Exim without a name": ("from [192.0.2.7] (helo=x.example) by mx.inbox.example", "192.0.2.7", "x.example"),
    "Exchange": (
        "from OUT.mail.example (2001:db8::7) by mx.inbox.example (10.0.0.1) with Microsoft SMTP Server",
        "2001:db8::7",
        "OUT.mail.example",
    ),
    "IPv6": (
        "from o.mail.example (o.mail.example [IPv6:2001:DB8::7]) by mx.inbox.example",
        "2001:db8::7",
        "o.mail.example",
    ),
    "an address in HELO that is not the client's": (
        "from [198.51.100.9] (unknown [192.0.2.7]) by mx.inbox.example",
        "192.0.2.7",
        "[198.51.100.9]",
    ),
    "folded": (
        "from out.mail.example\r\n\t(out.mail.example [192.0.2.7])\r\n\tby mx.inbox.example",
        "192.0.2.7",
        "out.mail.example",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_the_field_of_a_trusted_host_is_believed(name: str) -> None:
    text, ip, helo = FORMS[name]

    found = connection_of(received(text), trust=["mx.inbox.example"])

    assert (found.ip, found.helo, found.source) == (ip, helo, Source.RECEIVED.value)
    assert "mx.inbox.example" in found.why
    assert found.arrived == 1795165205.0


@pytest.mark.parametrize("trust", [[], ["elsewhere.example"], ["x.inbox.example"], ["box.example"]])
def test_the_field_of_anybody_else_is_not(trust: list[str]) -> None:
    found = connection_of(received(POSTFIX, f"Return-Path: <b+{SECRET}@mail.example>"), trust=trust)

    assert (found.ip, found.mail_from, found.source) == (None, None, Source.NOTHING.value)
    assert "mx.inbox.example" in found.why


def test_what_a_stranger_wrote_below_is_not_believed_for_a_trusted_name() -> None:
    # RFC 8601 §5: whoever sent the message could have written everything below the border's field
    forged = f"Received: from spoof ([203.0.113.9]) by mx.inbox.example; {DATE}"
    raw = received("from a.stranger.example ([192.0.2.7]) by relay.stranger.example", forged)

    assert connection_of(raw, trust=["inbox.example"]).ip is None


def test_a_hop_inside_the_house_is_passed_over() -> None:
    inner = f"Received: from mx.inbox.example (mx.inbox.example [10.0.0.5]) by store.inbox.example; {DATE}\r\n".encode()

    assert connection_of(inner + received(POSTFIX), trust=["inbox.example"]).ip == "192.0.2.7"


def test_the_reverse_path_comes_from_the_final_delivery() -> None:
    raw = f"Return-Path: <bounce+{SECRET}@Bounce.Mail.example>\r\n".encode() + received(POSTFIX)

    found = connection_of(raw, trust=["inbox.example"])

    assert found.mail_from == "bounce.mail.example"
    assert "ann" not in json.dumps(to_plain(found))


@pytest.mark.parametrize(
    ("written", "read"), [("<>", ""), ("<x@mail.example>", "mail.example"), ("<x@[192.0.2.1]>", None)]
)
def test_null_and_odd_reverse_paths(written: str, read: str | None) -> None:
    raw = f"Return-Path: {written}\r\n".encode() + received(POSTFIX)

    assert connection_of(raw, trust=["inbox.example"]).mail_from == read


def test_the_caller_decides() -> None:
    raw = received(POSTFIX, "Return-Path: <b@mail.example>")

    found = connection_of(
        raw, ip="198.51.100.1", helo="h.example", mail_from="x@other.example", trust=["inbox.example"]
    )

    assert (found.ip, found.helo, found.mail_from) == ("198.51.100.1", "h.example", "other.example")
    assert found.source == Source.GIVEN.value
    assert connection_of(raw, ip="198.51.100.1", mail_from="").mail_from == ""


def test_what_the_dialogue_said_stands() -> None:
    raw = b"Return-Path: <x@elsewhere.example>\r\n" + received(POSTFIX)

    found = connection_of(raw, ip="127.0.0.1", helo="me", mail_from="", source=Source.SMTP, trust=["inbox.example"])

    assert (found.ip, found.helo, found.mail_from, found.source) == ("127.0.0.1", "me", "", "smtp")


RESULTS = (
    "Authentication-Results: mx.inbox.example;\r\n\tspf=pass (sender IP is 203.0.113.9) "
    "smtp.mailfrom=b+ann@bounce.mail.example smtp.helo=out.mail.example;\r\n\tiprev=pass policy.iprev=192.0.2.7"
)


def test_results_of_a_trusted_authserv_id_are_believed() -> None:
    raw = f"{RESULTS}\r\n".encode() + message()

    found = connection_of(raw, trust=["mx.inbox.example"])

    assert (found.ip, found.helo, found.mail_from) == ("192.0.2.7", "out.mail.example", "bounce.mail.example")
    assert found.source == Source.RESULTS.value
    assert connection_of(raw, trust=["other.example"]).ip is None


SPF = (
    "Received-SPF: pass (mx.inbox.example: domain of\r\n\tb+ann@bounce.mail.example designates 192.0.2.7 as permitted"
    " sender)\r\n\t{pairs}"
)
PAIRS = (
    'receiver=mx.inbox.example; client-ip=192.0.2.7;\r\n\tenvelope-from="b+ann@bounce.mail.example";'
    " helo=out.mail.example;"
)
NAMELESS = "client-ip=192.0.2.7; envelope-from=b+ann@bounce.mail.example; helo=out.mail.example; identity=mailfrom"


@pytest.mark.parametrize("pairs", [PAIRS, NAMELESS, NAMELESS.replace("; ", ";"), NAMELESS.upper().lower()])
def test_received_spf_of_a_trusted_receiver_is_believed(pairs: str) -> None:
    raw = SPF.format(pairs=pairs).encode() + b"\r\n" + message()

    found = connection_of(raw, trust=["inbox.example"])

    assert (found.ip, found.helo, found.mail_from) == ("192.0.2.7", "out.mail.example", "bounce.mail.example")
    assert found.source == Source.SPF.value
    assert found.why == ("the Received-SPF field of mx.inbox.example, which is trusted; MAIL FROM by Received-SPF")
    assert connection_of(raw, trust=["other.example"]).ip is None
    assert connection_of(raw).ip is None


@pytest.mark.parametrize(
    "field",
    [
        "Received-SPF: pass client-ip=192.0.2.7; helo=mx.inbox.example",  # nobody says whose word it is
        "Received-SPF: pass (mx.inbox.example: ok) receiver=relay.stranger.example; client-ip=192.0.2.7",
        "Received-SPF: pass (relay.stranger.example: domain of x receiver=mx.inbox.example; ) client-ip=192.0.2.7",
        "Received-SPF: pass (mx.inbox.example: ok client-ip=192.0.2.7; ) receiver=mx.inbox.example",
        "Received-SPF: pass (mx.inbox.example: ok) receiver=mx.inbox.example; x-client-ip=192.0.2.7",
    ],
)
def test_nor_is_one_of_anybody_elses_or_what_its_comment_says(field: str) -> None:
    assert connection_of(f"{field}\r\n".encode() + message(), trust=["inbox.example"]).ip is None


def test_nor_one_that_stands_below_a_strangers_field() -> None:
    raw = received("from a.example ([192.0.2.9]) by relay.stranger.example", SPF.format(pairs=PAIRS))

    assert connection_of(raw, trust=["inbox.example"]).ip is None


def test_the_border_and_the_final_delivery_come_before_received_spf() -> None:
    other = PAIRS.replace("192.0.2.7", "203.0.113.9")
    field = SPF.format(pairs=other).encode() + b"\r\n"
    path = b"Return-Path: <x@other.example>\r\n"

    found = connection_of(path + field + received(POSTFIX), trust=["inbox.example"])
    without = connection_of(field + received(POSTFIX), trust=["inbox.example"])
    results = connection_of(field + f"{RESULTS}\r\n".encode() + message(), trust=["inbox.example"])

    assert (found.ip, found.mail_from, found.source) == ("192.0.2.7", "other.example", "received")
    assert (without.ip, without.mail_from) == ("192.0.2.7", "bounce.mail.example")
    assert (results.ip, results.source) == ("192.0.2.7", Source.RESULTS.value)


@pytest.mark.parametrize(
    ("path", "local"),
    [
        ("<b+ann@mail.example>", "b+ann"),
        ("b+ann@mail.example", "b+ann"),
        ("<@relay.example,@two.example:b+ann@mail.example>", "b+ann"),
        ("a@b@mail.example", "a@b"),
        ("mail.example", None),
        ("<@mail.example>", None),
        ('"b ann"@mail.example', None),
        ("<>", None),
        ("<ann@[192.0.2.1]>", None),
    ],
)
def test_the_local_part_is_beside_the_facts_and_in_none_of_them(path: str, local: str | None) -> None:
    given = handed_over(message(), ip="192.0.2.7", mail_from=path)
    read = handed_over(f"Return-Path: {path}\r\n".encode() + message(), ip="192.0.2.7")

    assert given.local == read.local == local
    assert given.connection.knows_local is read.connection.knows_local is (local is not None)
    assert "ann" not in repr((given, read, to_plain(given.connection), to_plain(read.connection)))


def test_nothing_below_the_border_is_read_whatever_it_says() -> None:
    forged = (
        f"Received: from spoof.example (spoof.example [203.0.113.9]) by mx.inbox.example; {DATE}",
        "Received-SPF: pass (mx.inbox.example: ok) client-ip=203.0.113.9; envelope-from=x@spoof.example",
        "Return-Path: <x@spoof.example>",
    )

    found = connection_of(received(POSTFIX, *forged), trust=["inbox.example"])

    assert (found.ip, found.helo, found.mail_from) == ("192.0.2.7", "out.mail.example", None)


@pytest.mark.parametrize("field", [RESULTS, SPF.format(pairs=PAIRS)])
def test_the_newest_word_of_those_who_are_trusted_counts(field: str) -> None:
    older = field.replace("192.0.2.7", "203.0.113.9").replace("bounce.mail.example", "older.example")
    raw = f"{field}\r\n{older}\r\n".encode() + message()

    found = connection_of(raw, trust=["inbox.example"])

    assert (found.ip, found.mail_from) == ("192.0.2.7", "bounce.mail.example")


def test_results_below_a_strangers_field_are_not() -> None:
    raw = received("from a.example ([192.0.2.9]) by relay.stranger.example", RESULTS)

    assert connection_of(raw, trust=["mx.inbox.example"]).ip is None


def test_it_goes_through_a_document() -> None:
    found = connection_of(received(POSTFIX), trust=["inbox.example"])

    assert from_plain(Connection, json.loads(json.dumps(to_plain(found)))) == found


@given(st.text(max_size=120), st.sampled_from(["Received", "Authentication-Results", "Received-SPF", "Return-Path"]))
@settings(max_examples=60)
def test_no_field_is_an_exception(value: str, name: str) -> None:
    raw = f"{name}: {value}".encode("utf-8", "replace") + b" by mx.inbox.example; x\r\n" + message()

    connection_of(raw, trust=["inbox.example", "", "x"])


@pytest.mark.parametrize("mail_from", ["mail.example", ""])
def test_a_reverse_path_that_the_caller_knows_is_not_read_from_the_message(mail_from: str) -> None:
    found = connection_of(b"Return-Path: <a@other.example>\r\n\r\n", ip="192.0.2.1", mail_from=mail_from)

    assert (found.mail_from, found.why) == (mail_from, "the connection was given")
