"""What a TLS report says: read strictly, whatever its dialect, and nothing else is taken for one."""

from __future__ import annotations

import json
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.feedback.tls import MAX_VALUES, POLICY_TYPES, TlsFailure, TlsPolicy, parse
from deliverability.intake.trouble import Refused

Json = dict[str, Any]


def report(**changes: Any) -> Json:
    """The shape of RFC 8460 §4.4, with made-up figures."""
    return {
        "organization-name": "Sender Ltd",
        "date-range": {"start-datetime": "2026-11-01T00:00:00Z", "end-datetime": "2026-11-01T23:59:59Z"},
        "contact-info": "tls@sender.example",
        "report-id": "2026-11-01_receiver.example",
        "policies": [policy()],
        **changes,
    }


def policy(**changes: Any) -> Json:
    return {
        "policy": {
            "policy-type": "sts",
            "policy-string": ["version: STSv1", "mode: enforce", "mx: *.mx.receiver.example", "max_age: 86400"],
            "policy-domain": "receiver.example",
            "mx-host": ["*.mx.receiver.example"],
        },
        "summary": {"total-successful-session-count": 90, "total-failure-session-count": 10},
        "failure-details": [failure()],
        **changes,
    }


def failure(**changes: Any) -> Json:
    return {
        "result-type": "certificate-expired",
        "sending-mta-ip": "192.0.2.1",
        "receiving-mx-hostname": "a.mx.receiver.example",
        "receiving-ip": "198.51.100.7",
        "failed-session-count": 10,
        "failure-reason-code": "X509_V_ERR_CERT_HAS_EXPIRED",
        **changes,
    }


def octets(document: object) -> bytes:
    return json.dumps(document).encode()


def first(document: Json) -> TlsPolicy:
    return parse(octets(document)).policies[0]


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse(content)
    return caught.value.reason


def test_a_report_is_read_with_all_that_it_says() -> None:
    read = parse(octets(report()))

    assert (read.organization, read.report_id) == ("Sender Ltd", "2026-11-01_receiver.example")
    assert (read.begin, read.end) == (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, 23, 59, 59, tzinfo=UTC))
    assert read.policies == (
        TlsPolicy(
            type="sts",
            domain="receiver.example",
            lines=("version: STSv1", "mode: enforce", "mx: *.mx.receiver.example", "max_age: 86400"),
            mx=("*.mx.receiver.example",),
            sessions_ok=90,
            sessions_failed=10,
            failures=(
                TlsFailure(
                    result_type="certificate-expired",
                    sessions=10,
                    sending_mta_ip="192.0.2.1",
                    receiving_mx="a.mx.receiver.example",
                    receiving_ip="198.51.100.7",
                    reason_code="X509_V_ERR_CERT_HAS_EXPIRED",
                ),
            ),
        ),
    )
    assert read.policies[0].mode == "enforce"
    assert read.policies[0].listed_mx == ("*.mx.receiver.example",)


@pytest.mark.parametrize(
    ("dialect", "standard"),
    [
        (policy(policies=1), policy()),
        (policy(policy={**policy()["policy"], "mx-host": "*.MX.receiver.example."}), policy()),
        (policy(policy={**policy()["policy"], "policy-domain": "Receiver.Example."}), policy()),
        (policy(policy={k.replace("-", "_"): v for k, v in policy()["policy"].items()}), policy()),
        (policy(policy={k.upper(): v for k, v in policy()["policy"].items()}), policy()),
        (
            policy(summary={"total-successful-session-count": "90", "total-failure-session-count": 10.0}),
            policy(),
        ),
        (policy(**{"failure-details": failure()}), policy()),
        (
            policy(**{"failure-details": [{"failure-error-code": "X", **failure(**{"failure-reason-code": "X"})}]}),
            policy(**{"failure-details": [failure(**{"failure-reason-code": "X"})]}),
        ),
        (policy(**{"failure-details": None}), policy(**{"failure-details": []})),
    ],
)
def test_a_dialect_says_the_same_as_the_standard_form(dialect: Json, standard: Json) -> None:
    assert first(report(policies=[dialect])) == first(report(policies=[standard]))


def test_a_lone_policy_stands_for_a_list_of_one() -> None:
    assert parse(octets(report(policies=policy()))).policies == parse(octets(report())).policies


def test_what_is_left_out_is_zero_or_empty() -> None:
    read = first(report(policies=[{"policy": {"policy-type": "no-policy-found"}}]))

    assert (read.type, read.domain, read.mx, read.mode) == ("no-policy-found", None, (), None)
    assert (read.sessions_ok, read.sessions_failed, read.failures) == (0, 0, ())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T02:00:00+02:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T00:00:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T00:00:00.250Z", datetime(2026, 11, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_a_period_is_utc(written: str, meant: datetime) -> None:
    period = {"start-datetime": written, "end-datetime": "2026-11-02T00:00:00Z"}

    assert parse(octets(report(**{"date-range": period}))).begin == meant


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_a_report_is_read_in_every_encoding_that_json_has_had(encoding: str) -> None:
    text = json.dumps(report(**{"organization-name": "Sönder"}), ensure_ascii=False)

    assert parse(text.encode(encoding)).organization == "Sönder"


def test_an_encoding_that_is_a_lie_costs_its_characters_and_no_more() -> None:
    text = json.dumps(report(**{"organization-name": "Sönder"}), ensure_ascii=False)

    assert parse(text.encode("latin-1")).organization == "S\ufffdnder"


def test_half_a_character_can_be_written_out() -> None:
    content = octets(report()).replace(b"Sender Ltd", b"Sender \\ud800")

    assert parse(content).organization.encode() == b"Sender ?"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not-json"),
        (b"<feedback/>", "not-json"),
        (b'{"policies": [', "not-json"),
        (b"[]", "not-tls-rpt"),
        (b"null", "not-tls-rpt"),
        (b'"policies"', "not-tls-rpt"),
        (b'{"feedback_type": "Abuse"}', "not-tls-rpt"),
        (octets(report(**{"date-range": None})), "bad-date"),
        (octets(report(**{"date-range": {"start-datetime": "soon", "end-datetime": "later"}})), "bad-date"),
        (octets(report(**{"date-range": {"start-datetime": 5, "end-datetime": 6}})), "bad-date"),
        (
            octets(
                report(**{"date-range": {"start-datetime": "0001-01-01T00:00:00+23:00", "end-datetime": "2026-11-01"}})
            ),
            "bad-date",
        ),
        (
            octets(report(**{"date-range": {"start-datetime": "2026-11-02", "end-datetime": "2026-11-01"}})),
            "bad-date",
        ),
        (b'{"policies": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "nested-too-deep"),
        (b'{"policies": ' + b"[" * 40 + b"]" * 40 + b"}", "nested-too-deep"),
        (b'{"policies": [' + b"{}," * MAX_VALUES + b"{}]}", "too-many-values"),
        (b'{"policies": ' + b"9" * 10_000 + b"}", "not-json"),
    ],
)
def test_what_is_no_report_is_refused_by_name(content: bytes, reason: str) -> None:
    assert refusal(content) == reason


@pytest.mark.parametrize(
    "count", [-1, 1.5, True, None, "many", "-2", [], 10**16, float("nan"), float("inf"), "1" * 5000]
)
def test_a_count_that_is_none_is_refused(count: Any) -> None:
    summary = {"total-successful-session-count": count, "total-failure-session-count": 0}

    assert refusal(octets(report(policies=[policy(summary=summary)]))) == "bad-count"


def test_a_hostile_report_takes_little_time_and_memory() -> None:
    bombs = [
        b'{"policies": [' + b"{}," * 5_000_000 + b"{}]}",
        b"[" * 10_000_000,
        octets(report(**{"organization-name": "x" * 10_000_000})),
    ]
    for content in bombs:
        started = time.process_time()
        tracemalloc.start()
        with suppress(Refused):
            parse(content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 64 << 20
        assert time.process_time() - started < 5


def test_texts_are_bounded() -> None:
    read = first(report(policies=[policy(policy={"policy-type": "t" * 9999, "mx-host": ["m" * 9999] * 9999})]))

    assert len(read.type) <= 255
    assert len(read.mx) <= 100
    assert max(map(len, read.mx)) <= 255


def test_a_report_is_known_again_by_who_sent_it_its_number_and_its_period() -> None:
    same = {
        parse(octets(report())).identity,
        parse(octets(report(**{"contact-info": "other"}))).identity,
        parse(octets(report(**{"organization-name": "SENDER LTD"}))).identity,
    }
    later = {"start-datetime": "2026-11-02T00:00:00Z", "end-datetime": "2026-11-02T23:59:59Z"}
    others = {
        parse(octets(report(**{"organization-name": "Other"}))).identity,
        parse(octets(report(**{"report-id": "2"}))).identity,
        parse(octets(report(**{"date-range": later}))).identity,
        parse(octets(report(**{"report-id": ""}))).identity,
        parse(octets(report(**{"report-id": "", "policies": []}))).identity,
    }

    assert len(same) == 1
    assert len(same | others) == 6


def test_no_address_is_taken_for_a_host() -> None:
    read = first(
        report(policies=[policy(policy={"policy-domain": "john@receiver.example", "mx-host": "john@mx.example"})])
    )

    assert (read.domain, read.mx) == ("receiver.example", ("mx.example",))


counts = st.integers(0, 10**9)
names = st.from_regex(r"[a-z]{1,8}\.example", fullmatch=True)
details = st.builds(
    lambda kind, ip, mx, count: failure(
        **{"result-type": kind, "sending-mta-ip": ip, "receiving-mx-hostname": mx, "failed-session-count": count}
    ),
    st.sampled_from(["starttls-not-supported", "validation-failure", "of-its-own"]),
    st.ip_addresses().map(str),
    names,
    counts,
)
policies = st.builds(
    lambda kind, domain, ok, failed, found: {
        "policy": {"policy-type": kind, "policy-domain": domain},
        "summary": {"total-successful-session-count": ok, "total-failure-session-count": failed},
        "failure-details": found,
    },
    st.sampled_from(POLICY_TYPES),
    names,
    counts,
    counts,
    st.lists(details, max_size=4),
)


@given(st.lists(policies, max_size=4), st.booleans())
def test_every_policy_and_every_failure_is_read(written: list[Json], indented: bool) -> None:
    content = json.dumps(report(policies=written), indent=2 if indented else None).encode()

    read = parse(content).policies

    assert [
        {
            "policy": {"policy-type": p.type, "policy-domain": p.domain},
            "summary": {
                "total-successful-session-count": p.sessions_ok,
                "total-failure-session-count": p.sessions_failed,
            },
            "failure-details": [
                failure(
                    **{
                        "result-type": f.result_type,
                        "sending-mta-ip": f.sending_mta_ip,
                        "receiving-mx-hostname": f.receiving_mx,
                        "failed-session-count": f.sessions,
                    }
                )
                for f in p.failures
            ],
        }
        for p in read
    ] == written


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["policy", "policies", "summary", "failure-details", "date-range", "mx-host", "policy-string"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(["policies", "date-range", "organization-name", "report-id"]), json_values)
def test_whatever_stands_in_a_field_nothing_but_a_refusal_is_raised(field: str, value: Any) -> None:
    try:
        parse(octets(report(**{field: value})))
    except Refused as refused:
        assert refused.reason in {"not-tls-rpt", "bad-date", "bad-count", "nested-too-deep"}  # noqa: PT017 - some parse
