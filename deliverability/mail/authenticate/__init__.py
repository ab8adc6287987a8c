"""Whose message it is: DKIM, SPF, DMARC and ARC, with the keys of DNS and the connection it came over."""

from deliverability.mail.authenticate.connection import connection_of
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
    "Kept",
    "LiveVerifier",
    "RememberedVerifier",
    "Source",
    "Verifier",
    "VerifierMissing",
    "authenticate",
    "connection_of",
    "links_listed",
    "require_verifier",
]
