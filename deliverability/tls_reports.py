"""How mail to a domain was encrypted, by what senders reported: SMTP TLS reports, read and added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

from deliverability.fastclass import dataclass
from deliverability.plain import Plain, dumps_by_line, to_plain

if TYPE_CHECKING:
    from deliverability.feedback.containers import Candidate
    from deliverability.feedback.tls_sums import Tally, TlsSums
    from deliverability.intake.trouble import Bad, Troubles

SCHEMA = "deliv.tls/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What was read.

    - left_out: reports outside the asked time or domain; other: reports of another kind, such as DMARC's.
    - bad: files, members and mails that were refused.
    """

    files: int = 0
    reports: int = 0
    duplicates: int = 0
    left_out: int = 0
    other: int = 0
    bad: int = 0

    @property
    def bad_share(self) -> float:
        """The refused ones among all that were looked at; 0 where there was nothing."""
        read = self.reports + self.duplicates + self.left_out + self.other
        return self.bad / (read + self.bad) if self.bad else 0.0

    @property
    def readable(self) -> int:
        """TLS reports that could be read."""
        return self.reports + self.duplicates + self.left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsReports:
    """What the reports add up to, and what was refused."""

    sums: TlsSums
    input: Input
    bad: tuple[Bad, ...]


def tls_reports(
    paths: Sequence[str],
    *,
    since: date | None = None,
    until: date | None = None,
    domain: str | None = None,
    troubles: Troubles | None = None,
    stdin: BinaryIO | None = None,
) -> TlsReports:
    """Read every SMTP TLS report (RFC 8460) in `paths` and add them up.

    - paths: files, folders (Maildirs too), patterns, `-`; JSON, gzip, zip, mails with such attachments, mboxes.
    - since, until: only reports whose period begins on these UTC days, both included.
    - domain: only policies of this domain or a name below it.
    - troubles: takes what is refused, which never stops the rest.

    Raises MissingPath, a ValueError in one line, for a path that is not there, and ValueError for a bad argument.
    """
    from deliverability.feedback.tls_sums import Tally  # noqa: PLC0415 - only where reports are read
    from deliverability.intake.trouble import Troubles  # noqa: PLC0415 - as above
    from deliverability.names import to_ascii  # noqa: PLC0415 - as above

    if since and until and since > until:
        raise ValueError(f"no day is both from {since} on and until {until}")
    troubles = Troubles() if troubles is None else troubles
    tally = Tally(domain=domain and to_ascii(domain), since=since, until=until, clean=troubles.clean)
    reading = _Reading(tally, troubles)
    reading.read(paths, stdin)
    return TlsReports(sums=tally.sums(), input=reading.counts(), bad=troubles.files)


class _Reading:
    """One pass over the files."""

    def __init__(self, tally: Tally, troubles: Troubles) -> None:
        self._tally = tally
        self._troubles = troubles
        self._bad_before = troubles.count
        self._seen = set[str]()
        self._files = self._reports = self._duplicates = self._left_out = self._other = 0

    def counts(self) -> Input:
        """What there was."""
        return Input(
            files=self._files,
            reports=self._reports,
            duplicates=self._duplicates,
            left_out=self._left_out,
            other=self._other,
            bad=self._troubles.count - self._bad_before,
        )

    def read(self, paths: Sequence[str], stdin: BinaryIO | None) -> None:
        """Read all files; what is refused goes to the troubles."""
        from deliverability.feedback.containers import report_parts  # noqa: PLC0415 - only where reports are read
        from deliverability.intake.paths import expand  # noqa: PLC0415 - as above
        from deliverability.intake.streams import DEFAULT  # noqa: PLC0415 - as above
        from deliverability.intake.trouble import Refused  # noqa: PLC0415 - as above

        for candidate in report_parts(self._counted(expand(paths)), DEFAULT, self._troubles, stdin=stdin):
            try:
                self._report(candidate)
            except Refused as refused:
                self._troubles.refuse(candidate.name, refused)

    def _counted(self, paths: Iterator[str]) -> Iterator[str]:
        for path in paths:
            self._files += 1
            yield path

    def _report(self, candidate: Candidate) -> None:
        """Add one report. Raises Refused."""
        from deliverability.feedback.containers import Form  # noqa: PLC0415 - as above
        from deliverability.feedback.tls import MAX_OCTETS, parse  # noqa: PLC0415 - as above

        if candidate.form is not Form.JSON:
            self._other += 1
            return
        report = parse(candidate.stream.whole(MAX_OCTETS))
        if report.identity in self._seen:
            self._duplicates += 1
            return
        self._seen.add(report.identity)
        if self._tally.add(report):
            self._reports += 1
        else:
            self._left_out += 1


def to_json(found: TlsReports) -> str:
    """The document `deliv.tls/1`."""
    sums = found.sums
    document: Plain = {
        "schema": SCHEMA,
        "domains": list(sums.domains),
        "policies": [to_plain(policy) for policy in sums.policies],
        "failures": [to_plain(failure) for failure in sums.failures],
        "days": [
            {
                "day": day.day.isoformat(),
                "reports": day.reports,
                "sessions_ok": day.sessions_ok,
                "sessions_failed": day.sessions_failed,
            }
            for day in sums.days
        ],
        "totals": {
            "reports": sums.reports,
            "sessions_ok": sums.sessions_ok,
            "sessions_failed": sums.sessions_failed,
            "failed_share": sums.failed_share,
        },
        "input": to_plain(found.input),
        "bad": [{"file": bad.file, "reason": bad.reason, "detail": bad.detail} for bad in found.bad],
    }
    return dumps_by_line(document)
