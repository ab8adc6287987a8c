"""What a gate makes of its inputs: one that is required and not there, or named and unread, leaves it undetermined.

An export that failed is an empty file, and a path that was mistyped is a file of something else. Neither has anything
for a check to find fault with, so neither may pass for mail that was looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import IntEnum
from typing import Any, cast

from deliverability.findings import Finding, Severity
from deliverability.gate.model import Reason, Taken
from deliverability.gate.places import Places
from deliverability.inputs import Inputs
from deliverability.policy.model import Need, Policy

GATE_INPUT = "gate-input"
"""The gate's own: a required input was not given or holds nothing, or one that was given could not be read."""

ABSENT = "{need} is required, and none was given."
HOLLOW = "{need} is required, and there is nothing to judge in what was given."
UNREAD = "{need} was given, and nothing of it could be read."
EMPTY = "{need} was given, and there is nothing to judge in it."

NO_STREAM = "The events hold no mail of the stream {stream}, so the policy's lines of {check} for it judge nothing."


class Content(IntEnum):
    """What became of an input that was named; of several domains the best of it counts."""

    UNREAD = 0
    """Nothing in it could be read."""
    EMPTY = 1
    """It could be read, and nothing in it is about a domain of the gate."""
    WHOLE = 2
    """There is something to judge."""


_HELD: Mapping[Need, tuple[str, Callable[[Any], tuple[int, int]]]] = {
    Need.EVENTS: ("rates", lambda facts: (facts.rows - facts.bad, facts.bad)),
    Need.MESSAGE: ("message", lambda _: (1, 0)),
    Need.RECIPIENTS: ("recipients", lambda facts: (facts.addresses + facts.invalid, facts.refused + facts.bad)),
    Need.DMARC_REPORTS: ("dmarc_reports", lambda facts: (facts.messages, facts.bad)),
    Need.TLS_REPORTS: ("tls_reports", lambda facts: (facts.sessions_ok + facts.sessions_failed, facts.bad)),
    Need.POSTMASTER: (
        "postmaster",
        lambda facts: (len(facts.figures) + len(facts.compliance) + len(facts.reputations), facts.bad),
    ),
    Need.SNDS: ("snds", lambda facts: (len(facts.activity) + len(facts.ranges), facts.bad)),
    Need.SENDER_HUB: ("senderhub", lambda facts: (len(facts.figures), facts.bad)),
}
"""The field of `Inputs` for what can be required, and of its facts: how much there is to judge, how much was bad."""


def contents(options: Mapping[str, Any], inputs: Iterable[Inputs]) -> dict[Need, Content]:
    """What became of each input that was given.

    - options: those of the run, which name the paths of each, in a replay too.
    - inputs: what was read for each domain.
    """
    read = tuple(inputs)
    found: dict[Need, Content] = {}
    for need, (name, held) in _HELD.items():
        there = [held(facts) for one in read if (facts := getattr(one, name)) is not None]
        if there:
            found[need] = max(_content(*amounts) for amounts in there)
        elif options.get(need.value.replace("-", "_")):
            found[need] = Content.UNREAD
    return found


def _content(amount: int, bad: int) -> Content:
    if amount > 0:
        return Content.WHOLE
    return Content.UNREAD if bad else Content.EMPTY


def reasons(policy: Policy, given: Collection[Need] | Mapping[Need, Content]) -> tuple[Reason, ...]:
    """A reason for each input without which nothing can be said: required and not there, or given and not read."""
    content = _of_each(given)
    said = {need: UNREAD for need, one in content.items() if one is Content.UNREAD}
    said |= {need: HOLLOW for need in policy.require if content.get(need) is Content.EMPTY}
    said |= {need: ABSENT for need in policy.require if need not in content}
    place = Places(policy).of_key("require")
    return tuple(
        Reason(
            check=GATE_INPUT,
            domain="",
            subject=need.value,
            severity=Severity.HIGH,
            why=said[need].format(need=f"--{need.value}"),
            taken=Taken.UNSETTLED,
            place=place,
        )
        for need in Need
        if need in said
    )


def notes(policy: Policy, given: Collection[Need] | Mapping[Need, Content]) -> tuple[str, ...]:
    """Inputs that nobody requires and that hold nothing."""
    return tuple(
        EMPTY.format(need=f"--{need.value}")
        for need, one in _of_each(given).items()
        if one is Content.EMPTY and need not in policy.require
    )


def idle_lines(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Lines for a stream of which there is no mail: a name that is misspelt, most often."""
    streams = ((one.check, one.data.get("stream"), one.data.get("denominator")) for one in findings)
    return tuple(
        NO_STREAM.format(stream=stream, check=check)
        for check, stream, mail in dict.fromkeys(streams)
        if isinstance(stream, str) and mail == 0
    )


def _of_each(given: Collection[Need] | Mapping[Need, Content]) -> Mapping[Need, Content]:
    if isinstance(given, Mapping):
        return cast("Mapping[Need, Content]", given)
    return dict.fromkeys(given, Content.WHOLE)
