"""A proposed change laid over any resolver: what DNS would say once it is published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Protocol

from deliverability.fastclass import dataclass
from deliverability.lookup.answer import Answer, Resolver, Status, names_below
from deliverability.lookup.labels import MAX_CNAMES, ancestors, canonical_name, is_below, parent
from deliverability.lookup.rdtypes import TEXT_TYPES, canonical_type
from deliverability.lookup.rrset import RRset, split_text

OVERLAY_TTL = 300
"""Seconds, for RRsets given without a TTL."""
_SOURCE = "overlay"

_Ask = Callable[[str, str], Awaitable[Answer]]


class Changes(Protocol):
    """RRsets to put in place of what is there, and RRsets to take away; a ZoneResolver is one."""

    @property
    def rrsets(self) -> Mapping[tuple[str, str], RRset]:
        """By canonical name and type."""
        ...

    @property
    def deletions(self) -> frozenset[tuple[str, str]]:
        """By canonical name and type."""
        ...


@dataclass(frozen=True, slots=True)
class _RRsetChanges:
    """`Changes` as they stand."""

    rrsets: Mapping[tuple[str, str], RRset]
    deletions: frozenset[tuple[str, str]]


class OverlayResolver:
    """`over`'s RRsets replace whole RRsets of `base`, its deletions remove them; all else comes from `base`.

    A name that loses its last RRset answers nodata, not nxdomain: whether anything else stands there or below is not
    known without the whole zone. Wildcards and empty non-terminals are exact where `base` can list names. What lies at
    and below a name that the overlay delegates to other servers altogether is `refused`, unless it stands in the
    overlay: nobody asked them. A DNAME record in the overlay is a record only, and redirects nothing.
    """

    def __init__(self, over: Changes, base: Resolver) -> None:
        """`over` is a ZoneResolver, or what `from_rrsets` makes."""
        self._rrsets = over.rrsets
        self._deletions = over.deletions
        self._base = base
        owners = {name for name, _ in self._rrsets}
        self._exists = owners.union(*(ancestors(owner) for owner in owners))
        self._touched = owners | {name for name, _ in self._deletions}
        self._delegated = {name for name, kind in self._rrsets if kind == "NS" and (name, "SOA") not in self._rrsets}
        self._wildcards = {parent(name): name for name in self._touched if name.startswith("*.")}

    @classmethod
    def from_rrsets(cls, rrsets: Mapping[tuple[str, str], tuple[str, ...]], base: Resolver) -> OverlayResolver:
        """From records by (name, type), in the form of `Answer.records`; an empty tuple deletes the RRset.

        TXT and SPF values are given joined and are split into strings here. Raises ValueError for a malformed name,
        an unknown type or a TXT value with a character beyond one octet.
        """
        wanted = {(canonical_name(name), canonical_type(rdtype)): records for (name, rdtype), records in rrsets.items()}
        return cls(
            _RRsetChanges(
                {key: _rrset(key[1], records) for key, records in wanted.items() if records},
                frozenset(key for key, records in wanted.items() if not records),
            ),
            base,
        )

    async def resolve(self, name: str, rdtype: str, *, server: str | None = None, dnssec: bool = False) -> Answer:
        """What `base` would answer with the changes in place; `server` and `dnssec` go to `base`."""
        asked, kind = canonical_name(name), canonical_type(rdtype)
        ask = partial(self._base.resolve, server=server, dnssec=dnssec)
        answer, onward = await self._at(asked, kind, ask)
        while onward is not None:
            if onward == asked or onward in answer.cname_chain[:-1] or len(answer.cname_chain) > MAX_CNAMES:
                # RFC 1034 §3.6.2: an alias loop is an error
                return replace(answer, status=Status.SERVFAIL, ttl=None)
            rest, onward = await self._at(onward, kind, ask)
            answer = _joined(answer, rest)
        return answer

    def names_below(self, name: str) -> tuple[str, ...] | None:
        """What `base` lists, with the overlay's names and without those it deletes; None where `base` cannot list."""
        listed = names_below(self._base, name)
        if listed is None:
            return None
        top = canonical_name(name)
        added = {owner for owner, _ in self._rrsets}
        kept = set(listed) - self._touched
        return tuple(sorted(kept | {owner for owner in added if is_below(owner, top)}))

    async def _at(self, name: str, kind: str, ask: _Ask) -> tuple[Answer, str | None]:
        """The answer at `name`, and the alias target from which to go on where an alias leads into the overlay."""
        owner = await self._wildcard_for(name, kind, ask) or name
        rrset = self._rrsets.get((owner, kind))
        if rrset is not None:
            return _answer(name, kind, Status.OK, rrset), None
        alias = self._rrsets.get((owner, "CNAME"))
        if alias is not None:
            target = canonical_name(alias.records[0])
            return replace(_answer(name, kind, Status.NODATA, ttl=alias.ttl), cname_chain=(target,)), target
        if self._delegated and await self._is_elsewhere(name, kind, ask):
            return _answer(name, kind, Status.REFUSED), None
        answer = await ask(name, kind)
        negative = answer.ttl if answer.status in (Status.NODATA, Status.NXDOMAIN) else None
        if name in self._exists and self._listed(name) is False:
            # RFC 4592 §2.2.1: a name that the overlay brings into being is no longer covered by base's wildcard
            return _answer(name, kind, Status.NODATA, ttl=negative), None
        for length, target in enumerate(answer.cname_chain, start=1):
            if length == 1 and (owner, "CNAME") in self._deletions:
                return _answer(name, kind, Status.NODATA), None
            if self._concerns(target):
                aliases = [await ask(alias, "CNAME") for alias in (name, *answer.cname_chain[: length - 1])]
                ttls = [known.ttl for known in aliases if known.status is Status.OK and known.ttl is not None]
                cut = _answer(name, kind, Status.NODATA, ttl=min(ttls, default=None))
                return replace(cut, cname_chain=answer.cname_chain[:length]), target
        removed = answer.status is Status.OK and (owner, kind) in self._deletions
        made = answer.status is Status.NXDOMAIN and owner in self._exists
        if not answer.cname_chain and (removed or made):
            return _answer(name, kind, Status.NODATA, ttl=negative), None
        return answer, None

    async def _is_elsewhere(self, name: str, kind: str, ask: _Ask) -> bool:
        """Whether the overlay hands `name` to servers of which none is published for it now."""
        # RFC 4035 §3.1.4.1: the DS of a delegated name stays with the parent
        above = ancestors(name) if kind == "DS" else (name, *ancestors(name))
        for cut in self._delegated.intersection(above):
            published = await ask(cut, "NS")
            if set(self._rrsets[cut, "NS"].records).isdisjoint(published.records):
                return True
        return False

    def _concerns(self, name: str) -> bool:
        return name in self._touched or name in self._exists or not self._wildcards.keys().isdisjoint(ancestors(name))

    def _listed(self, name: str) -> bool | None:
        """Whether `name` exists in base, an empty non-terminal counted; None where base cannot list."""
        siblings = names_below(self._base, parent(name))
        if siblings is None:
            return None
        return any(sibling == name or is_below(sibling, name) for sibling in siblings)

    async def _wildcard_for(self, name: str, kind: str, ask: _Ask) -> str | None:
        """The overlay's wildcard owner that answers for `name`; only names that do not exist have one (RFC 4592)."""
        between = [name]
        for above in ancestors(name) if self._wildcards else ():
            if between[-1] in self._exists:
                return None
            wildcard = self._wildcards.get(above)
            if wildcard is not None:
                absent = [await self._absent(missing, kind, wildcard, ask) for missing in between]
                return wildcard if all(absent) else None
            between.append(above)
        return None

    async def _absent(self, name: str, kind: str, wildcard: str, ask: _Ask) -> bool:
        listed = self._listed(name)
        if listed is not None:
            return not listed
        answer = await ask(name, kind)
        if answer.exists is False:
            return True
        # Live DNS does not say that it synthesised an answer; the same records as the wildcard's own tell.
        model = await ask(wildcard, kind)
        return model.status is Status.OK and (answer.status, answer.records) == (model.status, model.records)


def _answer(name: str, kind: str, status: Status, rrset: RRset | None = None, ttl: int | None = None) -> Answer:
    if rrset is None:
        return Answer(name=name, rdtype=kind, status=status, ttl=ttl, source=_SOURCE)
    return Answer(
        name=name,
        rdtype=kind,
        status=status,
        records=rrset.records,
        strings=rrset.strings,
        ttl=rrset.ttl,
        source=_SOURCE,
    )


def _joined(first: Answer, rest: Answer) -> Answer:
    """`first` ended in an alias; `rest` is what its last target says."""
    ttls = [ttl for ttl in (first.ttl, rest.ttl) if ttl is not None]
    return replace(
        rest,
        name=first.name,
        cname_chain=first.cname_chain + rest.cname_chain,
        ttl=None if rest.ttl is None else min(ttls),
        authenticated=None,
        truncated=first.truncated or rest.truncated,
    )


def _rrset(kind: str, records: tuple[str, ...]) -> RRset:
    if kind in TEXT_TYPES:
        return RRset.of_strings(OVERLAY_TTL, (split_text(record) for record in records))
    return RRset.of_records(OVERLAY_TTL, records)
