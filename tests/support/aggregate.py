"""DMARC aggregate reports to order."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from deliverability.feedback.aggregate import Head, Record, read

DAY = 86_400
BEGIN = 1_793_491_200
"""2026-11-01, 00:00 UTC."""


def leaf(tag: str, text: object) -> str:
    """An element with a text; nothing where that is None."""
    return "" if text is None else f"<{tag}>{escape(str(text))}</{tag}>"


def dkim(domain: str, result: str = "pass", selector: str | None = None) -> str:
    """A DKIM result."""
    return f"<dkim>{leaf('domain', domain)}{leaf('selector', selector)}{leaf('result', result)}</dkim>"


def spf(domain: str, result: str = "pass", scope: str | None = None) -> str:
    """An SPF result."""
    return f"<spf>{leaf('domain', domain)}{leaf('scope', scope)}{leaf('result', result)}</spf>"


def reason(kind: str, comment: str = "") -> str:
    """Why the policy was not applied."""
    return f"<reason>{leaf('type', kind)}{leaf('comment', comment)}</reason>"


def record(
    ip: str = "192.0.2.1",
    count: object = 1,
    *,
    disposition: str = "none",
    by_dkim: str = "pass",
    by_spf: str = "pass",
    reasons: str = "",
    header_from: str = "example.com",
    auth: str | None = None,
) -> str:
    """One record; without `auth`, results of the author domain that agree with the judgement."""
    results = dkim(header_from, by_dkim) + spf(header_from, by_spf) if auth is None else auth
    judged = leaf("disposition", disposition) + leaf("dkim", by_dkim) + leaf("spf", by_spf) + reasons
    return (
        f"<record><row>{leaf('source_ip', ip)}{leaf('count', count)}<policy_evaluated>{judged}</policy_evaluated></row>"
        f"<identifiers>{leaf('header_from', header_from)}</identifiers>"
        f"<auth_results>{results}</auth_results></record>\n"
    )


def report(
    *records: str,
    org: str | None = "receiver.example",
    number: object = 1,
    domain: str | None = "example.com",
    begin: object = BEGIN,
    published: str = "<adkim>r</adkim><aspf>r</aspf><p>none</p>",
    root: str = "feedback",
) -> str:
    """A report."""
    end = begin + DAY - 1 if isinstance(begin, int) else None
    return (
        f'<?xml version="1.0"?>\n<{root}><report_metadata>{leaf("org_name", org)}{leaf("report_id", number)}'
        f"<date_range>{leaf('begin', begin)}{leaf('end', end)}</date_range>"
        f"</report_metadata><policy_published>{leaf('domain', domain)}{published}</policy_published>\n"
        f"{''.join(records)}</{root.split(maxsplit=1)[0]}>"
    )


def put(folder: Path, name: str, *reports: str) -> Path:
    """Write reports, each to a file of its own; where that is."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, text in enumerate(reports):
        (folder / f"{name}{index}.xml").write_text(text, encoding="utf-8")
    return folder


class Trickle(io.BytesIO):
    """A stream that gives at most `most` octets at once."""

    def __init__(self, octets: bytes, most: int) -> None:
        super().__init__(octets)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        """As asked, or fewer."""
        return super().read(min(size, self._most) if size is not None and size > 0 else self._most)


def all_of(text: str | bytes, *, fast: bool = True, most: int = 1 << 20) -> tuple[Head, list[Record]]:
    """The whole report in `text`, read `most` octets at a time."""
    octets = text.encode("utf-8") if isinstance(text, str) else text
    batches: Sequence[tuple[Head, list[Record]]] = list(read(Trickle(octets, most), fast=fast))
    return batches[0][0], [one for _, records in batches for one in records]
