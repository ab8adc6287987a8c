"""A `deliv.toml` to begin with: what is decided by default, written down, and what else can be, behind a #."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta

from deliverability.checks._thresholds import BY_PROVIDER, BY_STREAM
from deliverability.names import to_ascii
from deliverability.policy.sections import ids

WAIVED_FOR = timedelta(days=90)
"""How long the waiver of the example holds. Ours: a quarter."""
EXAMPLE = "example.com"


def starter(domains: Sequence[str], today: date) -> str:
    """The text of the file, with a table for each of `domains`. Raises InvalidDomain."""
    names = list(dict.fromkeys(map(to_ascii, domains)))
    tables = [_DOMAIN.format(name=json.dumps(name)) for name in names]
    example = names[0] if names else EXAMPLE
    commented = "" if names else _commented(_DOMAIN.format(name=json.dumps(EXAMPLE)))
    waiver = _WAIVER.format(subject=json.dumps(example), until=(today + WAIVED_FOR).isoformat())
    both, alone = (", ".join(ids(checks)) for checks in (BY_PROVIDER & BY_STREAM, BY_PROVIDER - BY_STREAM))
    thresholds = _THRESHOLDS.format(both=both, alone=alone)
    return "\n".join([_HEAD, _GATE, _DOMAINS + commented, *tables, _CHECKS, thresholds, waiver, _REST])


def _commented(text: str) -> str:
    return "".join(f"{line}\n" if line.startswith("#") else f"# {line}\n" for line in text.splitlines())


_HEAD = """\
# The policy of deliv gate and deliv audit. deliv config check says whether it is in order.
# For completion in an editor: deliv config schema > deliv.schema.json, and as the first line of this file
# #:schema ./deliv.schema.json
"""

_GATE = """\
# Faults this bad or worse close the gate: critical, high, medium or low.
fail-on = "high"
# Where it could not look: fail (exit 3), warn or pass (exit 0).
on-unknown = "fail"
# Inputs without which the gate stays undetermined: events, message, recipients, dmarc-reports, tls-reports,
# postmaster, snds, sender-hub.
require = []
"""

_DOMAINS = """\
# What is known of each domain before anything is asked.
"""

_DOMAIN = """\
[domains.{name}]
role = "auto"                       # auto, sending, receiving or parked
# owner = "the team that is to be told"
# senders = ["192.0.2.0/24", "mailservice.example"]    # who may send as it, as for --declared
# selectors = ["s1"]                # DKIM selectors in use
# ips = ["192.0.2.25"]              # addresses that send
# helo = "mail.example.com"
"""

_CHECKS = """\
# The severity of a check's faults, by id or glob; "off" leaves it out. deliv checks lists them.
[checks]
# "dns-*" = "low"
# mx-present = "off"
"""

_THRESHOLDS = """\
# The lines that a share is judged by, as fractions; here are deliv's own.
# minimum: messages below which nothing is said. confidence: of the interval that has to be past a line.
[thresholds.bounce-rate]
# warn = 0.02
# fail = 0.05
# minimum = 50
# confidence = 0.95

[thresholds.complaint-rate]
# warn = 0.001
# fail = 0.003

# Lines for one mailbox provider, or for one stream of mail, which is judged besides.
# Lines for providers and streams: {both}.
# Lines for providers alone: {alone}.
# [thresholds.bounce-rate.providers.gmail]
# warn = 0.01
# [thresholds.bounce-rate.streams.newsletter]
# warn = 0.03
"""

_WAIVER = """\
# A fault that is accepted for a time. The subject is the finding's own; an expired waiver closes the gate again.
# [[waivers]]
# check = "spf-lookup-limit"
# subject = {subject}
# reason = "the old service leaves at the end of the quarter"
# owner = "the team that accepted it"
# until = {until}
"""

_REST = """\
# Events of your own, for --source NAME: our column = yours.
# [sources.crm.columns]
# ts = "sent_at"
# recipient = "to"
# type = "event"

# What else happened, so that deliv compare does not take its effect for that of a change.
# [compare]
# events = [{ date = 2026-09-20, label = "new design" }]
"""
