"""Records written anew: several made one, and one made cheaper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deliverability.checks._spf import mending_of
from deliverability.names import registrable
from deliverability.protocols.spf.facts import Node, NodeError, SpfFacts
from deliverability.protocols.spf.limits import MAX_LOOKUP_TERMS, RRSET_ADVISED_OCTETS
from deliverability.protocols.spf.record import VERSION, Kind, Mechanism, Modifier, Qualifier, SpfRecord, parse
from deliverability.protocols.spf.tree import walk

_SOFTEST = (Qualifier.FAIL, Qualifier.SOFTFAIL, Qualifier.NEUTRAL)


def merged(texts: Sequence[str]) -> str | None:
    """One record that says what all of `texts` say; None where one of them cannot be read.

    Where they end differently, the softer `all` is kept: no mail that passed is lost by merging.
    """
    records = [parse(mending_of(text).text or text) for text in texts]
    if any(record.faults for record in records):
        return None
    words = dict.fromkeys(word for record in records for word in _words(record))
    ends = [record.all.qualifier for record in records if record.all is not None]
    softest = max((end for end in ends if end in _SOFTEST), key=_SOFTEST.index, default=Qualifier.SOFTFAIL)
    return " ".join([VERSION, *words, f"{softest.value}all"])


def _words(record: SpfRecord) -> Iterator[str]:
    for term in record.reached:
        if term.kind is not Kind.ALL:
            yield term.text
    if record.all is None and record.redirect is not None:
        yield f"include:{record.redirect.value.text}"  # a redirect would be dead behind the other record's `all`


def cheaper(spf: SpfFacts) -> str | None:
    """The domain's record with no more than ten lookups, if nothing but waste has to go for that.

    Waste is, in the order in which it goes: a term said twice, an include that another include already brings, an
    include of a name without record; last, own records that are only there to be included are written out.
    """
    record = spf.record
    if record is None or record.faults:
        return None
    total = spf.cost.total
    words: dict[int, list[str]] = {}
    for start, saved, instead in _savings(spf):
        if total <= MAX_LOOKUP_TERMS:
            break
        if start not in words:
            words[start] = instead
            total -= saved
    pieces = [word for term in record.terms for word in words.get(term.span.start, [term.text])]
    text = " ".join([VERSION, *dict.fromkeys(pieces)])
    fits = len(spf.domain) + len(text) <= RRSET_ADVISED_OCTETS
    return text if total <= MAX_LOOKUP_TERMS and fits else None


def _savings(spf: SpfFacts) -> Iterator[tuple[int, int, list[str]]]:
    """What could go: where the term starts, the lookups it saves, what would stand there instead."""
    cost = _cost_of_branches(spf.tree)
    seen: set[str] = set()
    gone: set[int] = set()
    for term in spf.tree.parsed.mechanisms if spf.tree.parsed else ():
        if str(term) in seen:
            gone.add(term.span.start)
            yield term.span.start, cost.get(term.span.start, 0), []
        seen.add(str(term))
    bringers = _bringers(spf.tree)
    branches = [child for child in spf.tree.children if isinstance(child.via, Mechanism) and _passes(child.via)]
    for child in branches:
        if child.error is NodeError.NONE or bringers.get(child.name, set()) - gone - {_start(child)}:
            gone.add(_start(child))
            yield _start(child), cost.get(_start(child), 0), []
    own = registrable(spf.domain)
    for child in branches:
        if (written_out := _written_out(child, own)) is not None:
            yield _start(child), *written_out


def _cost_of_branches(tree: Node) -> dict[int, int]:
    cost: dict[int, int] = {}
    for visit in walk(tree):
        if isinstance(visit.term, Modifier) or visit.child is not None or visit.use is not None:
            start = visit.branch.span.start
            cost[start] = cost.get(start, 0) + 1
    return cost


def _passes(term: Mechanism) -> bool:
    return term.qualifier is Qualifier.PASS


def _start(child: Node) -> int:
    return child.via.span.start if child.via else 0


def _bringers(tree: Node) -> dict[str, set[int]]:
    """The names that includes bring with a pass all the way, each with the places of the own terms that bring it."""
    bringers: dict[str, set[int]] = {}
    for visit in walk(tree):
        if visit.passing and visit.child is not None and visit.node is not tree:
            bringers.setdefault(visit.child.name, set()).add(visit.branch.span.start)
    return bringers


def _written_out(child: Node, own: str | None) -> tuple[int, list[str]] | None:
    """The lookups saved and the terms of an own included record, if they mean the same where it is included."""
    record = child.parsed
    if own is None or registrable(child.name) != own or record is None or child.error is not None or record.redirect:
        return None
    below = {node.via.span: node for node in child.children if node.via}
    words: list[str] = []
    saved = 1
    for term in record.reached:
        if term.kind is Kind.ALL and not _passes(term):
            continue
        moved = term.cidr is not None or (term.domain is not None and not term.domain.letters)
        if not moved or not _passes(term):
            return None
        inner = _written_out(below[term.span], own) if term.span in below else None
        saved += inner[0] if inner else 0
        words += inner[1] if inner else [term.text]
    return saved, words
