"""Saved audits of a domain in a folder, and which of them belong to a comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

from deliverability.compare.result import Comparison
from deliverability.document import SCHEMA, Audit, DocumentError, from_json
from deliverability.fastclass import dataclass
from deliverability.intake.paths import expand
from deliverability.intake.trouble import Refused, Troubles
from deliverability.text import visible

MAX_FILES = 2000
"""Files of a folder that are looked into, the last by name: audits are mostly named by their day. Our own bound."""
MAX_OCTETS = 64 * 1024 * 1024
"""Of one file, as for every stored audit that is read."""
SUFFIXES = (".json", ".jsonl")


class NoHistory(ValueError):
    """The folder holds no audits that could be laid beside a comparison; the message says why in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Where an audit is kept: the `number`-th document of a file, from 0. day: the UTC day that it was started."""

    path: str
    number: int
    domain: str
    day: date
    started_at: str


def history(folder: str, domain: str = "", troubles: Troubles | None = None) -> list[Saved]:
    """The audits that a folder holds, and those below it, by the time that they were started.

    Args:
        folder: where `deliv audit -f json` or `jsonl` was kept.
        domain: whose; empty for that of all of them.
        troubles: told of files that are none; other documents of deliv are passed over.

    Raises:
        MissingPath: There is no such folder.
        NoHistory: It holds no audit of the domain, or of several without one being named.
    """
    troubles = troubles or Troubles()
    found: list[Saved] = []
    for path in list(expand([folder], suffixes=SUFFIXES))[-MAX_FILES:]:
        try:
            found += _saved(path)
        except Refused as refused:
            troubles.refuse(path, refused)
    found = [one for one in found if not domain or one.domain == domain]
    domains = sorted({one.domain for one in found})
    if not found:
        raise NoHistory(f"{folder}: no audit{f' of {visible(domain)}' if domain else ''} is kept there")
    if len(domains) > 1:
        raise NoHistory(
            f"{folder}: audits of {len(domains)} domains are kept there ({visible(', '.join(domains[:3]))}, …)"
        )
    return sorted(found, key=lambda one: (one.started_at, one.path, one.number))


def audits_around(
    folder: str, comparison: Comparison, domain: str = "", troubles: Troubles | None = None
) -> tuple[Audit, Audit]:
    """The audits of a folder that belong to a comparison: the last of the time before, and the first after.

    Args:
        folder: as for `history`, and so `domain` and `troubles`.
        comparison: when the change was.
        domain: whose audits.
        troubles: told of files that are none.

    Raises:
        MissingPath: There is no such folder.
        NoHistory: As `history`; also where it holds no audit of one of the two times.
    """
    before, after = around(history(folder, domain, troubles), comparison)
    if before is None or after is None:
        raise NoHistory(f"{folder}: no audit {'before' if before is None else 'after'} the change is kept there")
    return read(before), read(after)


def around(saved: list[Saved], comparison: Comparison) -> tuple[Saved | None, Saved | None]:
    """The last audit before the change, and the first after its washout; else the last after the change.

    Without dates of a change, those of the sides count.
    """
    question = comparison.question
    first = _day(question.changes[0].date if question.changes else comparison.after.start)
    last = _day(question.changes[-1].date if question.changes else comparison.before.end)
    if first is None or last is None:
        return None, None
    before = [one for one in saved if one.day < first]
    after = [one for one in saved if one.day > last]
    settled = [one for one in after if one.day >= last + timedelta(question.washout_days)]
    return before[-1] if before else None, settled[0] if settled else after[-1] if after else None


def read(saved: Saved) -> Audit:
    """The audit itself. Raises NoHistory where it is damaged or no longer there."""
    try:
        return from_json(_documents(saved.path)[saved.number])
    except (Refused, DocumentError, IndexError) as error:
        raise NoHistory(f"{saved.path}: {error}") from None


def _saved(path: str) -> Iterator[Saved]:
    """The audits of one file. Raises Refused where it holds something else than documents of deliv."""
    for number, text in enumerate(_documents(path)):
        try:
            plain: Any = json.loads(text)
        except (ValueError, RecursionError):
            raise Refused("not-json", f"document {number + 1} of the file") from None
        document = _object(plain)
        schema = str(document.get("schema", ""))
        if not schema.startswith("deliv."):
            raise Refused("no-audit", "no document of deliv")
        if schema == SCHEMA:
            yield _one(path, number, document)


def _object(plain: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return cast("dict[str, Any]", plain) if isinstance(plain, dict) else {}


def _one(path: str, number: int, document: dict[str, Any]) -> Saved:
    domain, started = _object(document.get("subject")).get("domain"), document.get("started_at")
    day = _day(started[:10]) if isinstance(started, str) else None
    if not isinstance(domain, str) or not isinstance(started, str) or day is None:
        raise Refused("damaged", "an audit without a domain or a day")
    return Saved(path=path, number=number, domain=domain, day=day, started_at=started)


def _documents(path: str) -> list[str]:
    """The texts of a file's documents: one, or one a line. Raises Refused."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_OCTETS + 1)
    except OSError as error:
        raise Refused("unreadable", error.strerror or str(error)) from None
    if len(raw) > MAX_OCTETS:
        raise Refused("too-large", f"more than {MAX_OCTETS // 2**20} MiB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not-utf-8") from None
    return [line for line in text.split("\n") if line.strip()] if path.lower().endswith(".jsonl") else [text]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
