"""From folded messages to counts by campaign, every message followed for the same time after its send.

Two sets can only be compared over one horizon, and each has its own end: first `observe` says of each how long its
campaigns were followed, then `count` counts what happened within the horizon of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from deliverability.events import rates
from deliverability.events.counting import fold, staging
from deliverability.events.counting.facts import CODE, SAID, SETTINGS
from deliverability.events.counting.staging import BITS, GOOD
from deliverability.events.engine import Engine
from deliverability.events.figures import Completeness
from deliverability.events.headless import leave_out_headless
from deliverability.events.schema import Type
from deliverability.fastclass import dataclass

MAX_SPAN = timedelta(days=3)
"""A campaign whose sends span more is an automation, and each of its days a campaign of its own. Our own choice: a send
that is spread over a weekend is still one."""
HORIZON = 168
"""Hours after its send for which a message is followed, where the events reach so far. Our own choice: by a week nearly
all opens have come, and every day of the week has been in it once."""
LEAST = 24
"""Hours for which a campaign has to have been followed to count at all. Our own choice: on the first day most opens
come, and every hour of the day has been in it once."""
YOUNG = 0.05
"""The share of the campaigns, the last ones, that may be left out for the others to be followed for longer. Our own
choice: without it a daily mail, whose last day is always young, would be followed for no more than a day."""
EDGE = 0.01
"""The share of a campaign's sends at either end that says nothing of when it was sent: stragglers. Our own choice."""
MAX_CAMPAIGNS = 20_000
"""Campaigns that are told apart, the largest; the messages of others count by day. Our own bound: some name a campaign
for each person."""
MAX_CELLS = 500_000
"""Rows of counts; our own bound of memory, some 300 MB."""
DIMENSIONS = ("stream", "segment", "country")
"""What recipients can be told apart by, beside the mailbox provider."""


class TooMany(ValueError):
    """More rows than can be held; the message says so in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """How long the campaigns of one set were followed.

    - hours: for which all of them were, those aside that were followed for less than LEAST and of the others the YOUNG;
      None where no campaign was followed for so long.
    - split: campaigns that count by day, since their sends span more than MAX_SPAN; astride: others that do, since they
      were sent before and after a change; folded: those beyond MAX_CAMPAIGNS.
    - nameless: messages of no campaign, which count by day. headless: messages of which only later events are there.
    """

    hours: float | None
    split: int
    folded: int
    nameless: int
    headless: int = 0
    astride: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The counts of one set.

    - rows: for each campaign, provider and further dimension: `campaign`, `day`, `provider`, the dimensions, the counts
      of `fold.HAPPENED`, and `refused`: messages refused or put off for settings of the sender's, by enhanced code.
    - had: dimensions and counts of which the events say something. flagged: provider → first and last day of opens with
      a flag, and of all opens; empty where there are none.
    - too_young: campaigns that were not followed for so long, and are left out; unfollowed: messages of others that
      were sent too late for it. late: events beyond the horizon, which do not count.
    """

    rows: tuple[Mapping[str, Any], ...]
    had: frozenset[str]
    flagged: Mapping[str, tuple[str, str, str, str]]
    too_young: tuple[str, ...]
    unfollowed: int
    late: int


def staged(by: Iterable[str]) -> tuple[str, ...]:
    """What has to be staged of each event to count by these dimensions."""
    return rates.dimensions(("campaign", "provider", "source", *(name for name in DIMENSIONS if name in set(by))))


def day_unit(campaign: str, day: date) -> str:
    """The name of one day of an automation."""
    return f"{campaign} {day.isoformat()}"


def completeness(engine: Engine) -> Completeness:
    """How many events name a recipient, and have a time that can be true; ids and campaigns are taken as given."""
    good, ahead = (f"SELECT count(*) FROM event WHERE state = {state}" for state in (GOOD, staging.FUTURE))
    named = engine.run(f"{good} AND domain IS NOT NULL")[0][0]
    late = engine.run(f"""SELECT count(*) FROM event e JOIN message m USING (message)
        WHERE e.state = {GOOD} AND e.ts < m.known_sent_at""")[0][0]
    events = engine.run(good)[0][0]
    return Completeness(
        events=events,
        provider=named,
        campaign=events,
        unique_id=events,
        in_future=engine.run(ahead)[0][0],
        late_send=late,
    )


# how long campaigns were followed


_UNIT = """m.campaign IS NOT DISTINCT FROM u.campaign AND
    (u.day IS NULL OR u.day = CAST(m.sent_at AS DATE))"""
_DAY = "CASE WHEN m.campaign IS NULL OR m.campaign IN (SELECT key FROM long) THEN CAST(m.sent_at AS DATE) END"
"""The day of a unit that is one of several of its campaign."""
_NAMELESS = f"SELECT count(*) FROM message m WHERE campaign IS NULL AND ({fold.HAPPENED['sent']})"


def observe(engine: Engine, changes: Sequence[date] = ()) -> Observed:
    """Find the campaigns, and how long each was followed. None lies across one of `changes`.

    The messages have to be folded (`rates.fold_messages`), with what `staged` names.
    """
    headless = leave_out_headless(engine)
    folded = _fold_small(engine)
    first, last = (f"quantile_disc(sent_at, {share})" for share in (EDGE, 1 - EDGE))
    ends = f"""SELECT campaign AS key, {first} AS first, {last} AS last
        FROM message m WHERE ({fold.HAPPENED["sent"]}) AND campaign IS NOT NULL GROUP BY campaign"""
    is_long = f"last - first > INTERVAL {MAX_SPAN.days} DAY"
    met = [f"(CAST(first AS DATE) < DATE '{day}' AND DATE '{day}' <= CAST(last AS DATE))" for day in changes]
    engine.run(f"""CREATE TABLE long AS SELECT key, {is_long} AS is_long FROM ({ends})
        WHERE {" OR ".join((is_long, *met))}""")
    engine.run(f"""CREATE TABLE unit AS SELECT campaign, day, min(sent_at) AS first,
        epoch((SELECT max(ts) FROM event WHERE state = {GOOD}) - quantile_disc(sent_at, {1 - EDGE})) / 3600 AS hours
        FROM (SELECT m.campaign, m.sent_at, {_DAY} AS day FROM message m WHERE {fold.HAPPENED["sent"]}) GROUP BY ALL""")
    followed = f"(SELECT hours FROM unit WHERE hours >= {LEAST})"
    shortest = engine.run(f"""SELECT hours FROM {followed} ORDER BY hours
        OFFSET (SELECT CAST(floor(count(*) * {YOUNG}) AS BIGINT) FROM {followed}) LIMIT 1""")
    return Observed(
        hours=shortest[0][0] if shortest else None,
        split=int(engine.run("SELECT count(*) FROM long WHERE is_long")[0][0]),
        astride=int(engine.run("SELECT count(*) FROM long WHERE NOT is_long")[0][0]),
        folded=folded,
        nameless=0 if folded else int(engine.run(_NAMELESS)[0][0]),
        headless=headless,
    )


def horizon(observed: Iterable[Observed]) -> int | None:
    """Whole hours for which every message of all sets was followed, at most HORIZON; None where some set was not."""
    hours = [one.hours for one in observed]
    return min(HORIZON, *(int(one) for one in hours if one is not None)) if None not in hours and hours else None


def _fold_small(engine: Engine) -> int:
    """Take the names off campaigns beyond the largest; how many those are."""
    small = f"""SELECT campaign FROM message WHERE campaign IS NOT NULL GROUP BY campaign
        ORDER BY count(*) DESC, campaign OFFSET {MAX_CAMPAIGNS}"""
    folded = int(engine.run(f"SELECT count(*) FROM ({small})")[0][0])
    if folded:
        engine.run(f"UPDATE message SET campaign = NULL WHERE campaign IN ({small})")
    return folded


def _unit_name(campaign: str, day: date | None) -> str:
    if day is None:
        return campaign
    return day_unit(campaign, day) if campaign else day.isoformat()


# what happened within the horizon


def count(engine: Engine, hours: int | None, by: Sequence[str]) -> Counted:
    """Count what happened within `hours` of each message's send, by campaign, provider and `by` of DIMENSIONS.

    `observe` has to have gone before; once. Without hours there is nothing that can be counted.

    Raises TooMany.
    """
    too_young = _leave_out_young(engine, hours)
    if hours is None:
        return Counted(rows=(), had=frozenset(), flagged={}, too_young=too_young, unfollowed=0, late=0)
    unfollowed = _leave_out_unfollowed(engine, hours)
    late = _leave_out_late(engine, hours)
    columns = {name: f"m.{name}" for name in ("campaign", *by)} | {"unit_day": _DAY, "provider": rates.provider_key()}
    return Counted(
        rows=_rows(engine, columns, by),
        had=_had(engine, by),
        flagged=_flagged(engine),
        too_young=too_young,
        unfollowed=unfollowed,
        late=late,
    )


def _leave_out_young(engine: Engine, hours: int | None) -> tuple[str, ...]:
    """Campaigns that were not followed for so long; all of them where there are no hours."""
    test = "true" if hours is None else f"hours < {hours}"
    young = engine.run(f"""SELECT coalesce(name, ''), day FROM unit LEFT JOIN name_campaign ON key = campaign
        WHERE {test} ORDER BY first, 1, 2""")
    if young:
        engine.run(
            f"DELETE FROM message WHERE message IN (SELECT message FROM message m JOIN unit u ON {_UNIT} AND {test})"
        )
    return tuple(_unit_name(str(name), day) for name, day in young)


def _leave_out_unfollowed(engine: Engine, hours: int) -> int:
    """Stragglers of a campaign that were sent too late to be followed for so long."""
    end = f"(SELECT max(ts) FROM event WHERE state = {GOOD}) - to_hours({hours})"
    ((times,),) = engine.run(f"SELECT count(*) FROM message m WHERE sent_at > {end} AND ({fold.HAPPENED['sent']})")
    engine.run(f"DELETE FROM message WHERE sent_at > {end}")
    return int(times)


def _leave_out_late(engine: Engine, hours: int) -> int:
    """Take out the events beyond the horizon. What they named their messages by holds all the same."""
    engine.run(f"""CREATE TABLE late AS SELECT e.rowid AS place, e.message, e.mask FROM event e JOIN message m
        USING (message) WHERE e.state = {GOOD} AND e.ts > m.sent_at + to_hours({hours})""")
    ((times, replies),) = engine.run(f"""SELECT count(*),
        count(*) FILTER ((mask & {BITS[Type.BOUNCED] | BITS[Type.DEFERRED]}) <> 0) FROM late""")
    if times:
        engine.run("DELETE FROM event WHERE rowid IN (SELECT place FROM late)")
        engine.run(f"""UPDATE message SET mask = again.mask FROM (SELECT message, bit_or(mask) AS mask FROM event
            WHERE state = {GOOD} AND message IN (SELECT message FROM late) GROUP BY message) again
            WHERE message.message = again.message""")
    if replies:
        for statement in ("DROP TABLE bounce", "DROP TABLE deferral", fold.LAST_REPLY, fold.LAST_DEFERRAL):
            engine.run(statement)
    return int(times)


def _rows(engine: Engine, columns: Mapping[str, str], by: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    keys = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    refused = f"""SELECT {keys}, {CODE} AS code, count(*) AS times FROM {SAID} said
        JOIN verdict v USING (reply) JOIN message m USING (message)
        LEFT JOIN mailbox ON mailbox.key = m.domain WHERE v.reason IN {SETTINGS} GROUP BY ALL"""
    codes: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in sorted(engine.run(refused), key=str):
        codes.setdefault(row[: len(columns)], {})[str(row[-2])] = int(row[-1])
    names = ("campaign", *by)
    joins = " ".join(f"LEFT JOIN name_{name} ON name_{name}.key = c.{name}" for name in names)
    shown = ", ".join(f"name_{name}.name AS {name}_name" for name in names)
    query = f"""SELECT c.*, {shown}, CAST(unit.first AS DATE) AS first_day FROM ({fold.counts(columns)}) c {joins}
        LEFT JOIN unit ON unit.campaign IS NOT DISTINCT FROM c.campaign AND unit.day IS NOT DISTINCT FROM c.unit_day
        WHERE c.sent > 0 LIMIT {MAX_CELLS + 1}"""
    rows = engine.table(query)
    if len(rows) > MAX_CELLS:
        raise TooMany(f"more than {MAX_CELLS:,} combinations of campaign, provider and the rest: ask for fewer columns")
    return tuple(_row(row, by, codes.get(tuple(row[name] for name in columns), {})) for row in rows)


def _row(row: Mapping[str, Any], by: Sequence[str], refused: Mapping[str, int]) -> Mapping[str, Any]:
    return {
        "campaign": _unit_name(row["campaign_name"] or "", row["unit_day"]),
        "day": row["unit_day"] or row["first_day"],
        "provider": row["provider"],
        **{name: row[f"{name}_name"] or "" for name in by},
        **{name: int(row[name]) for name in fold.HAPPENED},
        "refused": refused,
    }


# what the events say something of


def _had(engine: Engine, by: Sequence[str]) -> frozenset[str]:
    """A count is had where some event is of its kind: who has never seen an open was not told of opens."""
    dimensions = {"provider": "domain", **{name: name for name in by}}
    some = ", ".join(f"count({column})" for column in dimensions.values())
    mask, *named = engine.run(f"SELECT coalesce(bit_or(mask), 0), {some} FROM message")[0]
    had = {name for name, times in zip(dimensions, named, strict=True) if times}
    had |= {type_.value for type_, bit in BITS.items() if mask & bit}
    if mask:
        had.add("sent")
    if "delivered" in had:
        had.add("bounced")  # who is told of deliveries is told of bounces, be there none
    if "opened" in had:
        had.add("opened_unknown")
    if mask & (staging.MACHINE_OPEN | staging.PERSON_OPEN):
        had.add("opened_machine")
    return frozenset(had)


def _flagged(engine: Engine) -> dict[str, tuple[str, str, str, str]]:
    flag = f"(e.mask & {staging.MACHINE_OPEN | staging.PERSON_OPEN}) <> 0"
    ends = [
        f"coalesce(strftime({end}(ts){which}, '%Y-%m-%d'), '')"
        for which in (f" FILTER ({flag})", "")
        for end in ("min", "max")
    ]
    query = f"""SELECT {rates.provider_key()} AS provider, {", ".join(ends)} FROM event e JOIN message m USING (message)
        LEFT JOIN mailbox ON mailbox.key = m.domain
        WHERE e.state = {GOOD} AND (e.mask & {BITS[Type.OPENED]}) <> 0 GROUP BY ALL ORDER BY 1"""
    return {str(provider): (a, b, c, d) for provider, a, b, c, d in engine.run(query)}
