"""Counts of messages by whatever they can be grouped by, out of staged events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from deliverability.events.counting import fold
from deliverability.events.counting.mailboxes import Mx, find_mailboxes
from deliverability.events.counting.staging import DIMENSIONS, GOOD
from deliverability.events.counting.verdicts import judge_replies
from deliverability.events.engine import Engine
from deliverability.events.source import Source
from deliverability.lookup import Resolver

BY = ("day", "provider", *DIMENSIONS)
"""What messages can be grouped by. `provider` is the mailbox provider, `source` the service that tells of them."""

OTHER = "other"
"""The mailbox provider of a domain that is none's."""


def dimensions(by: Sequence[str]) -> tuple[str, ...]:
    """What has to be staged of each event to group messages `by` these columns."""
    wanted = {"domain" if name == "provider" else name for name in by} - {"day"}
    return tuple(name for name in DIMENSIONS if name in wanted)


def fold_messages(
    engine: Engine,
    staged: Sequence[str],
    sources: Mapping[str, Source],
    *,
    people: bool = False,
    resolver: Resolver | None = None,
) -> Mx | None:
    """Fold the table `event` into one row a message, and judge every refusal. `domain` has to be staged.

    `resolver` is asked for the mail hosts of domains that are of no listed provider; what came of it is returned.
    """
    for statement in (fold.REPEATED, fold.messages(staged, people=people), *map(fold.names, staged)):
        engine.run(statement)
    mx = find_mailboxes(engine, resolver)
    for statement in (fold.LAST_REPLY, fold.LAST_DEFERRAL):
        engine.run(statement)
    judge_replies(engine, sources, fold.REPLIES)
    return mx


def keep(engine: Engine, since: date | None, until: date | None) -> None:
    """Keep the messages that were sent on these UTC days, both inclusive."""
    if since is not None:
        engine.run("DELETE FROM message WHERE sent_at < ?", [since])
    if until is not None:
        engine.run("DELETE FROM message WHERE sent_at >= ?", [until + timedelta(days=1)])


def count(engine: Engine, by: Sequence[str]) -> list[dict[str, Any]]:
    """The counts of `fold.COUNTS` for each combination of the columns, in their order; one row without columns.

    `seconds` holds the median and the 95th percentile of the time from send to delivery, over `timed` messages.
    """
    counted = fold.counts({name: _key(name) for name in by})
    if not by:
        return engine.table(counted)
    shown = ", ".join(f"{_shown(name)} AS {name}" for name in by)
    joins = " ".join(f"LEFT JOIN name_{name} ON name_{name}.key = c.{name}" for name in by if name in DIMENSIONS)
    rest = f"c.* EXCLUDE ({', '.join(by)})"
    return engine.table(f"SELECT {shown}, {rest} FROM ({counted}) c {joins} ORDER BY {', '.join(map(_shown, by))}")


def _key(name: str) -> str:
    """What is grouped by: of a name its key, which is narrow; the names are put to the few rows that come of it."""
    if name == "day":
        return "CAST(m.sent_at AS DATE)"
    return provider_key() if name == "provider" else f"m.{name}"


def provider_key() -> str:
    """SQL for the mailbox provider of a message."""
    return f"coalesce(mailbox.provider, '{OTHER}')"


def _shown(name: str) -> str:
    if name == "day":
        return "strftime(c.day, '%Y-%m-%d')"
    return f"name_{name}.name" if name in DIMENSIONS else f"c.{name}"


def window(engine: Engine, *, cut: bool = False) -> tuple[str | None, str | None]:
    """The first and the last event, ISO 8601 in UTC; None without events. `cut`: only some messages were kept."""
    form = "strftime({}(ts), '%Y-%m-%dT%H:%M:%SZ')"
    of_kept = " AND message IN (SELECT message FROM message)" if cut else ""
    return engine.run(f"SELECT {form.format('min')}, {form.format('max')} FROM event WHERE state = {GOOD}{of_kept}")[0]


def duplicates(engine: Engine) -> int:
    """Events that had been read before."""
    return int(engine.run("SELECT coalesce(sum(times), 0) FROM repeated")[0][0])


def unknown_words(engine: Engine) -> dict[str, int]:
    """What a source calls an event that its module does not name → how often."""
    query = (
        f"SELECT word, count(*) FROM event WHERE state = {GOOD} AND word IS NOT NULL GROUP BY ALL ORDER BY 2 DESC, 1"
    )
    return {str(word): int(times) for word, times in engine.run(query)}
