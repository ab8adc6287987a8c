"""The figures of an audit's events survive its document, and a document cannot pass off anything else as figures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliverability.events.figures import Completeness, Counts, Flags, Heeded, RatesFacts, Rejection, Seconds, to_plain
from deliverability.events.figures import from_plain as figures
from deliverability.events.plain import NotThose

COUNT = st.integers(0, 2**53)
WORD = st.text(max_size=8)


def built(kind: type[Any], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = kind.__dataclass_fields__.keys() - given.keys()
    return st.builds(kind, **dict.fromkeys(names, COUNT), **given)


COUNTS = built(Counts)
SECONDS = built(Seconds, p50=st.floats(0, 1e9), p95=st.floats(0, 1e9))
FACTS = st.builds(
    RatesFacts,
    sources=st.lists(WORD, max_size=3).map(tuple),
    start=WORD,
    rows=COUNT,
    unknown_words=st.dictionaries(WORD, COUNT, max_size=3),
    totals=COUNTS,
    by_provider=st.dictionaries(WORD, COUNTS, max_size=3),
    by_day=st.lists(st.tuples(WORD, COUNTS), max_size=3).map(tuple),
    reasons_by_provider=st.dictionaries(WORD, st.dictionaries(WORD, COUNT, max_size=2), max_size=2),
    rejections=st.lists(built(Rejection, provider=WORD, code=WORD, reason=WORD), max_size=2).map(tuple),
    time_to_deliver=st.none() | SECONDS,
    time_to_deliver_by_stream=st.dictionaries(WORD, SECONDS, max_size=2),
    after_unsubscribe=built(Heeded),
    flags=st.dictionaries(WORD, built(Flags), max_size=2),
    completeness=built(Completeness),
    ips=st.dictionaries(WORD, COUNT, max_size=3),
)


@given(FACTS)
def test_figures_come_back_from_json_as_they_went(facts: RatesFacts) -> None:
    assert figures(json.loads(json.dumps(to_plain(facts)))) == facts


@pytest.mark.parametrize(
    ("plain", "says"),
    [
        ([], "RatesFacts is list, not dict"),
        ({"totals": {"sent": "many"}}, "RatesFacts.totals.sent is str, not int"),
        ({"totals": {"sent": True}}, "RatesFacts.totals.sent is bool, not int"),
        ({"totals": {"sent": 1.5}}, "RatesFacts.totals.sent is float, not int"),
        ({"by_day": [["2026-01-01"]]}, r"RatesFacts.by_day\[0\] holds 1 values in place of 2"),
        ({"by_provider": {"gmail": None}}, r"RatesFacts.by_provider\['gmail'\] is NoneType, not dict"),
        ({"time_to_deliver": {"p50": 1}}, "RatesFacts.time_to_deliver lacks messages, p95"),
    ],
)
def test_what_are_no_figures_is_refused_by_name(plain: Any, says: str) -> None:
    with pytest.raises(NotThose, match=f"^{says}$"):
        figures(plain)


def test_a_document_of_another_version_is_read_as_far_as_it_goes() -> None:
    assert figures({"rows": 3, "of_later": {"a": 1}}) == RatesFacts(rows=3)


def test_opens_that_nobody_can_be_sure_of_are_left_out_of_the_fewest_human_opens() -> None:
    assert Counts(opened=10, opened_machine=4, opened_unknown=3).opened_human_low == 3


def test_complaints_at_providers_that_report_them() -> None:
    facts = RatesFacts(
        by_provider={"yahoo": Counts(delivered=100, complained=2), "gmail": Counts(delivered=900, complained=1)},
        reporting=("microsoft", "yahoo"),
    )

    assert facts.reporting_counts() == (2, 100)
