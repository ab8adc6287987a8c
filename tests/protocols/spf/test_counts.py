"""What is counted over the tree is what an evaluation spends whose client matches no address. RFC 7208 §4.6.4."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from deliverability.lookup import AssumeAbove, ZoneResolver
from deliverability.protocols import spf
from deliverability.protocols.spf.facts import NodeError, VoidKind
from deliverability.protocols.spf.limits import MAX_LOOKUP_TERMS, MAX_VOID_LOOKUPS
from deliverability.protocols.spf.trace import Cause
from deliverability.protocols.spf.tree import nodes

HOSTS = """
both.example.test. A 203.0.113.1
both.example.test. AAAA 2001:db8::1
four.example.test. A 203.0.113.2
post.example.test. MX 1 both.example.test.
post.example.test. MX 2 four.example.test.
"""
OWNERS = ("example.test", *(f"{letter}.example.test" for letter in "abcd"))
TERMS = [
    "a:both.example.test",
    "a:four.example.test",
    "a:no.example.test",
    "mx:post.example.test",
    "mx:both.example.test",
    "exists:no.example.test",
    "ip4:203.0.113.9",
    *(f"{sign}include:{owner}" for sign in ("", "-") for owner in OWNERS[1:]),
]
ENDS = ["-all", "~all", "?all", "", *(f"redirect={owner}" for owner in OWNERS[1:])]
RECORDS = st.builds(
    lambda terms, end: " ".join(["v=spf1", *terms, end]),
    st.lists(st.sampled_from(TERMS), max_size=4),
    st.sampled_from(ENDS),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(RECORDS, min_size=len(OWNERS), max_size=len(OWNERS)), st.sampled_from([4, 6]))
def test_counts_over_the_tree_are_those_of_an_evaluation(records: list[str], family: int) -> None:
    zone = HOSTS + "\n".join(f'{owner}. TXT "{text}"' for owner, text in zip(OWNERS, records, strict=True))
    client = {4: "198.51.100.1", 6: "2001:db8:ffff::1"}[family]
    facts = asyncio.run(spf.lookup(AssumeAbove(ZoneResolver.from_text(zone)), "example.test", ips=[client]))
    if any(node.error is NodeError.LOOP for node in nodes(facts.tree)):
        return

    check = facts.authorises[0].check
    [voids] = [count.count(VoidKind.TERM, VoidKind.FOLLOW_UP) for count in facts.voids if count.family == family]

    if facts.cost.total > MAX_LOOKUP_TERMS or voids > MAX_VOID_LOOKUPS:
        assert check.cause in {Cause.LOOKUP_LIMIT, Cause.VOID_LIMIT}
    else:
        assert max(step.lookups for step in check.trace) == facts.cost.total
        assert max(step.voids for step in check.trace) == voids
