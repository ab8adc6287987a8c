"""The pages about many domains, from audits that a stranger may have written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deliverability.findings import Role, Subject
from deliverability.reports.html import portfolio
from deliverability.reports.html.portfolio import file_name, found, line_of, pages
from deliverability.verdict import Word
from support import samples
from support.markup import parse


def lines(number: int) -> list[portfolio.Line]:
    line = line_of(samples.in_trouble())
    return [replace(line, domain=f"d{index}.test") for index in range(number)]


@pytest.mark.parametrize(
    ("domain", "name"),
    [("shop.test", "shop.test.html"), ("_dmarc.xn--bro-hoa.test", "_dmarc.xn--bro-hoa.test.html")],
)
def test_a_file_is_called_as_its_domain(domain: str, name: str) -> None:
    assert file_name(domain) == name


@pytest.mark.parametrize(
    "domain", ["../../etc/passwd", "a/b", "..", "", "A.test", "x" * 300, "\ud800.test", "a\\b", "con:"]
)
def test_no_name_leads_elsewhere_or_takes_anothers_place(domain: str) -> None:
    name = file_name(domain)

    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert not name.startswith(".")
    assert len(name) <= 230
    assert name not in {file_name("a.test"), file_name("a-b"), file_name("etc-passwd")}


def test_text_of_a_stranger_is_text() -> None:
    hostile = samples.hostile()
    stranger = replace(hostile, subject=replace(hostile.subject, domain=samples.HOSTILE))

    for _name, page in pages([line_of(stranger)], [samples.HOSTILE], 1):
        markup = parse(page)

        assert markup.unbalanced == []
        assert not markup.all("script", "img")
        assert {c for c in page if not c.isprintable()} == {"\n"}
        assert all("<" not in link and not link.startswith("javascript") for link in markup.values("href"))


def test_a_long_list_under_one_finding_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio, "MAX_NAMED", 2)

    one = found(lines(5))[0]

    assert (len(one.members), one.more, one.count) == (2, 3, 5)
    assert "and 3 more" in dict(pages(lines(5)))["by-finding.html"]


def test_faults_stand_before_what_was_not_seen_and_the_grave_before_the_light() -> None:
    tones = [(one.tone, one.shape) for one in found(lines(1))]

    assert tones == sorted(tones, key=lambda tone: (tone[0] == "open", tone[1] != "▲"))
    assert {tone for tone, _ in tones} == {"bad", "open"}


def test_lines_that_were_passed_over_are_counted_beyond_those_shown() -> None:
    index = dict(pages(lines(1), ["list:3: no"], 40))["index.html"]

    assert "40 lines of the list name no domain" in index
    assert "list:3: no" in index
    assert "and 39 more" in index


def test_the_same_lines_give_the_same_pages_in_any_order() -> None:
    assert dict(pages(lines(4))) == dict(pages(lines(4)[::-1]))


def test_ten_thousand_domains_are_a_page_that_opens() -> None:
    index = dict(pages(lines(10_000)))["index.html"]

    assert len(index.encode()) < 8_000_000


def test_a_role_or_a_repaired_domain_makes_no_difference_to_the_frame() -> None:
    audit = replace(samples.repaired(), subject=Subject("a.test", samples.repaired().subject.role, "so"))

    index = dict(pages([line_of(audit), *lines(1)]))["index.html"]

    assert index.index("d0.test") < index.index(">a.test<")


def test_a_domain_that_sends_nothing_is_in_order_and_never_told_to_send() -> None:
    line = replace(line_of(samples.repaired()), word=Word.SEND, role=Role.PARKED)

    index = dict(pages([replace(line, domain=f"p{number}.test") for number in range(3)]))["index.html"]
    both = dict(pages([line, replace(line, domain="s.test", role=Role.SENDING), *lines(1)]))["index.html"]

    assert "In order: 3 of 3 domains" in index
    assert [f"{word}: <strong>1 of 3 domains<" in both for word in ("in order", "send")] == [True, True]


def test_the_verdict_weighs_more_than_the_number_of_faults() -> None:
    line = lines(1)[0]
    made = [
        replace(line, domain="fine.test", word=Word.SEND, required=0),
        replace(line, domain="open.test", word=Word.UNDETERMINED, required=0, unknown=9),
        replace(line, domain="many.test", word=Word.FIX_FIRST, required=9),
        replace(line, domain="one.test", word=Word.DO_NOT_SEND, required=1),
        replace(line, domain="two.test", word=Word.DO_NOT_SEND, required=2),
    ]
    links = parse(dict(pages(made))["index.html"]).values("href")

    assert [link for link in links if link.startswith("domains/")] == [
        f"domains/{name}.test.html" for name in ("two", "one", "many", "open", "fine")
    ]
