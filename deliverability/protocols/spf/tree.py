"""The tree of records under a domain: grown a level at a time, walked in the order of evaluation."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator, Iterator
from dataclasses import field
from typing import Any, TypeVar

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, Resolver
from deliverability.protocols.spf.evaluate import mx_hosts
from deliverability.protocols.spf.facts import Node, NodeError, Use
from deliverability.protocols.spf.limits import MAX_MX_NAMES, MAX_QUESTIONS, MAX_TREE_DEPTH, MAX_TREE_NODES
from deliverability.protocols.spf.macro import static_target
from deliverability.protocols.spf.record import (
    Kind,
    Mechanism,
    Modifier,
    Qualifier,
    SpfRecord,
    Term,
    is_spf,
    parse,
    querying_terms,
)

_T = TypeVar("_T")


class Crawler:
    """Asks each question of one analysis once, as soon as it is known."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._questions: dict[tuple[str, str], asyncio.Task[Answer]] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    def ask(self, name: str, rdtype: str) -> asyncio.Task[Answer]:
        """The one task that asks this question."""
        task = self._questions.get((name, rdtype))
        if task is None:
            task = self.start(self._resolver.resolve(name, rdtype))
            self._questions[name, rdtype] = task
        return task

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """A task that ends with this analysis at the latest."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    def close(self) -> None:
        """Drop what is still under way, and what went wrong there: whoever awaited it has been told."""
        for task in self._tasks:
            if not task.cancel() and not task.cancelled():
                task.exception()


@dataclass(slots=True)
class _Seedling:
    """A node that still grows."""

    name: str
    via: Term | None
    depth: int
    above: tuple[str, ...] = ()
    answer: Answer | None = None
    texts: tuple[str, ...] = ()
    parsed: SpfRecord | None = None
    error: NodeError | None = None
    uses: list[asyncio.Task[Use]] = field(default_factory=list[asyncio.Task[Use]])
    children: list[_Seedling] = field(default_factory=list["_Seedling"])

    def read(self, answer: Answer) -> None:
        """Take in the TXT answer."""
        self.answer = answer
        self.texts = tuple(text for text in answer.records if is_spf(text))
        if not answer.answered:
            self.error = NodeError.UNANSWERED
        elif len(self.texts) != 1:
            self.error = NodeError.MULTIPLE if self.texts else NodeError.NONE
        else:
            self.parsed = parse(self.texts[0])
            self.error = NodeError.SYNTAX if self.parsed.faults else None

    def grown(self) -> Node:
        """The finished node; all its questions must have been answered."""
        return Node(
            name=self.name,
            via=self.via,
            depth=self.depth,
            answer=self.answer,
            texts=self.texts,
            parsed=self.parsed,
            error=self.error,
            uses=tuple(use.result() for use in self.uses),
            children=tuple(child.grown() for child in self.children),
        )


async def grow(crawler: Crawler, domain: str) -> Node:
    """The tree under `domain`. The records of a level are asked at once, and the addresses of its terms with them."""
    gardener = _Gardener(crawler, domain)
    root = _Seedling(domain, None, 0)
    level = [root]
    while level:
        answers = await asyncio.gather(*(crawler.ask(node.name, "TXT") for node in level))
        following: list[_Seedling] = []
        for node, answer in zip(level, answers, strict=True):
            node.read(answer)
            following += gardener.sprout(node)
        level = following
    await asyncio.gather(*gardener.uses)
    return root.grown()


_QUESTIONS = {Kind.A: 2, Kind.MX: 1 + 2 * (MAX_MX_NAMES + 1), Kind.EXISTS: 1, Kind.PTR: 0}
"""What a term may ask at most; counted beforehand, so that the bound does not hang on who answers first."""


class _Gardener:
    """Makes children and address questions out of records, within the bounds of `limits`."""

    def __init__(self, crawler: Crawler, domain: str) -> None:
        self._crawler = crawler
        self._domain = domain
        self._nodes = 1
        self._questions = 0
        self.uses: list[asyncio.Task[Use]] = []

    def sprout(self, node: _Seedling) -> list[_Seedling]:
        """Give `node` its children and uses; the children that are to be read next."""
        for term in querying_terms(node.parsed) if node.parsed else ():
            if isinstance(term, Modifier) or term.kind is Kind.INCLUDE:
                node.children.append(self._child(node, term))
            else:
                use = self._crawler.start(self._use(term, self._target(node, term)))
                node.uses.append(use)
                self.uses.append(use)
        return [child for child in node.children if child.error is None]

    def _child(self, node: _Seedling, term: Term) -> _Seedling:
        string = term.value if isinstance(term, Modifier) else term.domain
        name = self._target(node, term)
        child = _Seedling(name or (string.text if string else ""), term, node.depth + 1, (*node.above, node.name))
        if name is None:
            child.error = NodeError.VARIES if string and string.varies else NodeError.BAD_NAME
        elif name in child.above:
            child.error = NodeError.LOOP
        elif self._nodes >= MAX_TREE_NODES or child.depth > MAX_TREE_DEPTH:
            child.error = NodeError.BOUND
        else:
            self._nodes += 1
        return child

    def _target(self, node: _Seedling, term: Term) -> str | None:
        string = term.value if isinstance(term, Modifier) else term.domain
        if string is None:
            return node.name
        return static_target(string, domain=node.name, sender_domain=self._domain)

    async def _use(self, term: Mechanism, name: str | None) -> Use:
        self._questions += _QUESTIONS[term.kind]
        if name is None or term.kind is Kind.PTR or self._questions > MAX_QUESTIONS:
            return Use(term=term, name=name)
        rdtypes = {Kind.A: ("A", "AAAA"), Kind.MX: ("MX",)}.get(term.kind, ("A",))
        answers = await asyncio.gather(*(self._crawler.ask(name, rdtype) for rdtype in rdtypes))
        hosts: list[Answer] = []
        if term.kind is Kind.MX:
            names = mx_hosts(answers[0].records)[: MAX_MX_NAMES + 1]
            hosts = await asyncio.gather(
                *(self._crawler.ask(host, rdtype) for host in names for rdtype in ("A", "AAAA"))
            )
        return Use(term=term, name=name, answers=tuple(answers), hosts=tuple(hosts))


@dataclass(frozen=True, slots=True)
class Visit:
    """One term in the order of evaluation. `passing`: a match makes the whole check pass.

    `branch` is the term of the domain's own record under which it stands.
    """

    node: Node
    term: Term
    branch: Term
    passing: bool
    child: Node | None = None
    use: Use | None = None


def walk(node: Node, *, passing: bool = True, branch: Term | None = None) -> Generator[Visit, None, Qualifier | None]:
    """Every term that an evaluation reaches whose client matches no address; returns what it is bound to come to."""
    children = {child.via.span: child for child in node.children if child.via}
    uses = {use.term.span: use for use in node.uses}
    for term in node.parsed.reached if node.parsed else ():
        good = passing and term.qualifier is Qualifier.PASS
        child = children.get(term.span)
        yield Visit(node, term, branch or term, good, child, uses.get(term.span))
        if term.kind is Kind.ALL:
            return term.qualifier
        if child is not None:
            bound = yield from walk(child, passing=good, branch=branch or term)
            if bound is Qualifier.PASS:  # RFC 7208 §5.2: that include matches, so nothing behind it is reached
                return term.qualifier
    redirect = node.parsed.redirect if node.parsed else None
    child = children.get(redirect.span) if redirect else None
    if redirect is None or child is None:
        return None
    yield Visit(node, redirect, branch or redirect, passing, child)
    return (yield from walk(child, passing=passing, branch=branch or redirect))


def is_bounded(tree: Node) -> bool:
    """Whether the tree is larger than we follow."""
    return any(node.error is NodeError.BOUND or any(map(_was_left_out, node.uses)) for node in nodes(tree))


def _was_left_out(use: Use) -> bool:
    return use.name is not None and use.term.kind is not Kind.PTR and not use.answers


def nodes(node: Node) -> Iterator[Node]:
    """The node and all below it, in order."""
    yield node
    for child in node.children:
        yield from nodes(child)
