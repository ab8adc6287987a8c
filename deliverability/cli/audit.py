"""`deliv audit`: the main command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from deliverability import api
from deliverability.cli import EXIT_CODES, SUMMARIES
from deliverability.cli._audits import FORMATS, check_count, renderers
from deliverability.cli._inputs import Origin
from deliverability.cli._options import fail_on_option, option, output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._portfolio import Site, Tally, folder_of, listed
from deliverability.cli._problem import Problem
from deliverability.cli._request import asking_of, carried_out, prepared, request_options, timeout_option
from deliverability.findings import Severity
from deliverability.loop import completed

if TYPE_CHECKING:
    from deliverability.document import Audit


HELP = f"""{SUMMARIES["audit"]}

Every fault that keeps mail from people, worst first, with the record to publish. DOMAIN may be written with A-labels or
U-labels; several are audited at once, and -o DIR/ writes a page for each with an index, worst first.

\b
Examples:
  deliv audit example.com
  deliv audit example.com --selector s1 --ip 192.0.2.25 -o audit.html -o audit.json
  deliv audit example.com --overlay proposed.zone     what would it say if this were published?
  deliv audit example.com --zone example.com.zone     answers from a zone file only, no network
  deliv audit example.com --events exports/ --dmarc-reports reports/ -o audit.html
  deliv audit --replay audit.json                     the same audit again, offline
  deliv audit --from domains.txt -o site/             a page for each domain, the worst first
  deliv audit --config deliv.toml -o site/            all domains of a policy, judged by its lines
"""


@click.command(help=HELP, epilog=f"\b{EXIT_CODES}")
@click.argument("domains", metavar="DOMAIN...", nargs=-1)
@option("--from", "listing", metavar="FILE", help="A list of domains, one a line; - is stdin.")
@request_options
@fail_on_option()
@timeout_option
@option("--summary", is_flag=True, help="Of the page what prints on one sheet.")
@option("-q", "--quiet", is_flag=True, help="The verdict line alone.")
@option("-v", "--verbose", is_flag=True, help="Show passed checks too.")
@output_options(FORMATS)
@click.pass_context
def command(
    context: click.Context,
    /,
    domains: tuple[str, ...],
    listing: str | None,
    replay: str | None,
    fail_on: str | None,
    form: str | None,
    outputs: tuple[str, ...],
    summary: bool,
    quiet: bool,
    verbose: bool,
    no_color: bool,
    **asked: Any,
) -> int:
    """See HELP."""
    asking = asking_of(context, replay, asked)
    stored = asking.stored
    if stored is not None and listing is not None:
        raise Problem("--from names domains to ask about; a stored audit (--replay) has its own")
    if stored is not None:
        domains = domains or (stored.subject.domain,)
    elif asking.policy is not None and listing is None:
        domains = domains or tuple(asking.policy.domains)
    source = listed(domains, listing)
    if not source.domains:
        raise click.UsageError(
            "name a domain, for example: deliv audit example.com, or declare it in a deliv.toml", context
        )
    folder, files = folder_of(outputs, form)
    chosen = targets(form, files, FORMATS) if files or folder is None else []
    check_count(chosen, len(source.domains))
    request, origin = prepared(asking, source.domains, quiet=quiet)
    level = Severity(fail_on) if fail_on else None
    if folder is None:
        audits, published = completed(carried_out(request, origin, progress=not quiet))
        code = _exit_code(audits, level)
    else:
        published, site = [], Site(folder, source)
        audits, code = completed(_fill(site, request, origin, level, keep=bool(chosen), progress=not quiet))
    if chosen:
        shown = renderers(audits, quiet=quiet, verbose=verbose, published=published, summary=summary, fail_on=level)
        emit(shown, chosen, no_color)
    return code


def _exit_code(audits: Sequence[Audit], fail_on: Severity | None) -> int:
    from deliverability.verdict import exit_code  # noqa: PLC0415 - loaded by then, but not before the first packet

    return exit_code([(a.verdict, a.findings) for a in audits], fail_on)


async def _fill(
    site: Site, request: api.Plan, origin: Origin, fail_on: Severity | None, *, keep: bool, progress: bool
) -> tuple[list[Audit], int]:
    """Write each audit as it comes; they are held only where another output wants them. The exit code is of all."""
    from deliverability.verdict import combined  # noqa: PLC0415 - not before the first packet

    kept: list[Audit] = []
    codes = set[int]()
    try:
        with site, Tally(len(request.inquiries), progress) as tally:
            async for audit in api.stream(request, origin.resolver, origin.published):
                site.add(audit)
                codes.add(_exit_code([audit], fail_on))
                kept += [audit] if keep else []
                tally.count()
    finally:
        await origin.aclose()
    return kept, combined(codes)
