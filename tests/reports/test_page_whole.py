"""What the page says of its own data, the records as they stand, and the page as a whole."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as each
from hypothesis import settings
from hypothesis import strategies as st

from deliverability.document import Audit
from deliverability.events.figures import Completeness, Flags
from deliverability.lookup.answer import Status
from deliverability.protocols.dkim.facts import FoundBy
from deliverability.reports.html import records, render_html
from deliverability.reports.html.trust import Trust, trust
from support import comparisons, given, samples
from support.markup import parse

MAX_BYTES = 400_000
FACTS: dict[str, Any] = {
    "dkim": {
        "keys": [
            {
                "selector": "s1",
                "found_by": "named",
                "records": [{"text": "v=DKIM1; p=AA", "revoked": False, "key": {"type": "rsa", "bits": 2048}}],
            },
            {"selector": "s2", "found_by": "list", "records": [{"text": "v=DKIM1; p=", "revoked": True}]},
            {"selector": "s3", "found_by": "list", "records": []},
        ]
    },
    "dmarc": {
        "discovery": {"policy_domain": "shop.test", "record": "v=DMARC1; p=none", "policy": "none"},
        "destinations": [{"host": "else.test", "external": True, "authorisation": "no"}],
    },
    "mx": {
        "records": [{"preference": 10, "target": "mx.shop.test"}],
        "hosts": [{"name": "mx.shop.test", "addresses": [{"address": "192.0.2.1"}]}],
    },
}


def page(audit: Audit, **more: Any) -> str:
    return render_html(audit, manual=samples.MANUAL, **more)


def text(audit: Audit, **more: Any) -> str:
    return " ".join(parse(page(audit, **more)).all("main")[0].text.split())


def compared(audit: Audit | None = None) -> Audit:
    """An audit with events and the worked example of a comparison."""
    return replace(audit or given.everything(), comparison=comparisons.document(comparisons.comparison()))


class TestTrust:
    """Whether the figures can be trusted."""

    def of(self, **facts: Any) -> Trust:
        return trust(given.audited(rates=given.rates(**facts)))

    def test_what_the_events_carry_has_its_parts_and_a_word(self) -> None:
        found = self.of(
            completeness=Completeness(events=1_000, provider=1_000, campaign=400, unique_id=990, late_send=10)
        )
        rows = {row.what: row for row in found.rows}

        assert rows["Events that name a campaign"].word == "too little"
        assert rows["Events that name a campaign"].of == "400 of 1,000 events"
        assert rows["Events that name a recipient, so a mailbox provider"].word == "enough"
        assert rows["Opens that say whether a machine made them"].word == "nothing to judge"
        assert "10 before the send of their own" in " ".join(found.said)

    def test_no_part_is_more_than_the_whole(self) -> None:
        found = self.of(completeness=Completeness(events=10, provider=25, campaign=-3))
        rows = {row.what: row.of for row in found.rows}

        assert rows["Events that name a recipient, so a mailbox provider"] == "10 of 10 events"
        assert rows["Events that name a campaign"] == "0 of 10 events"

    def test_flags_stand_by_source(self) -> None:
        assert self.of(flags={"sendgrid": Flags(true=1_000, false=7)}).flags == [("sendgrid", "1,000", "7", "0")]

    def test_every_rate_has_its_denominator(self) -> None:
        assert [what for what, _ in self.of().denominators] == [
            "Delivered, bounced, put off",
            "Complaints",
            "Opens",
            "Clicks, unsubscriptions",
        ]

    def test_silence_of_dns_is_counted(self) -> None:
        assert "4 DNS questions were asked; 1 got no answer" in " ".join(trust(samples.in_trouble()).said)
        assert any(answer.status is Status.TIMEOUT for answer in samples.in_trouble().dns)

    def test_without_events_nothing_is_there_to_doubt(self) -> None:
        assert trust(samples.in_trouble()).rows == ()
        assert "No events were given" in text(samples.in_trouble())

    @settings(max_examples=50)
    @each(st.builds(Completeness, **dict.fromkeys(Completeness.__dataclass_fields__, st.integers(-9, 2_000))))
    def test_any_counts_are_drawn(self, counts: Completeness) -> None:
        assert self.of(completeness=counts).said


class TestRecords:
    """The records, from facts that anybody may have edited."""

    def test_keys_say_how_they_were_found_and_what_they_are(self) -> None:
        assert [(key.selector, key.found_by, key.key) for key in records.dkim_keys(FACTS)] == [
            ("s1", "named by the caller", "rsa, 2048 bits"),
            ("s2", "on the list of common selectors", "revoked"),
        ]

    def test_every_way_of_finding_a_key_has_words(self) -> None:
        assert {way.value for way in FoundBy} == set(records.FOUND_BY)

    def test_the_policy_says_where_reports_go(self) -> None:
        policy = records.dmarc_policy(FACTS)

        assert policy is not None
        assert (policy.domain, policy.policy) == ("shop.test", "none")
        assert policy.reports == [("else.test", "has not agreed to take them")]

    def test_a_mail_server_stands_with_its_addresses(self) -> None:
        (host,) = records.mail_servers(FACTS)

        assert (host.preference, host.name, host.addresses) == ("10", "mx.shop.test", "192.0.2.1")

    def test_they_are_on_the_page(self) -> None:
        said = text(replace(samples.in_trouble(), facts=FACTS))

        assert "DKIM keys, which are public (2)" in said
        assert "in effect: none" in said
        assert "The servers that receive mail (MX)" in said

    @pytest.mark.parametrize("nonsense", [None, 7, "x", [], {}, [None], {"keys": 3, "records": {}, "discovery": []}])
    def test_facts_that_make_no_sense_are_left_out(self, nonsense: object) -> None:
        facts: dict[str, Any] = dict.fromkeys(("dkim", "dmarc", "mx"), nonsense)

        assert records.dkim_keys(facts) == []
        assert records.dmarc_policy(facts) is None
        assert records.mail_servers(facts) == []


class TestWhole:
    """The page as a whole."""

    def test_as_it_was_last_looked_at(self, golden: Callable[[str, str], None]) -> None:
        golden("compared.html", page(compared(), previous=samples.repaired()))

    def test_the_summary_as_it_was_last_looked_at(self, golden: Callable[[str, str], None]) -> None:
        golden("summary.html", page(compared(), previous=samples.repaired(), summary=True))

    def test_a_summary_ends_with_what_changed(self) -> None:
        headings = [e.text for e in parse(page(compared(), summary=True)).all("h2")]

        assert headings == ["▲ Do not send", "Next best fix", "Is it the delivery, or the mail?", "What changed"]

    def test_every_link_of_a_summary_arrives(self) -> None:
        markup = parse(page(compared(), previous=samples.repaired(), summary=True))

        assert {url[1:] for url in markup.values("href") if url.startswith("#")} <= set(markup.values("id"))
        assert markup.unbalanced == []

    def test_ids_stay_unique_with_every_section(self) -> None:
        markup = parse(page(compared(), previous=samples.repaired()))
        ids = markup.values("id")

        assert len(ids) == len(set(ids))
        assert {url[1:] for url in markup.values("href") if url.startswith("#")} <= set(ids)
        assert {name for value in markup.values("aria-labelledby") for name in value.split()} <= set(ids)

    def test_forty_findings_and_a_year_of_days_are_one_small_file(self) -> None:
        """The bound of bytes; `make bench` has the time."""
        audit = given.everything()
        faults = tuple(replace(samples.lookup_limit(), subject=f"n{i}.weinhandel.example") for i in range(40))
        daily = comparisons.document(comparisons.daily())
        made = page(replace(audit, findings=(*audit.findings, *faults), comparison=daily), previous=samples.repaired())

        assert made.count("<article") >= 40
        assert "365" in html.unescape(made)
        assert len(made.encode()) < MAX_BYTES
