"""The page: whole, inert, in order, and the same bytes for the same audit."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.document import Audit, from_json, to_json
from deliverability.findings import Action, Evidence, Fix, Outcome, RecordChange, Role, Severity, Subject
from deliverability.reports.html import render_html
from deliverability.sources import SOURCES
from deliverability.verdict import Verdict, Word
from support import samples
from support.markup import Markup, parse

CLUMPS = {"required", "recommended", "unknown", "unasked", "notes", "passed", "not-applicable"}
AUDITS = {"trouble": samples.in_trouble(), "repaired": samples.repaired(), "hostile": samples.hostile()}


def page(audit: Audit) -> str:
    return render_html(audit, manual=samples.MANUAL)


@pytest.fixture(params=list(AUDITS))
def markup(request: pytest.FixtureRequest) -> Markup:
    return parse(page(AUDITS[request.param]))


def with_finding(**changes: object) -> Audit:
    finding = replace(samples.duplicate_term(), **changes)  # type: ignore[arg-type]
    return replace(samples.in_trouble(), findings=(finding,), next_best_fix=None)


@pytest.mark.parametrize("name", ["trouble", "repaired"])
def test_the_page_as_it_was_last_looked_at(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"{name}.html", page(AUDITS[name]))


def test_the_same_audit_gives_the_same_bytes_also_from_its_json() -> None:
    audit = samples.in_trouble()

    assert page(audit) == page(samples.in_trouble()) == page(from_json(to_json(audit)))


class TestInert:
    """No text of the document is markup, style, script or address."""

    def test_hostile_text_makes_no_element_that_a_harmless_page_has_not(self) -> None:
        tags = {e.tag for e in parse(page(samples.hostile())).elements}
        harmless = {e.tag for e in parse(page(samples.in_trouble())).elements}

        assert tags <= harmless
        assert not tags & {"script", "img", "iframe", "object", "form", "base", "image", "use", "foreignObject"}

    def test_every_element_is_closed_where_it_was_opened(self, markup: Markup) -> None:
        assert markup.unbalanced == []

    def test_no_attribute_carries_style_or_script(self, markup: Markup) -> None:
        assert [
            name for e in markup.elements for name in e.attributes if name == "style" or name.startswith("on")
        ] == []

    def test_links_lead_into_the_page_or_to_a_listed_source(self, markup: Markup) -> None:
        listed = {source.url for source in SOURCES.values()}
        outside = [url for url in markup.values("href") if not url.startswith("#") and url != "data:,"]

        assert {url.partition("#")[0] for url in outside} <= listed
        assert markup.values("src") == []

    def test_nothing_that_cannot_be_seen_is_in_it(self) -> None:
        assert {c for c in page(samples.hostile()) if not c.isprintable()} == {"\n"}

    def test_the_attack_is_there_to_be_read(self) -> None:
        text = html.unescape(page(samples.hostile()))

        assert "<script>alert(1)</script>" in text
        assert "\\x1b[31m\\x07\\u202egnp.exe\\u2066\\x85" in text

    def test_a_section_from_outside_never_becomes_part_of_an_address(self) -> None:
        audit = samples.in_trouble()
        reference = replace(samples.lookup_limit().references[0], section='4"><script>')
        finding = replace(samples.lookup_limit(), references=(reference,))

        assert 'href="https://www.rfc-editor.org/rfc/rfc7208"' in page(replace(audit, findings=(finding,)))

    @settings(max_examples=30)
    @given(st.text(alphabet=st.characters(), max_size=60))
    def test_whatever_the_text_the_structure_stays(self, text: str) -> None:
        change = RecordChange(Action.REPLACE, text or "a", "TXT", 300, "old", text)
        given_text = with_finding(
            title=text, subject=text, evidence=(Evidence("dns_answer", text, "TXT", text or "a", (0, 1), text or "a"),)
        )
        finding = replace(given_text.findings[0], fix=Fix(text, records=(change,)))
        tags = {e.tag for e in parse(page(replace(given_text, findings=(finding,)))).elements}

        assert tags <= {e.tag for e in parse(page(samples.in_trouble())).elements} | {"br"}


class TestPolicy:
    """The page allows itself its own style sheet and nothing else."""

    def test_the_policy_names_the_very_style_sheet(self, markup: Markup) -> None:
        (style,) = markup.all("style")
        digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
        policy = next(e.attributes["content"] for e in markup.all("meta") if "http-equiv" in e.attributes)

        assert policy.split("; ") == [
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]

    def test_the_style_sheet_asks_for_nothing(self, markup: Markup) -> None:
        (style,) = markup.all("style")

        assert "url(" not in style.text
        assert "@import" not in style.text

    def test_only_four_sizes_of_type(self, markup: Markup) -> None:
        screen = markup.all("style")[0].text.partition("@media print")[0]
        sizes = {
            word.partition("/")[0]
            for line in screen.split(";")
            for word in line.split()
            if "font" in line and word.rstrip("px").partition("px")[0].isdigit() and "px" in word
        }

        assert sizes <= {"13px", "16px", "20px", "28px"}
        assert len(sizes) > 2


class TestAccessible:
    """The page can be read by those who do not see it."""

    def test_it_says_its_language_and_title(self, markup: Markup) -> None:
        assert markup.all("html")[0].attributes == {"lang": "en"}
        assert markup.all("title")[0].text.endswith("(deliv audit)")

    def test_headings_skip_no_level(self, markup: Markup) -> None:
        levels = [int(e.tag[1]) for e in markup.elements if e.tag in {"h1", "h2", "h3", "h4", "h5"}]

        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in pairwise(levels))

    def test_table_headers_say_what_they_head(self, markup: Markup) -> None:
        assert [e for e in markup.all("th") if e.attributes.get("scope") not in {"col", "row"}] == []

    def test_ids_are_unique_and_every_link_into_the_page_arrives(self, markup: Markup) -> None:
        ids = markup.values("id")

        assert len(ids) == len(set(ids))
        assert {url[1:] for url in markup.values("href") if url.startswith("#")} <= set(ids)
        assert {name for value in markup.values("aria-labelledby") for name in value.split()} <= set(ids)

    @pytest.mark.parametrize("outcome", list(Outcome), ids=str)
    def test_every_outcome_has_a_shape_and_a_word(self, outcome: Outcome) -> None:
        words = {
            Outcome.FAIL: ("△", "low, optional"),
            Outcome.UNKNOWN: ("◇", "could not check"),
            Outcome.ERROR: ("◇", "deliv failed"),
            Outcome.INFO: ("○", "note"),
            Outcome.PASS: ("●", "Passed"),
            Outcome.NOT_APPLICABLE: ("–", "Does not apply"),
        }
        text = parse(page(with_finding(outcome=outcome))).all("main")[0].text

        assert all(word in text for word in words[outcome])


class TestContent:
    """What a reader finds, and where."""

    def test_sections_stand_in_the_order_in_which_people_read(self) -> None:
        headings = [e.text.strip() for e in parse(page(samples.in_trouble())).all("h2")]

        assert headings == [
            "▲ Do not send",
            "Next best fix",
            "What changed",
            "Who is affected",
            "The path of a message",
            "Findings",
            "Can these numbers be trusted?",
            "Raw evidence",
            "Method and limits",
        ]

    def test_findings_stand_in_clumps_worst_first(self) -> None:
        found = parse(page(samples.in_trouble())).elements
        clumps = [e.text.strip() for e in found if e.tag == "h3" and e.attributes.get("id") in CLUMPS]

        assert clumps == [
            "Required 3",
            "Recommended or optional 2",
            "Could not check 2",
            "Notes 1",
            "Passed 5",
            "Does not apply 1",
        ]

    @pytest.mark.parametrize(
        ("word", "said"),
        [
            (Word.SEND, "● Send"),
            (Word.FIX_FIRST, "△ Fix first"),
            (Word.DO_NOT_SEND, "▲ Do not send"),
            (Word.UNDETERMINED, "◇ Could not determine"),
        ],
        ids=str,
    )
    def test_the_verdict_is_a_word_with_a_shape(self, word: Word, said: str) -> None:
        audit = replace(samples.repaired(), verdict=Verdict(word, "So it is."))

        assert parse(page(audit)).all("h2")[0].text.strip() == said

    @pytest.mark.parametrize("role", [Role.PARKED, Role.RECEIVING], ids=str)
    def test_a_domain_that_is_to_send_nothing_is_not_told_to_send(self, role: Role) -> None:
        parked = replace(samples.repaired(), subject=Subject(samples.DOMAIN, role, "SPF says so"))
        found = parse(page(parked))

        assert found.all("h2")[0].text.strip() == "● In order"
        assert "in order" in found.all("title")[0].text
        assert "blocks sending" not in page(parked)

    def test_what_is_proposed_is_said_to_be_so_above_the_verdict(self) -> None:
        published = samples.in_trouble()
        over = replace(samples.repaired(), options={"overlay": ["new.zone"]}, started_at=published.started_at)

        for shown in (page(over), render_html(over, previous=published, manual=samples.MANUAL)):
            assert shown.index("With the proposed records, which are not published yet.") < shown.index("●</span> Send")
        assert "Verdict as published: do not send." in shown

    @pytest.mark.parametrize(
        ("audit", "said"), [("trouble", samples.lost_include().title), ("repaired", "No action needed.")]
    )
    def test_the_verdict_s_block_says_what_to_mend_next(self, audit: str, said: str) -> None:
        block = next(e for e in parse(page(AUDITS[audit])).all("dl") if e.attributes.get("class") == "latest")

        assert "Fix next" in block.text
        assert said in block.text

    def test_what_many_findings_ask_for_is_said_once(self) -> None:
        first = samples.silent_server()
        findings = [replace(first, check=f"spf-{n}", title=f"It is not known whether {n}") for n in range(4)]
        audit = replace(samples.in_trouble(), findings=(*findings, samples.guessed_selectors()), next_best_fix=None)
        found = parse(page(audit))

        assert [e.attributes["id"] for e in found.all("li") if "id" in e.attributes] == [f"f-spf-{n}" for n in range(4)]
        assert [e.attributes["id"] for e in found.all("article")] == ["f-dkim-selectors"]
        assert "no answer in time" in next(e.text for e in found.all("li") if e.attributes.get("id") == "f-spf-3")
        assert sum(first.settle in e.text for e in found.all("h4")) == 1

    def test_no_action_needed_is_a_real_outcome(self) -> None:
        assert "No action needed." in page(samples.repaired())

    def test_nothing_to_repair_is_not_all_clear(self) -> None:
        audit = replace(samples.repaired(), verdict=Verdict(Word.UNDETERMINED, "Not everything was seen."))

        assert "No action needed." not in page(audit)
        assert "Nothing that was seen needs a repair" in page(audit)

    def test_where_nothing_could_be_seen_the_next_step_is_to_look(self) -> None:
        audit = replace(samples.in_trouble(), findings=(samples.silent_server(),), next_best_fix=None)
        audit = replace(audit, verdict=Verdict(Word.UNDETERMINED, "Nothing was seen."))

        assert "Nothing that was seen needs a repair. Ask again" in parse(page(audit)).all("main")[0].text
        assert "nothing seen that blocks sending" in page(audit)

    def test_the_offending_term_is_marked_and_each_remark_names_its_own(self) -> None:
        marks = [e.text for e in parse(page(samples.in_trouble())).all("mark")]

        assert marks[:3] == [
            "include:_spf.helpdesk.example",
            "include:_spf.crm.example",
            "include:_spf.helpdesk.example",
        ]
        assert "<code>include:_spf.crm.example</code>: 9 of the 14" in page(samples.in_trouble())

    def test_a_fix_shows_what_goes_and_what_comes(self) -> None:
        markup = parse(page(samples.in_trouble()))

        assert markup.all("del")[0].text == "include:_spf.helpdesk.example"
        assert [e.text for e in markup.all("ins")][:1] == ["ip4:192.0.2.0/28"]
        assert '300 IN TXT "v=spf1' in markup.all("pre")[0].text

    def test_a_long_record_breaks_where_its_strings_do(self) -> None:
        change = RecordChange(Action.ADD, "s._domainkey.example", "TXT", 300, None, "k" * 600)
        lines = [e.text for e in parse(page(with_finding(fix=Fix("Publish it.", records=(change,))))).all("span")]

        assert [len(text) for text in lines if text.startswith("kkk")] == [255, 255, 90]

    def test_a_finding_says_how_to_see_it_without_deliv(self) -> None:
        assert "dig +short TXT _spf.helpdesk.example" in page(samples.in_trouble())

    def test_what_could_not_be_checked_says_what_would_settle_it(self) -> None:
        assert "<strong>What would settle it:</strong> Name the selectors" in page(samples.in_trouble())

    def test_what_passed_is_folded_away_and_faults_are_not(self) -> None:
        elements = parse(page(samples.in_trouble())).elements
        folded = " ".join(e.text for e in elements if e.tag == "details")

        assert "The domain publishes SPF" in folded
        assert not any("details" in e.path for e in elements if e.tag == "article")
        assert not any("open" in e.attributes for e in elements if e.tag == "details")

    def test_a_risky_fix_says_so_before_its_record(self) -> None:
        text = page(replace(samples.in_trouble(), findings=(samples.weak_policy(),), next_best_fix=None))

        assert text.index("Careful:") < text.index("Publish")

    def test_an_internationalised_name_is_shown_in_both_forms(self) -> None:
        audit = samples.in_trouble()
        audit = replace(audit, subject=replace(audit.subject, domain="xn--bcher-kva.example"))

        assert '<h1>bücher.example <span class="alabel">xn--bcher-kva.example</span></h1>' in page(audit)

    def test_the_command_repeats_the_audit_with_its_options(self) -> None:
        options = {
            "selectors": ["s1", "s2"],
            "ips": [],
            "helo": None,
            "role": "auto",
            "zone": ["my zone"],
            "timeout": 9,
        }
        text = html.unescape(page(replace(samples.in_trouble(), options=options)))

        assert "deliv audit weinhandel.example --selector s1 --selector s2 --zone 'my zone'</code>" in text
        assert "selectors s1, s2; 1 zone file" in text
        assert "zone files, not live DNS" in text

    @pytest.mark.parametrize("nonsense", [[], {"a": 1}, 7, "x", [[None]], {"role": ["x"]}], ids=repr)
    def test_options_and_vantage_that_make_no_sense_stop_nothing(self, nonsense: object) -> None:
        keys = ("role", "selectors", "zone", "select", "helo", "resolvers")
        audit = replace(
            samples.in_trouble(), options=dict.fromkeys(keys, nonsense), vantage=dict.fromkeys(keys, nonsense)
        )

        assert "Do not send" in page(audit)

    def test_a_check_of_another_version_is_drawn_all_the_same(self) -> None:
        text = render_html(samples.in_trouble(), manual={})

        assert "SPF needs 14 DNS lookups" in text

    def test_words_between_backticks_are_code_and_still_inert(self) -> None:
        text = page(with_finding(title="`<b>` leads to `none`", settle="a lone ` stays"))

        assert "<h4><code>&lt;b&gt;</code> leads to <code>none</code></h4>" in text
        assert "A lone ` stays" in text

    def test_a_critical_fault_is_filled(self) -> None:
        assert 'class="chip bad full"' in page(with_finding(severity=Severity.CRITICAL))
        assert 'class="chip bad full"' not in page(with_finding(severity=Severity.HIGH))


@pytest.mark.parametrize(
    ("title", "drawn"),
    [
        ("past 5 % since 2026-09-01", '<span class="kept">5 %</span> since <span class="kept">2026-09-01</span>'),
        ("봉투의 발신자를 --mail-from으로", '<code class="whole">--mail-from</code>으로'),
        ("`v=spf1` of <b> 7 %", '<code>v=spf1</code> of &lt;b&gt; <span class="kept">7 %</span>'),
    ],
)
def test_no_line_breaks_within_a_share_a_date_or_an_option(title: str, drawn: str) -> None:
    assert drawn in page(with_finding(title=title))


def test_parts_in_a_row_carry_the_dot_that_parts_them_from_the_one_before() -> None:
    (counts,) = (e for e in parse(page(samples.in_trouble())).all("p") if e.attributes.get("class") == "counts")

    assert counts.text.split(" · ")[0].endswith("block sending")
    assert not counts.text.endswith("· ")
