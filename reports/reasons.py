"""Why mail was not delivered, in words: the reason, what it says of the address, who can mend it, what to do."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.events.reasons import Action, Blame, Persistence, Reason

REASONS: Mapping[Reason, str] = {
    Reason.UNKNOWN_USER: "no such address",
    Reason.BAD_DOMAIN: "no such domain, or it takes no mail",
    Reason.MAILBOX_DISABLED: "mailbox disabled",
    Reason.MOVED: "address has moved",
    Reason.MAILBOX_FULL: "mailbox full",
    Reason.TIMEOUT_EXPIRED: "tried until it expired",
    Reason.NETWORK_DNS: "network or DNS trouble",
    Reason.RATE_LIMITED: "sent too much or too fast",
    Reason.GREYLISTED: "asked to come back later",
    Reason.MESSAGE_TOO_LARGE: "message too large",
    Reason.AUTH_FAILURE: "SPF, DKIM or DMARC failed",
    Reason.MISSING_PTR: "reverse DNS missing or wrong",
    Reason.IP_BLOCKLISTED: "sending address blocked",
    Reason.DOMAIN_REPUTATION: "reputation of the sender",
    Reason.SPAM_CONTENT: "taken for spam",
    Reason.VIRUS_ATTACHMENT: "virus or forbidden attachment",
    Reason.POLICY: "against the receiver's policy",
    Reason.RELAY_DENIED: "server does not take mail for it",
    Reason.PROTOCOL_TLS: "TLS or protocol error",
    Reason.RECEIVER_SYSTEM: "receiver's system failed",
    Reason.SUPPRESSED: "on the service's own list",
    Reason.AUTO_REPLY: "automatic reply",
    Reason.CHALLENGE: "asks for a confirmation",
    Reason.UNKNOWN: "not understood",
}

BY_NAME: Mapping[str, str] = {reason.value: words for reason, words in REASONS.items()}

ACTIONS: Mapping[Action, str] = {
    Action.REMOVE: "remove the address",
    Action.UPDATE: "ask for the new address",
    Action.RETRY: "try again later",
    Action.RETRY_THEN_REMOVE: "try again; remove if it stays so",
    Action.RETRY_THEN_REPORT: "try again; tell the receiver if it stays so",
    Action.SLOW_DOWN: "send more slowly",
    Action.SHRINK: "make the mail smaller",
    Action.FIX_DNS: "mend SPF, DKIM or DMARC",
    Action.FIX_PTR: "mend reverse DNS",
    Action.DELIST: "mend the cause, ask for removal",
    Action.WARM_UP: "send less, to those who want it",
    Action.EDIT: "change the mail",
    Action.REVIEW: "read the reply",
    Action.FIX_ROUTE: "mend the route or the MX",
    Action.FIX_PROTOCOL: "mend the sending server",
    Action.NONE: "nothing",
}

PERSISTENCES: Mapping[Persistence, str] = {
    Persistence.HARD: "the address is no good",
    Persistence.SOFT: "may work later",
    Persistence.BLOCK: "the sender or the mail was refused; the address is not at fault",
    Persistence.NONE: "nothing was refused",
}

BLAMES: Mapping[Blame, str] = {
    Blame.RECIPIENT: "whoever keeps the mailing list",
    Blame.RECEIVER: "the receiver",
    Blame.SENDER_CONFIG: "the sender, in DNS or on the sending server",
    Blame.SENDER_REPUTATION: "the sender, by a better reputation",
    Blame.SENDER_VOLUME: "the sender, by sending less at once",
    Blame.CONTENT: "whoever writes the mail",
    Blame.NONE: "nobody need",
    Blame.UNKNOWN: "the reply says",
}
"""Who can mend it."""
