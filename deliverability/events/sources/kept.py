"""Events that `deliv ingest` keeps: canonical already, each with the source that it came from."""

from __future__ import annotations

from deliverability.events.source import Source

KEY = "event_key"
"""The column that is the same for the same event and different for any two; no source has one of that name."""

KEPT = Source(
    name="deliv",
    title="Events that deliv keeps",
    documentation=(),
    signs=(),
    raw={},
    kind="type",
    types={},
    fields={},
)
"""Not among `SOURCES`: a store is known by its columns, and nothing in it needs to be mapped."""
