"""The result for one recipient of a bounce: what was read, and what the classifier makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from deliverability.events.classify import Classification, classify
from deliverability.events.providers import OTHER, PROVIDERS, provider_by_mx, provider_of
from deliverability.events.reasons import Action, Blame, Persistence, Reason
from deliverability.fastclass import dataclass
from deliverability.mail.codes import codes
from deliverability.mail.dsn import DELAYED, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One failed or delayed recipient of a mail.

    Attributes:
        recipient: The address; empty where the bounce does not name one.
        action: failed or delayed.
        status: The enhanced status code (RFC 3463), or None where none was said.
        reply_code: The SMTP reply code (RFC 5321 §4.2), or None where none was said.
        reason: Why; deliverability.events.reasons.
        persistence: hard, soft or block; none where no receiver refused anything.
        blame: Who can mend it.
        confidence: high, medium or low.
        advice: What to do.
        evidence: What decided the reason.
        diagnostic: The words that were judged; they may hold addresses.
        remote_mta: The host that refused, or None.
        form: Where it was read: report, notice or sns.
    """

    recipient: str
    action: str
    status: str | None
    reply_code: int | None
    reason: Reason
    persistence: Persistence
    blame: Blame
    confidence: str
    advice: Action
    evidence: str
    diagnostic: str
    remote_mta: str | None
    form: str


def judged(report: Report, tellings: Iterable[str], form: str, reason: Reason | None = None) -> Bounce:
    """The result for one recipient, by the first of `tellings` that tells a reason; or by `reason`, if it is known."""
    best: tuple[str, int | None, str | None, Classification] | None = None
    receiver = _receiver(report.recipient.rpartition("@")[2].lower(), report.remote_mta)
    for words in tellings:
        code, status = codes(words, report.status)
        text = "" if reason else words
        verdict = classify(text, status=status, reply_code=code, provider=receiver, hint=reason)
        if best is None or verdict.reason is not Reason.UNKNOWN:
            best = (words, code, status, verdict)
        if verdict.reason is not Reason.UNKNOWN:
            break
    assert best is not None  # noqa: S101 - there is always one telling, if an empty one
    words, code, status, verdict = best
    persistence = _persistence(verdict, report, status)
    doubtful = persistence is Persistence.SOFT and verdict.persistence is Persistence.HARD
    return Bounce(
        recipient=report.recipient,
        action=report.action,
        status=status,
        reply_code=code,
        reason=verdict.reason,
        persistence=persistence,
        blame=verdict.blame,
        confidence=verdict.confidence,
        advice=Action.RETRY_THEN_REMOVE if doubtful else verdict.action,
        evidence=verdict.evidence,
        diagnostic=words,
        remote_mta=report.remote_mta,
        form=form,
    )


def _persistence(verdict: Classification, report: Report, status: str | None) -> Persistence:
    """What is still tried has not failed, whatever the reason."""
    if verdict.persistence is Persistence.NONE:
        return Persistence.NONE
    if report.action == DELAYED:
        return Persistence.SOFT
    # RFC 3463 §2: class 4 is a condition that may pass. Against it stands a text that says the user is unknown, but no
    # code; and of a name that is not found, only the server that asked can tell whether it is gone or did not answer
    by_code = verdict.evidence.startswith(("code", "reply code"))
    unsure = (verdict.reason is Reason.BAD_DOMAIN or by_code) and (status or "").startswith("4.")
    unsure = unsure and verdict.persistence is Persistence.HARD
    return Persistence.SOFT if unsure else verdict.persistence


@lru_cache(maxsize=65_536)
def _receiver(domain: str, host: str | None) -> str | None:
    """The provider whose mail system answered, by the recipient's domain, else by the host that refused; or None."""
    found = provider_of(domain) if domain else OTHER
    if found == OTHER and host is not None:
        found = provider_by_mx([host])
    return None if found == OTHER else PROVIDERS[found].system or found
