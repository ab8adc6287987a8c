"""DKIM (RFC 6376, RFC 8301, RFC 8463): key records and where a domain keeps them."""

from deliverability.protocols.dkim.facts import DkimFacts, DkimKey, FoundBy, Wildcard, WildcardKind
from deliverability.protocols.dkim.keys import BadKey, Key
from deliverability.protocols.dkim.record import Effect, KeyRecord, Problem, ProblemKind, Tag, clean, is_attempt, parse
from deliverability.protocols.dkim.search import lookup
from deliverability.protocols.dkim.weak import WeakKind, Weakness

__all__ = [
    "BadKey",
    "DkimFacts",
    "DkimKey",
    "Effect",
    "FoundBy",
    "Key",
    "KeyRecord",
    "Problem",
    "ProblemKind",
    "Tag",
    "WeakKind",
    "Weakness",
    "Wildcard",
    "WildcardKind",
    "clean",
    "is_attempt",
    "lookup",
    "parse",
]
