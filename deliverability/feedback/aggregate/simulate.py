"""Who would have been hit: the same mail under another policy, as far as reports can show.

A report says how a receiver judged the mail under the policy of that day. Under the same alignment that judgement
stands; under another it is made again from the authentication results, without DNS: relaxed alignment compares
Organizational Domains by the Public Suffix List, as RFC 7489 readers do.
"""

from __future__ import annotations

from enum import StrEnum

from deliverability.fastclass import dataclass
from deliverability.feedback.aggregate import Auth, Head, Record, organization

POLICIES = ("none", "quarantine", "reject")
"""By strength."""


class Fate(StrEnum):
    """What would have become of a message."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A policy to try. None: `sp` and `np` as in RFC 9989 §4.7 (np, else sp, else p), alignment as it was published."""

    p: str
    sp: str | None = None
    np: str | None = None
    adkim: str | None = None
    aspf: str | None = None

    @property
    def for_subdomains(self) -> str:
        """What holds for a subdomain that exists."""
        return self.sp or self.p

    @property
    def for_missing(self) -> str:
        """What holds for a subdomain that does not exist."""
        return self.np or self.for_subdomains


def fate(proposed: Proposed, head: Head, record: Record) -> Fate:
    """What `proposed` would have done to the messages of `record`; undecided where the report cannot tell."""
    dkim = _aligned(record, "dkim", proposed.adkim, head.published.adkim)
    spf = _aligned(record, "spf", proposed.aspf, head.published.aspf)
    if dkim or spf:
        return Fate.NONE
    policy = _policy(proposed, record.header_from == head.domain)
    return Fate.UNDECIDED if None in (dkim, spf) and policy is not Fate.NONE else policy


def _policy(proposed: Proposed, own: bool) -> Fate:
    """The policy for the author domain. Whether a subdomain exists is not in a report, and this does not ask DNS."""
    if own:
        return Fate(proposed.p)
    weaker, stronger = sorted((proposed.for_subdomains, proposed.for_missing), key=POLICIES.index)
    return Fate.UNDECIDED if weaker == "none" != stronger else Fate(weaker)


def _aligned(record: Record, method: str, wanted: str | None, published: str | None) -> bool | None:
    """Whether `method` would have given an aligned pass; None where the results that decide it are not there."""
    judged = (record.dkim if method == "dkim" else record.spf) == "pass"
    strict, was_strict = wanted == "s", (published or "r").startswith("s")
    if wanted is None or strict == was_strict:
        return judged
    results = [auth for auth in record.auth if auth.method == method]
    passed = [auth for auth in results if auth.result == "pass" and _counts(auth)]
    if strict:
        if judged and not passed:
            return None  # the receiver saw a pass that it does not list
        return judged and any(auth.domain == record.header_from for auth in passed)
    mine = organization(record.header_from)
    return judged or any(organization(auth.domain) == mine for auth in passed)


def _counts(auth: Auth) -> bool:
    # RFC 9989 §4.4.2: of SPF only the MAIL FROM identity
    return auth.method != "spf" or auth.name != "helo"
