"""Why mail was not delivered, in words: the reason, what it says of the address, who can mend it, what to do."""

from __future__ import annotations

from collections.abc import Mapping

from deliverability.events.reasons import Action, Blame, Persistence, Reason
from deliverability.reports.language import N_, Words

REASONS: Mapping[Reason, str] = Words(
    {
        Reason.UNKNOWN_USER: N_("no such address"),
        Reason.BAD_DOMAIN: N_("no such domain, or it takes no mail"),
        Reason.MAILBOX_DISABLED: N_("mailbox disabled"),
        Reason.MOVED: N_("address has moved"),
        Reason.MAILBOX_FULL: N_("mailbox full"),
        Reason.TIMEOUT_EXPIRED: N_("tried until it expired"),
        Reason.NETWORK_DNS: N_("network or DNS trouble"),
        Reason.RATE_LIMITED: N_("sent too much or too fast"),
        Reason.GREYLISTED: N_("asked to come back later"),
        Reason.MESSAGE_TOO_LARGE: N_("message too large"),
        Reason.AUTH_FAILURE: N_("SPF, DKIM or DMARC failed"),
        Reason.MISSING_PTR: N_("reverse DNS missing or wrong"),
        Reason.IP_BLOCKLISTED: N_("sending address blocked"),
        Reason.DOMAIN_REPUTATION: N_("reputation of the sender"),
        Reason.SPAM_CONTENT: N_("taken for spam"),
        Reason.VIRUS_ATTACHMENT: N_("virus or forbidden attachment"),
        Reason.POLICY: N_("against the receiver's policy"),
        Reason.RELAY_DENIED: N_("server does not take mail for it"),
        Reason.PROTOCOL_TLS: N_("TLS or protocol error"),
        Reason.RECEIVER_SYSTEM: N_("receiver's system failed"),
        Reason.SUPPRESSED: N_("on the service's own list"),
        Reason.AUTO_REPLY: N_("automatic reply"),
        Reason.CHALLENGE: N_("asks for a confirmation"),
        Reason.UNKNOWN: N_("not understood"),
    }
)

BY_NAME: Mapping[str, str] = Words({reason.value: words for reason, words in REASONS.items()})

ACTIONS: Mapping[Action, str] = Words(
    {
        Action.REMOVE: N_("remove the address"),
        Action.UPDATE: N_("ask for the new address"),
        Action.RETRY: N_("try again later"),
        Action.RETRY_THEN_REMOVE: N_("try again; remove if it stays so"),
        Action.RETRY_THEN_REPORT: N_("try again; tell the receiver if it stays so"),
        Action.SLOW_DOWN: N_("send more slowly"),
        Action.SHRINK: N_("make the mail smaller"),
        Action.FIX_DNS: N_("mend SPF, DKIM or DMARC"),
        Action.FIX_PTR: N_("mend reverse DNS"),
        Action.DELIST: N_("mend the cause, ask for removal"),
        Action.WARM_UP: N_("send less, to those who want it"),
        Action.EDIT: N_("change the mail"),
        Action.REVIEW: N_("read the reply"),
        Action.FIX_ROUTE: N_("mend the route or the MX"),
        Action.FIX_PROTOCOL: N_("mend the sending server"),
        Action.NONE: N_("nothing"),
    }
)

PERSISTENCES: Mapping[Persistence, str] = Words(
    {
        Persistence.HARD: N_("the address is no good"),
        Persistence.SOFT: N_("may work later"),
        Persistence.BLOCK: N_("the sender or the mail was refused; the address is not at fault"),
        Persistence.NONE: N_("nothing was refused"),
    }
)

BLAMES: Mapping[Blame, str] = Words(
    {
        Blame.RECIPIENT: N_("whoever keeps the mailing list"),
        Blame.RECEIVER: N_("the receiver"),
        Blame.SENDER_CONFIG: N_("the sender, in DNS or on the sending server"),
        Blame.SENDER_REPUTATION: N_("the sender, by a better reputation"),
        Blame.SENDER_VOLUME: N_("the sender, by sending less at once"),
        Blame.CONTENT: N_("whoever writes the mail"),
        Blame.NONE: N_("nobody need"),
        Blame.UNKNOWN: N_("the reply says"),
    }
)
"""Who can mend it."""
