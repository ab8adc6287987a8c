"""Google Postmaster Tools: answers of both versions of the API, and tables saved from the site."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events.plain import NotThose
from deliverability.feedback.postmaster import (
    Figure,
    PostmasterFacts,
    from_observation,
    merged,
    parse,
    to_observation,
)
from deliverability.intake.trouble import Bad, Refused
from support.shared import shared

DOMAIN = "domains/example.test"


def raw(value: Any) -> bytes:
    return json.dumps(value).encode()


def stat(metric: str, day: int | None, **value: Any) -> dict[str, Any]:
    dated = {} if day is None else {"date": {"year": 2026, "month": 11, "day": day}}
    return {"name": f"{DOMAIN}/domainStats/x1", "metric": metric, **dated, "value": value}


def read(value: Any) -> tuple[PostmasterFacts, list[Bad]]:
    bad: list[Bad] = []
    return parse(raw(value), file="export.json", on_bad=bad.append), bad


def test_a_figure_carries_its_day_and_what_it_is_a_fraction_of() -> None:
    facts, bad = read({"domainStats": [stat("spam_rate", 20, doubleValue=0.0012)]})

    assert facts.figures == (
        Figure(
            domain="example.test",
            metric="SPAM_RATE",
            date="2026-11-20",
            value=0.0012,
            denominator="DKIM-authenticated mail delivered to the inbox of personal Gmail accounts",
        ),
    )
    assert bad == []


@pytest.mark.parametrize(
    ("value", "number"), [({"doubleValue": 0.5}, 0.5), ({"floatValue": 1}, 1.0), ({"intValue": "1"}, 1.0)]
)
def test_a_number_is_read_under_the_key_of_its_kind(value: dict[str, Any], number: float) -> None:
    facts, _ = read({"domainStats": [stat("SPAM_RATE", 1, **value)]})

    assert [one.value for one in facts.figures] == [number]


@pytest.mark.parametrize(
    ("name", "metric", "of"),
    [
        ("SPAM_RATE", "SPAM_RATE", ""),
        ("userReportedSpamRate", "SPAM_RATE", ""),
        ("feedback_loop_spam_rate", "FEEDBACK_LOOP_SPAM_RATE", ""),
        ("auth_success_rate_dkim", "AUTH_SUCCESS_RATE", "dkim"),
        ("TLS_ENCRYPTION_RATE inbound", "TLS_ENCRYPTION_RATE", "inbound"),
        ("delivery_error_rate reject low_ip_reputation", "DELIVERY_ERROR_RATE", "reject low_ip_reputation"),
    ],
)
def test_a_metric_is_known_by_the_name_that_the_asker_gave_it(name: str, metric: str, of: str) -> None:
    facts, _ = read({"domainStats": [stat(name, 1, doubleValue=0.5)]})

    assert [(one.metric, one.of) for one in facts.figures] == [(metric, of)]


def test_a_name_that_tells_nothing_is_named_and_not_guessed() -> None:
    facts, bad = read({"domainStats": [stat("m1", 1, doubleValue=0.5)]})

    assert (facts.figures, facts.unnamed, bad) == ((), ("m1",), [])


def test_the_request_beside_its_answer_says_what_a_name_means() -> None:
    request = {
        "metricDefinitions": [
            {"name": "spam_rate", "baseMetric": {"standardMetric": "AUTH_SUCCESS_RATE"}, "filter": 'auth_type = "spf"'},
            {"name": "m2", "baseMetric": {"standardMetric": "SPAM_RATE"}},
        ]
    }
    answer = {"domainStats": [stat("spam_rate", 1, doubleValue=0.9), stat("m2", 1, doubleValue=0.001)]}
    facts, _ = read({"request": request, "response": answer})

    assert [(one.metric, one.of, one.value) for one in facts.figures] == [
        ("AUTH_SUCCESS_RATE", "spf", 0.9),
        ("SPAM_RATE", "", 0.001),
    ]


def test_each_result_of_a_batch_belongs_to_its_request_and_an_error_is_counted() -> None:
    asked = [
        {"metricDefinitions": [{"name": "a", "baseMetric": {"standardMetric": "SPAM_RATE"}}]},
        {"metricDefinitions": []},
    ]
    results = [
        {"response": {"domainStats": [stat("a", 2, doubleValue=0.001)], "nextPageToken": "more"}},
        {"error": {"code": 7, "message": "no permission for admin@example.test"}},
    ]
    facts, bad = read({"requests": asked, "results": results})

    assert [(one.metric, one.date) for one in facts.figures] == [("SPAM_RATE", "2026-11-02")]
    assert facts.partial
    assert [(one.reason, one.detail) for one in bad] == [("an-error", "no permission for @example.test")]


def test_a_figure_over_the_whole_time_has_no_day() -> None:
    facts, _ = read({"domainStats": [stat("SPAM_RATE", None, doubleValue=0.001)]})

    assert [one.date for one in facts.figures] == [""]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            {"metric": "SPAM_RATE", "date": {"year": 2026, "month": 2, "day": 30}, "value": {"doubleValue": 0}},
            "bad-date",
        ),
        ({"metric": "SPAM_RATE", "date": "yesterday", "value": {"doubleValue": 0}}, "bad-date"),
        ({"metric": "SPAM_RATE", "value": {"doubleValue": 1.5}}, "bad-value"),
        ({"metric": "SPAM_RATE", "value": {"doubleValue": -0.1}}, "bad-value"),
        ({"metric": "SPAM_RATE", "value": {"doubleValue": "NaN"}}, "bad-value"),
        ({"metric": "SPAM_RATE", "value": {"intValue": "9" * 5000}}, "bad-value"),
        ({"metric": "SPAM_RATE", "value": {}}, "bad-value"),
        ("a row", "not-a-row"),
    ],
)
def test_a_row_that_cannot_be_true_is_counted_and_the_rest_goes_on(row: Any, reason: str) -> None:
    facts, bad = read({"domainStats": [row, stat("SPAM_RATE", 3, doubleValue=0.001)]})

    assert [one.date for one in facts.figures] == ["2026-11-03"]
    assert [one.reason for one in bad] == [reason]
    assert facts.bad == 1


def test_the_compliance_status_of_a_domain_and_of_its_subdomain() -> None:
    facts, _ = read(
        {
            "name": "domains/mail.example.test/complianceStatus",
            "complianceData": {
                "domainId": "example.test",
                "rowData": [
                    {"requirement": "SPF", "status": {"status": "COMPLIANT"}},
                    {"requirement": "DMARC_POLICY", "status": {"status": "STATE_UNSPECIFIED"}},
                ],
                "honorUnsubscribeVerdict": {"status": {"status": "NEEDS_WORK"}, "reason": "NOT_HONORING"},
            },
            "subdomainComplianceData": {
                "rowData": [{"requirement": "DKIM", "status": {"status": "NEEDS_WORK"}}],
                "deliverabilityStatusVerdict": {"state": {"status": "NEEDS_WORK"}, "reason": "MESSAGE_VOLUME_LOW"},
            },
        }
    )

    assert [(one.domain, one.requirement, one.status, one.reason) for one in facts.compliance] == [
        ("example.test", "HONOR_UNSUBSCRIBE", "NEEDS_WORK", "NOT_HONORING"),
        ("example.test", "SPF", "COMPLIANT", ""),
        ("mail.example.test", "DELIVERABILITY_STATUS", "NEEDS_WORK", "MESSAGE_VOLUME_LOW"),
        ("mail.example.test", "DKIM", "NEEDS_WORK", ""),
    ]


V1 = {
    "name": f"{DOMAIN}/trafficStats/20250920",
    "userReportedSpamRatio": 0.002,
    "userReportedSpamRatioLowerBound": 0.0005,
    "userReportedSpamRatioUpperBound": 0.0035,
    "dkimSuccessRatio": 1,
    "domainReputation": "MEDIUM",
    "ipReputations": [{"reputation": "BAD", "ipCount": "2", "sampleIps": ["192.0.2.1"]}],
    "spammyFeedbackLoops": [{"id": "camp7", "spamRatio": 0.01}],
    "deliveryErrors": [{"errorClass": "PERMANENT_ERROR", "errorType": "BAD_PTR_RECORD", "errorRatio": 0.25}],
}


@pytest.mark.parametrize("wrapped", [V1, [V1], {"trafficStats": [V1]}, {"response": {"trafficStats": [V1]}}])
def test_an_archived_day_of_version_1_however_it_was_kept(wrapped: Any) -> None:
    facts, bad = read(wrapped)

    assert [(one.metric, one.of, one.value, one.low, one.high) for one in facts.figures] == [
        ("AUTH_SUCCESS_RATE", "dkim", 1.0, None, None),
        ("DELIVERY_ERROR_RATE", "permanent_error bad_ptr_record", 0.25, None, None),
        ("FEEDBACK_LOOP_SPAM_RATE", "camp7", 0.01, None, None),
        ("SPAM_RATE", "", 0.002, 0.0005, 0.0035),
    ]
    assert {one.date for one in facts.figures} == {"2025-09-20"}
    assert [(one.of, one.standing, one.addresses) for one in facts.reputations] == [
        ("addresses", "BAD", 2),
        ("domain", "MEDIUM", 0),
    ]
    assert facts.loops == (("example.test", "camp7"),)
    assert bad == []


def test_pages_saved_one_after_the_other_are_read_as_one() -> None:
    pages = b"\n".join(raw({"domainStats": [stat("SPAM_RATE", day, doubleValue=0.001)]}) for day in (1, 2))

    assert [one.date for one in parse(pages).figures] == ["2026-11-01", "2026-11-02"]


def test_a_table_from_the_site() -> None:
    table = "Date,User-reported spam rate\nNov 20, 2026,0.1%\n".replace("Nov 20, 2026", '"Nov 20, 2026"')
    facts = parse(table.encode("utf-8-sig"))

    assert [(one.domain, one.date, one.value) for one in facts.figures] == [("", "2026-11-20", 0.001)]


def test_a_rate_without_a_unit_is_not_read_for_a_hundredfold_is_at_stake() -> None:
    bad: list[Bad] = []
    facts = parse(b"Date,Spam rate\n2026-11-20,0.1\n2026-11-21,0.2 %\n", on_bad=bad.append)

    assert [(one.date, one.value) for one in facts.figures] == [("2026-11-21", 0.002)]
    assert [(one.line, one.reason) for one in bad] == [(2, "no-unit")]


@pytest.mark.parametrize("table", [b"Day;Spam rate (%)\n2026-11-20;0,1\n", b"Day;Spam rate\n2026-11-20;0,1%\n"])
def test_a_unit_stands_in_the_head_or_in_the_cell_and_a_comma_may_be_the_decimal_point(table: bytes) -> None:
    assert [one.value for one in parse(table).figures] == [0.001]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"", "not-postmaster"),
        (b"{}", "not-postmaster"),
        (b"a,b\n1,2\n", "not-postmaster"),
        (b'{"domainStats": [', "not-json"),
        (b'{"domainStats": [NaN]}', "not-json"),
        (b"[" * 100_000, "too-deep"),
        (b"\xff\xfe\x00", "not-text"),
        (b"{\xff}", "not-text"),
        (b"{" + b" " * (32 * 2**20), "too-large"),
        (b"date,spam rate\n" + b"x" * 9_000, "not-csv"),
    ],
)
def test_what_is_no_export_is_refused_by_name(octets: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(octets)

    assert refused.value.reason == reason


KEYS = (
    *("domainStats", "results", "response", "requests", "request", "trafficStats", "complianceData", "rowData"),
    *("name", "metric", "date", "value", "error", "status", "metricDefinitions", "baseMetric", "ipReputations"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    try:
        facts = parse(raw(value))
    except Refused:
        return

    assert from_observation(json.loads(json.dumps(to_observation(facts)))) == facts


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        parse(octets)
    except Refused:
        return


CUT = "".join(["y" * 190 + "@e "] * 4 + ["z" * 25, " jonquil@example.org"])
"""A text that is cut inside its last address, which is close to the beginning once the others have gone."""


def test_no_address_of_a_person_is_kept() -> None:
    rows = [
        stat("FEEDBACK_LOOP_ID", 1, stringList={"values": ["ann@example.org", "bob@example.org", CUT]}),
        stat("ann@example.org", 1, doubleValue=0.5),
    ]
    facts, _ = read({"domainStats": rows})
    kept = json.dumps(to_observation(facts))

    assert "ann" not in kept
    assert "bob" not in kept
    assert "jo" not in kept


def test_two_exports_of_the_same_days_are_one() -> None:
    first, _ = read({"domainStats": [stat("SPAM_RATE", 1, doubleValue=0.001)]})
    second, _ = read({"domainStats": [stat("SPAM_RATE", 1, doubleValue=0.002), stat("SPAM_RATE", 2, doubleValue=0)]})

    assert [(one.date, one.value) for one in merged([first, second]).figures] == [
        ("2026-11-01", 0.002),
        ("2026-11-02", 0),
    ]
    assert merged([first, first]) == first


def test_an_observation_of_something_else_is_refused() -> None:
    with pytest.raises(NotThose):
        from_observation({"kind": "postmaster", "figures": [{"domain": "example.test", "metric": 3, "value": 1}]})


@pytest.mark.corpus
def test_every_metric_and_ratio_of_the_published_schemas_is_known() -> None:
    folder = shared("data", "google-postmaster-discovery")
    schemas = json.loads((folder / "gmailpostmastertools.v2.json").read_text(encoding="utf-8"))["schemas"]
    metrics = schemas["BaseMetric"]["properties"]["standardMetric"]["enum"][1:]
    facts, bad = read({"domainStats": [stat(name, 1, doubleValue=0.5, stringValue="id") for name in metrics]})
    first = json.loads((folder / "gmailpostmastertools.v1.json").read_text(encoding="utf-8"))["schemas"]
    ratios = [name for name in first["TrafficStats"]["properties"] if name.endswith("Ratio")]
    old, _ = read({**dict.fromkeys(ratios, 0.5), "name": V1["name"]})

    assert {one.metric for one in facts.figures} | {"FEEDBACK_LOOP_ID"} == set(metrics)
    assert (facts.loops, facts.unnamed, bad) == ((("example.test", "id"),), (), [])
    assert len(old.figures) == len(ratios) == 6
