"""What reports add up to: who a source is and why, who would have been hit, what is merged where there is too much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.dmarc_document import to_document
from deliverability.dmarc_reports import dmarc_reports
from deliverability.feedback.aggregate import Auth, Head, Published, Record
from deliverability.feedback.aggregate import sums as aggregate_sums
from deliverability.feedback.aggregate.owners import named, owner_of
from deliverability.feedback.aggregate.simulate import Fate, Proposed, fate
from deliverability.feedback.aggregate.sums import Sums, Tally
from deliverability.lookup import ZoneResolver
from support.aggregate import BEGIN, DAY, dkim, put, reason, record, report, spf

Json = dict[str, Any]


def document(folder: Path, *reports: str, **asked: Any) -> Json:
    return to_document(dmarc_reports([str(put(folder / "in", "r", *reports))], **asked))


def source(folder: Path, *records: str, **asked: Any) -> Json:
    """The one source of a report with these records."""
    (found,) = document(folder, report(*records), **asked)["sources"]
    return dict(found)


SES = spf("eu.amazonses.com", scope="mfrom")
SRS = spf("lists.club.example", scope="mfrom")


@pytest.mark.parametrize(
    ("records", "category", "why"),
    [
        ([record()], "own", "the domain's own SPF authorises it"),
        ([record(by_dkim="fail")], "own", "the domain's own SPF authorises it"),
        ([record(by_dkim="fail", by_spf="fail")], "unknown", "neither SPF nor DKIM passes for the domain"),
        (
            [record(by_dkim="fail", by_spf="fail", auth=dkim("esp.example") + spf("example.com", "softfail"))],
            "unknown",
            "it authenticates as esp.example only, not as the domain",
        ),
        (
            [record(by_spf="fail", auth=dkim("example.com") + SES)],
            "own",
            "Amazon SES signs with a key of the domain",
        ),
        (
            [record(by_spf="fail", auth=dkim("example.com") + SRS)],
            "forwarder",
            "the domain's signature arrives intact, but SPF does not cover the address",
        ),
        (
            [record(by_spf="fail"), record(by_dkim="fail", by_spf="fail", count=5)],
            "forwarder",
            "the domain's signature arrives intact, but SPF does not cover the address",
        ),
        ([record(by_spf="fail", auth=dkim("example.com"))], "own", "it signs with a key of the domain"),
        (
            [record(by_dkim="fail", by_spf="fail", reasons=reason("mailing_list"))],
            "forwarder",
            "receivers report that it passes mail on",
        ),
        (
            [record(by_dkim="fail", by_spf="fail", reasons=reason("local_policy", "ARC=pass as.1.x"))],
            "forwarder",
            "receivers report that it passes mail on",
        ),
        (
            [record(by_dkim="fail", by_spf="fail", reasons=reason("local_policy", "arc=fail"))],
            "unknown",
            "neither SPF nor DKIM passes for the domain",
        ),
        (
            [record(by_dkim="fail", by_spf="fail", reasons=reason("forwarded")),
             record(by_dkim="fail", by_spf="fail", count=2)],
            "unknown",
            "neither SPF nor DKIM passes for the domain",
        ),
    ],
)  # fmt: skip
def test_a_source_is_told_by_what_it_authenticates_as(
    records: Sequence[str], category: str, why: str, tmp_path: Path
) -> None:
    found = source(tmp_path, *records)

    assert (found["category"], found["why"]) == (category, why)


@pytest.mark.parametrize(
    ("declared", "entry"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("2001:db8::/32", None),
        ("esp.example", "esp.example"),
        ("ESP.example.", "ESP.example."),
        ("mail.esp.example", None),
        ("failing.example", None),
        ("twilio sendgrid", "twilio sendgrid"),
        ("SendGrid", "SendGrid"),
        ("Send", None),
    ],
)
def test_a_declared_sender_is_known_by_address_domain_or_service(
    declared: str, entry: str | None, tmp_path: Path
) -> None:
    auth = dkim("k.esp.example") + dkim("failing.example", "fail") + spf("em1.sendgrid.net")
    found = source(tmp_path, record(by_dkim="fail", by_spf="fail", auth=auth), declared=[declared])

    assert found["declared"] == entry
    assert found["category"] == ("declared" if entry else "unknown")


@pytest.mark.parametrize("bad", ["", "192.0.2.0/99", "300.0.0.0/8"])
def test_an_entry_that_is_no_sender_is_said_so(bad: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"declared sender|not a network"):
        document(tmp_path, declared=[bad])


def test_shadow_senders_are_those_that_nobody_declared(tmp_path: Path) -> None:
    rows = [
        record("192.0.2.1", 9),
        record("192.0.2.2", 8),
        record("192.0.2.3", 7, by_spf="fail", auth=dkim("example.com") + SRS),
        record("192.0.2.4", 6, by_dkim="fail", by_spf="fail"),
    ]
    without = document(tmp_path / "a", report(*rows))
    declared = document(tmp_path / "b", report(*rows), declared=["192.0.2.1"])

    assert [row["ip"] for row in without["shadow_senders"]] == ["192.0.2.4"]
    assert [row["ip"] for row in declared["shadow_senders"]] == ["192.0.2.2", "192.0.2.4"]
    assert declared["shadow_totals"] == {"sources": 2, "messages": 14, "dmarc_pass": 8}


def test_totals_days_receivers_and_policies(tmp_path: Path) -> None:
    first = report(
        record(count=10),
        record("192.0.2.2", 5, by_spf="fail"),
        record("192.0.2.3", 3, by_dkim="fail", by_spf="fail", disposition="quarantine"),
        record("192.0.2.3", 2, by_dkim="fail", by_spf="fail", disposition="reject", header_from="x.example.com"),
    )
    second = report(
        record(count=4, by_dkim="fail"),
        org="other.example",
        begin=BEGIN + DAY,
        published="<p>reject</p><sp>none</sp><np>reject</np>",
    )
    found = document(tmp_path, first, second)

    assert found["totals"] == {
        "reports": 2,
        "records": 5,
        "messages": 24,
        "dmarc_pass": 19,
        "spf_aligned": 14,
        "dkim_aligned": 15,
        "quarantined": 3,
        "rejected": 2,
    }
    assert found["window"] == {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T23:59:59Z"}
    assert [(row["day"], row["messages"], row["dmarc_pass"]) for row in found["days"]] == [
        ("2026-11-01", 20, 15),
        ("2026-11-02", 4, 4),
    ]
    assert [(row["org_name"], row["reports"]) for row in found["reporters"]] == [
        ("other.example", 1),
        ("receiver.example", 1),
    ]
    (policy,) = found["policies"]
    assert (policy["domain"], policy["published"]["p"], policy["published"]["np"]) == (
        "example.com",
        "reject",
        "reject",
    )
    own = found["sources"][0]
    assert own["passes"] == {"both": 10, "spf_only": 4, "dkim_only": 0, "neither": 0}
    assert (own["first_seen"], own["last_seen"]) == ("2026-11-01T00:00:00Z", "2026-11-02T23:59:59Z")
    assert found["sources"][2]["header_from"] == ["example.com", "x.example.com"]


@pytest.mark.parametrize(
    ("change", "duplicates"),
    [({}, 1), ({"number": 2}, 0), ({"org": "b.example"}, 0), ({"domain": "b.example"}, 0), ({"begin": BEGIN + 1}, 0)],
)
def test_a_report_counts_once(change: Json, duplicates: int, tmp_path: Path) -> None:
    found = document(tmp_path, report(record(count=7)), report(record(count=7), **change))

    assert found["input"]["duplicates"] == duplicates
    assert found["totals"]["messages"] == 14 - 7 * duplicates


def test_of_a_broken_report_nothing_counts_and_its_whole_copy_does(tmp_path: Path) -> None:
    good = report(*[record(count=2)] * 25_000)  # more than is held before it is added up by itself
    found = document(tmp_path, good[:-20], good)

    assert found["input"]["bad"] == 1
    assert found["input"]["duplicates"] == 0
    assert found["totals"]["messages"] == found["sources"][0]["messages"] == 50_000


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({}, {"example.com", "mail.example.com", "notexample.com"}),
        ({"domain": "example.com"}, {"example.com", "mail.example.com"}),
        ({"domain": "MAIL.example.com"}, {"mail.example.com"}),
        ({"since": "2026-11-02"}, {"mail.example.com", "notexample.com"}),
        ({"until": "2026-11-02"}, {"example.com", "mail.example.com"}),
        ({"since": "2026-11-02", "until": "2026-11-02"}, {"mail.example.com"}),
    ],
)
def test_only_what_is_asked_for_is_added_up(asked: Json, left: set[str], tmp_path: Path) -> None:
    from datetime import date

    days = {key: date.fromisoformat(value) for key, value in asked.items() if key != "domain"}
    reports = [
        report(record(), domain=domain, begin=BEGIN + DAY * index)
        for index, domain in enumerate(("example.com", "mail.example.com", "notexample.com"))
    ]
    found = document(tmp_path, *reports, **{**asked, **days})

    assert set(found["domains"]) == left
    assert found["input"]["left_out"] == 3 - len(left)


# too many sources


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aggregate_sums, "MAX_SOURCES", 10)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("held", [20_000, 5])
def test_the_lightest_sources_are_counted_together_and_the_sums_stay(
    held: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deliverability.dmarc_reports.MAX_HELD", held)
    rows = [
        *(record(f"198.51.100.{i}", 1, by_spf="fail", by_dkim="fail") for i in range(90)),
        *(record(f"192.0.2.{i}", 1000 + i) for i in range(8)),
        *(record(f"203.0.113.{i}", 2, by_spf="fail", auth=dkim("example.com") + SRS) for i in range(60)),
    ]
    found = document(tmp_path, report(*rows[:80]), report(*rows[80:], number=2), simulate=Proposed(p="reject"))
    *listed, other = found["sources"]

    assert [row["ip"] for row in listed[:8]] == [f"192.0.2.{i}" for i in reversed(range(8))]
    assert (len(listed), other["ip"], other["category"]) == (10, "other", "other")
    for key in ("messages", "dmarc_pass", "spf_aligned", "dkim_aligned"):
        assert sum(row[key] for row in found["sources"]) == found["totals"][key]
        assert sum(row[key] for row in found["categories"].values()) == found["totals"][key]
    assert found["limits"]["sources_in_other"] == 90 + 60 - 2
    assert {name: row["sources"] for name, row in found["categories"].items()} == {
        "own": 8,
        "declared": 0,
        "forwarder": 60,
        "unknown": 90,
    }
    assert found["simulation"]["hit"]["messages"] == 90


@pytest.mark.usefixtures("small")
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 50)), max_size=300))
def test_a_listed_count_lacks_no_more_than_it_says(rows: list[tuple[int, int]]) -> None:
    head = Head(org_name="r", report_id="1", begin=BEGIN, end=BEGIN + 1, domain="example.com", published=Published())
    sums = Sums(lambda address, tally: "unknown")
    sums.add(head, [[Record(f"192.0.2.{n}", count, "", "", "", (), "", "", ()) for n, count in rows]])
    sums.settle()
    real: dict[str, int] = {}
    for n, count in rows:
        real[f"192.0.2.{n}"] = real.get(f"192.0.2.{n}", 0) + count
    together = Tally()
    for tally in (*sums.sources.values(), *sums.others.values()):
        together.add(tally)

    assert together.messages == sum(real.values()) == sums.totals.messages
    assert len(sums.sources) <= 10
    assert all(0 <= real[ip] - tally.messages <= sums.missing for ip, tally in sums.sources.items())


# another policy


def judged(
    proposed: Proposed, *, header_from: str = "example.com", by_dkim: str = "fail", by_spf: str = "fail",
    auth: Sequence[Auth] = (), published: Published | None = None,
) -> Fate:  # fmt: skip
    head = Head(
        org_name="r", report_id="1", begin=BEGIN, end=BEGIN + 1, domain="example.com",
        published=published or Published(p="none", adkim="r", aspf="r"),
    )  # fmt: skip
    return fate(proposed, head, Record("192.0.2.1", 1, "none", by_dkim, by_spf, (), "", header_from, tuple(auth)))


@pytest.mark.parametrize(
    ("proposed", "header_from", "come"),
    [
        (Proposed(p="quarantine"), "example.com", Fate.QUARANTINE),
        (Proposed(p="reject"), "a.example.com", Fate.REJECT),
        (Proposed(p="reject", sp="none"), "example.com", Fate.REJECT),
        (Proposed(p="reject", sp="none"), "a.example.com", Fate.NONE),
        (Proposed(p="none", sp="none", np="reject"), "a.example.com", Fate.UNDECIDED),
        (Proposed(p="none", sp="quarantine", np="reject"), "a.example.com", Fate.QUARANTINE),
        (Proposed(p="none"), "example.com", Fate.NONE),
    ],
)
def test_what_fails_meets_the_policy_for_its_author_domain(proposed: Proposed, header_from: str, come: Fate) -> None:
    assert judged(proposed, header_from=header_from) is come


DKIM_PARENT = Auth("dkim", "example.com", "s", "pass")
DKIM_SAME = Auth("dkim", "a.example.com", "s", "pass")
SPF_PARENT = Auth("spf", "bounce.example.com", "mfrom", "pass")


@pytest.mark.parametrize(
    ("adkim", "aspf", "by_dkim", "by_spf", "auth", "published", "come"),
    [
        (None, None, "pass", "fail", [], "r", Fate.NONE),
        ("r", None, "pass", "fail", [], "r", Fate.NONE),
        ("s", None, "pass", "fail", [DKIM_PARENT], "r", Fate.REJECT),
        ("s", None, "pass", "fail", [DKIM_PARENT, DKIM_SAME], "r", Fate.NONE),
        ("s", None, "pass", "fail", [], "r", Fate.UNDECIDED),
        ("s", None, "pass", "pass", [], "r", Fate.NONE),
        ("s", "s", "pass", "pass", [DKIM_PARENT, SPF_PARENT], "r", Fate.REJECT),
        ("s", None, "fail", "fail", [DKIM_SAME], "r", Fate.REJECT),
        ("r", None, "fail", "fail", [DKIM_PARENT], "s", Fate.NONE),
        ("r", None, "fail", "fail", [Auth("dkim", "example.net", "s", "pass")], "s", Fate.REJECT),
        ("r", None, "fail", "fail", [Auth("dkim", "example.com", "s", "fail")], "s", Fate.REJECT),
        (None, "r", "fail", "fail", [SPF_PARENT], "s", Fate.NONE),
        (None, "r", "fail", "fail", [Auth("spf", "mx.example.com", "helo", "pass")], "s", Fate.REJECT),
    ],
)
def test_another_alignment_is_judged_by_the_results(
    adkim: str | None, aspf: str | None, by_dkim: str, by_spf: str, auth: list[Auth], published: str, come: Fate
) -> None:
    proposed = Proposed(p="reject", adkim=adkim, aspf=aspf)
    was = Published(adkim=published, aspf=published)

    assert (
        judged(proposed, header_from="a.example.com", by_dkim=by_dkim, by_spf=by_spf, auth=auth, published=was) is come
    )


def test_who_would_have_been_hit_is_split_by_what_they_are(tmp_path: Path) -> None:
    rows = [
        record("192.0.2.1", 90),
        record("192.0.2.1", 10, by_dkim="fail", by_spf="fail"),
        record("192.0.2.2", 6, by_spf="fail", auth=dkim("example.com") + SRS),
        record("192.0.2.2", 4, by_dkim="fail", by_spf="fail"),
        record("192.0.2.3", 3, by_dkim="fail", by_spf="fail", disposition="reject"),
        record("192.0.2.3", 2, by_dkim="fail", by_spf="fail"),
    ]
    found = document(tmp_path, report(*rows), simulate=Proposed(p="quarantine"))["simulation"]

    def hit(row: Json) -> tuple[int, int, int]:
        return row["sources"], row["messages"], row["delivered_today"]

    assert hit(found["hit"]) == (3, 19, 16)
    assert {name: hit(row) for name, row in found["by_category"].items()} == {
        "own": (1, 10, 10),
        "declared": (0, 0, 0),
        "forwarder": (1, 4, 4),
        "unknown": (1, 5, 2),
    }
    assert [(row["ip"], row["quarantined"]) for row in found["sources"]] == [
        ("192.0.2.1", 10),
        ("192.0.2.3", 5),
        ("192.0.2.2", 4),
    ]
    assert found["cannot_show"]


# owners


def test_an_owner_is_known_by_the_longest_suffix() -> None:
    found = owner_of(["nowhere.example", "a14-92.smtp-out.amazonses.com"])

    assert found is not None
    assert (found.name, found.kind, found.sends_for_others) == ("Amazon SES", "SaaS", True)
    assert owner_of(["nowhere.example", "com", ""]) is None
    assert named("mx1.nowhere.example").name == "nowhere.example"


REVERSE = """$ORIGIN .
$TTL 300
1.2.0.192.in-addr.arpa. PTR mx.sendgrid.net.
2.2.0.192.in-addr.arpa. PTR mx.claimed.example.
3.2.0.192.in-addr.arpa. PTR mx.club.example.
mx.sendgrid.net. A 192.0.2.1
mx.claimed.example. A 198.51.100.1
mx.club.example. A 192.0.2.3
"""


def test_a_name_behind_an_address_counts_where_it_leads_back(tmp_path: Path) -> None:
    rows = [record(f"192.0.2.{n}", 10 - n, by_dkim="fail", by_spf="fail") for n in range(1, 5)]
    rows.append(record("unheard of", 1))
    zone = ZoneResolver.from_text(REVERSE)
    asked = document(tmp_path / "a", report(*rows), resolver=zone)
    unasked = document(tmp_path / "b", report(*rows))

    assert [row["owner"] for row in asked["sources"]] == ["Twilio SendGrid", None, "club.example", None, None]
    assert asked["limits"]["sources_resolved"] == 5
    assert [row["owner"] for row in unasked["sources"]] == [None] * 5
    assert unasked["limits"]["sources_resolved"] is None
