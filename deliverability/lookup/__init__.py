"""DNS: live, from zone files, overlaid, recorded and replayed, behind one method."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from deliverability.lookup.answer import Answer, NameLister, Resolver, Status, canonical_name, names_below

if TYPE_CHECKING:
    from deliverability.lookup.deadline import DeadlineResolver
    from deliverability.lookup.live import LiveResolver
    from deliverability.lookup.overlay import OverlayResolver
    from deliverability.lookup.recording import RecordingResolver, ReplayResolver, UnrecordedQuestion
    from deliverability.lookup.retrying import RetryingResolver
    from deliverability.lookup.serve import Nameserver
    from deliverability.lookup.zone import AssumeAbove, ZoneError, ZoneResolver

__all__ = [
    "Answer",
    "AssumeAbove",
    "DeadlineResolver",
    "LiveResolver",
    "NameLister",
    "Nameserver",
    "OverlayResolver",
    "RecordingResolver",
    "ReplayResolver",
    "Resolver",
    "RetryingResolver",
    "Status",
    "UnrecordedQuestion",
    "ZoneError",
    "ZoneResolver",
    "canonical_name",
    "names_below",
]

# PEP 562: a live audit never loads dnspython, a zone audit never opens a socket.
_HOMES = {
    "AssumeAbove": "zone",
    "DeadlineResolver": "deadline",
    "LiveResolver": "live",
    "Nameserver": "serve",
    "OverlayResolver": "overlay",
    "RecordingResolver": "recording",
    "ReplayResolver": "recording",
    "RetryingResolver": "retrying",
    "UnrecordedQuestion": "recording",
    "ZoneError": "zone",
    "ZoneResolver": "zone",
}


def __getattr__(name: str) -> object:
    """Load the module that holds `name` when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
