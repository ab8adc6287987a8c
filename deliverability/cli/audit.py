"""`deliv audit`: the main command."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from deliverability import api
from deliverability.cli import EXIT_CODES, SUMMARIES
from deliverability.cli._audits import FORMATS, check_count, renderers
from deliverability.cli._given import GIVEN, given_inputs, given_options
from deliverability.cli._inputs import Origin, origin_of, read_audit
from deliverability.cli._options import option, output_options
from deliverability.cli._output import emit, targets
from deliverability.cli._portfolio import Site, Tally, folder_of, listed
from deliverability.cli._problem import Problem
from deliverability.cli._progress import watched
from deliverability.findings import Role, Severity
from deliverability.lookup.keyed import key_from_environment

if TYPE_CHECKING:
    from deliverability.document import Audit

SEVERITIES = [s.value for s in Severity if s is not Severity.INFO]

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
"""

STORED = (
    *("selectors", "ips", "helo", "role", "blocklists", "dqs", "select", "ignore"),
    *("timeout", "resolver", "zone", "overlay"),
)
"""Options that a replay takes from the stored audit where the command line does not give them."""
RECORDED = {"resolver", "zone"}
"""Options that a replay takes from the stored audit in any case: its answers came from there."""


@click.command(help=HELP, epilog=f"\b{EXIT_CODES}")
@click.argument("domains", metavar="DOMAIN...", nargs=-1)
@option("--from", "listing", metavar="FILE", help="A list of domains, one a line; - is stdin.")
@option("--resolver", multiple=True, metavar="ADDR", help="DNS server: 192.0.2.1, 192.0.2.1:5353, tls://…, https://…")
@option("--zone", multiple=True, metavar="FILE", help="Answer from master files only (one zone a file).")
@option("--overlay", multiple=True, metavar="FILE", help="Lay proposed records over the published ones.")
@option("--replay", metavar="AUDIT.json", help="Repeat a stored audit, offline.")
@option("--selector", "selectors", multiple=True, metavar="S", help="A DKIM selector that is in use.")
@option("--ip", "ips", multiple=True, metavar="A", help="An address that sends: does SPF authorise it?")
@option("--helo", metavar="NAME", help="The name that the sending server says in HELO.")
@option("--role", type=click.Choice(["auto", *(r.value for r in Role)]), default="auto", help="What the domain is for.")
@option("--blocklists", type=click.Choice(api.BLOCKLISTS), default="default", help="Which DNS block lists to ask.")
@given_options
@option("--select", multiple=True, metavar="GLOB", help="Run only these checks.")
@option("--ignore", multiple=True, metavar="GLOB", help="Leave these checks out.")
@option("--fail-on", type=click.Choice(SEVERITIES), help="Exit 1 on a fault this bad or worse.")
@option("--timeout", type=float, default=api.DEFAULT_TIMEOUT, metavar="S", help="Seconds a domain's audit may take.")
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
    stored = None if replay is None else read_audit(replay)
    if stored is not None and listing is not None:
        raise Problem("--from names domains to ask about; a stored audit (--replay) has its own")
    given = {name: asked.pop(name) for name in GIVEN}
    key = None if stored or asked["zone"] else key_from_environment(os.environ)
    asked["dqs"] = key is not None
    if stored is not None:
        domains, asked = domains or (stored.subject.domain,), _restored(context, asked, stored)
    source = listed(domains, listing)
    if not source.domains:
        raise click.UsageError("name a domain, for example: deliv audit example.com", context)
    folder, files = folder_of(outputs, form)
    chosen = targets(form, files, FORMATS) if files or folder is None else []
    check_count(chosen, len(source.domains))
    inputs, recorded = given_inputs(source.domains, given, stored, quiet=quiet)
    request, origin = _prepare(source.domains, asked | {"inputs": inputs}, recorded, stored, key)
    level = Severity(fail_on) if fail_on else None
    if folder is None:
        audits = asyncio.run(_audit(request, origin, progress=not quiet))
        code = _exit_code(audits, level)
    else:
        site = Site(folder, source)
        audits, code = asyncio.run(_fill(site, request, origin, level, keep=bool(chosen), progress=not quiet))
    if chosen:
        emit(renderers(audits, quiet=quiet, verbose=verbose, summary=summary), chosen, no_color)
    return code


def _exit_code(audits: Sequence[Audit], fail_on: Severity | None) -> int:
    from deliverability.verdict import exit_code  # noqa: PLC0415 - loaded by then, but not before the first packet

    return exit_code([(a.verdict, a.findings) for a in audits], fail_on)


def _restored(context: click.Context, asked: dict[str, Any], stored: Audit) -> dict[str, Any]:
    """Each option from the command line where it was given there and can be had, else from the stored audit."""
    given = {
        name
        for name in STORED
        if name not in RECORDED and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    return {name: asked[name] if name in given else stored.options.get(name, asked[name]) for name in STORED}


def _prepare(
    domains: Sequence[str], asked: dict[str, Any], recorded: dict[str, Any], stored: Audit | None, key: str | None
) -> tuple[api.Plan, Origin]:
    sources = {name: list(asked.pop(name)) for name in ("resolver", "zone", "overlay")}
    if sources["zone"] and sources["resolver"] and stored is None:
        raise Problem(
            "--zone answers from files only and does not go with --resolver (--overlay lays records over DNS)"
        )
    # what a stored audit had laid over its answers is in those answers already
    laid_over = [] if stored and sources["overlay"] == stored.options.get("overlay") else sources["overlay"]
    origin = origin_of(sources["resolver"], sources["zone"], laid_over, stored, key)
    vantage = stored.vantage if stored else {"resolvers": origin.servers}
    now = datetime.fromisoformat(stored.started_at) if stored else datetime.now(UTC)
    try:
        request = api.plan(domains, **asked, asked=sources | recorded, vantage=vantage, now=now)
    except ValueError as error:
        raise Problem(str(error)) from None
    # a recording holds what came too late; the clock may not take away anything else
    return (replace(request, timeout=math.inf) if stored else request), origin


async def _audit(request: api.Plan, origin: Origin, *, progress: bool) -> list[Audit]:
    try:
        async with watched(origin.resolver, sys.stderr, progress) as resolver:
            return await api.run(request, resolver)
    finally:
        await origin.aclose()


async def _fill(
    site: Site, request: api.Plan, origin: Origin, fail_on: Severity | None, *, keep: bool, progress: bool
) -> tuple[list[Audit], int]:
    """Write each audit as it comes; they are held only where another output wants them. The exit code is of all."""
    kept: list[Audit] = []
    codes = set[int]()
    try:
        with site, Tally(len(request.inquiries), progress) as tally:
            async for audit in api.stream(request, origin.resolver):
                site.add(audit)
                codes.add(_exit_code([audit], fail_on))
                kept += [audit] if keep else []
                tally.count()
    finally:
        await origin.aclose()
    return kept, next((code for code in (1, 3) if code in codes), 0)
