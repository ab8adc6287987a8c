"""What DNS says of a domain's DKIM keys."""

from __future__ import annotations

from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer
from deliverability.protocols.dkim.record import KeyRecord


class FoundBy(StrEnum):
    """How a selector came to be asked for, the surest first."""

    NAMED = "named"
    """The caller named it."""
    ZONE = "zone"
    """The whole zone lists it."""
    PROVIDER = "provider"
    """The domain's SPF or MX points at a provider that uses it."""
    LIST = "list"
    """It is on the list of common selectors."""


class WildcardKind(StrEnum):
    """What a made-up selector gets."""

    NONE = "none"
    TEXT = "text"
    """Text that is no key that a verifier could use: noise."""
    KEY = "key"
    """A usable key: every selector works."""
    REVOKED = "revoked"
    """An empty `p=`: every selector is revoked, as parked domains publish it."""
    UNKNOWN = "unknown"
    """The question was not answered."""


@dataclass(frozen=True, slots=True)
class DkimKey:
    """One selector at which something stands, or which the caller named.

    `answer` is that to TXT at `name`; an alias is in its `cname_chain`. `from_wildcard` says that a made-up selector
    gets the same, so that the answer does not show that the selector exists. `usable` is None where `answer` is none.
    """

    selector: str
    name: str
    found_by: FoundBy
    answer: Answer
    records: tuple[KeyRecord, ...]
    from_wildcard: bool
    standby: bool
    """Its provider publishes the key at the alias's target only when it is about to sign with it."""
    usable: bool | None
    revoked: bool

    @property
    def named(self) -> bool:
        """Whether the caller named the selector."""
        return self.found_by is FoundBy.NAMED


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The answer to a made-up selector, and what it is."""

    answer: Answer
    records: tuple[KeyRecord, ...]
    kind: WildcardKind


@dataclass(frozen=True, slots=True)
class DkimFacts:
    """The DKIM keys of `domain`: those found, sorted by selector, and how thorough the search was.

    `tried` counts the selectors asked for. `unanswered` holds the answers that were none for selectors nobody named.
    `base` is the answer at `_domainkey` itself. `proven_complete` says that the whole zone was at hand, so that no
    other selector exists.
    """

    domain: str
    keys: tuple[DkimKey, ...]
    wildcard: Wildcard
    base: Answer
    tried: int
    unanswered: tuple[Answer, ...]
    proven_complete: bool
