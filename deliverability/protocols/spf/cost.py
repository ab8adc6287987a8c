"""What an evaluation spends: lookups and void lookups, RFC 7208 §4.6.4, counted over the tree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deliverability.lookup.answer import Answer
from deliverability.names import registrable
from deliverability.protocols.spf.facts import CostRow, LookupCost, Node, NodeError, VoidCount, VoidKind, VoidRow
from deliverability.protocols.spf.record import QUERYING, Kind, Mechanism
from deliverability.protocols.spf.tree import Visit, nodes

_UNSEEN = frozenset({NodeError.UNANSWERED, NodeError.VARIES, NodeError.BOUND, NodeError.MULTIPLE, NodeError.NONE})
_ADDRESS_TYPE = {4: "A", 6: "AAAA"}


def lookup_cost(tree: Node, visits: Iterable[Visit]) -> LookupCost:
    """The count of terms, each with whom it is spent on."""
    counted = [visit for visit in visits if _counts(visit)]
    providers: dict[str, str] = {}
    rows = tuple(_cost_row(visit, total, providers) for total, visit in enumerate(counted, 1))
    unseen = any(node.error in _UNSEEN for node in nodes(tree) if node is not tree)
    return LookupCost(rows=rows, complete=not unseen)


def void_count(visits: Iterable[Visit], family: int) -> VoidCount:
    """The lookups that find nothing for a client of this family, 4 or 6."""
    return VoidCount(family=family, rows=tuple(row for visit in visits for row in _voids(visit, _ADDRESS_TYPE[family])))


def _counts(visit: Visit) -> bool:
    return not isinstance(visit.term, Mechanism) or visit.term.kind in QUERYING


def _cost_row(visit: Visit, total: int, providers: dict[str, str]) -> CostRow:
    target = _target(visit)
    payee = visit.child.name if visit.branch is visit.term and visit.child else _target(visit) or visit.node.name
    provider = providers.setdefault(visit.branch.text, registrable(payee) or payee)
    return CostRow(
        record=visit.node.name,
        term=visit.term.text,
        span=visit.term.span,
        depth=visit.node.depth,
        target=target,
        total=total,
        branch=visit.branch.text,
        provider=provider,
        addresses=len(visit.use.hosts) // 2 if visit.use else 0,
    )


def _target(visit: Visit) -> str | None:
    if visit.child is not None:
        return None if visit.child.error is NodeError.VARIES else visit.child.name
    return visit.use.name if visit.use else None


def _voids(visit: Visit, address_type: str) -> Iterator[VoidRow]:
    if visit.child is not None and visit.child.answer is not None:
        yield from _void_rows(visit, VoidKind.TERM, [visit.child.answer])
    if visit.use is None or visit.use.term.kind is Kind.PTR:
        return
    wanted = {Kind.A: address_type, Kind.MX: "MX", Kind.EXISTS: "A"}[visit.use.term.kind]
    if visit.use.name is None:
        yield _void_row(visit, VoidKind.VARYING, None, wanted, None)
    yield from _void_rows(visit, VoidKind.TERM, [a for a in visit.use.answers if a.rdtype == wanted])
    yield from _void_rows(visit, VoidKind.FOLLOW_UP, [a for a in visit.use.hosts if a.rdtype == address_type])


def _void_rows(visit: Visit, kind: VoidKind, answers: Iterable[Answer]) -> Iterator[VoidRow]:
    for answer in answers:
        if answer.answered and not answer.records:
            yield _void_row(visit, kind, answer.name, answer.rdtype, answer.status.value)


def _void_row(visit: Visit, kind: VoidKind, name: str | None, rdtype: str, status: str | None) -> VoidRow:
    return VoidRow(
        record=visit.node.name,
        term=visit.term.text,
        span=visit.term.span,
        kind=kind,
        name=name,
        rdtype=rdtype,
        status=status,
    )
