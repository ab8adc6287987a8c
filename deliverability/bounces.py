"""Which mails came back and why: bounces read out of files, Maildirs and mboxes, one row a recipient, and added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from deliverability.fastclass import dataclass

if TYPE_CHECKING:
    from deliverability.intake.mailbox import Mail
    from deliverability.intake.trouble import Troubles
    from deliverability.mail.arf import Complaint
    from deliverability.mail.bounce import Bounce
    from deliverability.privacy import Pseudonyms

SCHEMA = "deliv.bounces/1"

MAX_DOMAINS = 1000
"""Ours: recipient domains that the document lists, those with most bounces."""

NOT_A_MAIL = "not-a-mail"
EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class BounceRow:
    """One failed or delayed recipient, without the address.

    Attributes:
        file: The path as found.
        recipient: The address' pseudonym, or None where the bounce does not name one.
        recipient_domain: The address' domain in lower case, or None.
        action: failed or delayed.
        status: The enhanced status code, or None.
        reply_code: The SMTP reply code, or None.
        reason: Why.
        persistence: hard, soft, block or none.
        blame: Who can mend it.
        confidence: high, medium or low.
    """

    file: str
    recipient: str | None
    recipient_domain: str | None
    action: str
    status: str | None
    reply_code: int | None
    reason: str
    persistence: str
    blame: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    """One complaint, without the address; the pseudonym is None where the reporter keeps the address to itself."""

    file: str
    kind: str
    counts: bool
    recipient: str | None
    recipient_domain: str | None
    source_ip: str | None
    reported_domains: tuple[str, ...]
    arrived: str | None


Row = BounceRow | ComplaintRow


class Bounces:
    """Reads `paths` as it is iterated, and adds up what it read.

    Args:
        paths: Files, folders, patterns, or `-` for `stdin`.
        troubles: Takes what could not be read.
        pseudonyms: Makes the pseudonyms of recipients.
        stdin: Standard input.
        progress: Is told of each mail's octets.

    Iterating raises `intake.paths.MissingPath` (a ValueError) before the first row, if something named is missing.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        troubles: Troubles,
        pseudonyms: Pseudonyms,
        stdin: BinaryIO | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._paths, self._troubles, self._pseudonyms, self._stdin = paths, troubles, pseudonyms, stdin
        self._progress = progress
        self._bad_before = troubles.count
        self._files = self._mails = self._bounced = self._reports = 0
        self._kinds = Counter[tuple[str, str, str]]()
        self._providers = Counter[tuple[str, str]]()
        self._domains = Counter[str]()
        self._complaints = Counter[tuple[str, bool]]()

    def __iter__(self) -> Iterator[Row]:
        """Every failed or delayed recipient and every complaint, in the order of the input."""
        from deliverability.intake.mailbox import mails  # noqa: PLC0415 - only where mails are read
        from deliverability.intake.paths import expand  # noqa: PLC0415 - as above
        from deliverability.mail.arf import complaint  # noqa: PLC0415 - as above
        from deliverability.mail.bounce import bounces  # noqa: PLC0415 - as above
        from deliverability.mail.parts import read  # noqa: PLC0415 - as above

        for path in expand(self._paths):
            self._files += 1
            for mail in mails(path, troubles=self._troubles, stdin=self._stdin):
                if self._progress is not None:
                    self._progress(len(mail.raw))
                headers, parts = read(mail.raw)
                found = bounces(headers, parts)
                if found:
                    self._mails += 1
                    self._bounced += 1
                    for bounce in found:
                        yield self._bounce(mail.name, bounce)
                elif (report := complaint(headers, parts)) is not None:
                    yield from self._complained(mail.name, report)
                elif headers:
                    self._mails += 1
                else:
                    self._refuse(mail)

    def _refuse(self, mail: Mail) -> None:
        from deliverability.intake.trouble import Bad  # noqa: PLC0415 - of few files

        reason = NOT_A_MAIL if mail.raw.strip() else EMPTY
        detail = "" if mail.number is None else f"mail {mail.number}"
        self._troubles.add(Bad(file=mail.name, reason=reason, detail=detail))

    def _bounce(self, file: str, bounce: Bounce) -> BounceRow:
        domain = _domain(bounce.recipient)
        self._kinds[bounce.reason, bounce.persistence, bounce.action] += 1
        self._providers[_provider(domain), bounce.persistence] += 1
        self._domains[domain or ""] += 1
        return BounceRow(
            file=file,
            recipient=self._pseudonyms.of(bounce.recipient) if bounce.recipient else None,
            recipient_domain=domain,
            action=bounce.action,
            status=bounce.status,
            reply_code=bounce.reply_code,
            reason=bounce.reason.value,
            persistence=bounce.persistence.value,
            blame=bounce.blame.value,
            confidence=bounce.confidence,
        )

    def _complained(self, file: str, report: Complaint) -> Iterator[ComplaintRow]:
        self._mails += 1
        self._reports += 1
        self._complaints[report.kind, report.counts] += report.incidents
        for address in report.recipients or ("",):
            yield ComplaintRow(
                file=file,
                kind=report.kind,
                counts=report.counts,
                recipient=self._pseudonyms.of(address) if address else None,
                recipient_domain=_domain(address),
                source_ip=report.source_ip,
                reported_domains=tuple(map(self._pseudonyms.scrub, report.reported_domains)),
                arrived=report.arrived and self._pseudonyms.scrub(report.arrived),
            )

    @property
    def bad_share(self) -> float:
        """How much of what was found could not be read, 0 to 1."""
        bad = self._troubles.count - self._bad_before
        return bad / (bad + self._mails) if bad else 0.0

    def document(self) -> dict[str, Any]:
        """What was read so far, added up: `deliv.bounces/1`."""
        total = self._kinds.total()
        return {
            "schema": SCHEMA,
            "totals": {
                "bounces": total,
                **_folded(self._kinds, 2, ("failed", "delayed")),
                **_folded(self._kinds, 1, ("hard", "soft", "block", "none")),
                "complaints": sum(count for (_, counts), count in self._complaints.items() if counts),
            },
            "reasons": [_reason(key, count, total) for key, count in _ordered(self._kinds)],
            "providers": _by_provider(self._providers, total),
            "domains": [
                {"domain": domain or None, "bounces": count, "share": _share(count, total)}
                for domain, count in _ordered(self._domains)[:MAX_DOMAINS]
            ],
            "complaints": [
                {"kind": kind, "counts": counts, "complaints": count}
                for (kind, counts), count in _ordered(self._complaints)
            ],
            "input": {
                "files": self._files,
                "mails": self._mails,
                "bounces": self._bounced,
                "complaints": self._reports,
                "other": self._mails - self._bounced - self._reports,
                "bad": self._troubles.count - self._bad_before,
            },
            "bad": [{"file": b.file, "reason": b.reason, "detail": b.detail} for b in self._troubles.files],
        }


def bounces(
    paths: Sequence[str],
    *,
    troubles: Troubles | None = None,
    pseudonyms: Pseudonyms | None = None,
    stdin: BinaryIO | None = None,
    on_row: Callable[[Row], object] = lambda _: None,
) -> dict[str, Any]:
    """Read the returned mails and the complaints in `paths`, and add them up: a `deliv.bounces/1` document.

    - paths: files, folders (Maildirs too), patterns, `-` for `stdin`; mails and mboxes, plain or compressed.
    - troubles: takes what could not be read, which never stops the rest.
    - pseudonyms: stand for recipients; with a random key by default.
    - on_row: is given each failed or delayed recipient and each complaint, in the order of the input.

    Raises MissingPath, a ValueError in one line, for a path that is not there.
    """
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - only where mails are read
    from deliverability.privacy import Pseudonyms  # noqa: PLC0415 - as above

    pseudonyms = pseudonyms or Pseudonyms()
    troubles = troubles or Troubles(pseudonyms.scrub)
    found = Bounces(paths, troubles=troubles, pseudonyms=pseudonyms, stdin=stdin)
    for row in found:
        on_row(row)
    return found.document()


def _domain(address: str) -> str | None:
    return address.rpartition("@")[2].rstrip(".").lower() or None if "@" in address else None


def _provider(domain: str | None) -> str:
    from deliverability.events.providers import OTHER, provider_of  # noqa: PLC0415 - only where mails are read

    return provider_of(domain) if domain else OTHER


def _ordered(counts: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _share(count: int, total: int) -> float:
    return round(count / total, 6)


def _folded(kinds: Counter[tuple[str, str, str]], place: int, words: Sequence[str]) -> dict[str, int]:
    return {word: sum(count for key, count in kinds.items() if key[place] == word) for word in words}


def _reason(key: tuple[str, str, str], count: int, total: int) -> dict[str, Any]:
    reason, persistence, action = map(str, key)
    return {
        "reason": reason,
        "persistence": persistence,
        "action": action,
        "bounces": count,
        "share": _share(count, total),
    }


def _by_provider(counts: Counter[tuple[str, str]], total: int) -> list[dict[str, Any]]:
    sums = Counter[str]()
    for (provider, _), count in counts.items():
        sums[provider] += count
    return [
        {
            "provider": provider,
            "bounces": count,
            **{word: counts[provider, word] for word in ("hard", "soft", "block", "none")},
            "share": _share(count, total),
        }
        for provider, count in _ordered(sums)
    ]
