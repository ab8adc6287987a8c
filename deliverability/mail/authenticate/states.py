"""What a message's authentication comes to, in words: every audit loads them, for what its checks say of each."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """What one signature came to."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    BODY_CHANGED = "body_changed"
    SIGNATURE_WRONG = "signature_wrong"
    KEY_MISSING = "key_missing"
    KEY_UNANSWERED = "key_unanswered"
    KEY_REVOKED = "key_revoked"
    KEY_SYNTAX = "key_syntax"
    KEY_UNFIT = "key_unfit"
    """The key record does not allow this signature: another type, hash, service or identity."""
    KEY_SHORT = "key_short"
    KEY_LARGE = "key_large"
    """Longer than what is tried here: RFC 8301 §3.2 asks verifiers for 4,096 bits."""
    SEVERAL_KEYS = "several_keys"
    WEAK_HASH = "weak_hash"
    ALGORITHM = "algorithm"
    EXPIRED = "expired"
    FUTURE = "future"
    SYNTAX = "syntax"
    FROM_UNSIGNED = "from_unsigned"
    TOO_LARGE = "too_large"
    NOT_KEPT = "not_kept"
    """Asked in a replay with a key other than the recorded one; the message is not in the document."""

    @property
    def is_unknown(self) -> bool:
        """Whether nobody could look: neither valid nor broken."""
        return self in _UNKNOWN


_UNKNOWN = frozenset({State.KEY_UNANSWERED, State.KEY_LARGE, State.TOO_LARGE, State.NOT_KEPT})


class Chain(StrEnum):
    """RFC 8617 §4.4: the status of an ARC chain, and what could not be found out."""

    NONE = "none"
    PASS = "pass"  # noqa: S105 - a word, not a secret
    FAIL = "fail"
    UNKNOWN = "unknown"


class Identity(StrEnum):
    """RFC 7208 §2.3, §2.4: the identities that SPF authorises."""

    MAIL_FROM = "mailfrom"
    HELO = "helo"


class DmarcVerdict(StrEnum):
    """What DMARC comes to for one author domain. `unknown`: an input or an answer is lacking and could decide."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"
    UNKNOWN = "unknown"
