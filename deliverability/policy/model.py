"""The policy of a sender, as frozen data: what `deliv.toml` says once it is read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from deliverability.fastclass import dataclass
from deliverability.findings import Severity

if TYPE_CHECKING:
    from deliverability.checks._thresholds import Lines
    from deliverability.events.source import Source


NAME = "deliv.toml"
"""What the file is called where nobody says otherwise."""


class OnUnknown(StrEnum):
    """What a gate does where it could not look."""

    FAIL = "fail"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 - a word, not a secret


class Need(StrEnum):
    """An input that a policy can require: without it a gate is undetermined, however clean the rest is."""

    EVENTS = "events"
    MESSAGE = "message"
    RECIPIENTS = "recipients"
    DMARC_REPORTS = "dmarc-reports"
    TLS_REPORTS = "tls-reports"
    POSTMASTER = "postmaster"
    SNDS = "snds"
    SENDER_HUB = "sender-hub"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file of the user's, both counted from 1: what an annotation is anchored to."""

    file: str
    line: int = 1
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPolicy:
    """What is known of one domain (A-labels, lower case) before anything is asked.

    - owner: who is to be told; free text.
    - role: `auto`, `sending`, `receiving` or `parked`.
    - senders: who may send as it, as for `--declared`: addresses, networks, domains, services.
    - selectors, ips, helo: as the options of `deliv audit`.
    """

    name: str
    owner: str = ""
    role: str = "auto"
    senders: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    helo: str | None = None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A fault that is accepted for a time.

    - check: an id or a glob; subject: the finding's own, to the letter.
    - until: the last day on which it holds, inclusive (UTC).
    """

    check: str
    subject: str
    reason: str
    owner: str
    until: date
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What of a policy shapes findings; an audit's document keeps it, so that a replay judges the same.

    - severities: (id or glob, the severity of its faults or None for off), in the order of the file: the most exact
      pattern wins, an id before a glob, and of two globs the later.
    - lines: the lines that figures are judged by, where they are not deliv's own.
    """

    severities: tuple[tuple[str, Severity | None], ...] = ()
    lines: Lines | None = None

    def options(self) -> dict[str, Any]:
        """What an audit's options say of it, so that a replay judges the same; nothing where all is deliv's own."""
        if self == Judging():
            return {}
        from deliverability.policy.judging import to_plain  # noqa: PLC0415 - only where there is a policy

        return {"policy": to_plain(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One `deliv.toml`. Without a file: the defaults below, which are those of the command line.

    - path: the file as it was named; empty without one.
    - fail_on: faults this bad or worse close a gate; on_unknown: what it does where it could not look.
    - require: inputs that must be given.
    - places: dotted key (`domains.example.com`, `waivers[1].until`) → its line; what is not in it is the file's first.
    - sources, compare_events: how the team's own events are read, and what happened when.
    """

    path: str = ""
    fail_on: Severity = Severity.HIGH
    on_unknown: OnUnknown = OnUnknown.FAIL
    require: tuple[Need, ...] = ()
    domains: Mapping[str, DomainPolicy] = field(default_factory=dict[str, DomainPolicy])
    judging: Judging = Judging()
    waivers: tuple[Waiver, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict[str, "Source"])
    compare_events: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict[str, Place])
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])
