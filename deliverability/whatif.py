"""What a change would break and mend, before it is published: the same audit with and without the proposed records."""

from __future__ import annotations

from dataclasses import replace

from deliverability.asking import AuditResolver, Inquiry
from deliverability.feedback.change import look
from deliverability.lookup import Resolver


async def with_change(inquiry: Inquiry, published: Resolver, proposed: Resolver) -> Inquiry:
    """The inquiry that knows what becomes of the senders in its DMARC reports; as it is where it has none.

    As many questions are asked of each side as an audit may ask, and each once.
    """
    reports = inquiry.inputs.dmarc_reports
    if reports is None:
        return inquiry
    change = await look(AuditResolver(published), AuditResolver(proposed), reports)
    return replace(inquiry, inputs=replace(inquiry.inputs, change=change))
