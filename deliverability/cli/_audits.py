"""How audits are shown: the formats that `audit` and `render` share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from deliverability.cli._ci import CI, ci_renderers
from deliverability.cli._output import Renderer
from deliverability.cli._problem import Problem

if TYPE_CHECKING:
    from deliverability.document import Audit
    from deliverability.findings import Severity
    from deliverability.gate.model import Gate

FORMATS = ("text", "json", "jsonl", "html", "csv", *CI)
ONE_DOMAIN = {"json": "use jsonl", "html": "name a folder, for example -o site/"}
"""Formats that hold one domain, and what to do with several."""


def check_count(chosen: Sequence[tuple[str, str]], domains: int) -> None:
    """Problem where a format that holds one domain is asked for several."""
    for _, kind in chosen:
        if domains > 1 and kind in ONE_DOMAIN:
            raise Problem(f"{kind} holds one domain, and there are {domains}: {ONE_DOMAIN[kind]}")


def proposed(published: Sequence[Audit], audits: Sequence[Audit], width: int, colour: bool) -> str:
    """What proposed records do to each domain, below a report; empty where none are proposed."""
    if not published:
        return ""
    from deliverability.reports.diff import render_proposed  # noqa: PLC0415 - only where records are proposed

    return f"\n{render_proposed(published, audits, width=width, color=colour)}"


def renderers(
    audits: Sequence[Audit],
    *,
    quiet: bool,
    verbose: bool,
    previous: Audit | None = None,
    published: Sequence[Audit] = (),
    summary: bool = False,
    fail_on: Severity | None = None,
) -> Mapping[str, Renderer]:
    """A renderer for each format; each imports what it needs when it is called.

    `published` are audits of the same domains without the records that these propose. To the formats of code hosts the
    audits are a gate without a policy, that closes on faults of `fail_on`, high by default.
    """

    def text(width: int, colour: bool) -> str:
        from deliverability.reports import terminal  # noqa: PLC0415 - only when a person reads

        report = terminal.render(audits, width=width, color=colour, quiet=quiet, verbose=verbose)
        return report if quiet else report + proposed(published, audits, width, colour)

    def html(_width: int, _colour: bool) -> str:
        from deliverability.reports import html  # noqa: PLC0415 - jinja2 costs 80 ms

        return html.render_html(audits[0], previous=published[0] if published else previous, summary=summary)

    def json(_width: int, _colour: bool) -> str:
        from deliverability.document import to_json  # noqa: PLC0415 - loaded by then, but not before the first packet

        return to_json(audits[0])

    def jsonl(_width: int, _colour: bool) -> str:
        from deliverability.document import to_json_line  # noqa: PLC0415 - as above

        return "".join(to_json_line(audit) for audit in audits)

    def csv(_width: int, _colour: bool) -> str:
        from deliverability.reports.ci.table import render  # noqa: PLC0415 - only for this format

        return render(audits)

    def gate() -> Gate:
        from deliverability.gate.decide import of_audits  # noqa: PLC0415 - not before the first packet

        return of_audits(audits, fail_on)

    return {"text": text, "json": json, "jsonl": jsonl, "html": html, "csv": csv, **ci_renderers(gate)}
