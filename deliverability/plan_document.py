"""A plan of a comparison as the document `deliv.plan/1`: written once, and the same when it is read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, cast

from deliverability.events.plain import NotThose, from_plain, to_plain
from deliverability.fastclass import dataclass

SCHEMA = "deliv.plan/1"
MAX_OCTETS = 1024 * 1024
"""Octets of a plan; one has two thousand. Our own bound."""


class NotAPlan(ValueError):
    """What was asked for is no plan, or the file holds none, or was changed; the message says so in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The history that a plan rests on; see the schema."""

    start: str
    end: str
    campaigns: int
    effective_campaigns: float
    sent: int
    rate: float
    campaign_sd: float
    dispersion: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How many campaigns one side has to have, and how many days they take."""

    campaigns: int
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The sides of the comparison to come, and the days after the change that stand on neither."""

    before: Window
    washout_days: int
    after: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is decided, by the interval of the difference."""

    adopt: str = "low > 0"
    stop: str = "low <= 0 and high < effect"
    keep_testing: str = "otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The document, see the schema; `hash` is empty until `sealed`."""

    deliv_version: str
    made: str
    metric: str
    effect: float
    effect_asked: str
    confidence: float
    power: float
    baseline: Baseline
    campaigns: int
    campaigns_needed: int
    smallest_effect: float | None
    campaigns_per_week: float | None
    weeks: int | None
    windows: Windows
    rule: Rule
    hash: str = ""


def sealed(plan: Plan) -> Plan:
    """The plan with its hash."""
    return replace(plan, hash=hash_of({"schema": SCHEMA, **to_plain(plan)}))


def hash_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of everything in the document but `hash`, as JSON with sorted keys and without white space."""
    rest = {key: value for key, value in document.items() if key != "hash"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def to_json(plan: Plan) -> str:
    """The document as text that ends in a newline, a line for each key."""
    from deliverability.plain import dumps_by_line  # noqa: PLC0415 - only where one is written

    return dumps_by_line({"schema": SCHEMA, **to_plain(plan)})


def read_plan(path: str) -> Plan:
    """The plan in a file. Raises NotAPlan where there is none, or it is not as it was written."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_OCTETS + 1)
    except (OSError, ValueError) as error:  # a name with a NUL in it is a ValueError
        raise NotAPlan(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MAX_OCTETS:
        raise NotAPlan(f"{path}: larger than {MAX_OCTETS // 2**20} MiB; a plan is not")
    try:
        return from_json(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotAPlan(f"{path}: not UTF-8 text, so not a plan") from None
    except NotAPlan as error:
        raise NotAPlan(f"{path}: {error}") from None


def from_json(text: str) -> Plan:
    """Read one document. Raises NotAPlan."""
    from deliverability.shape import misfit  # noqa: PLC0415 - only where one is read

    try:
        plain = json.loads(text, parse_constant=_number, parse_float=_number)
        document = cast("dict[str, Any]", plain) if isinstance(plain, dict) else {}
        if document.get("schema") != SCHEMA:
            raise NotAPlan(f'not a deliv plan (no "schema": "{SCHEMA}" at the top)')
        if (wrong := misfit("plan", document)) is not None:
            raise NotAPlan(f"a damaged deliv plan ({wrong})")
        if document.get("hash") != hash_of(document):
            raise NotAPlan("the plan was changed after it was written: its hash is not that of its content")
        return from_plain(Plan, document)
    except NotThose as error:
        raise NotAPlan(f"a damaged deliv plan ({error})") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, NotAPlan):
            raise
        raise NotAPlan(f"not JSON ({error})"[:200]) from None


def _number(text: str) -> float:
    """A number that can be written again: JSON has no NaN and no infinity."""
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is no number")
    return value
