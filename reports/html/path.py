"""The path of a message, hop by hop, with the findings that belong to each; grey where nothing was observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from deliverability.fastclass import dataclass
from deliverability.findings import Finding, Outcome, Severity
from deliverability.reports.language import N_, _, ngettext

HOPS: Mapping[str, tuple[str, str]] = {
    "sender": (N_("The sending service"), N_("who is written to, how much, and how fast")),
    "identity": (N_("The domain in DNS"), N_("whether receivers can tell that it is you: SPF, DKIM, DMARC")),
    "connection": (N_("The connection"), N_("the sending server's name, its reputation, encryption")),
    "policy": (N_("What receivers decide"), N_("accepted, put off or refused")),
    "inbox": (N_("Inbox or spam folder"), N_("what receivers report; nobody outside sees the folder itself")),
    "reading": (N_("Opens and clicks"), N_("what people do with it, as far as machines leave that to be seen")),
    "feedback": (N_("What comes back"), N_("complaints, unsubscriptions, replies and reports")),
}
"""Hop → its name and what happens there, in the order in which a message meets them."""

_BY_CHECK: Mapping[str, str] = {
    **dict.fromkeys(("suppression-respected", "unsubscribe-honoured", "volume-ramp", "spf-unused-terms"), "sender"),
    **dict.fromkeys(
        ("dmarc-pass-rate", "dmarc-shadow-senders", "dmarc-enforcement-ready", "delivery-by-provider"), "policy"
    ),
    **dict.fromkeys(("postmaster-spam-rate", "postmaster-compliance", "snds-status"), "inbox"),
    **dict.fromkeys(
        ("dmarc-rua", "dmarc-ruf", "dmarc-external-authorisation", "feedback-loops", "data-complete"), "feedback"
    ),
    "tls-rpt-failures": "feedback",
    **dict.fromkeys(
        ("message-dkim", "message-spf", "message-dmarc-alignment", "message-arc", "message-from"), "identity"
    ),
    **dict.fromkeys(("message-one-click", "message-unsubscribe-link"), "feedback"),
    **dict.fromkeys(("message-spamassassin", "message-rspamd"), "policy"),
}
_BY_WORD: Mapping[str, str] = {
    **dict.fromkeys(("message", "recipients"), "sender"),
    **dict.fromkeys(("dns", "spf", "dkim", "dmarc"), "identity"),
    **dict.fromkeys(("host", "hosts", "blocklist", "tls", "transport", "time"), "connection"),
    **dict.fromkeys(("bounce", "hard", "deferral", "delivery"), "policy"),
    **dict.fromkeys(("postmaster", "snds"), "inbox"),
    **dict.fromkeys(("open", "machine", "engagement", "click"), "reading"),
    **dict.fromkeys(("complaint", "unsubscribe", "feedback", "mx", "data"), "feedback"),
}
"""By check, and by the first word of its id where that is not named."""

MAX_PINNED = 8
"""Findings that are listed at one hop; all of them stand below."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One hop. `state`: `bad`, `open` (not all seen), `good`, or `none` (not observed); findings worst first."""

    id: str
    name: str
    about: str
    state: str
    shape: str
    said: str
    failed: Sequence[Finding]
    unseen: Sequence[Finding]
    passed: int

    @property
    def required(self) -> int:
        """Faults that decide whether mail arrives."""
        return sum(finding.severity.at_least(Severity.HIGH) for finding in self.failed)

    @property
    def advised(self) -> int:
        """The other faults."""
        return len(self.failed) - self.required

    @property
    def pinned(self) -> Sequence[Finding]:
        """What is listed at the hop."""
        return [*self.failed, *self.unseen][:MAX_PINNED]

    @property
    def more(self) -> int:
        """How many are not listed there."""
        return len(self.failed) + len(self.unseen) - len(self.pinned)

    @property
    def observed(self) -> bool:
        """Whether anything was seen of it."""
        return self.state != "none"


def hops(findings: Iterable[Finding]) -> list[Hop]:
    """All hops in order, each with its findings; a check of another version stands with its family, or nowhere."""
    by_hop: dict[str, list[Finding]] = {name: [] for name in HOPS}
    for finding in findings:
        if name := _BY_CHECK.get(finding.check) or _BY_WORD.get(finding.check.partition("-")[0]):
            by_hop[name].append(finding)
    return [_hop(name, found) for name, found in by_hop.items()]


def _hop(name: str, findings: Sequence[Finding]) -> Hop:
    ranked = sorted(findings, key=lambda f: -f.severity.rank)
    failed = [f for f in ranked if f.outcome is Outcome.FAIL]
    unseen = [f for f in ranked if f.outcome in {Outcome.UNKNOWN, Outcome.ERROR} and not f.is_unasked]
    seen = [f for f in ranked if f.outcome in {Outcome.PASS, Outcome.INFO}]
    title, about = HOPS[name]
    state, shape, said = _state(failed, unseen, seen)
    passed = sum(f.outcome is Outcome.PASS for f in seen)
    return Hop(name, _(title), _(about), state, shape, said, failed, unseen, passed)


def _state(failed: Sequence[Finding], unseen: Sequence[Finding], seen: Sequence[Finding]) -> tuple[str, str, str]:
    if failed:
        grave = any(f.severity.at_least(Severity.HIGH) for f in failed)
        text = ngettext("{number} fault", "{number} faults", len(failed)).format(number=len(failed))
        return "bad", "▲" if grave else "△", text
    if unseen:
        return "open", "◇", _("not all could be seen")
    if seen:
        return "good", "●", _("in order")
    return "none", "–", _("not observed")
