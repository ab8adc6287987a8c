"""Yahoo Sender Hub: whatever table or JSON says by name what it holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.feedback.senderhub import HubFigure, from_observation, merged, parse, to_observation
from deliverability.intake.trouble import Bad, Refused

FIGURE = HubFigure(domain="example.test", date="2026-11-20", inboxed=12_345, complaints=None, rate=0.0012)


@pytest.mark.parametrize(
    "export",
    [
        'Date,DKIM domain,Delivered,Spam complaint rate\n2026-11-20,example.test,"12,345",0.12%\n',
        "date;domain;delivered to inbox;complaint rate (%)\n11/20/2026;example.test;12345;0.12\n",
        '{"data": [{"date": "2026-11-20", "domain": "example.test", "delivered": 12345, "complaintRate": "0.12%"}]}',
        '[{"Day": "2026-11-20", "dkim_domain": "Example.Test", "inbox": "12345", "spam_complaint_rate": "0.12 %"}]',
    ],
)
def test_a_figure_is_read_by_the_names_of_its_columns(export: str) -> None:
    facts = parse(export.encode())

    assert facts.figures == (FIGURE,)
    assert facts.domains == ("example.test",)
    assert "delivered to the inbox" in facts.denominator


def test_a_bare_number_is_no_rate_but_counts_stand_for_themselves() -> None:
    bad: list[Bad] = []
    export = (
        '[{"date": "2026-11-20", "delivered": 1000, "complaints": 2, "complaintRate": 0.002},'
        ' {"date": "2026-11-21", "delivered": 1000, "complaintRate": 0.002}]'
    )
    facts = parse(export.encode(), on_bad=bad.append)

    assert [(one.date, one.counted, one.rate) for one in facts.figures] == [("2026-11-20", True, None)]
    assert [one.reason for one in bad] == ["no-unit"]


def test_a_bad_date_is_counted_and_the_rest_goes_on() -> None:
    bad: list[Bad] = []
    facts = parse(b"date,complaint rate\nsoon,0.1%\n2026-11-20,0.1%\n", file="hub.csv", on_bad=bad.append)

    assert [(one.line, one.reason) for one in bad] == [(2, "bad-date")]
    assert len(facts.figures) == facts.bad == 1


@pytest.mark.parametrize("octets", [b"", b"[]", b"a,b\n1,2\n", b'{"date": "2026-11-20"}'])
def test_what_is_no_export_is_refused(octets: bytes) -> None:
    with pytest.raises(Refused) as refused:
        parse(octets)

    assert refused.value.reason == "not-senderhub"


def test_the_same_day_in_two_exports_counts_once() -> None:
    first = parse(b"date,complaint rate\n2026-11-20,0.1%\n")
    second = parse(b"date,complaint rate\n2026-11-20,0.2%\n")

    assert [one.rate for one in merged([first, second]).figures] == [0.002]


def test_no_address_of_a_person_is_kept() -> None:
    facts = parse(b"date,domain,complaint rate\n2026-11-20,ann@example.test,0.1%\n")

    assert facts.domains == ("example.test",)
    assert "ann" not in json.dumps(to_observation(facts))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["date", "domain", "delivered", "rows", "complaints", "rate"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        facts = parse(json.dumps(value).encode())
    except Refused:
        return

    assert from_observation(json.loads(json.dumps(to_observation(facts)))) == facts
