"""What an audit was asked and given, in words and as the command that asks again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, cast

from deliverability.document import Audit
from deliverability.reports.catalogue import MANUAL
from deliverability.reports.language import N_, _, counted, ngettext

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
    "recipients": "--recipients",
    "suppressions": "--suppressions",
    "dmarc_reports": "--dmarc-reports",
    "declared": "--declared",
    "tls_reports": "--tls-reports",
    "postmaster": "--postmaster",
    "snds": "--snds",
    "sender_hub": "--sender-hub",
    "message": "--message",
    "mail_from": "--mail-from",
    "trust": "--trust",
    "spamassassin": "--spamassassin",
    "rspamd": "--rspamd",
}
_FACTS_OF_OPTIONS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("events", "source", "timezone"), ("rates",)),
    **dict.fromkeys(("recipients", "suppressions"), ("recipients",)),
    **dict.fromkeys(("dmarc_reports", "declared"), ("dmarc_reports",)),
    "tls_reports": ("tls_reports",),
    "postmaster": ("postmaster",),
    "snds": ("snds",),
    "sender_hub": ("senderhub",),
    **dict.fromkeys(
        ("message", "mail_from", "trust"), ("message", "authentication", "links_listed", "spamassassin", "rspamd")
    ),
    **{engine: (engine,) for engine in ("spamassassin", "rspamd")},
}
"""Option → the facts that it brings: a command for one check that wants none of them leaves it out."""
_FILES = (
    ("events", N_("events of the mail")),
    ("dmarc_reports", N_("DMARC reports")),
    ("tls_reports", N_("TLS reports")),
    ("postmaster", N_("Gmail's Postmaster Tools")),
    ("snds", N_("Microsoft's SNDS")),
    ("sender_hub", N_("Yahoo's Sender Hub")),
    ("recipients", N_("a list of recipients")),
    ("message", N_("a message")),
    ("received", N_("a message that deliv received")),
)
_UNSAID = {"role": "auto", "blocklists": "default"}


def asked_through(audit: Audit) -> str:
    """From where DNS was seen."""
    if audit.options.get("zone"):
        return _("zone files, not live DNS")
    if audit.options.get("offline"):
        return _("nobody: no question was sent")
    return ", ".join(_texts(audit.vantage.get("resolvers"))) or _("a resolver of the caller's")


def inputs(options: Mapping[str, Any]) -> str:
    """What was given besides the domain, in words."""
    given = _named(options)
    if zones := _texts(options.get("zone")):
        given.append(counted(len(zones), "{n} zone file", "{n} zone files"))
    if overlays := _texts(options.get("overlay")):
        given.append(counted(len(overlays), "{n} overlay file", "{n} overlay files"))
    if options.get("role") not in (None, "auto"):
        given.append(_("the role"))
    given += [_(what) for key, what in _FILES if _texts(options.get(key))]
    if declared := _texts(options.get("declared")):
        given.append(counted(len(declared), "{n} known sender", "{n} known senders"))
    return "; ".join(given) or _("the domain's name alone")


def _named(options: Mapping[str, Any]) -> list[str]:
    """Inputs that are shown as they were given."""
    selectors, ips, helo = (_texts(options.get(key)) for key in ("selectors", "ips", "helo"))
    select, ignore = (_texts(options.get(key)) for key in ("select", "ignore"))
    said = (
        (selectors, ngettext("selector {names}", "selectors {names}", len(selectors))),
        (ips, ngettext("address {names}", "addresses {names}", len(ips))),
        (helo, ngettext("HELO name {names}", "HELO names {names}", len(helo))),
        (select, _("only checks like {names}")),
        (ignore, _("no checks like {names}")),
    )
    return [text.format(names=", ".join(values)) for values, text in said if values]


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
        *(option for option, facts in _FACTS_OF_OPTIONS.items() if not set(facts) & set(needs)),
    )


def not_looked_at(audit: Audit) -> str:
    """What may keep mail from people and was not part of this audit, in words."""
    options = audit.options
    found = [] if options.get("events") else [_("bounces, complaints and opens")]
    found += [] if options.get("dmarc_reports") else [_("what receivers report")]
    found += [] if options.get("blocklists") in {"default", "all"} else [_("block lists")]
    found += [] if options.get("message") or options.get("received") else [_("the content of messages")]
    return "; ".join(found) or _("nothing else that can be asked from here")


def _texts(value: object) -> list[str]:
    """An option's values: none, one, or several."""
    values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
    return [str(item) for item in values if item]
