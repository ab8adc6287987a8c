"""What an audit was asked and given, in words and as the command that asks again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, cast

from deliverability.document import Audit
from deliverability.reports import words
from deliverability.reports.catalogue import MANUAL

_OPTIONS: Mapping[str, str] = {
    "selectors": "--selector",
    "ips": "--ip",
    "helo": "--helo",
    "role": "--role",
    "blocklists": "--blocklists",
    "select": "--select",
    "ignore": "--ignore",
    "resolver": "--resolver",
    "zone": "--zone",
    "overlay": "--overlay",
    "events": "--events",
    "source": "--source",
    "timezone": "--timezone",
    "config": "--config",
    "dmarc_reports": "--dmarc-reports",
    "declared": "--declared",
    "tls_reports": "--tls-reports",
    "postmaster": "--postmaster",
    "snds": "--snds",
    "sender_hub": "--sender-hub",
}
_FACTS_OF_OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("events", "source", "timezone", "config"), "rates"),
    **dict.fromkeys(("dmarc_reports", "declared"), "dmarc_reports"),
    "tls_reports": "tls_reports",
    "postmaster": "postmaster",
    "snds": "snds",
    "sender_hub": "senderhub",
}
"""Option → the facts that it brings: a command for one check that does not want them leaves it out."""
_FILES = (
    ("events", "events of the mail"),
    ("dmarc_reports", "DMARC reports"),
    ("tls_reports", "TLS reports"),
    ("postmaster", "Gmail's Postmaster Tools"),
    ("snds", "Microsoft's SNDS"),
    ("sender_hub", "Yahoo's Sender Hub"),
)
_NAMED_INPUTS = (
    ("selectors", "selector", "selectors"),
    ("ips", "address", "addresses"),
    ("helo", "HELO name", "HELO names"),
    ("select", "only checks like", "only checks like"),
    ("ignore", "no checks like", "no checks like"),
)
_UNSAID = {"role": "auto", "blocklists": "default"}


def asked_through(audit: Audit) -> str:
    """From where DNS was seen."""
    if audit.options.get("zone"):
        return "zone files, not live DNS"
    return ", ".join(_texts(audit.vantage.get("resolvers"))) or "a resolver of the caller's"


def inputs(options: Mapping[str, Any]) -> str:
    """What was given besides the domain, in words."""
    given = [
        f"{one if len(values) == 1 else many} {', '.join(values)}"
        for key, one, many in _NAMED_INPUTS
        if (values := _texts(options.get(key)))
    ]
    given += [
        words.counted(len(values), f"{what} file", f"{what} files")
        for key, what in (("zone", "zone"), ("overlay", "overlay"))
        if (values := _texts(options.get(key)))
    ]
    if options.get("role") not in (None, "auto"):
        given.append("the role")
    given += [what for key, what in _FILES if _texts(options.get(key))]
    if declared := _texts(options.get("declared")):
        given.append(words.counted(len(declared), "known sender", "known senders"))
    return "; ".join(given) or "the domain's name alone"


def command(audit: Audit, *, select: str = "") -> str:
    """The command that asks again; for one check alone with `select`, and then of what is published by that time."""
    dropped = _dropped(select) if select else ()
    parts = ["deliv audit", shlex.quote(audit.subject.domain)]
    for key, option in ((key, option) for key, option in _OPTIONS.items() if key not in dropped):
        value = audit.options.get(key)
        parts += [f"{option} {shlex.quote(text)}" for text in _texts(value) if value != _UNSAID.get(key)]
    return " ".join([*parts, f"--select {shlex.quote(select)}"] if select else parts)


def _dropped(check: str) -> tuple[str, ...]:
    """Options that a command for `check` alone does without."""
    needs = MANUAL[check].needs if check in MANUAL else ()
    return (
        "select",
        "ignore",
        "overlay",
        *(option for option, facts in _FACTS_OF_OPTIONS.items() if facts not in needs),
    )


def not_looked_at(audit: Audit) -> str:
    """What may keep mail from people and was not part of this audit, in words."""
    options = audit.options
    found = [] if options.get("events") else ["bounces, complaints and opens"]
    found += [] if options.get("dmarc_reports") else ["what receivers report"]
    found += [] if options.get("blocklists") in {"default", "all"} else ["block lists"]
    return "; ".join([*found, "the content of messages"])


def _texts(value: object) -> list[str]:
    """An option's values: none, one, or several."""
    values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
    return [str(item) for item in values if item]
