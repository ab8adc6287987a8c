"""What can be said of a domain's SPF before any mail is seen."""

from __future__ import annotations

from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer
from deliverability.protocols.spf.limits import MAX_LOOKUP_TERMS
from deliverability.protocols.spf.record import Mechanism, Span, SpfRecord, Term
from deliverability.protocols.spf.trace import CheckResult


class NodeError(StrEnum):
    """Why a record of the tree is missing or not followed."""

    NONE = "none"
    MULTIPLE = "multiple"
    SYNTAX = "syntax"
    LOOP = "loop"
    UNANSWERED = "unanswered"
    VARIES = "varies"
    BAD_NAME = "bad-name"
    BOUND = "bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """An `a`, `mx`, `exists` or `ptr` term and what DNS says to it.

    `name` is None where it varies with the message. `answers`: A and AAAA for `a`; MX for `mx`, with the A and AAAA
    of its hosts in `hosts`; A for `exists`; nothing for `ptr`, which depends on the client.
    """

    term: Mechanism
    name: str | None
    answers: tuple[Answer, ...] = ()
    hosts: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One record of the tree. `via` is the include or redirect that led here, None for the domain itself.

    `texts` are the SPF records at the name, `record` the only one. A record with syntax errors is followed all the
    same, by its good terms. `children` are its includes in order, then its redirect.
    """

    name: str
    via: Term | None
    depth: int
    answer: Answer | None = None
    texts: tuple[str, ...] = ()
    parsed: SpfRecord | None = None
    error: NodeError | None = None
    uses: tuple[Use, ...] = ()
    children: tuple[Node, ...] = ()

    @property
    def record(self) -> str | None:
        """The text of the one record here."""
        return None if self.parsed is None else self.parsed.text


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """One term that counts towards the limit, in order of evaluation. `total` is the running count.

    `record` is the name whose record the term stands in; `target` is None where it varies with the message.
    `branch` is the term of the domain's own record under which it is spent, `provider` whom that is paid to.
    `addresses` are the host lookups of an `mx`, which some tools count too.
    """

    record: str
    term: str
    span: Span
    depth: int
    target: str | None
    total: int
    branch: str
    provider: str
    addresses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupCost:
    """What an evaluation costs that no term matches. Not `complete`: part of the tree could not be seen."""

    rows: tuple[CostRow, ...]
    complete: bool

    @property
    def total(self) -> int:
        """Terms, as RFC 7208 §4.6.4 counts; a lower bound where not complete."""
        return len(self.rows)

    @property
    def total_with_addresses(self) -> int:
        """The count of readers that also count the address lookups of `mx` hosts."""
        return self.total + sum(row.addresses for row in self.rows)

    @property
    def offender(self) -> CostRow | None:
        """The row of the eleventh lookup."""
        return self.rows[MAX_LOOKUP_TERMS] if self.total > MAX_LOOKUP_TERMS else None


class VoidKind(StrEnum):
    """Which lookup of a term finds nothing; `varying` ones may, depending on the message."""

    TERM = "term"
    FOLLOW_UP = "follow-up"
    VARYING = "varying"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRow:
    """A lookup that finds nothing, or may."""

    record: str
    term: str
    span: Span
    kind: VoidKind
    name: str | None
    rdtype: str
    status: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidCount:
    """The void lookups of a client of one family (4 or 6) that no term matches."""

    family: int
    rows: tuple[VoidRow, ...]

    def count(self, *kinds: VoidKind) -> int:
        """How many there are of these kinds."""
        return sum(row.kind in kinds for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureRow:
    """The networks one term authorises. `branch` is the term of the domain's own record that leads to it."""

    record: str
    term: str
    span: Span
    branch: str
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialRange:
    """An authorised network inside a range that is nobody's public address space; `kind` says which."""

    record: str
    term: str
    span: Span
    network: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Who may send with a pass: the union over the tree, nothing that a `-` or `~` term would exclude taken off."""

    rows: tuple[ExposureRow, ...]
    addresses4: int
    addresses6: int
    special: tuple[SpecialRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingName:
    """A name in the tree that does not exist, and whether the domain it would be registered under does.

    `answer` is what DNS said of `registrable`; both are None where that is a public suffix, or too many were missing.
    """

    record: str
    term: str
    span: Span
    name: str
    registrable: str | None
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The `exp` of the record that decides. `name` is None where it varies with the message.

    `valid` says whether a receiver would show the text (RFC 7208 §6.2): None where DNS did not say.
    """

    record: str
    term: str
    span: Span
    name: str | None
    answer: Answer | None
    valid: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerNames:
    """The PTR names of a client address: an evaluation follows ten of them."""

    ip: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorisation:
    """`check_host` for one client address."""

    ip: str
    sender: str
    helo: str
    check: CheckResult


@dataclass(frozen=True, slots=True, kw_only=True)
class HeloFacts:
    """SPF of the HELO name: its TXT answer, the SPF records in it, and what it says of the given addresses."""

    name: str
    answer: Answer
    records: tuple[str, ...]
    authorises: tuple[Authorisation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfFacts:
    """Everything an audit wants to know of a domain's SPF.

    `records` are the SPF records of `answer`, `near_misses` texts that were meant as one, `sender_id` those of the
    dead `spf2.0`; `obsolete` is the answer of record type 99. `bounded`: the tree is larger than we follow.
    """

    domain: str
    answer: Answer
    records: tuple[str, ...]
    near_misses: tuple[str, ...]
    sender_id: tuple[str, ...]
    obsolete: Answer
    tree: Node
    cost: LookupCost
    voids: tuple[VoidCount, ...]
    exposure: Exposure
    missing: tuple[MissingName, ...]
    explanation: Explanation | None
    pointers: tuple[PointerNames, ...]
    authorises: tuple[Authorisation, ...]
    helo: HeloFacts | None
    bounded: bool

    @property
    def record(self) -> SpfRecord | None:
        """The domain's one record, read; None where there is none or several."""
        return self.tree.parsed
