"""Whose message it is: DKIM, SPF, DMARC and ARC, with the keys of DNS and the connection it came over."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deliverability.mail.authenticate.connection import HandedOver, connection_of, handed_over
    from deliverability.mail.authenticate.facts import AuthenticationFacts, Connection, Kept, Source, Verifier
    from deliverability.mail.authenticate.links import links_listed
    from deliverability.mail.authenticate.verifier import (
        LiveVerifier,
        RememberedVerifier,
        VerifierMissing,
        require_verifier,
    )
    from deliverability.mail.authenticate.whole import authenticate

__all__ = [
    "AuthenticationFacts",
    "Connection",
    "HandedOver",
    "Kept",
    "LiveVerifier",
    "RememberedVerifier",
    "Source",
    "Verifier",
    "VerifierMissing",
    "authenticate",
    "connection_of",
    "handed_over",
    "links_listed",
    "require_verifier",
]

_WHERE = {
    **dict.fromkeys(("AuthenticationFacts", "Connection", "Kept", "Source", "Verifier"), "facts"),
    "LiveVerifier": "verifier",
    "RememberedVerifier": "verifier",
    "VerifierMissing": "verifier",
    "authenticate": "whole",
    **dict.fromkeys(("HandedOver", "connection_of", "handed_over"), "connection"),
    "links_listed": "links",
    "require_verifier": "verifier",
}
"""What only an audit of a message needs: every audit loads `states`, for its checks, and none of these."""


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
