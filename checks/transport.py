"""Is that good? Whether mail reaches the domain encrypted, as its own policies ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deliverability.checks._check import Check, Judgements, check, not_applicable, unknown
from deliverability.checks._rates import MOST_ROWS, judged, share, titles
from deliverability.findings import Effort, Evidence, Lack, Owner, Severity
from deliverability.sources import rfc

if TYPE_CHECKING:
    from deliverability.checks._thresholds import Lines
    from deliverability.feedback.facts import TlsFacts


@check(
    "tls-rpt-failures",
    Severity.HIGH,
    rfc(8460, "4.3"),
    rfc(8461, "5"),
    titles={
        **titles("Sessions that failed to be encrypted as asked"),
        "elsewhere": "The TLS reports are about other domains, or hold no sessions",
    },
    effort=Effort.MEDIUM,
    owner=Owner.DNS,
    settle="Give SMTP TLS reports with --tls-reports.",
)
def tls_rpt_failures(tls_reports: TlsFacts | None, lines: Lines) -> Judgements:
    """Senders that report on encryption reach the domain's mail servers as its policies ask.

    Why it matters: under MTA-STS enforce or DANE a session that fails is a mail that is not delivered.

    How to fix: the failures are listed by kind and server: renew the certificate, correct the policy's mx lines or the
    TLSA records, or switch STARTTLS on at the server named.
    """
    if tls_reports is None:
        return unknown(lack=Lack.INPUT)
    total = tls_reports.sessions_ok + tls_reports.sessions_failed
    if not total:
        return not_applicable(case="elsewhere", reports=tls_reports.reports)
    rows = tuple(
        Evidence("tls_failure", one.receiving_mx, text=one.result_type, note=f"{one.sessions:,} sessions")
        for one in tls_reports.failures[:MOST_ROWS]
    )
    threshold = lines.of("tls-rpt-failures")
    return judged(share(threshold, tls_reports.sessions_failed, total, "reported sessions"), evidence=rows)


TRANSPORT: tuple[Check, ...] = (tls_rpt_failures,)
