"""The TXT records of the domain: their size and their characters."""

from __future__ import annotations

from collections.abc import Iterator

from deliverability.checks._check import Judgements, check, failed, passed, unknown
from deliverability.findings import Action, Evidence, Judgement, RecordChange, Severity
from deliverability.lookup.answer import Answer
from deliverability.protocols.dkim import DkimFacts
from deliverability.protocols.domain import DomainFacts, wire_octets
from deliverability.protocols.texts import (
    RecordKind,
    cleaned,
    kind_of,
    meant_as,
    odd_spans,
)
from deliverability.sources import rfc

UDP_OCTETS = 1232
"""What one UDP answer carries without fragments: the EDNS buffer size that servers and resolvers agreed on for DNS flag
day 2020 (1280 octets of the smallest IPv6 packet less its headers)."""
FROM_FILE = frozenset({"zone", "overlay"})
"""The sources of answers that no server gave."""
MAX_SPANS = 20
"""Odd characters shown for one record; a record of nothing else says no more."""


@check(
    "dns-txt-size",
    Severity.MEDIUM,
    rfc(7208, "3.4"),
    rfc(7766, "5"),
    titles={
        "pass": "The TXT records take {octets} octets; one UDP answer holds {limit}",
        "tcp": "The TXT records take {octets} octets, more than the {limit} of one UDP answer; they came over TCP",
        "fail": "The TXT records at {name} take {octets} octets, more than the {limit} of one UDP answer",
        "lost": "The TXT records at {name} do not fit one UDP answer, and no answer came over TCP",
    },
)
def dns_txt_size(domain: DomainFacts) -> Judgements:
    """The TXT records of a name fit one UDP answer, or the servers answer over TCP.

    Why it matters: an answer that does not fit is asked for again over TCP, and where a firewall drops that, SPF fails
    for want of an answer.

    How to fix: remove verification texts of services that you left, and move SPF terms into an include.
    """
    at_apex = domain.at("TXT")
    large = [a for a in domain.texts if not a.cname_chain and wire_octets(a) > UDP_OCTETS]
    # whose firewall stopped TCP, theirs or ours, cannot be told from here
    lost = [a for a in domain.texts if a.truncated and not a.answered]
    found = [unknown(a, subject=a.name, case="lost", name=a.name) for a in lost]
    # a zone file cannot show that its servers answer over TCP; a complete answer from outside does
    unproven = [a for a in large if a.source in FROM_FILE and not a.truncated]
    found += [failed(a.name, name=a.name, octets=wire_octets(a), limit=UDP_OCTETS) for a in unproven]
    if found:
        return found
    if not at_apex.answered:
        return unknown(at_apex)
    octets = max(wire_octets(answer) for answer in (at_apex, *large))
    return passed(case="tcp" if large else "pass", octets=octets, limit=UDP_OCTETS)


@check(
    "dns-txt-characters",
    Severity.HIGH,
    rfc(7208, "12"),
    rfc(6376, "3.2"),
    rfc(9989, "4.7"),
    titles={
        "pass": "The mail records hold only characters that belong there",
        "fail": "The {kind} record at {name} holds {what}",
    },
)
def dns_txt_characters(domain: DomainFacts, dkim: DkimFacts) -> Judgements:
    """SPF, DKIM and DMARC records hold no characters that word processors and control panels leave behind.

    Why it matters: such a character looks right on the screen, but it ends the record, glues two terms together or
    makes a key unreadable.

    How to fix: type the record again as plain text, without quotes and backslashes, in your DNS provider's form.
    """
    answers = {a.name: a for a in (*(key.answer for key in dkim.keys), *domain.texts)}
    faults = [fault for _, answer in sorted(answers.items()) for fault in _odd(answer)]
    silent = [a for a in answers.values() if not a.answered and not a.cname_chain and _is_read(domain, a.name)]
    if faults or not silent:
        return faults or passed()
    return unknown(*silent)


def _is_read(domain: DomainFacts, name: str) -> bool:
    """Whether receivers look here whatever else they find."""
    return name in (domain.domain, f"_dmarc.{domain.domain}")


def _odd(answer: Answer) -> Iterator[Judgement]:
    """One judgement for all the records of a name."""
    spoilt = [(text, kind) for text in answer.records if (kind := meant_as(text)) and odd_spans(text)]
    if not spoilt:
        return
    rows = [(text, span) for text, _ in spoilt for span in odd_spans(text)]
    evidence = tuple(
        Evidence("dns_answer", answer.name, "TXT", text, (span.start, span.end), span.oddity.value)
        for text, span in rows[:MAX_SPANS]
    )
    repairs = [(text, cleaned(text)) for text, _ in spoilt]
    changes = tuple(RecordChange(Action.REPLACE, answer.name, "TXT", None, old, new) for old, new in repairs if new)
    yield failed(
        answer.name,
        name=answer.name,
        kind=spoilt[0][1].value,
        what=", ".join(dict.fromkeys(span.oddity.value for _, span in rows)),
        evidence=evidence,
        # what stands behind an alias is its owner's to repair
        records=() if answer.cname_chain or len(changes) < len(repairs) else changes,
        safe=all(stops_no_mail(new) for _, new in repairs if new),
    )


def stops_no_mail(text: str) -> bool:
    """Whether publishing this record cannot turn away mail that arrives today."""
    kind = kind_of(text)
    if kind is RecordKind.SPF:
        return "-all" not in text.lower().split()
    return kind is not RecordKind.DMARC or "p=none" in "".join(text.lower().split()).split(";")
