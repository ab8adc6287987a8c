"""What the commands that read events, mails and reports share: options, what could not be read, and the exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli._gauge import Gauge
from deliverability.cli._options import Decorator, option, share_option
from deliverability.cli._policy import policy_at
from deliverability.cli._problem import Problem
from deliverability.text import visible

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from deliverability.events.source import Source
    from deliverability.intake.trouble import Troubles
    from deliverability.rates import Asked

REPORTS_BAD_SHARE = 0.9
"""Where more than this share of what was looked at is refused, the rest is no ground for a claim. Our own choice: the
mailbox that a domain names for its reports is public, and gets much else."""
SHOWN = 3
"""Bad rows that the warning shows."""


def reading_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--rejects, --max-bad-share."""
    return rejects_option(share_option(0.5)(function))


def report_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, for the reports of receivers and senders."""
    return rejects_option(share_option(REPORTS_BAD_SHARE)(function))


rejects_option = option("--rejects", metavar="FILE", help="Keep what could not be read here, one JSON object a line.")


def span_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--since, --until."""
    function = option("--until", metavar="DATE", callback=_day, help="Last UTC day, inclusive.")(function)
    return option("--since", metavar="DATE", callback=_day, help="First UTC day, such as 2026-11-01.")(function)


def _day(_: click.Context, parameter: click.Parameter, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem(f"--{parameter.name}: not a date like 2026-11-01: {visible(text)[:40]!r}") from None


def source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--source, --timezone, --config."""
    decorators: list[Decorator] = [
        option("--source", metavar="NAME", default="auto", help="Whose events these are; auto tells from each file."),
        option("--timezone", metavar="ZONE", help="Zone of times that have none, such as Europe/Berlin; else UTC."),
        option("--config", metavar="FILE", help="A deliv.toml: your policy, and column maps for events of your own."),
    ]
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def asked_of(given: Mapping[str, Any], **more: Any) -> Asked:
    """How events are read, by the options of `source_options` and, where there are some, of `span_options`.

    `more` are further fields. Raises Problem.
    """
    from deliverability.rates import Asked  # noqa: PLC0415 - not at start-up

    rest: dict[str, Any] = {"now": datetime.now(UTC), **more}
    return Asked(
        source=given["source"],
        sources=sources_of(given["config"]),
        since=given.get("since"),
        until=given.get("until"),
        zone=zone_of(given["timezone"]),
        **rest,
    )


def zone_of(name: str | None) -> ZoneInfo | None:
    """The time zone of that name. Raises Problem."""
    if name is None:
        return None
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only where one is named

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise Problem(f"no such time zone: {visible(name)[:60]!r} (names are like Europe/Berlin)") from None


def sources_of(config: str | None) -> dict[str, Source]:
    """The user's own sources. Raises Problem."""
    return dict(policy_at(config).sources) if config is not None else {}


@contextmanager
def troubles_of(rejects: str | None) -> Generator[Troubles]:
    """What could not be read while the block runs; kept in the file `rejects` where one is named."""
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - not at start-up
    from deliverability.privacy import pseudonyms_from_environment  # noqa: PLC0415 - as above

    with Troubles(pseudonyms_from_environment(os.environ).scrub, Path(rejects) if rejects else None) as troubles:
        yield troubles


def warn_of(troubles: Troubles, rejects: str | None, *, hint: str = "--rejects FILE keeps all of them") -> None:
    """Say on stderr what could not be read: how much, why, where the first of it stands."""
    if not troubles.count:
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in troubles.by_reason.items())
    click.echo(f"deliv: warning: {troubles.count} could not be read ({visible(reasons)[:300]})", err=True)
    for bad in troubles.examples[:SHOWN]:
        place = f"{bad.file}:{bad.line}" if bad.line is not None else bad.file
        detail = f": {bad.detail}" if bad.detail else ""
        click.echo(f"deliv:   {visible(f'{place}: {bad.reason}{detail}')[:200]}", err=True)
    if rejects is None and troubles.count > SHOWN:
        click.echo(f"deliv:   {hint}", err=True)


class Meter(Gauge):
    """How much has been read."""

    def __init__(self, wanted: bool = True) -> None:
        super().__init__(wanted)
        self._octets = 0

    def __call__(self, octets: int) -> None:
        """Count octets."""
        self._octets += octets
        self.draw(lambda seconds: f"{self._octets / 2**20:,.0f} MiB read · {seconds:.0f} s")
