"""The box of a comparison: the sentence that its grade allows, what it rests on, and what anybody may have written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

from deliverability.compare.result import GRADES, Comparison
from deliverability.document import Audit
from deliverability.reports.comparison_words import CHECKS
from deliverability.reports.html import render_html
from deliverability.reports.html.comparison_view import UNREADABLE, Box, comparison_box
from support import comparisons, given, samples
from support.markup import parse


def box(made: Comparison) -> Box:
    found = comparison_box(comparisons.document(made))
    assert found is not None
    return found


def audited(made: Comparison | None = None) -> Audit:
    return replace(given.everything(), comparison=comparisons.document(made or comparisons.comparison()))


def page(audit: Audit, **more: Any) -> str:
    return render_html(audit, manual=samples.MANUAL, **more)


def text(audit: Audit, **more: Any) -> str:
    return " ".join(parse(page(audit, **more)).all("main")[0].text.split())


class TestBox:
    """What is said, and in which order."""

    def test_the_sentence_comes_first_and_the_grade_in_words(self) -> None:
        said = text(audited())
        start = said.index(
            "Before and after Delivered, of sent: 80.30 % → 98.22 %; Opened, of sent: 14.86 % → 35.73 %."
        )
        sentence = said.index(comparisons.comparison().sentence, start)

        assert start < sentence < said.index("Evidence E4 of E5", sentence)
        assert "where the change could reach, and not where it could not" in said

    def test_the_first_block_of_the_page_has_it_too(self) -> None:
        first = text(audited(), previous=samples.repaired()).split("Next best fix")[0]

        assert "SPF and DKIM repairedDelivered, of sent: 80.30 % → 98.22 %; Opened, of sent:" in first
        assert comparisons.comparison().sentence in first
        assert "Verdict then: send · New: 5" in first

    def test_where_nothing_may_be_said_the_first_block_says_that(self) -> None:
        first = text(audited(comparisons.refused())).split("Next best fix")[0]

        assert "Nothing may be said: The change date 2027-01-01 is after the last campaign (2026-11-20)." in first

    def test_without_a_change_and_in_a_summary_the_first_block_has_no_word_of_it(self) -> None:
        assert "The last change" not in text(given.everything())
        assert "The last change" not in text(audited(), summary=True)

    @pytest.mark.parametrize("grade", GRADES)
    def test_every_grade_has_words(self, grade: str) -> None:
        assert box(comparisons.comparison(grade=grade)).means

    def test_what_was_compared_has_windows_and_numbers(self) -> None:
        asked = dict(box(comparisons.comparison()).asked)

        assert asked["Before"] == "12 campaigns, 50,000 messages sent, 2026-05-12 to 2026-07-28 (UTC)"
        assert asked["The change"] == "2026-08-04 · SPF and DKIM repaired"
        assert asked["To settle"] == "14 days after it left out"
        assert asked["Control"] == "stream=transactional"

    def test_a_rate_has_its_parts_and_its_interval(self) -> None:
        delivered, opened = box(comparisons.comparison()).headlines

        assert (delivered.before, delivered.before_of) == ("80.30 %", "40,150 of 50,000")
        assert delivered.difference == "+17.9 points (+15.8 to +20.0)"
        assert opened.p == "< 0.001"

    def test_requirements_are_held_failed_or_untried(self) -> None:
        found = box(comparisons.totals_only())

        assert {mark.word for mark in found.of("bad")} == {"failed"}
        assert {mark.word for mark in found.of("open")} == {"could not be tried"}
        assert "enough campaigns" in [mark.name for mark in found.of("bad")]

    def test_every_requirement_of_the_ladder_has_words(self) -> None:
        from deliverability.compare.evidence import grade

        assert {name for _, name, _ in grade._LADDER} <= set(CHECKS)

    def test_bounds_of_what_people_did_are_said(self) -> None:
        assert "between bounds: opens by people changed by +7.4 to +24.0 points" in text(audited())

    def test_other_explanations_are_found_or_not_ruled_out(self) -> None:
        found = box(comparisons.comparison())

        assert [mark.rung for mark in found.open_threats()] == ["T2", "T5", "T4", "T10", "T12"]
        assert len(found.threats) == 14
        assert "2026-08-06 new sign-up form" in text(audited())

    def test_that_no_event_was_named_is_said(self) -> None:
        assert "No other event of that time was named." in text(audited(comparisons.totals_only()))

    def test_findings_beside_it_stand_by_what_may_be_said(self) -> None:
        assert box(comparisons.comparison()).related == [
            ("Fixed since, consistent with the change", ["Signatures on the mail (DKIM)"]),
            ("Still there, without a change", ["Policy against forgery (DMARC)"]),
        ]
        assert "messages refused with 5.7.26 fell from 2,250 to 31" in text(audited())

    def test_charts_stand_where_there_is_something_to_draw(self) -> None:
        ids = parse(page(audited())).values("id")
        poor = parse(page(audited(comparisons.totals_only()))).values("id")

        assert {"chart-rates-name", "chart-parts-name", "chart-time-name"} <= set(ids)
        assert {"chart-parts-name", "chart-time-name"} & set(poor) == set()
        assert "chart-rates-name" in poor

    def test_what_was_not_split_says_why(self) -> None:
        assert "Not split into its parts: The rows do not say which opens" in text(audited(comparisons.totals_only()))

    def test_a_refusal_is_the_first_word_and_no_grade_stands_beside_it(self) -> None:
        said = text(audited(comparisons.refused()))

        assert "Nothing may be said: The change date 2027-01-01 is after the last campaign" in said
        assert "Evidence E0 of E5" not in said

    def test_nothing_is_drawn_of_what_was_refused(self) -> None:
        audit = audited(comparisons.comparison(refused="The windows overlap."))

        assert not [name for name in parse(page(audit)).values("id") if name.startswith(("chart-rates", "chart-time"))]

    def test_everything_stands_in_full_with_the_evidence(self) -> None:
        said = text(audited())

        assert said.index("Raw evidence") < said.index("Requirements of each grade") < said.index("Other explanations")
        assert "26 campaigns" in said

    def test_no_claim_is_bare(self) -> None:
        assert "significant" not in text(audited()).lower()

    def test_another_comparison_takes_the_place_of_the_document_s_own(self) -> None:
        other = comparisons.document(comparisons.totals_only())

        assert "Evidence E0 of E5" in text(audited(), comparison=other)

    def test_a_summary_names_what_failed_and_no_more(self) -> None:
        said = text(audited(), summary=True)

        assert comparisons.comparison().sentence in said
        assert "Could not be tried: a randomised split" in said
        assert "enough campaigns" not in said
        assert "E5 was not reached" in said
        assert "To settle" not in said


class TestFromAnybody:
    """A comparison may come from anybody."""

    def test_hostile_text_makes_no_element_that_a_harmless_page_has_not(self) -> None:
        hostile = parse(page(replace(given.hostile(), comparison=comparisons.document(comparisons.hostile()))))
        tags = {e.tag for e in hostile.elements}

        assert tags <= {e.tag for e in parse(page(audited(), previous=samples.repaired())).elements}
        assert not tags & {"script", "img", "iframe", "object", "form", "base"}
        assert hostile.unbalanced == []
        assert [n for e in hostile.elements for n in e.attributes if n == "style" or n.startswith("on")] == []

    def test_no_attribute_comes_from_a_stranger(self) -> None:
        audit = replace(given.everything(), comparison=comparisons.document(comparisons.hostile()))
        values = [v for e in parse(page(audit)).elements for v in e.attributes.values()]

        assert not [value for value in values if "alert" in value or "onerror" in value]

    def test_nothing_that_cannot_be_seen_is_in_it(self) -> None:
        audit = replace(given.hostile(), comparison=comparisons.document(comparisons.hostile()))

        assert {c for c in page(audit) if not c.isprintable()} == {"\n"}

    @pytest.mark.parametrize(
        "plain",
        [
            [],
            7,
            "x",
            {},
            {"schema": "deliv.comparison/1", "grade": 3},
            {**comparisons.document(comparisons.comparison()), "schema": "deliv.comparison/9"},
        ],
        ids=lambda plain: repr(plain)[-40:],
    )
    def test_what_is_no_comparison_is_one_line(self, plain: object) -> None:
        assert comparison_box(plain) == Box(trouble=UNREADABLE)
        assert UNREADABLE in page(replace(given.everything(), comparison=plain))

    @pytest.mark.parametrize(
        "damage",
        [
            {"metrics": {"delivered_sent": {"before": 1e308, "after": -1e308, "difference": 1e308, "low": 0.0}}},
            {"grade": "E9"},
            {"human_bounds": [1e308, -1e308]},
            {"mix_distance": 1e308},
        ],
        ids=str,
    )
    def test_figures_that_make_no_sense_are_drawn_or_one_line(self, damage: dict[str, Any]) -> None:
        plain = {**comparisons.document(comparisons.comparison()), **damage}

        assert "NaN" not in page(replace(given.everything(), comparison=plain))

    @settings(max_examples=40, deadline=None)
    @each(st.floats(-2, 2), st.integers(-5, 10**12), st.integers(-5, 10**12))
    def test_any_figures_make_a_page(self, share: float, sent: int, delivered: int) -> None:
        made = comparisons.comparison()
        side = replace(made.before, sent=sent, delivered=delivered)
        point = replace(made.campaigns[0], sent=sent, delivered=delivered)
        rate = replace(made.metrics["delivered_sent"], before=share, difference=share, low=share)
        plain = comparisons.document(
            replace(
                made,
                before=side,
                campaigns=(point, *made.campaigns),
                providers=(replace(made.providers[0], before=side),),
                metrics={**made.metrics, "delivered_sent": rate},
                mix_distance=share,
            )
        )

        assert "</html>" in page(replace(given.everything(), comparison=plain))
