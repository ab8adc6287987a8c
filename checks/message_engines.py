"""Is that good? What spam filters that the user runs say of the message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deliverability.checks._check import Judgements, check, failed, informed, passed, unknown
from deliverability.findings import Effort, Evidence, Lack, Owner, Severity
from deliverability.sources import source

if TYPE_CHECKING:
    from deliverability.mail.authenticate.engines import EngineFacts

MOST_RULES = 12
"""Ours: rules that are shown, those with most points first."""
NEAR = 0.8
"""Ours: from this part of the filter's line on a message is near it: one more rule, or a list, puts it over."""

SPAMASSASSIN = {
    "pass": "SpamAssassin gives the message {score} points; from {required} on it is spam",
    "near": "SpamAssassin gives the message {score} points, close to the {required} from which on it is spam",
    "fail": "SpamAssassin takes the message for spam: {score} points, the line is {required} ({rules})",
    "silent": "SpamAssassin at {address} could not be asked: {why}",
}
RSPAMD = {
    "pass": "rspamd gives the message {score} points and lets it through; it refuses from {required} on",
    "near": "rspamd gives the message {score} points, close to the {required} from which on it refuses",
    "fail": "rspamd takes the message for spam ({action}) at {score} points ({rules})",
    "put_off": "rspamd would put the message off ({action}) at {score} points",
    "silent": "rspamd at {address} could not be asked: {why}",
}


def _judged(facts: EngineFacts | None) -> Judgements:
    if facts is None:
        return unknown(lack=Lack.INPUT)
    data: dict[str, Any] = {"address": facts.address, "why": facts.why}
    if not facts.answered or facts.score is None or facts.required is None:
        return unknown(case="silent", lack=Lack.INPUT, **data)
    worst = [one for one in facts.symbols if one.score > 0][:MOST_RULES]
    rows = tuple(Evidence("rule", one.name, "", f"{one.score:+g}", note=one.description) for one in worst)
    data |= {
        "score": facts.score,
        "required": facts.required,
        "action": facts.action,
        "rules": ", ".join(one.name for one in worst[:3]) or "no rule by itself",
        "symbols": {one.name: one.score for one in facts.symbols},
    }
    if facts.is_spam:
        return failed(evidence=rows, **data)
    if facts.action in {"greylist", "soft reject"}:
        return informed(case="put_off", evidence=rows, **data)
    if facts.required > 0 and facts.score >= NEAR * facts.required:
        return failed(case="near", severity=Severity.LOW, evidence=rows, **data)
    return passed(evidence=rows, **data)


@check(
    "message-spamassassin",
    Severity.MEDIUM,
    source("SpamAssassin configuration"),
    titles=SPAMASSASSIN,
    effort=Effort.MEDIUM,
    owner=Owner.CONTENT,
    settle="Name a running spamd with --spamassassin HOST[:PORT].",
)
def message_spamassassin(spamassassin: EngineFacts | None) -> Judgements:
    """SpamAssassin, where one is named, does not take the message for spam.

    It is the filter of many hosters and companies; the large mailbox providers have their own, which nobody can ask.
    Its verdict depends on its rules, on how it is set, and on what it may ask of the network.

    Why it matters: the servers that run it file such a message as spam, or refuse it.

    How to fix: look at the rules with most points first; most name what in the message they matched.
    """
    return _judged(spamassassin)


@check(
    "message-rspamd",
    Severity.MEDIUM,
    source("rspamd actions"),
    titles=RSPAMD,
    effort=Effort.MEDIUM,
    owner=Owner.CONTENT,
    settle="Name a running rspamd with --rspamd URL.",
)
def message_rspamd(rspamd: EngineFacts | None) -> Judgements:
    """The rspamd that is named, if any, does not take the message for spam.

    It is the filter of many hosters and companies; the large mailbox providers have their own, which nobody can ask.
    Its verdict depends on its rules, on how it is set, and on what it may ask of the network.

    Why it matters: the servers that run it file such a message as spam, put it off or refuse it.

    How to fix: look at the rules with most points first; their descriptions say what they look for.
    """
    return _judged(rspamd)
