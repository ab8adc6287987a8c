"""What a change would break and mend, before it is published: the same audit with and without the proposed records."""

from __future__ import annotations

import time
from dataclasses import replace

from deliverability.asking import AuditResolver, Inquiry
from deliverability.dmarc_reports import DmarcReports
from deliverability.feedback.change import look
from deliverability.lookup import DeadlineResolver, Resolver
from deliverability.names import to_ascii
from deliverability.report_facts import aggregate_facts

MAX_SECONDS = 60.0
"""Seconds that all DNS questions about the senders of reports may take where no audit bounds them. Our own bound."""


async def with_change(inquiry: Inquiry, published: Resolver, proposed: Resolver) -> Inquiry:
    """The inquiry that knows what becomes of the senders in its DMARC reports; as it is where it has none.

    As many questions are asked of each side as an audit may ask, and each once.
    """
    reports = inquiry.inputs.dmarc_reports
    if reports is None:
        return inquiry
    change = await look(AuditResolver(published), AuditResolver(proposed), reports)
    return replace(inquiry, inputs=replace(inquiry.inputs, change=change))


async def laid_beside(found: DmarcReports, domain: str, published: Resolver, proposed: Resolver) -> DmarcReports:
    """Reports about `domain` with what becomes of their senders once DNS says what `proposed` says.

    What is not answered within `MAX_SECONDS` is not known. Raises ValueError for a name that is none.
    """
    facts = aggregate_facts(found, to_ascii(domain))
    until = time.monotonic() + MAX_SECONDS
    before, after = (AuditResolver(DeadlineResolver(side, until)) for side in (published, proposed))
    return replace(found, change=await look(before, after, facts))
