"""Which requirement a receiver's code speaks of, and which checks of the domain look at its cause.

The registry (RFC 7372, RFC 7505, RFC 8689) gives each code one meaning; Gmail gives x.7.23, x.7.27, x.7.29 and x.7.30
others, and Outlook and Yahoo have codes of their own. So the provider is asked first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from deliverability.events.figures import Rejection


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a receiver asks of the mail.

    - words: what is the case where the mail does not meet it.
    - checks: ids of the checks that look at what meets it; none where nothing in DNS does.
    - otherwise: where to look, for those.
    """

    words: str
    checks: tuple[str, ...]
    otherwise: str = "the settings of the sending server"

    @property
    def see(self) -> str:
        """Where its cause is looked at."""
        return f"see {', '.join(self.checks)}" if self.checks else f"see {self.otherwise}"


_SPF = (
    *("spf-present", "spf-single", "spf-syntax", "spf-include-resolves", "spf-lookup-limit", "spf-void-limit"),
    *("spf-authorises", "message-spf"),
)
_DKIM = ("dkim-selectors", "dkim-key-syntax", "dkim-key-size", "dkim-revoked", "message-dkim")
_DMARC = ("dmarc-present", "dmarc-single", "dmarc-syntax")

REQUIREMENTS: Mapping[str, Requirement] = {
    "authentication": Requirement("neither SPF nor DKIM passes in the sender's name", (*_SPF, *_DKIM, *_DMARC)),
    "spf": Requirement("SPF does not pass", _SPF),
    "dkim": Requirement("DKIM does not pass", _DKIM),
    "alignment": Requirement(
        "nothing passes for the domain in From",
        ("dmarc-strict-alignment", "dmarc-reject-needs-dkim", "message-dmarc-alignment", *_DKIM),
    ),
    "dmarc": Requirement("there is no DMARC record", _DMARC),
    "dmarc-policy": Requirement(
        "the domain's own DMARC policy refuses it", ("dmarc-strict-alignment", "dmarc-reject-needs-dkim")
    ),
    "ptr": Requirement("the sending address has no name that leads back to it", ("host-ptr", "host-fcrdns")),
    "null-mx": Requirement("the sender's domain takes no mail", ("mx-null", "mx-accepts-bounces")),
    "tls": Requirement("it did not come over TLS", ()),
}
"""Requirement → what it is. The key is the subject of the finding."""

REGISTERED: Mapping[str, str] = {
    "7.20": "dkim",  # RFC 7372 §3.1: no passing signature
    "7.21": "dkim",  # RFC 7372 §3.1: no acceptable signature
    "7.22": "alignment",  # RFC 7372 §3.1: no passing signature of the author's domain
    "7.23": "spf",  # RFC 7372 §3.2
    "7.24": "spf",  # RFC 7372 §3.2: SPF itself in error
    "7.25": "ptr",  # RFC 7372 §3.3
    "7.26": "authentication",  # RFC 7372 §3.4
    "7.27": "null-mx",  # RFC 7505 §4.2
}
"""The detail of an enhanced code → requirement, by the registry."""

OF_PROVIDERS: Mapping[str, Mapping[str, str]] = {
    "gmail": {  # support.google.com/a/answer/3726730, read 2026-02-12
        "7.23": "ptr",
        "7.24": "spf",
        "7.27": "spf",
        "7.29": "tls",
        "7.30": "dkim",
        "7.31": "dmarc",
        "7.32": "alignment",
        "7.40": "dmarc",
    },
    "microsoft": {"7.515": "authentication", "7.509": "dmarc-policy"},  # Outlook's requirements, 2025-05-05
    "yahoo": {"7.9": "dmarc-policy"},  # [PH01] in real replies; senders.yahooinc.com lists no codes (2026-02-15)
}
"""Whose mail system answers → the same, where it means something else or has a code of its own."""


def requirement_of(rejection: Rejection) -> str:
    """The key in `REQUIREMENTS` of what was not met; what the reason says where the code says nothing known."""
    from deliverability.events.providers import PROVIDERS  # noqa: PLC0415 - three tables, read only where mail was refused
    from deliverability.events.reasons import Reason  # noqa: PLC0415 - as above

    provider = PROVIDERS.get(rejection.provider)
    own = OF_PROVIDERS.get(provider.system if provider else rejection.provider, {})
    detail = rejection.code.partition(".")[2]
    fallback = "ptr" if rejection.reason == Reason.MISSING_PTR else "authentication"
    return own.get(detail) or REGISTERED.get(detail, fallback)
