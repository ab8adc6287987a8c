"""What the page says of the mail and of who sends: from the document alone, with every share's parts, or not at all."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

from deliverability.document import Audit, from_json, to_json
from deliverability.events.figures import Counts, Seconds
from deliverability.findings import Evidence
from deliverability.inputs import Inputs
from deliverability.reports.figures import UNREADABLE
from deliverability.reports.html import asked, overview, render_html
from deliverability.reports.mail import Mail, mail
from deliverability.reports.places import Cell
from deliverability.reports.senders import Senders, senders, tls
from support import given, samples
from support.markup import Markup, parse

Rates = dict[str, Any]


def page(audit: Audit) -> str:
    return render_html(audit, manual=samples.MANUAL)


def headings(audit: Audit) -> list[str]:
    return [e.text.strip() for e in parse(page(audit)).elements if e.tag in {"h2", "h3"}]


def told(**facts: Any) -> Mail:
    found = mail(given.audited(rates=given.rates(**facts)))
    assert found is not None
    return found


def reported(**facts: Any) -> Senders:
    found = senders(given.audited(dmarc_reports=given.reports(**facts)))
    assert found is not None
    return found


def cells(found: Mail, provider: str) -> dict[str, Cell]:
    return {cell.column: cell for cell in dict(found.providers)[provider]}


def test_the_page_as_it_was_last_looked_at(golden: Callable[[str, str], None]) -> None:
    golden("given.html", page(given.everything()))


def test_the_document_alone_makes_the_page() -> None:
    audit = given.everything()

    assert page(from_json(to_json(audit))) == page(audit)


class TestSections:
    """What stands where, and that it is not there without its input."""

    def test_they_stand_with_the_evidence(self) -> None:
        found = headings(given.everything())

        assert found[found.index("Raw evidence") : found.index("Method and limits")] == [
            "Raw evidence",
            "What happened to the mail",
            "Who sends as this domain",
            "Encryption of incoming mail",
            "Records",
        ]

    def test_what_was_not_given_has_none(self) -> None:
        assert "What happened to the mail" not in page(samples.in_trouble())
        assert "Who sends as this domain" not in page(given.audited(rates=given.rates()))
        assert "What happened to the mail" not in page(given.audited(dmarc_reports=given.reports()))

    def test_the_contents_lead_to_each(self) -> None:
        links = [e.attributes["href"] for e in parse(page(given.everything())).all("a") if "href" in e.attributes]

        assert [link for link in links if link in {"#mail", "#senders", "#tls", "#unasked"}][:4] == [
            "#unasked",
            "#mail",
            "#senders",
            "#tls",
        ]

    def test_nothing_to_judge_is_a_line_for_each_thing_to_give(self) -> None:
        markup = parse(page(given.everything()))
        lines = [e.text for e in markup.all("li") if e.text.startswith("◇")]

        assert "Nothing to judge yet 3" in headings(given.everything())
        assert len(lines) == 2
        assert "postmaster-compliance, postmaster-spam-rate" in next(line for line in lines if "Postmaster" in line)

    def test_nothing_to_judge_is_no_doubt(self) -> None:
        assert "Could not check 2" in headings(given.everything())

    def test_what_was_given_is_said_and_repeated_in_the_command(self) -> None:
        text = html.unescape(page(given.everything()))

        assert "events of the mail; DMARC reports; TLS reports; 1 known sender" in text
        assert (
            "--events exports/ --dmarc-reports reports/a.zip --declared 192.0.2.0/24 --tls-reports tls/</code>" in text
        )

    def test_a_command_for_one_check_names_only_the_inputs_that_it_reads(self) -> None:
        audit = given.everything()

        assert asked.command(audit, select="spf-lookup-limit").endswith("weinhandel.example --select spf-lookup-limit")
        assert "--events exports/ --select bounce-rate" in asked.command(audit, select="bounce-rate")
        assert "--declared 192.0.2.0/24 --select dmarc-pass-rate" in asked.command(audit, select="dmarc-pass-rate")

    def test_a_list_a_filter_and_the_policy_are_named_and_asked_for_again(self) -> None:
        options = {"recipients": ["l.csv"], "suppressions": ["s.csv"], "config": "deliv.toml", "rspamd": "http://[::1]"}
        audit = replace(samples.in_trouble(), options=options)

        assert "a list of recipients" in asked.inputs(options)
        again = asked.command(audit, select="recipients-suppressed")
        assert "--config deliv.toml --recipients l.csv --suppressions s.csv --select recipients-suppressed" in again
        assert "--rspamd" not in again
        assert "--rspamd 'http://[::1]'" in asked.command(audit, select="message-rspamd")

    def test_a_topic_that_had_nothing_to_judge_says_so(self) -> None:
        found = {topic.name: topic for topic in overview.topics(given.everything().findings)}

        assert (found["Reputation"].word, found["Reputation"].counts) == ("nothing to judge yet", "3 nothing to judge")

    def test_the_limits_name_only_what_was_not_looked_at(self) -> None:
        assert "Not looked at: bounces, complaints and opens" in page(samples.in_trouble())
        assert "Not looked at: block lists; the content of messages." in page(given.everything())


class TestMail:
    """The figures of events."""

    def test_every_share_has_its_parts_its_interval_and_the_window(self) -> None:
        found = told()
        figures = [*found.delivery, *found.complaints, *found.opens]

        assert found.window == "2026-08-04 to 2026-09-24 (UTC)"
        assert all(re.fullmatch(r"[\d,]+ of [\d,]+ [a-z ]+", figure.of) for figure in figures)
        assert all(re.fullmatch(r"[\d.]+–[\d.]+ %", figure.interval) for figure in figures)
        assert found.delivery[0].of == "3,348 of 3,900 sent"
        assert (found.delivery[0].share, found.delivery[0].interval) == ("85.8 %", "84.7–86.9 %")

    def test_complaints_stand_under_each_denominator(self) -> None:
        assert [figure.of for figure in told().complaints[:3]] == [
            "6 of 3,900 sent",
            "6 of 3,348 delivered",
            "6 of 1,288 delivered there",
        ]

    def test_opens_are_bounds_and_say_what_nobody_flagged(self) -> None:
        found = told()

        assert [figure.of for figure in found.opens[:2]] == ["435 of 3,348 delivered", "464 of 3,348 delivered"]
        assert "Of 9 opens nobody says" in found.unflagged
        assert "nobody says" not in told(totals=given.GMAIL).unflagged

    def test_the_time_to_deliver_needs_enough_messages(self) -> None:
        few = Seconds(p50=4.0, p95=620.0, messages=99)

        assert "within 4 s of being sent, 95 % within 10 min (3,348 messages" in told().speed
        assert "too little to judge" in told(time_to_deliver=few).speed
        assert told(time_to_deliver=None).speed == ""

    def test_what_was_left_out_is_counted(self) -> None:
        read = told(unknown_words={"rendered": 4}).read

        assert "11,068 rows · 2 files · sendgrid · 7 seen twice and counted once · 3 that could not be read" in read
        assert "4 events of unknown kinds" in read

    def test_a_bar_ends_where_its_interval_does(self) -> None:
        low, high, value = (float(number) for number in told().delivery[0].bar)

        assert low < value < high == 120


class TestProviders:
    """The table by mailbox provider."""

    def test_small_ones_are_merged(self) -> None:
        found = told()

        assert [name for name, _ in found.providers] == ["Gmail", "Outlook.com", "2 smaller ones together"]
        assert cells(found, "2 smaller ones together")["Sent"].text == "150"
        assert cells(found, "2 smaller ones together")["Bounced"].remark.endswith("2 of 150")

    def test_below_the_floor_there_is_no_share(self) -> None:
        few = Counts(sent=150, delivered=140, bounced=10, complained=3, opened=12)
        cell = cells(told(by_provider={"microsoft": few, "gmail": given.GMAIL}), "Outlook.com")

        assert (cell["Delivered"].text, cell["Delivered"].remark) == ("140 of 150", "too little to judge")
        assert (cell["Complaints"].text, cell["Complaints"].remark) == ("3 of 140", "too little to judge")
        assert cell["Bounced"].text == "6.67 %"

    def test_a_provider_that_reports_no_complaints_is_not_without_them(self) -> None:
        found = told()

        assert cells(found, "Gmail")["Complaints"] == Cell("Complaints", "–", "none are reported back", faint=True)
        assert cells(found, "Outlook.com")["Complaints"].text == "0.42 %"
        assert "reported to senders by GMX, Outlook.com" in found.silent

    def test_none_of_them_may_report(self) -> None:
        assert "None of these mailbox providers" in told(reporting=()).silent

    def test_opens_of_a_provider_are_bounds(self) -> None:
        assert cells(told(), "Gmail")["Opened by people"].text == "15.0–16.0 %"
        assert cells(told(), "Outlook.com")["Opened by people"].text == "8.75 %"


class TestReasons:
    """Why mail did not arrive."""

    def test_a_reason_says_what_it_means_and_what_to_do(self) -> None:
        row = told().bounced[0]

        assert (row.reason, row.messages, row.share) == ("SPF, DKIM or DMARC failed", "500", "90.58 % of 552")
        assert row.where == "Gmail 500"
        assert "the address is not at fault" in row.means
        assert (row.who, row.action) == ("the sender, in DNS or on the sending server", "mend SPF, DKIM or DMARC")

    def test_the_most_frequent_stands_first(self) -> None:
        assert [row.messages for row in told().bounced] == ["500", "37", "15"]

    def test_a_reason_of_another_version_is_shown_as_it_is(self) -> None:
        assert told(reasons={"moon_phase": 3}).bounced[0].reason == "moon_phase"

    def test_deferrals_have_their_own(self) -> None:
        assert [row.reason for row in told().deferred] == ["sent too much or too fast"]
        assert "Why mail was put off" not in page(given.audited(rates=given.rates(deferral_reasons={})))


class TestSenders:
    """Who sends as the domain."""

    def test_the_totals_say_by_what_it_passes(self) -> None:
        assert [(figure.label, figure.of) for figure in reported().passing[:3]] == [
            ("Pass DMARC", "2,960 of 4,700 messages"),
            ("by SPF for the domain", "0 of 4,700 messages"),
            ("by DKIM for the domain", "2,960 of 4,700 messages"),
        ]

    def test_a_source_says_whose_it_is_and_why(self) -> None:
        row = reported().rows[0]

        assert (row.address, row.owner, row.what, row.why) == (
            "198.51.100.20",
            "Example News",
            "declared",
            "declared as news.example",
        )
        assert (row.messages, row.passes, row.spf, row.dkim) == ("2,860", "100 %", "0 %", "100 %")

    def test_the_stranger_alone_is_marked(self) -> None:
        assert [row.address for row in reported().rows if row.shadow] == ["198.51.100.207"]
        assert reported().shadow == "1 source that nobody declared: 240 of 4,700 messages"

    def test_what_reject_would_have_hit(self) -> None:
        found = reported()

        assert found.verdict == "`p=reject` would have hit 1,740 of 4,700 messages, 1,500 of them from known senders."
        assert found.hit == [
            ("Declared senders", "1,500 messages from 1 source"),
            ("Unknown sources, for which the policy is made", "240 messages from 1 source"),
        ]
        assert reported(failing={}).verdict == "`p=reject` would have hit 0 of 4,700 messages."

    def test_many_sources_are_cut_and_counted(self) -> None:
        many = tuple(given.source(f"192.0.2.{n}", 10, 10, "own", "it signs") for n in range(40))
        found = reported(sources=many, number_of_sources=300)

        assert (len(found.rows), found.more) == (25, 275)

    def test_without_an_inventory_the_page_says_so(self) -> None:
        text = page(given.audited(dmarc_reports=given.reports(has_inventory=False)))

        assert "Nobody declared the senders" in text
        assert "that passes nothing and is no forwarder" in text

    def test_tls_failures_name_kind_and_server(self) -> None:
        found = tls(given.everything())

        assert found is not None
        assert found.failures == [("certificate-expired", "mx1.weinhandel.example", "60")]
        assert found.sessions[1].of == "60 of 1,000 sessions"


class TestFromAnybody:
    """A document may come from anybody."""

    def test_hostile_text_makes_no_element_that_a_harmless_page_has_not(self) -> None:
        tags = {e.tag for e in parse(page(given.hostile())).elements}

        assert tags <= {e.tag for e in parse(page(given.everything())).elements}
        assert not tags & {"script", "img", "iframe", "object", "form", "base"}

    def test_no_attribute_of_a_figure_comes_from_a_stranger(self) -> None:
        audit = replace(given.everything(), observations=given.hostile().observations)
        values = [v for e in parse(page(audit)).elements for v in e.attributes.values()]

        assert not [value for value in values if "alert" in value or "onerror" in value]

    def test_a_figure_s_name_and_text_are_as_inert(self) -> None:
        rows = (Evidence("count", samples.HOSTILE, text=samples.HOSTILE, note=samples.HOSTILE),)
        finding = replace(samples.lookup_limit(), evidence=rows)
        text = page(replace(given.everything(), findings=(finding,), next_best_fix=None))

        assert {e.tag for e in parse(text).elements} <= {e.tag for e in parse(page(given.everything())).elements}
        assert {c for c in text if not c.isprintable()} == {"\n"}
        assert html.escape("<script>alert(1)</script>") in text

    def test_a_figure_is_no_record(self) -> None:
        rows = (Evidence("count", "auth_failure", text="792"),)
        text = page(replace(given.everything(), findings=(replace(samples.lookup_limit(), evidence=rows),)))

        assert '<td class="figure">SPF, DKIM or DMARC failed</td>\n<td>792' in text
        assert '<th scope="col">About</th>' in text

    def test_nothing_that_cannot_be_seen_is_in_it(self) -> None:
        assert {c for c in page(given.hostile()) if not c.isprintable()} == {"\n"}

    @pytest.mark.parametrize("audit", [given.everything(), given.hostile()], ids=["everything", "hostile"])
    def test_the_markup_is_sound(self, audit: Audit) -> None:
        markup: Markup = parse(page(audit))
        ids = markup.values("id")

        assert markup.unbalanced == []
        assert len(ids) == len(set(ids))
        assert {name for value in markup.values("aria-labelledby") for name in value.split()} <= set(ids)
        assert [e for e in markup.all("th") if e.attributes.get("scope") not in {"col", "row"}] == []
        assert [n for e in markup.elements for n in e.attributes if n == "style" or n.startswith("on")] == []

    @pytest.mark.parametrize(
        "damage",
        [
            {"totals": {"sent": "many"}},
            {"by_provider": []},
            {"totals": {"sent": 10, "delivered": -3}},
            {"totals": {"sent": 10, "delivered": 10**400}},
            {"start": 7},
        ],
        ids=str,
    )
    def test_damaged_figures_are_one_line(self, damage: Rates) -> None:
        audit = given.audited(rates=given.rates())
        broken = {**audit.observations[0], **damage}

        found = mail(replace(audit, observations=(broken,)))

        assert found == Mail(trouble=UNREADABLE)
        assert UNREADABLE in page(replace(audit, observations=(broken,)))

    @pytest.mark.parametrize("damage", [{"dmarc_pass": -3}, {"spf_aligned": 10**400}], ids=str)
    def test_damaged_reports_are_one_line(self, damage: Rates) -> None:
        assert reported(**damage) == Senders(trouble=UNREADABLE)
        assert UNREADABLE in page(given.audited(dmarc_reports=given.reports(**damage)))

    def test_damaged_tls_reports_are_left_out(self) -> None:
        assert tls(given.audited(tls_reports=replace(given.tls(), sessions_failed=-3))) is None

    def test_figures_that_are_none_at_all_are_one_line(self) -> None:
        audit = replace(given.audited(), observations=({"kind": "events", "totals": 3},))

        assert UNREADABLE in page(audit)

    @settings(max_examples=60)
    @each(st.builds(Counts, **dict.fromkeys(Counts.__dataclass_fields__, st.integers(-5, 2000))), st.integers(-3, 99))
    def test_any_counts_make_a_page(self, counts: Counts, number: int) -> None:
        facts = given.rates(totals=counts, by_provider={"gmail": counts, "x": given.GMAIL}, reasons={"policy": number})
        sources = tuple(given.source("192.0.2.1", messages, number, "own", "") for messages in (0, number))
        reports = given.reports(messages=counts.sent, dmarc_pass=counts.delivered, sources=sources)

        assert "</html>" in page(given.audited(rates=facts, dmarc_reports=reports))

    def test_nothing_sent_is_no_division(self) -> None:
        empty = Inputs(rates=given.rates(totals=Counts(), by_provider={}, reasons={})).observations()

        assert "–" in page(replace(given.audited(), observations=empty))
