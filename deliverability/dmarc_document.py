"""`deliv.dmarc/1`: what DMARC reports add up to, as JSON and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from json import JSONEncoder
from typing import TYPE_CHECKING, NamedTuple

from deliverability.feedback.aggregate.simulate import Proposed
from deliverability.feedback.aggregate.sources import Category, Source
from deliverability.feedback.aggregate.sums import MAX_SOURCES, OTHER, GroupTally, SourceTally, Tally, rows
from deliverability.plain import Plain, to_plain

if TYPE_CHECKING:
    from deliverability.dmarc_reports import DmarcReports

SCHEMA = "deliv.dmarc/1"
MAX_SHADOWS = 1000
"""Shadow senders that are listed once more by themselves; our own bound. `shadow_totals` counts all."""
MAX_HIT = 100
"""Sources that a simulation names; our own bound. Its sums count all."""

CANNOT_SHOW = (
    "mail to receivers that send no reports",
    "what receivers would have made an exception of: each decides by itself, whatever the policy says",
    "whether a subdomain exists, which decides between sp and np: DNS was not asked",
)
"""What no simulation over reports can tell."""

Row = Mapping[str, Plain]


_ENCODER = JSONEncoder(separators=(",", ":"), allow_nan=False)


def dumps(value: Plain) -> str:
    """As `plain.dumps`; one encoder for all rows, of which there may be many."""
    return _ENCODER.encode(value).replace("\x7f", "\\u007f")


def pieces(found: DmarcReports) -> Iterator[str]:
    """The document, a line for each key and for each member of a list, without ever being held as a whole."""
    yield "{\n"
    for index, (key, value) in enumerate(_fields(found)):
        yield f"{',' if index else ''}{dumps(key)}: "
        yield from _listed(value.items) if isinstance(value, _Rows) else (dumps(value),)
        yield "\n"
    yield "}\n"


def _listed(items: Iterator[Plain]) -> Iterator[str]:
    yield "["
    for index, item in enumerate(items):
        yield f"{',' if index else ''}\n{dumps(item)}"
    yield "]"


def to_document(found: DmarcReports, most: int | None = None) -> dict[str, Plain]:
    """The document in JSON's own types; `most` is how many sources are wanted of it, where not all of them are."""
    ends = {"sources": most, "shadow_senders": most}
    return {
        key: list(islice(value.items, ends.get(key))) if isinstance(value, _Rows) else value
        for key, value in _fields(found)
    }


class _Rows(NamedTuple):
    """A list of the document that is made while it is written."""

    items: Iterator[Plain]


def _fields(found: DmarcReports) -> Iterator[tuple[str, Plain | _Rows]]:
    shadows = found.shadows
    yield "schema", SCHEMA
    yield "domains", sorted(domain for domain in found.domains if domain != OTHER)
    yield "window", _window(found)
    yield "totals", {"reports": found.totals.reports, "records": found.records, **_counts(found.totals)}
    yield "categories", _categories(found)
    yield "sources", _Rows(source_rows(found))
    yield "shadow_totals", _shadow_totals(shadows)
    yield "shadow_senders", _Rows(_shadow(source) for source in shadows[:MAX_SHADOWS])
    yield "simulation", None if found.proposed is None else _simulation(found, found.proposed)
    yield "change", to_plain(found.change)
    yield "policies", _Rows(_policy(domain, tally) for domain, tally in rows(dict(found.domains)))
    yield "reporters", _Rows(_group("org_name", name, tally) for name, tally in rows(dict(found.reporters)))
    yield "days", _Rows(_group("day", day, tally) for day, tally in rows(dict(found.days)))
    yield "declared", list(found.inventory.entries)
    yield (
        "limits",
        {
            "sources": MAX_SOURCES,
            "sources_in_other": sum(found.folded.values()),
            "messages_a_source_may_lack": found.missing,
            "sources_resolved": found.resolved,
        },
    )
    yield "input", to_plain(found.input)
    yield "bad", _Rows({"file": bad.file, "reason": bad.reason, "detail": bad.detail} for bad in found.bad)


def _window(found: DmarcReports) -> Row:
    """From the first begin to the last end of the reports."""
    tallies = _tallies(found, Category)
    if not tallies:
        return {"from": None, "to": None}
    return {"from": _time(found.totals.first), "to": _time(max(tally.last for tally in tallies))}


def source_rows(found: DmarcReports) -> Iterator[Row]:
    """A row a source, most messages first, and one for all that are not listed."""
    yield from (_source(source) for source in found.sources)
    if found.others:
        together = SourceTally()
        for tally in found.others.values():
            together.absorb(tally)
        yield _source(_the_others(together))


def _the_others(tally: SourceTally) -> Source:
    why = "sources with fewer messages, counted together"
    return Source(address=OTHER, tally=tally, owner=None, category=Category.UNKNOWN, declared=None, why=why)


def _source(source: Source) -> Row:
    tally = source.tally
    return {
        "ip": source.address,
        "owner": source.owner and source.owner.name,
        "category": OTHER if source.address == OTHER else source.category.value,
        "why": source.why,
        "declared": source.declared,
        "messages": tally.messages,
        "dmarc_pass": tally.dmarc_pass,
        "spf_aligned": tally.spf_aligned,
        "dkim_aligned": tally.dkim_aligned,
        "quarantined": tally.quarantined,
        "rejected": tally.rejected,
        "forwarded": tally.forwarded,
        "passes": _passes(tally),
        "header_from": list(tally.header_from),
        "auth_domains": _auth(tally),
        "first_seen": _time(tally.first),
        "last_seen": _time(tally.last),
    }


def _auth(tally: SourceTally) -> list[Plain]:
    """The results without selectors and scopes, each once."""
    results = dict.fromkeys([(method, domain, result) for method, domain, _, result in tally.auth])
    return [{"by": method, "domain": domain, "result": result} for method, domain, result in results]


def _counts(tally: Tally) -> Row:
    return {
        "messages": tally.messages,
        "dmarc_pass": tally.dmarc_pass,
        "spf_aligned": tally.spf_aligned,
        "dkim_aligned": tally.dkim_aligned,
        "quarantined": tally.quarantined,
        "rejected": tally.rejected,
    }


def _passes(tally: Tally) -> Row:
    """By which identity the messages passed, each message once."""
    both = tally.spf_aligned + tally.dkim_aligned - tally.dmarc_pass
    return {
        "both": both,
        "spf_only": tally.spf_aligned - both,
        "dkim_only": tally.dkim_aligned - both,
        "neither": tally.messages - tally.dmarc_pass,
    }


def _categories(found: DmarcReports) -> Row:
    return {category.value: _category(found, category) for category in Category}


def _category(found: DmarcReports, category: Category) -> Row:
    tallies = [source.tally for source in found.sources if source.category is category]
    together = Tally()
    for tally in (*tallies, *([found.others[category]] if category in found.others else [])):
        together.add(tally)
    return {"sources": len(tallies) + found.folded.get(category, 0), **_counts(together), "passes": _passes(together)}


def _shadow(source: Source) -> Row:
    return {
        "ip": source.address,
        "owner": source.owner and source.owner.name,
        "category": source.category.value,
        "why": source.why,
        "messages": source.tally.messages,
        "dmarc_pass": source.tally.dmarc_pass,
        "header_from": list(source.tally.header_from),
    }


def _shadow_totals(shadows: Sequence[Source]) -> Row:
    return {
        "sources": len(shadows),
        "messages": sum(source.tally.messages for source in shadows),
        "dmarc_pass": sum(source.tally.dmarc_pass for source in shadows),
    }


def _policy(domain: str, tally: GroupTally) -> Row:
    seen = {"first_seen": _time(tally.first), "last_seen": _time(tally.last)}
    return {**_group("domain", domain, tally), "published": to_plain(tally.published), **seen}


def _group(key: str, name: str, tally: GroupTally) -> Row:
    return {key: name, "reports": tally.reports, **_counts(tally)}


def _simulation(found: DmarcReports, proposed: Proposed) -> Row:
    def hit(tally: SourceTally) -> int:
        return tally.hit_quarantine + tally.hit_reject

    hits = sorted((s for s in found.sources if hit(s.tally)), key=lambda s: (-hit(s.tally), s.address))
    return {
        "policy": to_plain(proposed),
        "hit": _hits(_tallies(found, Category)),
        "by_category": {category.value: _hits(_tallies(found, [category])) for category in Category},
        "sources": [_hit(source) for source in hits[:MAX_HIT]],
        "cannot_show": list(CANNOT_SHOW),
    }


def _tallies(found: DmarcReports, wanted: Iterable[Category]) -> list[SourceTally]:
    """The tallies of all sources of some categories, those of each that are not listed as one."""
    categories = set(wanted)
    return [
        *(source.tally for source in found.sources if source.category in categories),
        *(tally for category, tally in found.others.items() if category in categories),
    ]


def _hits(tallies: Iterable[SourceTally]) -> Row:
    """`delivered_today`: messages of those hit that no receiver quarantined or rejected."""
    found = list(tallies)
    return {
        "sources": sum(1 for tally in found if tally.hit_quarantine + tally.hit_reject),
        "messages": sum(tally.hit_quarantine + tally.hit_reject for tally in found),
        "quarantined": sum(tally.hit_quarantine for tally in found),
        "rejected": sum(tally.hit_reject for tally in found),
        "delivered_today": sum(tally.hit_delivered for tally in found),
        "undecided": sum(tally.hit_undecided for tally in found),
    }


def _hit(source: Source) -> Row:
    names = {"ip": source.address, "owner": source.owner and source.owner.name, "category": source.category.value}
    return {**names, **{key: value for key, value in _hits([source.tally]).items() if key != "sources"}}


@lru_cache(maxsize=1024)
def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


CSV_HEAD = (
    *("ip", "owner", "category", "declared", "messages", "dmarc_pass", "spf_aligned", "dkim_aligned"),
    *("quarantined", "rejected", "forwarded", "both", "spf_only", "dkim_only", "neither"),
    *("header_from", "auth_domains", "first_seen", "last_seen", "why"),
)


def flattened(row: Row) -> Row:
    """A source's row with its lists as texts."""
    results = (f"{auth['by']}={auth['result']} {auth['domain']}" for auth in row["auth_domains"])
    texts = {"header_from": " ".join(row["header_from"]), "auth_domains": "; ".join(results)}
    return {**row, **row["passes"], **texts}
