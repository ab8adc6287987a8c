"""Postfix logs, once `deliverability.events.postfix` has made rows of their lines."""

from __future__ import annotations

from deliverability.events.postfix.rows import LOG_COLUMNS
from deliverability.events.schema import Type
from deliverability.events.source import Source

POSTFIX = Source(
    name="postfix",
    title="Postfix mail logs",
    documentation=(
        "https://www.postfix.org/postconf.5.html",
        "https://www.postfix.org/BASIC_CONFIGURATION_README.html",
    ),
    signs=(),
    raw=LOG_COLUMNS,
    kind="type",
    types={str(kind): str(kind) for kind in Type},
    fields={
        "ts": "make_timestamp(ts)",
        **{name: name for name in LOG_COLUMNS if name not in {"type", "ts", "source_line"}},
    },
    classes={"expired": "timeout_expired"},
)
"""Not among `SOURCES`: a log is known by its lines, not by the keys of rows."""
