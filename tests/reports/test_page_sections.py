"""What each part of the page says: the one fix, the cause, what changed, who is affected, the path."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from deliverability.arbitration import Arbitration, Basis, FixChoice, NextFix
from deliverability.document import Audit, from_json, to_json
from deliverability.events.figures import Counts
from deliverability.findings import Effort, Finding, Lack, Outcome, Severity
from deliverability.reports.html import render_html
from deliverability.reports.html.affected import QUADRANTS, affected, plane
from deliverability.reports.html.changes import Changes, changes
from deliverability.reports.html.next_fix import Next, next_fix
from deliverability.reports.html.path import HOPS, Hop, hops
from support import comparisons, given, samples
from support.markup import parse

WHY = Arbitration(
    severity=Severity.CRITICAL,
    basis=Basis.MET,
    effort=Effort.LOW,
    score=812.5,
    affected=792,
    of=5_000,
    before=("dmarc-effective-policy",),
    because=("authentication-before-policy",),
)
ROW = {"delivered_share": 0.7, "read_low": 0.1, "read_high": 0.2, "sent": 2_000, "quadrant": QUADRANTS[3]}


def page(audit: Audit, **more: Any) -> str:
    return render_html(audit, manual=samples.MANUAL, **more)


def text(audit: Audit, **more: Any) -> str:
    return " ".join(parse(page(audit, **more)).all("main")[0].text.split())


def compared(audit: Audit | None = None) -> Audit:
    """An audit with events and the worked example of a comparison."""
    return replace(audit or given.everything(), comparison=comparisons.document(comparisons.comparison()))


class TestNextFix:
    """One fix, and why it is that one."""

    def chosen(self, why: Arbitration | None = WHY) -> Next:
        audit = samples.in_trouble()
        later = FixChoice("spf-lookup-limit", samples.DOMAIN, why)
        found = next_fix(
            replace(audit, next_best_fix=NextFix("spf-include-resolves", samples.DOMAIN, "It matters.", (later,), why))
        )
        assert found is not None
        return found

    def test_its_grounds_are_share_consequence_certainty_and_work(self) -> None:
        assert list(self.chosen().choice.grounds) == [
            ("Share of your mail", "15.8 %: 792 of 5,000 messages met it"),
            ("Consequence", "required: mail is or will be rejected, or can be forged at scale"),
            ("How sure", "certain: own mail was refused or reported for it"),
            ("Work", "minutes"),
        ]

    def test_what_has_to_wait_is_named_with_the_reason(self) -> None:
        assert self.chosen().first == (
            "First this, then `dmarc-effective-policy`: a policy that refuses mail comes after the senders' own mail"
            " passes."
        )
        assert self.chosen(replace(WHY, before=())).first == ""

    def test_many_that_wait_are_counted(self) -> None:
        many = replace(WHY, before=tuple(f"check-{i}" for i in range(9)))

        assert "`check-3` and 5 more" in self.chosen(many).first

    def test_a_share_that_no_figure_tells_is_not_nought(self) -> None:
        grounds = dict(self.chosen(replace(WHY, affected=None, of=None)).choice.grounds)

        assert grounds["Share of your mail"] == "no figure tells: give events or DMARC reports"

    def test_a_document_from_before_has_no_grounds_and_is_drawn(self) -> None:
        assert self.chosen(None).choice.grounds == []
        assert "Why this one first" not in page(samples.in_trouble())

    def test_owner_work_and_risk_are_said(self) -> None:
        said = text(samples.in_trouble())

        assert "minutes, by whoever edits the domain's DNS" in said
        assert "safe: it stops no mail that arrives today" in said

    def test_a_fix_that_can_stop_mail_says_so(self) -> None:
        audit = samples.in_trouble()
        audit = replace(audit, next_best_fix=NextFix("dmarc-effective-policy", samples.DOMAIN, "It matters."))

        assert "can stop mail that arrives today: make it in steps" in text(audit)

    def test_the_runners_up_are_two_links(self) -> None:
        runners = parse(page(samples.in_trouble())).all("ol")[0].text

        assert "SPF needs 14 DNS lookups" in runners
        assert "Receivers are asked to do nothing" in runners

    @pytest.mark.parametrize("number", [-5, 10**30])
    def test_an_arbitration_that_counts_nothing_stops_nothing(self, number: int) -> None:
        audit = replace(
            samples.in_trouble(),
            next_best_fix=NextFix("x", "y", "z", (), replace(WHY, affected=number, of=number, because=("moon",))),
        )

        assert "</html>" in page(audit)

    def test_it_survives_the_document(self) -> None:
        audit = replace(
            samples.in_trouble(), next_best_fix=NextFix("spf-include-resolves", samples.DOMAIN, "W.", (), WHY)
        )

        assert page(from_json(to_json(audit))) == page(audit)


class TestCause:
    """Not delivered, or delivered and left: before any word on content."""

    def test_the_three_parts_are_shares_of_what_was_sent(self) -> None:
        found = affected(given.everything())

        assert found is not None
        assert found.root.cause == "Not delivered"
        assert [(part.label, part.share) for part in found.root.parts] == [
            ("Not delivered", "14.2 %"),
            ("Delivered and not opened", "73.9–74.7 %"),
            ("Opened by people", "11.2–11.9 %"),
        ]
        assert found.root.parts[0].of == "13.1–15.3 % · 552 of 3,900"

    def test_it_stands_before_what_changed_and_is_not_there_without_events(self) -> None:
        said = text(given.everything())

        assert said.index("Is it the delivery, or the mail?") < said.index("What changed")
        assert "Is it the delivery" not in text(samples.in_trouble())

    def test_places_at_risk_are_held_against_the_rest(self) -> None:
        found = affected(given.everything())

        assert found is not None
        gmail = next(one for one in found.dangers if one.name == "Gmail")
        assert (gmail.kind, gmail.what, gmail.share) == ("mailbox provider", "not delivered", "20.0 %")
        assert (gmail.remark, gmail.rest) == ("18.5–21.6 % · 500 of 2,500", "3.71 %")

    def test_campaigns_that_fare_like_the_rest_are_counted_only(self) -> None:
        alike = Counts(sent=1_000, delivered=850, bounced=150)
        facts = given.rates(totals=given.added(alike, alike), by_provider={}, by_campaign={"one": alike, "two": alike})
        found = affected(given.audited(rates=facts))

        assert found is not None
        assert found.dangers == []
        assert found.alike.startswith("2 campaigns and streams are past the line too")


class TestQuadrant:
    """Delivery against engagement."""

    def finding(self, **data: Any) -> Finding:
        known = {"providers": {"gmail": ROW}, "delivered_share": 0.8, "read_low": 0.15} | data
        return Finding("engagement-quadrant", Outcome.INFO, Severity.INFO, samples.DOMAIN, "info", "Placed", data=known)

    def test_only_what_is_beyond_doubt_is_marked_as_at_risk(self) -> None:
        unmarked, found = plane([self.finding()]), plane([self.finding()], {"gmail"})

        assert unmarked is not None
        assert not unmarked.places[0].at_risk

        assert found is not None
        assert [(one.name, one.at_risk) for one in found.places] == [("Gmail", True)]
        assert (found.delivered, found.read) == (0.8, 0.15)

    def test_its_quadrants_are_named_as_the_check_names_them(self) -> None:
        from deliverability.checks.engagement import QUADRANTS as NAMED

        assert [NAMED[key] for key in ((True, True), (True, False), (False, True), (False, False))] == list(QUADRANTS)

    def test_it_is_drawn_with_its_numbers(self) -> None:
        audit = given.everything()
        said = text(replace(audit, findings=(*audit.findings, self.finding())))

        assert "Delivery and engagement, by mailbox provider" in said
        assert "arrives less, is read less" in said

    @pytest.mark.parametrize(
        "data",
        [
            {"providers": []},
            {"providers": {"gmail": 3}},
            {"providers": {"gmail": {**ROW, "sent": -1}}},
            {"providers": {"gmail": {**ROW, "read_low": 7}}},
            {"providers": {"gmail": {**ROW, "delivered_share": "x"}}},
            {"delivered_share": None},
            {"read_low": True},
        ],
        ids=str,
    )
    def test_data_that_place_nobody_draw_nothing(self, data: dict[str, Any]) -> None:
        assert plane([self.finding(**data)]) is None


class TestChanges:
    """What changed since an earlier audit."""

    def between(self, before: Audit, after: Audit, *, brief: bool = False) -> Changes:
        return changes(before, after, brief=brief)

    def test_the_kinds_stand_in_order_with_their_number(self) -> None:
        found = self.between(samples.repaired(), samples.in_trouble())

        assert [(group.title, group.number) for group in found.groups] == [("New", 5), ("Cannot be told", 2)]
        assert found.verdict == "send"

    def test_what_only_new_rules_see_is_no_new_fault(self) -> None:
        before = replace(
            samples.repaired(),
            ruleset="2026.10",
            findings=tuple(f for f in samples.repaired().findings if f.check != "dkim-key-size"),
        )
        found = self.between(before, samples.in_trouble())
        groups = {group.title: [line.finding.check for line in group.lines] for group in found.groups}

        assert groups["Checked in one of the two audits only"] == ["dkim-key-size"]
        assert "dkim-key-size" not in groups["New"]
        assert found.rules == "The rules changed between the two audits, from 2026.10 to 2026.11."

    def test_a_summary_lists_a_few_and_counts_the_rest(self) -> None:
        first = self.between(samples.repaired(), samples.in_trouble(), brief=True).groups[0]

        assert (len(first.lines), first.more, first.number) == (2, 3, 5)

    def many(self, number: int, outcome: Outcome) -> Audit:
        """The repaired sample with so many more findings of one check."""
        audit = samples.repaired()
        sample = next(f for f in samples.in_trouble().findings if f.outcome is Outcome.FAIL)
        more = [replace(sample, subject=f"mx{i}.example", title=f"Host {i}", outcome=outcome) for i in range(number)]
        return replace(audit, findings=(*audit.findings, *more))

    @pytest.mark.parametrize(("number", "shown"), [(6, 6), (7, 7), (8, 6), (20, 6)])
    def test_of_many_that_are_fixed_a_few_stand_open(self, number: int, shown: int) -> None:
        found = self.between(self.many(number, Outcome.FAIL), samples.repaired()).groups

        assert [(group.title, len(group.lines), len(group.folded)) for group in found] == [
            ("Fixed", shown, number - shown)
        ]

    def test_new_faults_are_never_folded(self) -> None:
        found = self.between(samples.repaired(), self.many(20, Outcome.FAIL)).groups[0]

        assert (found.title, len(found.lines), len(found.folded)) == ("New", 20, 0)

    def test_what_is_folded_is_on_the_page(self) -> None:
        said = text(samples.repaired(), previous=self.many(20, Outcome.FAIL))

        assert "and 14 more" in said
        assert all(f"No longer so: Host {i}" in said for i in range(20))

    def test_a_name_that_the_title_does_not_say_stands_beside_it(self) -> None:
        found = self.between(self.many(1, Outcome.FAIL), samples.repaired()).groups[0].lines[0]
        twice = replace(found.finding, title="mx0.example is gone")

        assert found.place == "mx0.example"
        assert self.placed(twice) == ""

    @pytest.mark.parametrize("subject", ["authentication", "microsoft", samples.DOMAIN])
    def test_ids_of_ours_and_the_domain_itself_are_not_shown(self, subject: str) -> None:
        finding = next(f for f in samples.in_trouble().findings if f.outcome is Outcome.FAIL)

        assert self.placed(replace(finding, subject=subject)) == ""

    def placed(self, finding: Finding) -> str:
        before = replace(samples.repaired(), findings=(*samples.repaired().findings, finding))
        return next(
            line.place
            for group in self.between(before, samples.repaired()).groups
            for line in group.lines
            if line.finding.subject == finding.subject
        )

    def test_without_a_baseline_the_page_says_how_to_get_one(self) -> None:
        said = text(samples.in_trouble())

        assert "No baseline. Keep this audit with -o audit.json" in said
        assert "deliv audit weinhandel.example --events PATH --change DATE" in said
        assert "No baseline" not in text(samples.in_trouble(), previous=samples.repaired())
        assert "No baseline" not in text(compared())


class TestAffected:
    """Who is affected, or how to find out."""

    def test_without_events_it_says_what_to_give(self) -> None:
        said = text(samples.in_trouble())

        assert "This needs the events of the mail" in said
        assert "deliv audit weinhandel.example --events exports/ -o audit.html" in said

    def test_two_streams_have_a_table_and_one_has_none(self) -> None:
        streams = {"marketing": Counts(sent=3_000, delivered=2_500, opened=300), "receipts": Counts(sent=900)}
        both = text(given.audited(rates=given.rates(by_stream=streams)))
        one = text(given.audited(rates=given.rates(by_stream={"marketing": streams["marketing"]})))

        assert "By stream of mail" in both
        assert re.search(r"Marketing ?3,000 ?83\.3 %", both)
        assert "By stream of mail" not in one

    def test_a_stream_without_a_name_is_one_too(self) -> None:
        streams = {"": Counts(sent=900, delivered=900), "receipts": Counts(sent=400, delivered=400)}

        assert re.search("Not named ?900", text(given.audited(rates=given.rates(by_stream=streams))))

    def test_the_table_by_provider_stands_before_the_path(self) -> None:
        said = text(given.everything())

        assert said.index("Who is affected") < said.index("Outlook.com") < said.index("The path of a message")


class TestPath:
    """The way of a message."""

    def at(self, *findings: Finding) -> dict[str, Hop]:
        return {hop.id: hop for hop in hops(findings)}

    def finding(self, check: str, outcome: Outcome, severity: Severity = Severity.HIGH) -> Finding:
        return Finding(check, outcome, severity, samples.DOMAIN, outcome.value, f"About {check}")

    @pytest.mark.parametrize(
        ("check", "hop"),
        [
            ("suppression-respected", "sender"),
            ("dkim-key-size", "identity"),
            ("host-ptr", "connection"),
            ("blocklist-ip", "connection"),
            ("bounce-rate", "policy"),
            ("dmarc-pass-rate", "policy"),
            ("postmaster-spam-rate", "inbox"),
            ("open-rate", "reading"),
            ("complaint-rate", "feedback"),
            ("mx-present", "feedback"),
        ],
    )
    def test_a_finding_is_pinned_to_its_hop(self, check: str, hop: str) -> None:
        found = self.at(self.finding(check, Outcome.FAIL))

        assert [one.check for one in found[hop].pinned] == [check]
        assert sum(len(one.pinned) for one in found.values()) == 1

    def test_every_check_of_this_version_has_a_hop(self) -> None:
        from deliverability.checks import CHECKS

        lost = [c.id for c in CHECKS if not any(h.failed for h in hops([self.finding(c.id, Outcome.FAIL)]))]

        assert lost == []

    def test_all_hops_stand_in_order_and_the_unseen_are_not_observed(self) -> None:
        found = hops([self.finding("spf-present", Outcome.PASS)])

        assert [hop.id for hop in found] == list(HOPS)
        assert [hop.id for hop in found if hop.observed] == ["identity"]

    def test_what_had_nothing_to_judge_was_not_observed(self) -> None:
        unasked = replace(self.finding("snds-status", Outcome.UNKNOWN), case="unknown", lack=Lack.INPUT)

        assert self.at(unasked)["inbox"].state == "none"

    @pytest.mark.parametrize(
        ("outcome", "severity", "state", "shape"),
        [
            (Outcome.FAIL, Severity.HIGH, "bad", "▲"),
            (Outcome.FAIL, Severity.LOW, "bad", "△"),
            (Outcome.UNKNOWN, Severity.HIGH, "open", "◇"),
            (Outcome.PASS, Severity.HIGH, "good", "●"),
            (Outcome.NOT_APPLICABLE, Severity.HIGH, "none", "–"),
        ],
    )
    def test_its_state_is_a_shape_and_a_word(
        self, outcome: Outcome, severity: Severity, state: str, shape: str
    ) -> None:
        hop = self.at(self.finding("spf-present", outcome, severity))["identity"]

        assert (hop.state, hop.shape) == (state, shape)
        assert hop.said

    def test_many_are_counted(self) -> None:
        hop = self.at(*(self.finding("spf-present", Outcome.FAIL) for _ in range(20)))["identity"]

        assert (len(hop.pinned), hop.more, hop.required) == (8, 12, 20)

    def test_a_check_of_another_version_is_nowhere(self) -> None:
        assert not any(hop.observed for hop in hops([self.finding("moon-phase", Outcome.FAIL)]))
