"""How mail to a domain was encrypted, by what senders reported: SMTP TLS reports, read and added up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, BinaryIO

from deliverability.fastclass import dataclass
from deliverability.plain import Plain, dumps_by_line, to_plain
from deliverability.report_files import Fate, Input, read_reports

if TYPE_CHECKING:
    from deliverability.feedback.containers import Candidate
    from deliverability.feedback.tls_sums import Tally, TlsSums
    from deliverability.intake.trouble import Bad, Troubles

SCHEMA = "deliv.tls/1"


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
    read = read_reports(paths, stdin, troubles, _Adding(tally).take)
    return TlsReports(sums=tally.sums(), input=read, bad=troubles.files)


class _Adding:
    """Adds reports to a tally, each once."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._seen = set[str]()

    def take(self, candidate: Candidate) -> Fate:
        """Add one report. Raises Refused."""
        from deliverability.feedback.containers import Form  # noqa: PLC0415 - only where reports are read
        from deliverability.feedback.tls import MAX_OCTETS, parse  # noqa: PLC0415 - as above

        if candidate.form is not Form.JSON:
            return Fate.OTHER
        report = parse(candidate.stream.whole(MAX_OCTETS))
        if report.identity in self._seen:
            return Fate.DUPLICATE
        self._seen.add(report.identity)
        return Fate.ADDED if self._tally.add(report) else Fate.LEFT_OUT


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
