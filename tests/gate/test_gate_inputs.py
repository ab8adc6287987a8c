"""What a gate makes of its inputs: whether there is anything to judge in them, and whether they could be read."""

from __future__ import annotations

from typing import Any

import pytest

from deliverability.events.figures import RatesFacts
from deliverability.feedback.facts import AggregateFacts, TlsFacts
from deliverability.feedback.postmaster import PostmasterFacts
from deliverability.feedback.senderhub import SenderHubFacts
from deliverability.feedback.snds import SndsFacts
from deliverability.gate.inputs import Content, contents
from deliverability.inputs import Inputs
from deliverability.policy.model import Need
from deliverability.recipients.facts import RecipientsFacts


def reports(messages: int = 0, bad: int = 0) -> AggregateFacts:
    none: dict[str, Any] = dict.fromkeys(
        ("reports", "reporters", "dmarc_pass", "spf_aligned", "dkim_aligned", "quarantined", "rejected"), 0
    )
    return AggregateFacts(domain="shop.test", start="", end="", messages=messages, bad=bad, **none)


def tls(ok: int = 0, failed: int = 0, bad: int = 0) -> TlsFacts:
    return TlsFacts(domain="shop.test", start="", end="", reports=0, sessions_ok=ok, sessions_failed=failed, bad=bad)


SOME: Any = object()
"""A row of which nobody asks what stands in it."""


@pytest.mark.parametrize(
    ("need", "facts", "content"),
    [
        (Need.EVENTS, {"rates": RatesFacts(rows=3, bad=2)}, Content.WHOLE),
        (Need.EVENTS, {"rates": RatesFacts(rows=3, bad=3)}, Content.UNREAD),
        (Need.EVENTS, {"rates": RatesFacts()}, Content.EMPTY),
        (Need.RECIPIENTS, {"recipients": RecipientsFacts(addresses=1)}, Content.WHOLE),
        (Need.RECIPIENTS, {"recipients": RecipientsFacts(rows=2, invalid=2)}, Content.WHOLE),
        (Need.RECIPIENTS, {"recipients": RecipientsFacts(rows=2, empty=2)}, Content.EMPTY),
        (Need.RECIPIENTS, {"recipients": RecipientsFacts(rows=2, bad=2)}, Content.UNREAD),
        (Need.RECIPIENTS, {"recipients": RecipientsFacts(refused=1)}, Content.UNREAD),
        (Need.DMARC_REPORTS, {"dmarc_reports": reports(messages=1, bad=5)}, Content.WHOLE),
        (Need.DMARC_REPORTS, {"dmarc_reports": reports()}, Content.EMPTY),
        (Need.DMARC_REPORTS, {"dmarc_reports": reports(bad=1)}, Content.UNREAD),
        (Need.TLS_REPORTS, {"tls_reports": tls(ok=1)}, Content.WHOLE),
        (Need.TLS_REPORTS, {"tls_reports": tls(failed=1)}, Content.WHOLE),
        (Need.TLS_REPORTS, {"tls_reports": tls()}, Content.EMPTY),
        (Need.POSTMASTER, {"postmaster": PostmasterFacts(figures=(SOME,))}, Content.WHOLE),
        (Need.POSTMASTER, {"postmaster": PostmasterFacts(compliance=(SOME,))}, Content.WHOLE),
        (Need.POSTMASTER, {"postmaster": PostmasterFacts(reputations=(SOME,))}, Content.WHOLE),
        (Need.POSTMASTER, {"postmaster": PostmasterFacts()}, Content.EMPTY),
        (Need.SNDS, {"snds": SndsFacts(activity=(SOME,))}, Content.WHOLE),
        (Need.SNDS, {"snds": SndsFacts(ranges=(SOME,))}, Content.WHOLE),
        (Need.SNDS, {"snds": SndsFacts(bad=1)}, Content.UNREAD),
        (Need.SENDER_HUB, {"senderhub": SenderHubFacts(figures=(SOME,))}, Content.WHOLE),
        (Need.SENDER_HUB, {"senderhub": SenderHubFacts()}, Content.EMPTY),
    ],
)
def test_an_input_is_whole_where_there_is_something_to_judge(
    need: Need, facts: dict[str, Any], content: Content
) -> None:
    assert contents({}, [Inputs(**facts)]) == {need: content}


def test_of_several_domains_the_best_counts() -> None:
    each = [Inputs(dmarc_reports=reports(bad=1)), Inputs(dmarc_reports=reports(messages=1)), Inputs()]

    assert contents({}, each) == {Need.DMARC_REPORTS: Content.WHOLE}
    assert contents({}, each[:1]) == {Need.DMARC_REPORTS: Content.UNREAD}


def test_what_was_named_and_left_nothing_could_not_be_read() -> None:
    options = {"sender_hub": ["hub.csv"], "snds": [], "zone": ["shop.zone"]}

    assert contents(options, [Inputs()]) == {Need.SENDER_HUB: Content.UNREAD}
