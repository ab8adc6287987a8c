"""The page for a step summary or a comment: what it says, how long it gets, and that no stranger's text is markup."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from deliverability.arbitration import NextFix
from deliverability.findings import Action, Fix, RecordChange, Severity
from deliverability.gate.decide import decide
from deliverability.gate.model import Gate
from deliverability.policy.model import OnUnknown, Policy
from deliverability.reports.ci import github, gitlab, junit, markdown, page, sarif
from deliverability.reports.ci.escape import code, fenced, prose
from deliverability.reports.language import speaking
from deliverability.verdict import Verdict, Word
from support import gates, samples
from support.markdown import FOUND, HARMLESS, Read, read

COMMENT = 65_536
"""Characters of a comment that GitHub takes (read 2026-11-22); a step summary may have 1 MiB."""


def page_of(gate: Gate) -> Read:
    text = markdown.render(gate)
    assert len(text.encode()) < COMMENT
    found = read(text)
    assert found.kinds <= HARMLESS
    assert [one for one in found.texts if FOUND.search(one)] == []
    assert found.torn == []
    return found


@pytest.mark.parametrize("name", ["closed", "clean", "undetermined", "hostile"])
def test_a_page_looks_as_it_did(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"ci/{name}.md", markdown.render(getattr(gates, name)()))


def test_a_page_says_the_decision_the_next_fix_the_reasons_and_the_rest_in_this_order() -> None:
    assert page_of(gates.closed()).headings == [
        "The gate is closed",
        "Next fix",
        "Why",
        "Known from the baseline",
        "Warnings",
        "Waived",
        "Notes",
    ]
    assert page_of(gates.clean()).headings == ["The gate is open"]


def test_a_page_says_who_is_to_be_told_of_a_domain_and_of_each_row_where_there_are_several() -> None:
    owned = replace(gates.closed(), owners={samples.DOMAIN: "post, <b>555</b>-0100"})
    several = replace(owned, audits=(*owned.audits, gates.audit_of([], "other.test")))

    one, two = page_of(owned), page_of(several)
    assert [row[-1] for row in one.tables[0]] == ["Owner", "post, `<b>555</b>-0100`"]
    assert [row[-1] for row in two.tables[0]] == ["Owner", "post, `<b>555</b>-0100`", "–"]
    assert {row[2] for row in two.tables[1][1:]} == {f"`{samples.DOMAIN}` (post, `<b>555</b>-0100`)", "–"}
    assert {row[2] for row in one.tables[1][1:]} == {f"`{samples.DOMAIN}`", "–"}


def test_the_next_fix_is_there_to_paste() -> None:
    assert 'weinhandel.example. 300 IN TXT "v=spf1 include:_spf.crm.example' in page_of(gates.closed()).codes[2]


def test_the_next_fix_is_of_the_domain_that_closes_the_gate_for_the_worst_reason() -> None:
    light = replace(samples.in_trouble(), findings=(samples.short_key(),))
    other = replace(samples.in_trouble(), subject=replace(samples.in_trouble().subject, domain="grave.test"))

    text = markdown.render(decide([light, other], Policy(), today=gates.TODAY))

    assert "**`grave.test`** SPF includes" in text


@pytest.mark.parametrize(("on_unknown", "said"), [("fail", False), ("warn", True), ("pass", True)])
def test_a_page_says_where_the_job_goes_on_all_the_same(on_unknown: str, said: bool) -> None:
    text = markdown.render(gates.undetermined(OnUnknown(on_unknown)))

    assert ("does not stop the job" in text) is said


def test_a_page_that_would_be_too_long_counts_what_it_leaves_out() -> None:
    findings = [gates.fault(subject=f"{n}.test", title="word " * 70) for n in range(3_000)]

    found = page_of(gates.of(findings))

    shown = len(found.tables[1]) - 1
    assert 50 < shown < 3_000
    assert f"… and {3_000 - shown:,} more" in found.texts


def test_a_page_about_many_domains_shows_the_verdicts_of_the_worst() -> None:
    audits = [replace(gates.audit_of([gates.fault()], f"{n}.test")) for n in range(300)]
    audits += [replace(samples.in_trouble(), findings=())]

    found = page_of(decide(audits, Policy(), today=gates.TODAY))

    assert len(found.tables[0]) == 21
    assert found.tables[0][1][0] == f"`{samples.DOMAIN}`"
    assert "… and 281 more" in found.texts


def test_a_section_keeps_its_place_where_there_is_room_for_none_of_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page, "MOST", page.RESERVE)

    found = page_of(gates.closed())

    assert found.headings == page_of(gates.closed()).headings
    assert found.texts.count("… and 4 more") == 1


def test_the_longest_texts_of_all_leave_a_page_that_is_taken() -> None:
    wide = "| 😀@ " * 20_000
    records = tuple(RecordChange(Action.ADD, f"{n}{wide[:50]}", "CNAME", None, None, wide[:3_900]) for n in range(40))
    fix = Fix(wide, safe=False, records=records, reaudited=True)
    fault = gates.fault(check=wide, subject=wide, title=wide, fix=fix)
    audit = gates.audit_of([fault] * 200, wide)
    verdict = Verdict(Word.DO_NOT_SEND, wide)
    gate = decide(
        [replace(audit, verdict=verdict, next_best_fix=NextFix(wide, wide, wide))], Policy(path=wide), today=gates.TODAY
    )

    page_of(replace(gate, notes=(wide,) * 500))


def test_a_record_that_is_too_long_to_be_shown_is_not_half_there_to_be_pasted() -> None:
    long = RecordChange(Action.ADD, samples.DOMAIN, "TXT", 300, None, "x" * 5_000)
    fault = gates.fault(fix=Fix("Publish it.", records=(long,)))
    audit = replace(gates.audit_of([fault]), next_best_fix=NextFix(fault.check, fault.subject, "so"))

    [block] = [one for one in page_of(decide([audit], Policy(), today=gates.TODAY)).codes if "TXT" in one]

    assert block.startswith("; weinhandel.example. 300 IN TXT")
    assert len(block) < 100


def test_no_text_of_a_stranger_is_markup() -> None:
    page_of(gates.hostile())


@pytest.mark.parametrize(
    "text",
    [
        "mail a@b.test and @someone, see https://evil.test, www.evil.test or #12, GH-3, org/repo#4",
        "[link](https://evil.test) ![image](x.png) <b>html</b> &lt; <!-- comment -->",
        "*em* **strong** _em_ __strong__ ~~gone~~ $x$ :smile: deadbeef cafebabe1 !5 ~label %milestone &epic",
        "a | b | c \\| d \\\\| e | `code | more` |",
        "` `` ``` ```` `a``b` foo`bar @x`y`@z",
        "# head\n## head\r\n- item\n1. item\n> quote\n---\n===\n    code\n\ttab",
        "a\u202eb\u200bc\x1b[31m\x00\u2028d\ufeffe\ud800f",
        "=== --- *** ___ + - * 1. 2) > # : :--- |",
        "",
        "   ",
    ],
)
def test_a_text_that_wants_to_be_markup_is_read_as_it_is(text: str) -> None:
    gate = gates.of([gates.fault(check=text, subject=text, title=text)], domain=text)

    page_of(replace(gate, notes=(text,), path=text))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain words, 0.3 %, and a name.test", "plain words, 0.3 %, and a name.test"),
        ("`+all` lets every server send", "`+all` lets every server send"),
        ("`~all`을 넣고", "`~all`을 넣고"),
        ("_spf.crm.example", r"\_spf.crm.example"),
        ("write to a@b.test now", "write to `a@b.test` now"),
        ("RFC 7208 §4.6.4", "RFC 7208 §4.6.4"),
        ("one`tick", "``one`tick``"),
        ("x@y`a`", "`x@y` `a`"),
        ("- item", "`-` item"),
    ],
)
def test_plain_words_stay_plain_and_the_rest_is_code(text: str, written: str) -> None:
    assert prose(text) == written


def test_code_and_blocks_of_code_are_not_ended_from_inside() -> None:
    assert read(code("a``b")).codes == ["a``b"]
    assert read(code("`")).codes == ["`"]
    assert read("\n".join(fenced(["```", "~~~", "````x"]))).codes == ["```\n~~~\n````x\n"]


def test_a_page_speaks_the_language_that_is_spoken_and_machines_read_english() -> None:
    gate = gates.of([gates.fault(severity=Severity.HIGH)])
    english = [form.render(gate) for form in (sarif, junit, gitlab, github)]

    with speaking("ko"):
        assert "| 높음 | `spf-syntax` |" in markdown.render(gate)
        assert [form.render(gate) for form in (sarif, junit, gitlab, github)] == english
