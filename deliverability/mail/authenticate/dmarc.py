"""DMARC for one author domain: which identifiers pass, which of them are aligned, and what that comes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from deliverability.fastclass import dataclass
from deliverability.mail.authenticate.alignment import Organizations, aligned, legacy_aligned
from deliverability.mail.authenticate.facts import DmarcResult, SignatureResult, SpfResult
from deliverability.mail.authenticate.states import DmarcVerdict, State
from deliverability.protocols.dmarc.discover import Discovery, DiscoveryStatus
from deliverability.protocols.dmarc.record import parse
from deliverability.protocols.spf.trace import Result


@dataclass(frozen=True, slots=True)
class Identifier:
    """One authenticated identifier (`dkim` or `spf`). `passes` is None where it is not known, for want of `lacks`."""

    mechanism: str
    domain: str
    passes: bool | None
    lacks: str = ""

    @property
    def word(self) -> str:
        """As a report shows it."""
        return f"{self.mechanism}:{self.domain}"


def identifiers(dkim: Iterable[SignatureResult], mail_from: SpfResult) -> list[Identifier]:
    """What the signatures and MAIL FROM speak for. RFC 9989 §4.4.2: HELO alone is no identifier of DMARC."""
    found = [_of_signature(one) for one in dkim if one.signature.domain]
    return [*found, _of_spf(mail_from)]


def _of_signature(one: SignatureResult) -> Identifier:
    lacks = "answer" if one.state is State.KEY_UNANSWERED else "message"
    passes = None if one.state.is_unknown else one.valid
    return Identifier("dkim", one.signature.domain, passes, lacks if passes is None else "")


def _of_spf(mail_from: SpfResult) -> Identifier:
    if mail_from.check is None or mail_from.local_part:
        return Identifier("spf", mail_from.domain, None, "connection")
    if mail_from.result is Result.TEMPERROR:
        return Identifier("spf", mail_from.domain, None, "answer")
    return Identifier("spf", mail_from.domain, mail_from.result is Result.PASS)


def judged(discovery: Discovery, found: Sequence[Identifier], organizations: Organizations) -> DmarcResult:
    """What DMARC comes to, for a reader of RFC 9989 and for one of RFC 7489."""
    author = discovery.domain
    strict = _strict(discovery.record)
    pairs = [(one, _aligned(author, one, strict, organizations)) for one in found]
    alignment, lacks = _alignment(pairs)
    old_strict = _strict(discovery.legacy.record)
    old_pairs = [(one, _legacy_aligned(discovery, one, old_strict)) for one in found]
    verdict = _verdict(discovery.status, alignment)
    return DmarcResult(
        domain=author,
        verdict=verdict,
        alignment=alignment,
        discovery=discovery,
        aligned_by=_words(one for one, fits in pairs if one.passes and fits),
        passing=_words(one for one in found if one.passes),
        legacy=_verdict(discovery.legacy.status, _alignment(old_pairs)[0]),
        legacy_aligned_by=_words(one for one, fits in old_pairs if one.passes and fits),
        lacks="answer" if verdict is DmarcVerdict.TEMPERROR else lacks,
    )


def _words(found: Iterable[Identifier]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.word for one in found))


def _strict(text: str | None) -> dict[str, bool]:
    """RFC 9989 §4.7: adkim= and aspf=, relaxed where not said."""
    record = None if text is None else parse(text)
    return {
        "dkim": record is not None and record.adkim == "s",
        "spf": record is not None and record.aspf == "s",
    }


def _aligned(author: str, one: Identifier, strict: dict[str, bool], organizations: Organizations) -> bool | None:
    if not one.domain:
        return None  # whatever MAIL FROM was, it may have been aligned
    return aligned(author, one.domain, strict=strict[one.mechanism], organizations=organizations)


def _legacy_aligned(discovery: Discovery, one: Identifier, strict: dict[str, bool]) -> bool | None:
    return legacy_aligned(discovery, one.domain, strict=strict[one.mechanism]) if one.domain else None


def _verdict(status: DiscoveryStatus, alignment: DmarcVerdict) -> DmarcVerdict:
    if status is DiscoveryStatus.FOUND:
        return alignment
    # RFC 9989 §5.3.6: without an answer there is no policy to apply
    return DmarcVerdict.NONE if status is DiscoveryStatus.NONE else DmarcVerdict.TEMPERROR


def _alignment(pairs: Sequence[tuple[Identifier, bool | None]]) -> tuple[DmarcVerdict, str]:
    """RFC 9989 §5.3.4, §5.3.5: one identifier that passes and is aligned is enough."""
    if any(one.passes and fits for one, fits in pairs):
        return DmarcVerdict.PASS, ""
    lacks = [one.lacks or "answer" for one, fits in pairs if one.passes is not False and fits is not False]
    if not lacks:
        return DmarcVerdict.FAIL, ""
    # a lacking answer comes first: asking again may settle it without the caller
    return DmarcVerdict.UNKNOWN, "answer" if "answer" in lacks else lacks[0]
