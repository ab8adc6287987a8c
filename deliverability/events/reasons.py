"""Why a mail was not delivered: deliv's 24 reasons, with what each says about the address and what to do (events, §2).

A reason decides the persistence, never the reply code: the code of a refused address and that of a refused sender are
often the same. A block (of reputation, authentication, content or policy) says nothing about the address.
"""

from __future__ import annotations

from enum import StrEnum

from deliverability.fastclass import dataclass


class Reason(StrEnum):
    """Why a mail was not delivered, was delayed, or was answered by a machine."""

    UNKNOWN_USER = "unknown_user"
    BAD_DOMAIN = "bad_domain"
    MAILBOX_DISABLED = "mailbox_disabled"
    MOVED = "moved"
    MAILBOX_FULL = "mailbox_full"
    TIMEOUT_EXPIRED = "timeout_expired"
    NETWORK_DNS = "network_dns"
    RATE_LIMITED = "rate_limited"
    GREYLISTED = "greylisted"
    MESSAGE_TOO_LARGE = "message_too_large"
    AUTH_FAILURE = "auth_failure"
    MISSING_PTR = "missing_ptr"
    IP_BLOCKLISTED = "ip_blocklisted"
    DOMAIN_REPUTATION = "domain_reputation"
    SPAM_CONTENT = "spam_content"
    VIRUS_ATTACHMENT = "virus_attachment"
    POLICY = "policy"
    RELAY_DENIED = "relay_denied"
    PROTOCOL_TLS = "protocol_tls"
    RECEIVER_SYSTEM = "receiver_system"
    SUPPRESSED = "suppressed"
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"
    UNKNOWN = "unknown"


class Persistence(StrEnum):
    """What a failure says about the next mail to the same address."""

    HARD = "hard"
    """The address is no good: take it off the list."""
    SOFT = "soft"
    """The address may be good: a later mail can arrive."""
    BLOCK = "block"
    """The sender or the mail was refused: the address is not at fault, and the same mail fails again."""
    NONE = "none"
    """No bounce: nothing was refused by a receiver."""


class Blame(StrEnum):
    """Who can mend it."""

    RECIPIENT = "recipient"
    RECEIVER = "receiver"
    SENDER_CONFIG = "sender_config"
    SENDER_REPUTATION = "sender_reputation"
    SENDER_VOLUME = "sender_volume"
    CONTENT = "content"
    NONE = "none"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What to do about it."""

    REMOVE = "remove"
    """Take the address off the list."""
    UPDATE = "update"
    """Ask for, or write down, the new address."""
    RETRY = "retry"
    """Try again later."""
    RETRY_THEN_REMOVE = "retry_then_remove"
    """Try again later; take the address off the list when it has failed often enough for long enough."""
    RETRY_THEN_REPORT = "retry_then_report"
    """Try again later; tell the receiving domain's postmaster where it goes on."""
    SLOW_DOWN = "slow_down"
    """Send less, more slowly, or over fewer connections."""
    SHRINK = "shrink"
    """Make the mail smaller."""
    FIX_DNS = "fix_dns"
    """Mend SPF, DKIM or DMARC."""
    FIX_PTR = "fix_ptr"
    """Give the sending address a reverse name that leads back to it."""
    DELIST = "delist"
    """Mend the cause and ask the block list, or the receiver, for removal."""
    WARM_UP = "warm_up"
    """Send less and only to those who want it, until the reputation is better."""
    EDIT = "edit"
    """Change the mail."""
    REVIEW = "review"
    """Read the reply: its text says what is wanted."""
    FIX_ROUTE = "fix_route"
    """Mend the route or the MX: the mail reached a server that does not take it for this domain."""
    FIX_PROTOCOL = "fix_protocol"
    """Mend the sending server's TLS or SMTP."""
    NONE = "none"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one reason means.

    Attributes:
        reason: The reason.
        persistence: What it says about the next mail to the same address.
        blame: Who can mend it; unknown where the reason alone does not tell.
        action: What to do.
    """

    reason: Reason
    persistence: Persistence
    blame: Blame
    action: Action


_TABLE = (
    (Reason.UNKNOWN_USER, Persistence.HARD, Blame.RECIPIENT, Action.REMOVE),
    (Reason.BAD_DOMAIN, Persistence.HARD, Blame.RECIPIENT, Action.REMOVE),
    (Reason.MAILBOX_DISABLED, Persistence.HARD, Blame.RECIPIENT, Action.REMOVE),
    (Reason.MOVED, Persistence.HARD, Blame.RECIPIENT, Action.UPDATE),
    (Reason.MAILBOX_FULL, Persistence.SOFT, Blame.RECIPIENT, Action.RETRY_THEN_REMOVE),
    (Reason.TIMEOUT_EXPIRED, Persistence.SOFT, Blame.RECEIVER, Action.RETRY_THEN_REPORT),
    (Reason.NETWORK_DNS, Persistence.SOFT, Blame.RECEIVER, Action.RETRY),
    (Reason.RATE_LIMITED, Persistence.SOFT, Blame.SENDER_VOLUME, Action.SLOW_DOWN),
    (Reason.GREYLISTED, Persistence.SOFT, Blame.RECEIVER, Action.RETRY),
    (Reason.MESSAGE_TOO_LARGE, Persistence.SOFT, Blame.CONTENT, Action.SHRINK),
    (Reason.AUTH_FAILURE, Persistence.BLOCK, Blame.SENDER_CONFIG, Action.FIX_DNS),
    (Reason.MISSING_PTR, Persistence.BLOCK, Blame.SENDER_CONFIG, Action.FIX_PTR),
    (Reason.IP_BLOCKLISTED, Persistence.BLOCK, Blame.SENDER_REPUTATION, Action.DELIST),
    (Reason.DOMAIN_REPUTATION, Persistence.BLOCK, Blame.SENDER_REPUTATION, Action.WARM_UP),
    (Reason.SPAM_CONTENT, Persistence.BLOCK, Blame.CONTENT, Action.EDIT),
    (Reason.VIRUS_ATTACHMENT, Persistence.BLOCK, Blame.CONTENT, Action.EDIT),
    (Reason.POLICY, Persistence.BLOCK, Blame.UNKNOWN, Action.REVIEW),  # the sender's or the receiver's: the text says
    (Reason.RELAY_DENIED, Persistence.BLOCK, Blame.SENDER_CONFIG, Action.FIX_ROUTE),
    (Reason.PROTOCOL_TLS, Persistence.SOFT, Blame.SENDER_CONFIG, Action.FIX_PROTOCOL),
    (Reason.RECEIVER_SYSTEM, Persistence.SOFT, Blame.RECEIVER, Action.RETRY),
    (Reason.SUPPRESSED, Persistence.NONE, Blame.NONE, Action.NONE),  # the sending service's own list
    (Reason.AUTO_REPLY, Persistence.NONE, Blame.NONE, Action.NONE),
    (Reason.CHALLENGE, Persistence.NONE, Blame.NONE, Action.NONE),
    (Reason.UNKNOWN, Persistence.SOFT, Blame.UNKNOWN, Action.REVIEW),
)

KINDS: dict[Reason, Kind] = {row[0]: Kind(*row) for row in _TABLE}
"""Reason → what it means; every reason has a row."""
