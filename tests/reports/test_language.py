"""Reports in Korean: nothing of theirs stays English, nothing bypasses the catalogue, and data stay as they are.

`tests/test_vectors.py` holds the prose of every check's judgements to the same.
"""

from __future__ import annotations

import ast
import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from deliverability import demo
from deliverability.checks import CHECKS, message_links
from deliverability.checks._check import Check
from deliverability.cli import _options, root
from deliverability.comparison import Wanted, compare
from deliverability.demo import DemoResult
from deliverability.document import Audit, to_json
from deliverability.events.plain import to_plain
from deliverability.findings import Finding, Outcome, Severity
from deliverability.gate.decide import decide, of_audits
from deliverability.gate.inputs import Content
from deliverability.policy.model import Need, Place, Policy
from deliverability.reports import catalogue, comparison, diff, language, terminal, words
from deliverability.reports import gate as gate_report
from deliverability.reports.ci import markdown
from deliverability.reports.html import render_html
from deliverability.reports.language import N_, TEMPLATES, Words, counted, speaking
from deliverability.reports.prose import MAX_TEXT, Said, prose
from deliverability.reports.spoken import spoken, spoken_finding
from deliverability.reports.spoken_gate import spoken_gate
from support import campaigns, gates, samples
from support.catalogues import CHECKS as CHECKS_PO
from support.catalogues import PAGE, PROSE, entries, read, unfinished
from support.shared import ROOT
from support.spoken import english, is_english, texts
from support.vectors import CLOCK

LABEL = "SPF와 DKIM 수정"
HANGUL = re.compile("[가-힣]")
PARTICLE = re.compile(r"\}(?:은|는|이|가|을|를|와|과|로|으로)(?=[\s.,)]|$)")
PLACE = re.compile(r"\{(\w+)(?:[!:]([^{}]*))?\}")


@pytest.fixture(scope="module")
def shop() -> DemoResult:
    """The sample sender before and after its repair, with its events, reports and the comparison."""
    return asyncio.run(demo.demo(CLOCK))


def document(shop: DemoResult) -> Any:
    """The comparison as an audit carries it, its change named in Korean: a name stays as it was given."""
    text = json.dumps(to_plain(shop.comparison), ensure_ascii=False)
    return json.loads(text.replace("SPF and DKIM repaired", LABEL))


def sentences(text: str) -> list[str]:
    """Lines of a terminal report that hold English; commands stand in them without any mark."""
    known = ("SPF and DKIM repaired", *IDS, *ABOUT)
    lines = [line for line in text.partition("\n  규칙 ")[0].splitlines() if len(line.split()) > 1]  # one word is an id
    return [line for line in lines if is_english(re.sub(r"\([0-9]{4}-[0-9]{2}\)|[a-z_]+:[\w./-]+", " ", line), known)]


IDS = tuple(text for check in CHECKS for text in (check.id, f"· {check.family} ·"))
ABOUT = tuple(sorted(message_links.ABOUT.values()))
"""Subjects, which a waiver of a policy names to the letter in every language."""

CHANGE: Mapping[str, Any] = {"changes": (f"{campaigns.CHANGED}={LABEL}",), "segment": "stream"}
COMPARED: Mapping[str, tuple[list[campaigns.Row], Mapping[str, Any]]] = {
    "a series": (campaigns.marketing(), CHANGE),
    "too few": (campaigns.Sender(before=2, after=2).rows(), CHANGE),
    "no change": (campaigns.Sender(campaigns.UNMOVED, before=12, after=12).rows(), CHANGE),
    "a control": (campaigns.marketing() + campaigns.steady(), {**CHANGE, "control": "stream=transactional"}),
    "by chance": (campaigns.halves(), {"arms": "arm"}),
    "no providers": (campaigns.without(campaigns.marketing(), "provider"), {**CHANGE, "segment": ""}),
    "no machines": (campaigns.without(campaigns.marketing(), "opened_machine"), CHANGE),
    "nothing after": (campaigns.sides(campaigns.marketing())[0], CHANGE),
}
"""What campaigns of a sender can be, from the top of the ladder to its foot."""


class TestPages:
    """Everything that is shown to a person."""

    def test_the_page_of_an_audit(self, shop: DemoResult) -> None:
        render_html(shop.before)  # what is kept between two pages is kept for neither language
        with speaking("ko"):
            page = render_html(shop.before)

        assert '<html lang="ko">' in page
        # the ids of providers stand in a finding's data, in English too
        assert [text for text in english(texts(page)) if "microsoft, other" not in text] == []

    def test_the_page_of_a_change(self, shop: DemoResult) -> None:
        with speaking("ko"):
            page = render_html(shop.after, previous=shop.before, comparison=document(shop))
            summary = render_html(shop.after, previous=shop.before, comparison=document(shop), summary=True)

        assert LABEL in page
        assert english(texts(page)) == []
        assert english(texts(summary)) == []

    def test_the_report_at_a_terminal(self, shop: DemoResult) -> None:
        with speaking("ko"):
            report = terminal.render([prose_alone(shop.before), prose_alone(shop.after)], width=120, color=False)

        assert "    이유   " in report
        assert sentences(report) == []

    def test_what_changed(self, shop: DemoResult) -> None:
        with speaking("ko"):
            report = diff.render(shop.before, shop.after, shop.changes, width=120, color=False)

        assert "더는 그렇지 않음" in report
        assert sentences(report) == []

    @pytest.mark.parametrize("verbose", [False, True])
    def test_a_gate(self, shop: DemoResult, verbose: bool) -> None:
        before = prose_alone(shop.before)
        with speaking("ko"):
            report = gate_report.render(of_audits([before]), width=120, color=False, verbose=verbose)
            page = markdown.render(of_audits([before]))

        assert sentences(report) == []
        assert sentences(page.replace("\\", "").replace("`other`", "").replace("`", "")) == []  # the id of providers

    def test_a_gate_against_a_baseline_quotes_both_titles(self, shop: DemoResult) -> None:
        now = prose_alone(shop.before)
        milder = tuple(_milder(finding) for finding in now.findings)
        gate = decide([now], Policy(), today=CLOCK.date(), baseline=[replace(now, findings=milder)])
        with speaking("ko"):
            report = gate_report.render(gate, width=120, color=False, verbose=True)

        text = " ".join(report.split())
        assert "기준 감사에서는: SPF의 DNS 조회가 10회 안에 들어갑니다(5회)" in text
        assert "기준 감사에서는 심각도가 더 낮았습니다(낮음)" in text
        assert sentences(report) == []

    def test_the_notes_of_a_gate(self) -> None:
        place = Place(gates.FILE)
        unsent = gates.fault("bounce-rate", outcome=Outcome.NOT_APPLICABLE, data={"stream": "a", "denominator": 0})
        waivers = [
            gates.waiver("spf-*", CLOCK.date() - timedelta(days=1), place, "past"),
            gates.waiver("spf-*", CLOCK.date(), place, "ends today"),
            gates.waiver("mx-*", CLOCK.date() + timedelta(days=99), place, "unused"),
            replace(gates.waiver("spf-*", CLOCK.date(), place, "a pattern"), subject="*.example"),
        ]
        gate = decide(
            [replace(samples.in_trouble(), findings=(*samples.in_trouble().findings, unsent))],
            gates.policy(waivers=tuple(waivers)),
            today=CLOCK.date(),
            baseline=[gates.audit_of([], "other.test")],
            given={Need.TLS_REPORTS: Content.EMPTY},
            deletions=[("gone.test", "TXT")],
        )
        with speaking("ko"):
            notes = spoken_gate(gate).notes

        assert len({note.partition(":")[0] for note in gate.notes}) == len(notes) == 9
        assert [note for note in notes if not isinstance(note, Said)] == []

    def test_a_list_of_recipients(self, tmp_path: Path) -> None:
        rows = ["email", "a@gmail.com", "a@gmail.com", "info@gmial.com", "no address", "b@mailinator.com"]
        file = tmp_path / "list.csv"
        file.write_text("\n".join(rows), encoding="utf-8")
        asked = ("recipients", str(file), "--no-dns", "--lang", "ko", "-v")

        assert sentences(CliRunner().invoke(root, asked).stdout) == []

    def test_many_messages(self, tmp_path: Path) -> None:
        for name, time in (("a.eml", "before"), ("b.eml", "after")):
            (tmp_path / name).write_bytes((ROOT / "examples" / time / "letter.eml").read_bytes())
        asked = ("message", str(tmp_path), "--offline", "--lang", "ko")
        report = CliRunner().invoke(root, asked).stdout

        assert "메일 2통" in report
        assert sentences(report.replace(str(tmp_path), "")) == []

    @pytest.mark.parametrize("case", COMPARED)
    def test_a_comparison(self, case: str, tmp_path: Path) -> None:
        rows, asked = COMPARED[case]
        file = tmp_path / "rows.csv"
        file.write_text(campaigns.to_csv(rows), encoding="utf-8")
        made = compare([str(file)], None, Wanted(**asked))
        with speaking("ko"):
            report = comparison.render(made, width=120, color=False)

        assert sentences(report) == []

    def test_the_comparison_of_the_sample(self, shop: DemoResult) -> None:
        assert shop.comparison is not None
        with speaking("ko"):
            report = comparison.render(shop.comparison, width=120, color=False)

        assert sentences(report) == []

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
    def test_a_manual_page(self, check: Check) -> None:
        with speaking("ko"):
            page = catalogue.page(check, width=120, color=False)

        assert sentences(page) == []
        assert len(re.findall("다\\.|시오\\.", page)) >= 2

    def test_the_table_of_checks(self) -> None:
        with speaking("ko"):
            assert sentences(catalogue.table(width=120, color=False)) == []


def _milder(finding: Finding) -> Finding:
    title = "SPF stays within ten DNS lookups (5)" if finding.check == "spf-lookup-limit" else finding.title
    return replace(finding, severity=Severity.LOW, title=title)


def prose_alone(audit: Audit) -> Audit:
    """Without records and without references, which stay as their authors wrote them."""
    return replace(audit, findings=tuple(_prose_alone(finding) for finding in audit.findings))


def _prose_alone(finding: Finding) -> Finding:
    return replace(finding, references=(), evidence=(), fix=finding.fix and replace(finding.fix, records=()))


class TestNothingBypassesTheCatalogue:
    """A language in which every text of the catalogue stands between brackets shows the words that are in none."""

    def test_of_a_page(self, shop: DemoResult) -> None:
        with speaking("ko", Bracketed()):
            pages = [
                render_html(shop.before),
                render_html(shop.after, previous=shop.before, comparison=document(shop)),
            ]
        bare = {word for page in pages for text in texts(page) for word in bare_words(text)}

        assert sorted(bare - KNOWN_BARE) == []

    def test_no_text_is_asked_for_inside_another(self) -> None:
        """Before Python 3.12 a call inside an f-string is no token, so Babel does not see what it asks for."""
        inside = [
            f"{path.name}:{call.lineno}"
            for path in sorted((ROOT / "reports").rglob("*.py"))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.JoinedStr)
            for call in ast.walk(node)
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"_", "N_", "ngettext", "counted"}
            if any(isinstance(one, ast.Constant) for one in call.args)
        ]

        assert inside == []


class Bracketed:
    """Every text of the Korean catalogue, in English and between brackets."""

    def __init__(self) -> None:
        self._templates = korean()[TEMPLATES]
        self._checks = {key: text for check in CHECKS for key, text in keys(check).items()}

    def gettext(self, message: str) -> str:
        return self._templates if message == TEMPLATES else f"⟦{self._checks.get(message, message)}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def bare_words(text: str) -> Iterator[str]:
    """Words that stand between no brackets and are part of no name, question or title of a source."""
    before = ""
    while before != text:
        before, text = text, re.sub("⟦[^⟦⟧]*⟧", " ", text)
    if "…" in text or "§" in text or re.search(r", \d{4}-\d\d$", text):  # cut to its room; a source
        return
    yield from (
        word for word in re.sub(r"[\w*-]+(?:\.[\w-]+)+", " ", text).split() if word.isalpha() and word.isascii()
    )


KNOWN_BARE = {
    *("A", "AAAA", "MX", "TXT", "PTR", "CNAME", "SOA", "NS"),
    *("p", "t", "ms", "s", "SPF", "DKIM", "DMARC", "TLS"),
    *("Gmail", "Apple", "iCloud", "Yahoo", "GMX", "sendgrid", "news"),
    *("deliv", "demo", "html"),
}
"""Types of records, units, providers, and what the samples call things."""


class TestProse:
    """What a document says, recognised by the templates of the catalogue."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("given with --role or in deliv.toml", "--role 또는 deliv.toml로 지정함"),
            ("2 more could not be checked.", "그 밖에 2건을 확인하지 못했습니다."),
            ("1 check has nothing to judge. Use it.", "판단할 자료가 없는 점검 1개. Use it."),
            ("The control (provider=yahoo) did not move.", "대조군(provider=yahoo)은 움직이지 않았습니다."),
            (
                "No mail went to Gmail. Both arms began at the same time. And so on.",
                "Gmail로 간 메일이 없습니다. 두 집단이 같은 때 시작했습니다. And so on.",
            ),
            ("Named: 2 campaigns of 3 campaigns.", "주어진 다른 일: 2 campaigns of 3 campaigns."),
        ],
    )
    def test_what_a_template_fits_is_said_anew(self, text: str, said: str) -> None:
        with speaking("ko"):
            assert prose(text) == said

    @pytest.mark.parametrize(
        "text", ["", " ", "Nobody ever wrote this.", "2.5 more", "many more could not be checked."]
    )
    def test_what_none_fits_stays(self, text: str) -> None:
        with speaking("ko"):
            assert prose(text) == text

    def test_what_is_said_already_is_not_said_again(self) -> None:
        with speaking("ko"):
            assert isinstance(prose("given with --role or in deliv.toml"), Said)
            assert prose(Said("given with --role or in deliv.toml")) == "given with --role or in deliv.toml"

    @given(st.text() | st.text("(): .,0123456789 ofandtomrea{}", min_size=20))
    def test_a_strangers_text_is_never_lost(self, text: str) -> None:
        with speaking("ko"):
            assert set(re.findall(r"[A-Z]{3,}", text)) <= set(re.findall(r"[A-Z]{3,}", prose(text)))
        assert prose(text) is text

    @pytest.mark.parametrize("text", ["{0.__class__}", "{title}", "{", "}{", "%(name)s %s", "{x:>9999999999}"])
    def test_a_strangers_text_is_no_format(self, text: str) -> None:
        with speaking("ko"):
            assert text in prose(f"Not yet in order: {text}.")
            assert text in words.status(prose(f"At the same time: {text}."))

    def test_a_text_beyond_all_length_is_not_looked_at(self) -> None:
        text = f"Not yet in order: {'a' * MAX_TEXT}."
        with speaking("ko"):
            assert prose(text) == text

    def test_a_finding_of_another_version_keeps_its_own_words(self) -> None:
        finding = samples.lookup_limit()
        own = replace(finding, title="SPF is said to be too long.", data={"total": [14]})
        with speaking("ko"):
            assert spoken_finding(own).title == "SPF is said to be too long."
            assert spoken_finding(replace(own, check="no-such-check")).title == "SPF is said to be too long."

    def test_a_finding_says_its_data_and_no_other(self, shop: DemoResult) -> None:
        limit = next(finding for finding in shop.before.findings if finding.check == "spf-lookup-limit")
        with speaking("ko"):
            edited = spoken_finding(replace(limit, data={**limit.data, "total": 99}))

        assert "99" not in edited.title

    def test_the_document_is_the_same_in_every_language(self, shop: DemoResult) -> None:
        before = to_json(shop.before)
        with speaking("ko"):
            assert to_json(shop.before) == before
            assert spoken(shop.before).dns == shop.before.dns
        assert spoken(shop.before) is shop.before


class TestCatalogues:
    """The sources of the catalogue."""

    def test_everything_is_translated(self) -> None:
        assert unfinished() == []

    def test_every_text_is_korean(self) -> None:
        same = {id_ for id_, said in pairs() if not HANGUL.search(said)}

        assert [text for text in same if set(re.findall("[a-z]{2,}", PLACE.sub("", text))) - {"to", "points"}] == []

    def test_no_place_is_lost_and_none_invented(self) -> None:
        wrong = [(id_, said) for id_, said in pairs() if places(said) != places(id_)]

        assert [one for one in wrong if one[0] not in PLACES_OF_ITS_OWN] == []

    def test_a_translation_asks_for_its_data_as_the_english_does(self) -> None:
        """A place with a format takes what the English takes: `{n:,}` fails on a text."""
        wrong = [id_ for id_, said in pairs(PAGE, CHECKS_PO) if not set(formats(said)) <= set(formats(id_))]

        assert [one for one in wrong if one not in PLACES_OF_ITS_OWN] == []

    def test_no_particle_hangs_on_a_place(self) -> None:
        """Korean particles depend on how the word before them ends, and nobody knows what will stand in a place."""
        assert [said for _, said in pairs() if PARTICLE.search(said)] == []

    def test_checks_have_all_their_texts_and_no_other(self) -> None:
        wanted = {key for check in CHECKS for key, text in keys(check).items() if text}

        assert {str(message.id) for message in entries(read(CHECKS_PO))} == wanted

    def test_the_english_of_checks_is_that_of_the_code(self) -> None:
        """The Korean was made of the English beside it; where that changed, somebody has to look at both."""
        english_of = {key: " ".join(text.split()) for check in CHECKS for key, text in keys(check).items()}
        changed = {
            message.id: message.auto_comments
            for message in entries(read(CHECKS_PO))
            if " ".join(message.auto_comments) != english_of.get(str(message.id))
        }

        assert changed == {}


PLACES_OF_ITS_OWN = {"{day} {month} {year}, {clock} UTC"}
"""Texts whose translation takes other places that its caller fills."""


def keys(check: Check) -> dict[str, str]:
    """Key in the catalogue → the English of it."""
    manual = {name: getattr(check, name) for name in ("ask", "why", "fix", "settle")}
    titles = {f"title.{case}": text for case, text in check.titles.items()}
    fixes = {f"fix.{case}": text for case, text in check.fixes.items()}
    return {f"{check.id}.{name}": text for name, text in (manual | titles | fixes).items()}


def pairs(*paths: str) -> Iterator[tuple[str, str]]:
    """Every English text with its Korean; of two forms, that of many."""
    of_checks = {key: text for check in CHECKS for key, text in keys(check).items()}
    for path in paths or (PAGE, *PROSE, CHECKS_PO):
        for message in entries(read(path)):
            one, many = (message.id, message.id) if isinstance(message.id, str) else message.id
            said = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
            yield of_checks.get(one, many), said


def formats(text: str) -> list[tuple[str, str]]:
    """The places of `text` with their formats, without those that choose between two words."""
    return [(name, spec) for name, spec in PLACE.findall(text) if "|" not in spec]


def places(text: str) -> set[str]:
    """Their names."""
    return {name for name, _ in formats(text)}


def korean() -> Mapping[str, str]:
    """The compiled catalogue as far as it is asked for here."""
    with speaking("ko"):
        return {TEMPLATES: language._(TEMPLATES)}


class TestSpeaking:
    """The one place for the language."""

    def test_english_needs_no_catalogue(self) -> None:
        assert language.language() == "en"
        assert language._("send") == "send"
        assert counted(1, "{n:,} file", "{n:,} files") == "1 file"
        assert counted(2000, "{n:,} file", "{n:,} files") == "2,000 files"

    def test_a_language_ends_with_its_block(self) -> None:
        with speaking("ko"):
            assert language.language() == "ko"
            assert counted(2000, "{n:,} file", "{n:,} files") == "파일 2,000개"
            with speaking("en"):
                assert language._("Verdict") == "Verdict"
            assert language._("Verdict") == "판정"
        assert language.language() == "en"

    def test_what_the_catalogue_does_not_have_stays(self) -> None:
        with speaking("ko"):
            assert language._("Nobody ever wrote this.") == "Nobody ever wrote this."
            assert language._("") == ""
            assert language.translated("no-such-check.ask") is None

    def test_words_are_translated_when_they_are_asked_for(self) -> None:
        some = Words({1: N_("send"), 2: N_("fix first")})

        assert dict(some) == {1: "send", 2: "fix first"}
        with speaking("ko"):
            assert list(some.values()) == ["발송 가능", "먼저 수정 필요"]
        assert len(some) == 2

    def test_dates_are_written_as_the_language_writes_them(self) -> None:
        with speaking("ko"):
            assert words.when("2026-11-21T09:05:00Z") == "2026년 11월 21일 09:05 UTC"
        assert words.when("2026-11-21T09:05:00Z") == "21 November 2026, 09:05 UTC"


class TestOption:
    """--lang."""

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(root, arguments, prog_name="deliv")

    def test_it_takes_the_languages_that_there_are(self) -> None:
        assert _options.LANGUAGES == language.LANGUAGES
        assert self.run("explain", "spf-all", "--lang", "xx").exit_code == 2

    def test_it_says_in_which_language_people_read(self) -> None:
        shown = self.run("explain", "spf-lookup-limit", "--lang", "ko")

        assert shown.exit_code == 0
        assert "수신 서버는 열한 번째 조회에서" in shown.output
        assert "Receivers" in self.run("explain", "spf-lookup-limit").output

    def test_data_are_the_same_in_every_language(self) -> None:
        for asked in (("explain", "spf-all"), ("checks",)):
            assert self.run(*asked, "-f", "json", "--lang", "ko").output == self.run(*asked, "-f", "json").output

    def test_a_stored_audit_is_read_in_any_language(self, tmp_path: Any) -> None:
        stored = tmp_path / "audit.json"
        stored.write_text(to_json(samples.repaired()), encoding="utf-8")
        page = tmp_path / "audit.html"

        assert self.run("render", str(stored), "--lang", "ko", "-o", str(page)).exit_code == 0
        assert '<html lang="ko">' in page.read_text(encoding="utf-8")
        assert "<h2" in self.run("render", str(stored), "-f", "html").output
        assert '<html lang="en">' in self.run("render", str(stored), "-f", "html").output
