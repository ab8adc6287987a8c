"""Many domains: a list in, a folder of pages out."""

from __future__ import annotations

import asyncio
import json
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from deliverability import api
from deliverability.cli import _portfolio, run
from deliverability.cli._output import write_whole
from deliverability.lookup import Answer, ZoneResolver
from support import commands
from support.markup import Markup, parse

ZONE = """\
$TTL 300
open.test. SOA ns.open.test. h.open.test. 1 7200 900 1209600 300
open.test. MX 10 mail.open.test.
mail.open.test. A 192.0.2.25
open.test. TXT "v=spf1 mx +all"
_dmarc.open.test. TXT "v=DMARC1; p=none"
parked.test. SOA ns.parked.test. h.parked.test. 1 7200 900 1209600 300
parked.test. MX 0 .
parked.test. TXT "v=spf1 -all"
_dmarc.parked.test. TXT "v=DMARC1; p=reject"
*._domainkey.parked.test. TXT "v=DKIM1; p="
xn--bro-hoa.test. SOA ns.xn--bro-hoa.test. h.xn--bro-hoa.test. 1 7200 900 1209600 300
xn--bro-hoa.test. MX 10 mail.open.test.
xn--bro-hoa.test. TXT "v=spf1 mx -all"
"""
LIST = """\
\ufeff# the domains of the house
parked.test   # never sends

büro.test
open.test
OPEN.test.
anna@people.test
nonsense
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone file and a list in the current directory."""
    monkeypatch.chdir(tmp_path)
    Path("all.zone").write_text(ZONE)
    Path("domains.txt").write_text(LIST, encoding="utf-8")


def deliv(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    return commands.deliv(capsys, "audit", "--zone", "all.zone", *arguments)


def page(name: str) -> Markup:
    return parse(Path("site", name).read_text(encoding="utf-8"))


def listed(name: str) -> list[str]:
    """The domains of a list, in its order, as its links name them."""
    return [link.text for link in page(name).all("a") if link.attributes["href"].startswith("domains/")]


class TestList:
    def test_each_domain_once_and_what_is_none_is_counted_with_its_line(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, err = deliv(capsys, "--from", "domains.txt", "-f", "jsonl")

        assert [json.loads(line)["subject"]["domain"] for line in out.splitlines()] == [
            "parked.test",
            "xn--bro-hoa.test",
            "open.test",
        ]
        assert code == 0
        assert "2 could not be read" in err
        assert "domains.txt:7: no-domain" in err
        assert "domains.txt:8: no-domain: not a domain name: 'nonsense'" in err

    def test_no_address_is_repeated(self, capsys: pytest.CaptureFixture[str]) -> None:
        _, out, err = deliv(capsys, "--from", "domains.txt", "-o", "site/")
        written = "".join(file.read_text(encoding="utf-8") for file in Path("site").rglob("*.*"))

        assert "anna" not in out + err + written
        assert "domains.txt:7: an e-mail address" in written

    def test_it_is_read_from_standard_input_and_added_to_what_is_named(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"open.test\nparked.test\n")))

        _, out, _ = deliv(capsys, "parked.test", "--from", "-", "-f", "jsonl")

        assert [json.loads(line)["subject"]["domain"] for line in out.splitlines()] == ["parked.test", "open.test"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("# nothing\n", "domains.txt: names no domain"),
            ("nonsense\n", "names no domain (1 lines; domains.txt:1: not a domain name"),
            (None, "domains.txt: No such file"),
        ],
    )
    def test_a_list_without_a_domain_is_a_problem(
        self, capsys: pytest.CaptureFixture[str], text: str | None, said: str
    ) -> None:
        Path("domains.txt").unlink() if text is None else Path("domains.txt").write_text(text)

        code, out, err = deliv(capsys, "--from", "domains.txt", "-o", "site/")

        assert (code, out) == (2, "")
        assert said in err
        assert err.count("\n") == 1
        assert not Path("site").exists()

    def test_it_is_bounded(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_portfolio, "MAX_DOMAINS", 2)

        code, _, err = deliv(capsys, "--from", "domains.txt", "-o", "site/")

        assert code == 2
        assert "more than 2 domains" in err

    def test_a_line_without_end_is_passed_over(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("domains.txt").write_text("a" * 10_000 + ".test\nopen.test\n")

        code, out, err = deliv(capsys, "--from", "domains.txt", "-q")

        assert code == 0
        assert out.startswith("open.test")
        assert "domains.txt:1: line-too-long" in err

    def test_a_stored_audit_has_its_own_domain(self, capsys: pytest.CaptureFixture[str]) -> None:
        deliv(capsys, "open.test", "-o", "a.json")

        code = run(("audit", "--replay", "a.json", "--from", "domains.txt"))

        assert code == 2
        assert "--from" in capsys.readouterr().err


class TestSite:
    @pytest.fixture
    def site(self, capsys: pytest.CaptureFixture[str]) -> None:
        code, out, _ = deliv(capsys, "--from", "domains.txt", "-o", "site/")
        assert (code, out) == (0, "")

    def test_there_is_a_page_for_each_and_one_line_for_each(self, site: None) -> None:
        assert sorted(p.relative_to("site").as_posix() for p in Path("site").rglob("*") if p.is_file()) == [
            "audits.jsonl",
            "by-finding.html",
            "by-name.html",
            "domains/open.test.html",
            "domains/parked.test.html",
            "domains/xn--bro-hoa.test.html",
            "index.html",
        ]
        documents = [json.loads(line) for line in Path("site/audits.jsonl").read_text().splitlines()]
        assert [d["subject"]["domain"] for d in documents] == ["parked.test", "xn--bro-hoa.test", "open.test"]
        assert "open.test" in page("domains/open.test.html").all("h1")[0].text

    def test_the_worst_stands_first(self, site: None) -> None:
        verdicts = {
            d["subject"]["domain"]: d["verdict"]["word"]
            for d in map(json.loads, Path("site/audits.jsonl").read_text().splitlines())
        }

        assert listed("index.html") == ["open.test", "büro.test", "parked.test"]
        assert verdicts["open.test"] == "do_not_send"
        assert verdicts["parked.test"] == "send"
        assert listed("by-name.html") == ["büro.test", "open.test", "parked.test"]

    def test_every_link_leads_somewhere(self, site: None) -> None:
        for name in ("index.html", "by-name.html", "by-finding.html"):
            for link in page(name).values("href"):
                file, _, anchor = link.partition("#")
                if link.startswith("data:"):
                    continue
                target = Path("site", file or name)
                assert target.is_file(), link
                if anchor:
                    assert anchor in parse(target.read_text(encoding="utf-8")).values("id"), link

    def test_a_domain_s_page_leads_back_to_the_list(self, site: None) -> None:
        links = page("domains/open.test.html").values("href")

        assert Path("site/domains", next(link for link in links if link.endswith(".html"))).resolve() == (
            Path("site/index.html").resolve()
        )

    def test_a_finding_lists_its_domains(self, site: None) -> None:
        markup = page("by-finding.html")
        text = markup.elements[0].text
        start = text.index("spf-all", text.index("spf-all") + 1)

        assert "f-spf-all" in markup.values("id")
        assert "open.test" in text[start : start + 200]
        assert "1 of 3" in text

    def test_pages_of_an_earlier_run_stay_are_linked_by_nothing_and_are_named(
        self, site: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, _, err = deliv(capsys, "parked.test", "-o", "site/")

        assert code == 0
        assert Path("site/domains/open.test.html").is_file()
        assert listed("index.html") == ["parked.test"]
        assert err == (
            "deliv: site/domains still holds 2 pages of earlier runs, to which no list leads: "
            "open.test.html, xn--bro-hoa.test.html\n"
        )
        assert deliv(capsys, "--from", "domains.txt", "-o", "site/")[2].count("still holds") == 0

    def test_of_many_old_pages_the_first_are_named_and_the_rest_counted(
        self, site: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for number in range(7):
            Path(f"site/domains/old\x1b{number}.html").touch()

        err = deliv(capsys, "--from", "domains.txt", "-o", "site/")[2]

        assert err.endswith(
            "old\\x1b0.html, old\\x1b1.html, old\\x1b2.html, old\\x1b3.html, old\\x1b4.html and 2 more\n"
        )
        assert "holds 7 pages" in err

    def test_nothing_but_its_own_style_is_allowed(self, site: None) -> None:
        for name in ("index.html", "by-name.html", "by-finding.html", "domains/open.test.html"):
            markup = page(name)

            assert not markup.all("script", "img", "iframe", "object")
            assert markup.values("style") == []
            assert markup.unbalanced == []
            assert any("default-src 'none'" in value for value in markup.values("content"))

    def test_the_index_comes_last(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        written: list[str] = []

        def noted(path: Path, text: str) -> None:
            written.append(path.name)
            write_whole(path, text)

        monkeypatch.setattr("deliverability.cli._portfolio.write_whole", noted)
        deliv(capsys, "--from", "domains.txt", "-o", "site/")

        assert written[-1] == "index.html"
        assert written[0] == "parked.test.html"

    def test_the_exit_code_is_that_of_all(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert deliv(capsys, "--from", "domains.txt", "-o", "site/", "--fail-on", "critical")[0] == 1
        assert deliv(capsys, "parked.test", "-o", "site/", "--fail-on", "critical")[0] == 0

    def test_an_existing_folder_needs_no_slash_and_a_file_beside_it_has_all(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("site").mkdir()

        code, out, _ = deliv(capsys, "--from", "domains.txt", "-o", "site", "-o", "all.jsonl", "-o", "-")

        assert code == 0
        assert Path("all.jsonl").read_text() == Path("site/audits.jsonl").read_text()
        assert out.startswith("parked.test")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("-o", "site/", "-o", "other/"), "one folder is enough"),
            (("-o", "site/", "-f", "json"), "a folder takes pages, not json"),
            (("-o", "all.zone/"), "cannot be written"),
            (("-o", "a.html"), "-o site/"),
        ],
    )
    def test_what_cannot_be_written_is_one_line(
        self, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
    ) -> None:
        Path("domains.txt").write_text("open.test\nparked.test\n")

        code, _, err = deliv(capsys, "--from", "domains.txt", *arguments)

        assert code == 2
        assert said in err
        assert err.count("\n") == 1

    def test_what_fails_on_the_way_leaves_no_index_and_no_half_file(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Broken(RuntimeError):
            pass

        def fail(self: _portfolio.Tally) -> None:
            raise Broken

        monkeypatch.setattr(_portfolio.Tally, "count", fail)
        code, _, _ = deliv(capsys, "--from", "domains.txt", "-o", "site/")

        assert code == 2
        assert [p.name for p in Path("site").iterdir()] == ["domains"]

    def test_it_can_speak_korean(self, capsys: pytest.CaptureFixture[str]) -> None:
        deliv(capsys, "--from", "domains.txt", "-o", "site/", "--lang", "ko")

        assert page("index.html").all("html")[0].attributes["lang"] == "ko"


class Slow:
    """A resolver that notes how many audits are under way."""

    def __init__(self) -> None:
        self.base = ZoneResolver.from_text(ZONE)
        self.asked: list[str] = []

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        self.asked.append(name)
        await asyncio.sleep(0)
        return await self.base.resolve(name, rdtype, server=server, dnssec=dnssec)


def test_only_a_few_are_under_way_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "DOMAINS_AT_ONCE", 2)
    names = [f"d{i}.test" for i in range(6)]

    async def first() -> tuple[str, set[str]]:
        resolver = Slow()
        async for audit in api.stream(api.plan(names, select=["spf-present"]), resolver):
            return audit.subject.domain, {n for n in names for asked in resolver.asked if asked.endswith(n)}
        raise AssertionError

    domain, begun = asyncio.run(first())

    assert domain == "d0.test"
    assert begun == {"d0.test", "d1.test"}


def test_they_come_in_the_order_given() -> None:
    async def every() -> list[str]:
        plan = api.plan(["parked.test", "open.test"], select=["spf-present"])
        return [audit.subject.domain async for audit in api.stream(plan, Slow())]

    assert asyncio.run(every()) == ["parked.test", "open.test"]
