"""Rates of a sender's events: every one with its numerator, its denominator and its interval (`deliv.rates/1`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from deliverability.events.counting.mailboxes import Mx
    from deliverability.events.engine import Engine
    from deliverability.events.figures import RatesFacts
    from deliverability.events.reading.load import Loader
    from deliverability.events.source import Source
    from deliverability.intake.trouble import Troubles
    from deliverability.lookup import Resolver

SCHEMA = "deliv.rates/1"

RATES = {
    "delivery": ("delivered", "sent"),
    "bounce": ("bounced", "sent"),
    "bounce_hard": ("bounced_hard", "sent"),
    "bounce_soft": ("bounced_soft", "sent"),
    "bounce_block": ("bounced_block", "sent"),
    "deferral": ("deferred", "sent"),
    "complaint_sent": ("complained", "sent"),
    "complaint_delivered": ("complained", "delivered"),
    "complaint_reporting": ("reporting_complained", "reporting_delivered"),
    "unsubscribe": ("unsubscribed", "delivered"),
    "open_any": ("opened", "delivered"),
    "open_human_low": ("opened_human_low", "delivered"),
    "open_human_high": ("opened", "delivered"),
    "click": ("clicked", "delivered"),
    "open_any_sent": ("opened", "sent"),
    "open_human_low_sent": ("opened_human_low", "sent"),
    "open_human_high_sent": ("opened", "sent"),
}
"""Rate → what is divided by what. `reporting` counts at the mailbox providers that report complaints to senders."""

DEFAULT_BY = ("provider",)


class NotACount(ValueError):
    """What was asked for cannot be counted; the message says why in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be counted, and how the files are to be read.

    - by: columns of `deliverability.events.rates.BY`. source: the one source of all files; recognised where it is None.
    - sources: the user's own sources, by name. since, until: UTC days of the send, both inclusive.
    - zone: of times that have none (UTC). now: the clock (aware).
    - resolver: asked for the mail hosts of domains that no listed mailbox provider has; without one nothing is asked.
    """

    by: Sequence[str] = DEFAULT_BY
    source: str | None = None
    sources: Mapping[str, Source] = field(default_factory=dict[str, "Source"])
    since: date | None = None
    until: date | None = None
    zone: tzinfo | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    resolver: Resolver | None = None


def rates(
    paths: Sequence[str],
    asked: Asked | None = None,
    *,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """Read the events in files and folders, and count them: a `deliv.rates/1` document in JSON's own types.

    - paths: files, folders, patterns, `-` for standard input. troubles: told of every row that could not be read.
    - progress: called with octets as they are read.

    Raises NotACount (an unknown column or source, no day), MissingPath, EngineMissing and EngineFailed, each in a line.
    """
    found, _ = _read(paths, asked or Asked(), troubles, progress, with_facts=False)
    return found


def rates_and_facts(
    paths: Sequence[str],
    asked: Asked | None = None,
    *,
    troubles: Troubles | None = None,
    progress: Callable[[int], None] = lambda _: None,
    staged: Sequence[str] = (),
    then: Callable[[Engine, int, int], None] | None = None,
) -> tuple[RatesFacts, dict[str, Any]]:
    """What an audit wants of the same files: the figures that checks judge, and the document. As `rates`.

    `then` is called last, with the engine that holds the messages, the rows that were read and those that were refused:
    it may count them by `staged` (as `counting.dimensions` names them), and leave nothing as it was.
    """
    document, facts = _read(paths, asked or Asked(), troubles, progress, with_facts=True, more=staged, then=then)
    assert facts is not None  # noqa: S101 - asked for above
    return facts, document


def _read(
    paths: Sequence[str],
    asked: Asked,
    troubles: Troubles | None,
    progress: Callable[[int], None],
    *,
    with_facts: bool,
    more: Sequence[str] = (),
    then: Callable[[Engine, int, int], None] | None = None,
) -> tuple[dict[str, Any], RatesFacts | None]:
    from deliverability.events import rates as counting  # noqa: PLC0415 - with DuckDB, 200 ms
    from deliverability.events.counting.facts import DIMENSIONS, facts  # noqa: PLC0415 - as above
    from deliverability.events.counting.table import EventTable  # noqa: PLC0415 - as above
    from deliverability.events.engine import open_engine  # noqa: PLC0415 - as above
    from deliverability.events.reading.load import Loader  # noqa: PLC0415 - as above
    from deliverability.events.reading.request import Request  # noqa: PLC0415 - as above
    from deliverability.events.sources import SOURCES  # noqa: PLC0415 - as above
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - as above

    troubles = troubles or Troubles()
    by = checked_columns(asked.by, counting.BY)
    if asked.since and asked.until and asked.since > asked.until:
        raise NotACount(f"no day is both from {asked.since} on and until {asked.until}")
    sources = {**SOURCES, **asked.sources}
    staged = counting.dimensions((*by, "provider", *(DIMENSIONS if with_facts else ()), *more))
    request = Request(now=asked.now, source=named_source(asked.source, sources), sources=sources, zone=asked.zone)
    bad = troubles.count
    with open_engine() as engine:
        loader = Loader(engine, EventTable(engine, staged, people=with_facts), request, troubles, progress)
        loader.load(paths)
        mx = counting.fold_messages(engine, staged, sources, people=with_facts, resolver=asked.resolver)
        counting.keep(engine, asked.since, asked.until)
        duplicates = counting.duplicates(engine)
        unknown = {troubles.clean(word): times for word, times in counting.unknown_words(engine).items()}
        found = document(
            rows=[without_addresses(row, by, troubles.clean) for row in counting.count(engine, by)],
            totals=counting.count(engine, ())[0],
            by=by,
            window=counting.window(engine, cut=bool(asked.since or asked.until)),
            input=read(loader, duplicates, unknown, troubles, mx),
        )
        if not with_facts:
            return found, None
        figures = facts(engine, loader, duplicates, troubles.count)
        campaigns = {troubles.clean(name): counts for name, counts in figures.by_campaign.items()}
        if then is not None:
            then(engine, loader.rows, troubles.count - bad)
        return found, replace(figures, by_campaign=campaigns, unknown_words=unknown)


def checked_columns(by: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The columns, each once. Raises NotACount for one that is none."""
    for name in by:
        if name not in known:
            raise NotACount(f"no such column to group by: {name!r} (one of {', '.join(known)})")
    return tuple(dict.fromkeys(by))


def named_source(name: str | None, sources: Mapping[str, Source]) -> Source | None:
    """The source that the user named; None for `auto`. Raises NotACount for one that is none."""
    if name is None or name == "auto":
        return None
    if name not in sources:
        raise NotACount(f"no such source: {name!r} (auto, {', '.join(sorted(sources))})")
    return sources[name]


def without_addresses(row: Mapping[str, Any], by: Sequence[str], clean: Callable[[str], str]) -> dict[str, Any]:
    """A row whose names hold no address: some senders name a campaign for the one person that it goes to."""
    return {**row, **{name: clean(row[name]) for name in by if row[name] is not None}}


def document(
    *,
    rows: Sequence[Mapping[str, Any]],
    totals: Mapping[str, Any],
    by: Sequence[str],
    window: tuple[str | None, str | None],
    input: Mapping[str, Any],  # noqa: A002 - the document's own word
) -> dict[str, Any]:
    """The `deliv.rates/1` document out of counts."""
    return {
        "schema": SCHEMA,
        "by": list(by),
        "window": {"from": window[0], "to": window[1]},
        "rows": [{name: row[name] for name in by} | _row(row) for row in rows],
        "totals": _row(totals),
        "input": dict(input),
    }


def _row(counted: Mapping[str, Any]) -> dict[str, Any]:
    from deliverability.events.counting.fold import COUNTS  # noqa: PLC0415 - loaded by whoever counted

    seconds = counted["seconds"]
    known = {
        **counted,
        "opened_human_low": counted["opened"] - counted["opened_machine"] - counted["opened_unknown"],
    }
    return {
        **{name: counted[name] for name in COUNTS},
        "seconds_to_deliver": None
        if not seconds
        else {"p50": seconds[0], "p95": seconds[1], "messages": counted["timed"]},
        "rates": {name: rate(known[over], known[under]) for name, (over, under) in RATES.items()},
    }


@lru_cache(maxsize=1 << 16)
def rate(numerator: int, denominator: int) -> dict[str, Any]:
    """A rate with what it is made of and its 95 % Wilson interval; null where there is nothing to divide by.

    Opens of mail whose delivery is not in the files can be more than what was delivered: there is no interval then.
    Small numbers come again and again: rows share their rates, which nobody may change.
    """
    from deliverability.compare.intervals import wilson  # noqa: PLC0415 - the statistics module, 10 ms

    value = numerator / denominator if denominator else None
    low, high = wilson(numerator, denominator) if 0 < denominator >= numerator else (None, None)
    return {"numerator": numerator, "denominator": denominator, "value": value, "low": low, "high": high}


def read(
    loader: Loader, duplicates: int, unknown: Mapping[str, int], troubles: Troubles, mx: Mx | None
) -> dict[str, Any]:
    """What was read: the `input` of the document; `mx` is what mail hosts were asked for, None where none was."""
    from dataclasses import asdict  # noqa: PLC0415 - not at start-up

    return {
        "rows": loader.rows,
        "duplicates": duplicates,
        "bad": troubles.count,
        "files": loader.files,
        "ignored": loader.ignored,
        "sources": {name: {"files": files, "why": loader.reasons[name]} for name, files in loader.recognised.items()},
        "unknown_words": dict(unknown),
        "bad_reasons": troubles.by_reason,
        "logs": dict(loader.logs) or None,
        "mx": mx and asdict(mx),
    }


def pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The text of `plain.dumps_by_line`, a line at a time: as a whole, many rows take more memory than all else."""
    from deliverability.plain import dumps, dumps_by_line  # noqa: PLC0415 - only for this format

    before, after = dumps_by_line({**document, "rows": []}).split('"rows": []', 1)
    yield f'{before}"rows": ['
    for number, row in enumerate(document["rows"]):
        yield f"{',' if number else ''}\n{_row_text(row, dumps)}"
    yield ("\n]" if document["rows"] else "]") + after


def _row_text(row: Mapping[str, Any], dumps: Callable[[Any], str]) -> str:
    texts = ",".join([f'"{name}":{_rate_text(r["numerator"], r["denominator"])}' for name, r in row["rates"].items()])
    rest = dumps({name: value for name, value in row.items() if name != "rates"})
    return f'{rest[:-1]},"rates":{{{texts}}}}}'


@lru_cache(maxsize=1 << 16)
def _rate_text(numerator: int, denominator: int) -> str:
    from deliverability.plain import dumps  # noqa: PLC0415 - as above

    return dumps(rate(numerator, denominator))


def bad_share(document: Mapping[str, Any]) -> float:
    """The share of what was read that could not be used; 1 where nothing could."""
    read_rows, bad = document["input"]["rows"], document["input"]["bad"]
    return bad / max(read_rows, bad) if bad or read_rows else 1.0


def flattened(row: Mapping[str, Any], by: Sequence[str] = ()) -> dict[str, Any]:
    """A row with each rate's parts as columns of their own, such as `delivery_low`."""
    seconds: Mapping[str, Any] = row.get("seconds_to_deliver") or {}
    flat: dict[str, Any] = dict.fromkeys(by)
    flat |= {name: value for name, value in row.items() if name not in {"rates", "seconds_to_deliver"}}
    flat |= {f"seconds_to_deliver_{part}": seconds.get(part) for part in ("p50", "p95", "messages")}
    for name, parts in row["rates"].items():
        flat |= {name: parts["value"], **{f"{name}_{part}": parts[part] for part in ("numerator", "denominator")}}
        flat |= {f"{name}_{part}": parts[part] for part in ("low", "high")}
    return flat
