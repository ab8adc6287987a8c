"""The tree of SPF records, out of facts that were really gathered and out of facts that make no sense."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.lookup import ZoneResolver
from deliverability.plain import to_plain
from deliverability.protocols import spf
from deliverability.reports import spf_tree
from deliverability.reports.html import render_html
from support import samples

ZONE = """
$ORIGIN shop.test.
$TTL 300
@       TXT "v=spf1 mx include:a.shop.test include:gone.shop.test -all"
@       MX 10 mail
mail    A 192.0.2.1
a       TXT "v=spf1 include:b.shop.test -all"
b       TXT "v=spf1 include:a.shop.test -all"
"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["spf", "tree", "texts", "name", "children", "depth", "error", "cost", "rows", "total", "term"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


def facts() -> dict[str, Any]:
    found = asyncio.run(spf.lookup(ZoneResolver.from_text(ZONE), "shop.test"))
    return {"spf": to_plain(found)}


def test_the_records_stand_under_those_that_include_them() -> None:
    rows = spf_tree.tree(facts())

    assert [(row.depth, row.name, row.error) for row in rows] == [
        (0, "shop.test", ""),
        (1, "a.shop.test", ""),
        (2, "b.shop.test", ""),
        (3, "a.shop.test", "leads back to itself"),
        (1, "gone.shop.test", "no SPF record at this name"),
    ]
    assert rows[1].text == "v=spf1 include:b.shop.test -all"


def test_look_ups_are_counted_in_the_order_of_evaluation() -> None:
    assert [(row.term, row.record) for row in spf_tree.costs(facts())][:3] == [
        ("mx", "shop.test"),
        ("include:a.shop.test", "shop.test"),
        ("include:b.shop.test", "a.shop.test"),
    ]


def test_the_page_shows_the_tree() -> None:
    page = render_html(replace(samples.in_trouble(), facts=facts()))

    assert "The SPF record and all that it includes" in page
    assert "leads back to itself" in page
    assert "all that it includes" not in render_html(samples.in_trouble())


@settings(max_examples=100)
@given(st.dictionaries(st.just("spf"), JSON))
def test_facts_that_make_no_sense_stop_nothing(nonsense: dict[str, Any]) -> None:
    spf_tree.tree(nonsense)
    spf_tree.costs(nonsense)


def test_a_tree_without_end_is_cut() -> None:
    node: dict[str, Any] = {"texts": ["v=spf1"], "depth": 0}
    for depth in range(5000):
        node = {"texts": ["v=spf1"], "depth": depth, "children": [node, node]}

    assert len(spf_tree.tree({"spf": {"tree": node}})) == spf_tree.MAX_ROWS
