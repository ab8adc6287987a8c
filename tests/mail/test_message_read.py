"""What is read of a message: its header field by field, its parts, its body, its links."""

from __future__ import annotations

import base64

import pytest

from deliverability.mail.message import read
from deliverability.mail.message.facts import Author, Link, MessageFacts

HEADER = (
    "From: The Shop <news@example.test>\nDate: Sun, 22 Nov 2026 08:00:00 +0900\nMessage-ID: <1@mail.example.test>\n"
    "MIME-Version: 1.0\n"
)


def facts(text: str | bytes) -> MessageFacts:
    return read(text if isinstance(text, bytes) else text.encode(), name="a.eml")


def author(value: str) -> Author:
    (found,) = facts(f"From: {value}\n\n").authors
    return found


def codes(message: MessageFacts) -> set[str]:
    return {fault.code for fault in (*message.faults, *message.from_faults)}


def html(body: str) -> MessageFacts:
    return facts(f"{HEADER}Content-Type: text/html; charset=utf-8\n\n{body}\n")


@pytest.mark.parametrize(
    ("value", "shown", "display"),
    [
        ("news@example.test", "news@example.test", ""),
        ("The Shop <news@example.test>", "news@example.test", "The Shop"),
        ('"Shop, The" <news@Example.TEST>', "news@example.test", "Shop, The"),
        (r'"The \"Shop\"" <news@example.test>', "news@example.test", 'The "Shop"'),
        ("The Shop (of wine (red)) <news@example.test> (a, b)", "news@example.test", "The Shop"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= <info@example.test>", "info@example.test", "Grüße"),
        ("Grüße <info@bücher.example>", "info@xn--bcher-kva.example", "Grüße"),
        ("<@relay.example,@b.example:info@example.test>", "info@example.test", ""),
        ("Ada Lovelace <ada.lovelace@example.test>", "…@example.test", "Ada Lovelace"),
        ('"ada@home.example" <ada@example.test>', "…@example.test", "…@home.example"),
        ("=?utf-8?Q?ada=40home.example?= <ada@example.test>", "…@example.test", "…@home.example"),
    ],
)
def test_an_author_is_kept_without_a_personal_local_part(value: str, shown: str, display: str) -> None:
    found = author(value)

    assert (found.shown, found.display) == (shown, display)


def test_every_author_and_every_from_field_is_read() -> None:
    message = facts("From: a@one.example, B <b@two.example>\nSender: s@three.example\nFrom: c@one.example\n\n")

    assert [one.domain for one in message.authors] == ["one.example", "two.example", "one.example"]
    assert message.from_domains == ("one.example", "two.example")
    assert [one.domain for one in message.senders] == ["three.example"]
    assert message.fields["from"] == 2


@pytest.mark.parametrize(
    ("value", "code", "domains"),
    [
        ("", "from_empty", ()),
        ("The Shop", "from_no_address", ()),
        ("The, Shop <info@example.test>", "from_no_address", ("example.test",)),
        ("<info@>", "from_no_domain", ()),
        ("<info@one_label>", "from_bad_domain", ()),
        ("Shop <info@example.test", "from_brackets", ("example.test",)),
        ('"Shop <info@example.test>', "from_quotes", ("example.test",)),
        ("a@b <info@example.test>", "from_unquoted", ("example.test",)),
        ("Us: a@example.test, b@example.test;", "from_group", ("example.test",)),
        ("Nobody:;", "from_group", ()),
        ("a@x.example," * 60, "from_too_many", ("x.example",)),
    ],
)
def test_what_is_wrong_with_from_is_named(value: str, code: str, domains: tuple[str, ...]) -> None:
    message = facts(f"From: {value}\n\n")

    assert code in codes(message)
    assert message.from_domains == domains


@pytest.mark.parametrize(
    ("display", "named"),
    [
        ("bank.de", ("bank.de",)),
        ("Service at www.bank.de", ("www.bank.de",)),
        ("Node.js Weekly", ()),
        ("J. R. Smith", ()),
        ("version 2.0", ()),
    ],
)
def test_a_domain_in_a_display_name_is_found_and_nothing_else_is_taken_for_one(
    display: str, named: tuple[str, ...]
) -> None:
    assert author(f'"{display}" <info@example.test>').named == named


@pytest.mark.parametrize(
    ("display", "scripts"),
    [
        ("Pаypal", ("cyrillic", "latin")),  # noqa: RUF001 - that is the point
        ("Привет shop", ()),
        ("와인 wine", ()),
        ("\U0001d400\U0001d426azon", ("latin", "mathematical")),
    ],
)
def test_a_word_that_mixes_scripts_is_found(display: str, scripts: tuple[str, ...]) -> None:
    assert author(f"{display} <info@example.test>").scripts == scripts


@pytest.mark.parametrize(
    ("value", "time", "fault"),
    [
        ("Sun, 22 Nov 2026 08:00:00 +0900", "2026-11-21T23:00:00Z", ""),
        ("22 Nov 2026 08:00 -0130 (a comment)", "2026-11-22T09:30:00Z", ""),
        ("Sun, 22 Nov 2026 08:00:60 +0000", "2026-11-22T08:00:59Z", ""),
        ("Sun, 22 Nov 2026 08:00:00 PST", "2026-11-22T16:00:00Z", "zone"),
        ("Sun, 22 Nov 2026 08:00:00", "2026-11-22T08:00:00Z", "zone"),
        ("Mon, 22 Nov 2026 08:00:00 +0000", "2026-11-22T08:00:00Z", "weekday"),
        ("Sun, 22 Nov 26 08:00:00 +0000", "2026-11-22T08:00:00Z", "year"),
        ("Sunday, 22 November 2026 08:00:00 +0000", "2026-11-22T08:00:00Z", "syntax"),
        ("Sun, 31 Nov 2026 08:00:00 +0000", "", "range"),
        ("Sun, 22 Nov 2026 25:00:00 +0000", "", "range"),
        ("Sun, 22 Nov 2026 08:00:00 +9900", "", "range"),
        ("Fri, 31 Dec 9999 23:00:00 -0500", "", "range"),
        ("So, 22 Nov 2026 08:00:00 +0000", "", "syntax"),
        ("2026-11-22 08:00:00", "", "syntax"),
        ("", "", "syntax"),
    ],
)
def test_dates(value: str, time: str, fault: str) -> None:
    (found,) = facts(f"From: a@example.test\nDate: {value}\n\n").dates

    assert (found.time, found.fault) == (time, fault)


@pytest.mark.parametrize(
    ("value", "domain", "fault"),
    [
        ("<ada.lovelace@Mail.example>", "mail.example", ""),
        ("<1@[192.0.2.1]>", "", ""),
        ('<"a b"@mail.example>', "mail.example", ""),
        ("1@mail.example", "", "brackets"),
        ("<1.mail.example>", "", "at"),
        ("<1@2@mail.example>", "mail.example", "syntax"),
        ("<a b@mail.example>", "", "syntax"),
    ],
)
def test_message_identifiers(value: str, domain: str, fault: str) -> None:
    (found,) = facts(f"Message-ID: {value}\n\n").message_ids

    assert (found.domain, found.fault) == (domain, fault)
    assert "ada" not in found.value


@pytest.mark.parametrize(
    ("raw", "line_ends", "faults"),
    [
        (b"From: a@example.test\r\n\r\nx\r\n", "crlf", set[str]()),
        (b"From: a@example.test\n\nx\n", "lf", set[str]()),
        (b"From: a@example.test\r\rx\r", "cr", set[str]()),
        (b"From: a@example.test\r\n\r\nx\n", "mixed", {"bare_lf"}),
        (b"From: a@example.test\r\n\r\nx\ry\r\n", "mixed", {"bare_cr"}),
        (b"From: a@example.test", "none", set[str]()),
        (b"From: a@example.test\n\n" + b"x" * 998 + b"\n", "lf", set[str]()),
        (b"From: a@example.test\n\n" + b"x" * 999 + b"\n", "lf", {"long_line"}),
        (b"From: a@example.test\n\nx\0\n", "lf", {"nul"}),
        (b"From: a@example.test\nSubject: \xff\n\n", "lf", {"header_8bit"}),
        (b"From: a@example.test\nSubject: \xc3\xa9\n\n", "lf", {"header_utf8"}),
        (b"From: a@example.test\nno field\nSubject: x\n\n", "lf", {"stray_line"}),
        (b"From: a@example.test\nno field\nnor this\n", "lf", {"stray_line", "no_separator"}),
        (b" folded\nFrom: a@example.test\n\n", "lf", {"folded_first"}),
        (b"\n\nno header at all\n", "lf", {"no_header", "stray_line"}),
    ],
)
def test_octets(raw: bytes, line_ends: str, faults: set[str]) -> None:
    message = facts(raw)

    assert message.line_ends == line_ends
    assert {fault.code for fault in message.faults} == faults


def test_carriage_returns_alone_end_lines_of_encoded_text_too() -> None:
    text = f"{HEADER}Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n"
    message = facts(f"{text}good=\nday <a href=3D'https://a.example/'>x</a>\n".replace("\n", "\r"))

    assert message.line_ends == "cr"
    assert message.link_hosts == ("a.example",)


def test_the_separator_of_an_mbox_is_no_part_of_the_message() -> None:
    message = facts("From ada@home.example Sun Nov 22 08:00:00 2026\nFrom: info@example.test\n\nx\n")

    assert message.from_domains == ("example.test",)
    assert message.faults == ()


def test_a_field_is_unfolded() -> None:
    message = facts("From: The\n Shop\r\n\t<info@example.test>\nList-Unsubscribe:\n <https://a.example/\n x>\n\n")

    assert message.authors[0].display == "The Shop"
    assert [link.text for link in message.unsubscribe] == ["https://a.example/x"]


def test_parts_have_their_place_their_sizes_and_their_kind() -> None:
    encoded = base64.b64encode(b"<p>Good day</p>").decode()
    message = facts(
        f"{HEADER}Content-Type: multipart/mixed; boundary=a\n\nfor old programs\n"
        "--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nGood day\n"
        f"--ab\nContent-Type: text/HTML; charset=UTF-8\nContent-Transfer-Encoding: base64\n\n{encoded}\n--ab--\n"
        "--a\nContent-Type: application/pdf; name=x.pdf\n\n%PDF\n--a--\nafter the end\n"
    )

    assert [(part.number, part.kind, part.within, part.attached) for part in message.parts] == [
        ("", "multipart/mixed", "", False),
        ("1", "multipart/alternative", "multipart/mixed", False),
        ("1.1", "text/plain", "multipart/alternative", False),
        ("1.2", "text/html", "multipart/alternative", False),
        ("2", "application/pdf", "multipart/mixed", True),
    ]
    assert message.html is not None
    assert (message.html.part, message.html.octets, message.html.decoded) == ("1.2", len(encoded), 15)
    assert message.plain is not None
    assert (message.plain.words, message.plain.common) == (2, 1.0)
    assert message.faults == ()


def test_what_is_enclosed_is_somebody_elses_message() -> None:
    message = facts(
        f"{HEADER}Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: message/rfc822\n\n"
        "Content-Type: multipart/mixed\n\n{{ name }} https://enclosed.example/\n--a--\n"
    )

    assert [part.kind for part in message.parts] == ["multipart/mixed", "message/rfc822"]
    assert message.faults == ()
    assert message.links == ()
    assert message.residue == ()


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://www.Example.com/wines", "https://www.example.com/wines"),
        ("https://www.example.com/ada-lovelace/x?user=ada&x=1#top", "https://www.example.com/…?user=…&x=…"),
        ("https://www.example.com/Shop/ada/9", "https://www.example.com/Shop/…"),
        ("https://ada:secret@www.example.com:8443/", "https://www.example.com/"),
        ("//cdn.example.com/x", "https://cdn.example.com/x"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[2001:db8::1]/x", "http://2001:db8::1/x"),
        ("http://0x7f000001/", "http://127.0.0.1/"),
        ("ht\ntps://www.exa\tmple.com/", "https://www.example.com/"),
        ("mailto:ada@example.com?subject=leave%20ada", "mailto:…@example.com?subject=…"),
        ("mailto:unsubscribe@example.com", "mailto:unsubscribe@example.com"),
        ("tel:+4912345", "tel:…"),
        ("javascript:alert(1)", "javascript:alert…"),
        ("#top", ":"),
        ("https://{{host}}/x", "https:/x"),
    ],
)
def test_a_link_is_kept_without_what_tells_who_reads(url: str, text: str) -> None:
    (link,) = html(f'<a href="{url}">wines</a>').links

    assert link.text == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("www.example.com", "www.example.com"),
        ("https://example.com/wines", "example.com"),
        ("https://example.com/wines of the week", "example.com"),
        ("Wines", None),
        ("https://wine.example/november", "wine.example"),
        ("http://intranet.corp", "intranet.corp"),
        ("wine.example", None),
        ("see example.com for more", None),
        ("README.md", None),
        ("Node.js", None),
    ],
)
def test_the_domain_that_a_links_text_claims(text: str, shown: str | None) -> None:
    (link,) = html(f'<a href="https://a.example/">{text}</a>').links

    assert link.shown == shown


def test_links_of_every_kind_are_found_in_markup_as_it_is_written() -> None:
    message = html(
        "<!-- 2 > 1 <a href='https://comment.example/'>x</a> --><style>a{}</style><script>'<a href=https://s.example>'</script>"
        "<A HREF=https://one.example/?a=1&amp;b=2 title='a > b'>One</A>"
        '<a href="https://two.example/"><img src="https://img.example/x.png" alt="Two"></a>'
        '<area href="https://three.example/"><form action="https://form.example/"><a href="https://open.example/">open'
    )

    assert [(link.kind, link.host) for link in message.links] == [
        ("link", "one.example"),
        ("image", "img.example"),
        ("link", "two.example"),
        ("link", "three.example"),
        ("form", "form.example"),
        ("link", "open.example"),
    ]
    assert message.links[0].keys == ("a", "b")
    assert message.link_hosts[0] == "one.example"


def test_links_of_plain_text_end_where_the_sentence_does() -> None:
    message = facts(f"{HEADER}\nSee https://one.example/x. Or (www.two.example), or <mailto:info@three.example>.\n")

    assert [link.text for link in message.links] == [
        "https://one.example/x",
        "http://www.two.example",
        "mailto:info@three.example",
    ]


def test_the_same_link_is_kept_once_and_counted() -> None:
    message = html('<a href="https://a.example/x1">x</a><a href="https://a.example/x2">x</a>')

    assert [(link.host, link.count) for link in message.links] == [("a.example", 2)]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("https://a.example/?e=ada@home.example", "address"),
        ("https://a.example/?e=ada%2540home.example", "address"),
        ("https://a.example/ada@home.example/x", "address"),
        ("https://a.example/?e=" + base64.b64encode(b"ada@home.example").decode(), "encoded address"),
        (
            "https://a.example/u/" + base64.urlsafe_b64encode(b"id=1;ada@home.example").decode().rstrip("="),
            "encoded address",
        ),
        ("https://a.example/u/" + b"ada@home.example".hex(), "encoded address"),
        ("https://a.example/?from=info@shop.example", ""),
        ("https://ada@home.example/", ""),
        ("https://a.example/@ada/post", ""),
        ("https://a.example/?id=0123456789abcdef0123", ""),
    ],
)
def test_an_address_in_a_link_is_found(url: str, what: str) -> None:
    (link,) = html(f'<a href="{url}">wines</a>').links

    assert link.exposes == what


def test_who_can_leave_where_is_seen_by_the_words_at_the_link() -> None:
    links = html(
        '<p>Wines <a href="https://a.example/wines">here</a>.</p>'
        + "<p>and so on</p>" * 40
        + '<p>구독을 원하지 않으시면 <a href="https://a.example/leave">수신거부</a></p>'
    ).links

    assert [(link.path, link.unsubscribes) for link in links] == [("/wines", False), ("/leave", True)]


PLAIN_AND_PAGE = """\
List-Unsubscribe: <https://a.example/field?u=1>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain

Wines: https://a.example/wines
Out: {url}
--b
Content-Type: text/html

<p><a href="https://a.example/wines">Wines</a> <a href="#">Unsubscribe</a>
<a href="https://a.example/link?u=1&amp;v=2">Unsubscribe</a></p>
--b--
"""


@pytest.mark.parametrize(
    ("url", "leaves"),
    [
        ("https://a.example/field?u=1", True),
        ("https://a.example/link?u=1&v=2", True),
        ("https://a.example/link?u=2", False),
        ("#", None),
    ],
)
def test_what_unsubscribes_in_the_header_or_the_page_does_so_in_the_plain_form(url: str, leaves: bool | None) -> None:
    message = facts(PLAIN_AND_PAGE.format(url=url))
    plain = {link.path: link.unsubscribes for link in message.links if link.where == "text"}

    assert plain.pop("/wines") is False
    assert list(plain.values()) == ([] if leaves is None else [leaves])


def test_an_unsubscribe_field_is_read_with_all_its_addresses() -> None:
    message = facts(
        "List-Unsubscribe: <mailto:leave-ada@example.com>, (web) <https://example.com/u?id=ada>\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n\n"
    )

    assert [link.text for link in message.unsubscribe] == ["mailto:…@example.com", "https://example.com/u?id=…"]
    assert message.unsubscribe_post == ("List-Unsubscribe=One-Click",)
    assert message.bulk_sign == "List-Unsubscribe"


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        ("List-ID: <a.example>", "List-ID"),
        ("Feedback-ID: a:b:c:sender", "Feedback-ID"),
        ("Precedence: Bulk", "Precedence: bulk"),
        ("Precedence: junk", ""),
        ("Feedback-ID: a:b:c:sender\nPrecedence: bulk", "Precedence: bulk"),
        ("Precedence: bulk\nAuto-Submitted: auto-replied (vacation)", ""),
        ("List-ID: <a.example>\nContent-Type: multipart/report; boundary=b", ""),
        ("Subject: hello", ""),
    ],
)
def test_mail_to_many_is_known_by_its_header(fields: str, sign: str) -> None:
    assert facts(f"{fields}\n\n").bulk_sign == sign


def test_the_kind_of_value_of_a_link_without_a_host_reads_as_a_link() -> None:
    assert Link(scheme="data", host="", path="image/png…").text == "data:image/png…"


@pytest.mark.parametrize(
    ("charset", "text", "codes"),
    [
        ("shift_jis", "①㈱髙", []),
        ("euc-kr", "똠방각하", []),
        ("gb2312", "镕", []),
        ("us-ascii", "é", ["charset_mismatch"]),
    ],
)
def test_a_charset_that_every_program_reads_as_a_larger_one_is_no_fault(
    charset: str, text: str, codes: list[str]
) -> None:
    larger = {"shift_jis": "cp932", "euc-kr": "cp949", "gb2312": "gb18030"}.get(charset, "latin-1")
    head = f"{HEADER}Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"
    message = read(head.encode() + text.encode(larger) + b"\n", name="a.eml")

    assert [fault.code for fault in message.faults] == codes


def test_a_recipients_name_is_in_no_path_and_no_fault() -> None:
    message = facts(
        "To: Ann <annsmith@home.example>\nList-Unsubscribe: <https://a.example/annsmith/u>, annsmith\n"
        "Content-Type: text/html\n\n<a href='https://a.example/AnnSmith/x'>Wines</a>\n"
    )

    assert "annsmith" not in repr(message).lower()
    assert [fault.code for fault in message.faults] == ["unsubscribe_rest"]
