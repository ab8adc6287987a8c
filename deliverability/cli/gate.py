"""`deliv gate`: may this campaign go?"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from deliverability.cli import SUMMARIES
from deliverability.cli._audits import proposed
from deliverability.cli._ci import CI, ci_renderers
from deliverability.cli._inputs import names_of, read_audits
from deliverability.cli._options import fail_on_option, option, output_options
from deliverability.cli._output import Renderer, emit, targets
from deliverability.cli._problem import Problem
from deliverability.cli._request import asking_of, carried_out, prepared, request_options, timeout_option
from deliverability.findings import Severity
from deliverability.loop import completed
from deliverability.policy.model import NAME, OnUnknown, Policy

if TYPE_CHECKING:
    from deliverability.gate.model import Gate

FORMATS = ("text", "json", "html", *CI)
RETRY_FOR = 10.0
"""Seconds for which a question that met a temporary failure is asked again. Ours: a resolver that was restarted is back
by then, and --timeout, which bounds the whole audit, leaves time for what is asked after it."""

HELP = f"""{SUMMARIES["gate"]}

Audits, and holds what it finds against the policy in deliv.toml: faults at or above --fail-on close the gate, unless a
waiver accepts them or the baseline has them. A rate closes it only beyond doubt. DOMAIN may be left out where the
policy declares domains, or for that of the From of --message.

\b
Examples:
  deliv gate example.com
  deliv gate -o gate.json -o gate.sarif               all domains of ./deliv.toml
  deliv gate example.com --events exports/ --message campaign.eml --recipients list.csv
  deliv gate example.com --baseline last-week.json    only what is new or worse closes it
  deliv gate example.com --overlay proposed.zone -f markdown
  deliv gate --replay audit.json                      decide on a stored audit, offline
"""

EXIT_CODES = """
Exit codes: 0 open · 1 closed · 2 usage, input or internal error · 3 undetermined (0 with --on-unknown warn or pass).
"""


@click.command(help=HELP, epilog=f"\b{EXIT_CODES}")
@click.argument("domains", metavar="[DOMAIN...]", nargs=-1)
@option("--baseline", multiple=True, metavar="AUDIT.json", help="An audit of before: only what is new or worse closes.")
@fail_on_option("Close on a fault this bad or worse; high if not said.")
@option(
    "--on-unknown", type=click.Choice([o.value for o in OnUnknown]), help="Where it could not look; fail if unsaid."
)
@request_options
@timeout_option
@option(
    "--retry-for",
    type=float,
    default=RETRY_FOR,
    metavar="S",
    help="Seconds for which DNS is asked again after a temporary failure.",
)
@option("-q", "--quiet", is_flag=True, help="The decision's line alone.")
@option("-v", "--verbose", is_flag=True, help="Show the evidence, and what was let through.")
@output_options(FORMATS)
@click.pass_context
def command(
    context: click.Context,
    /,
    domains: tuple[str, ...],
    baseline: tuple[str, ...],
    fail_on: str | None,
    on_unknown: str | None,
    replay: str | None,
    retry_for: float,
    form: str | None,
    outputs: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    no_color: bool,
    **asked: Any,
) -> int:
    """See HELP."""
    asked["config"] = _config(asked["config"], quiet=quiet)
    asking = asking_of(context, replay, asked)
    policy = asking.policy or Policy()
    named = domains or ((asking.stored.subject.domain,) if asking.stored else tuple(policy.domains))
    named = named or _of_message(asking.given["message"])
    if not named:
        raise click.UsageError(
            "name a domain, for example: deliv gate example.com, or declare it in deliv.toml", context
        )
    about = names_of(named)
    if not 0 <= retry_for < math.inf:
        raise Problem(f"--retry-for is some seconds, or 0, not {retry_for}")
    chosen = targets(form, outputs, FORMATS)
    if len(about) > 1 and any(kind == "html" for _, kind in chosen):
        raise Problem(f"html shows one domain, and there are {len(about)}: use markdown, or deliv audit -o site/")
    before = [audit for path in baseline for audit in read_audits(path)]
    request, origin = prepared(asking, about, quiet=quiet, retry_for=retry_for)
    audits, published = completed(carried_out(request, origin, progress=not quiet))
    from deliverability.gate.decide import decide  # noqa: PLC0415 - not before the first packet
    from deliverability.gate.inputs import contents  # noqa: PLC0415 - as above

    gate = decide(
        audits,
        policy,
        today=request.setting.started_at.date(),
        baseline=before,
        fail_on=Severity(fail_on) if fail_on else None,
        on_unknown=OnUnknown(on_unknown) if on_unknown else None,
        given=contents(request.setting.options, (inquiry.inputs for inquiry in request.inquiries)),
        line_of=origin.line_of,
        published=published,
        deletions=origin.deletions,
    )
    emit(_renderers(gate, quiet=quiet, verbose=verbose), chosen, no_color)
    return gate.exit_code


def _of_message(path: str | None) -> tuple[str, ...]:
    """The domain whose mail the message is; none without one, or of standard input, which is read only once.

    Raises Problem.
    """
    if path in {None, "-"}:
        return ()
    from deliverability.mail.authenticate.verifier import VerifierMissing  # noqa: PLC0415 - as above
    from deliverability.messages.given import Told, read_given  # noqa: PLC0415 - only where nothing names a domain

    try:
        domain = read_given(str(path), Told(), datetime.now(UTC)).domain
    except (ValueError, VerifierMissing) as error:
        raise Problem(str(error)) from None
    return () if domain is None else (domain,)


def _config(named: str | None, *, quiet: bool) -> str | None:
    """The policy's path: as named, or that of the current directory, which is then said."""
    # one that is there and cannot be read, or a link that leads nowhere, is an error: without it the gate might open
    if named is not None or not os.path.lexists(NAME):
        return named
    if not quiet:
        click.echo(f"deliv: the policy is {NAME} of this directory", err=True)
    return NAME


def _renderers(gate: Gate, *, quiet: bool, verbose: bool) -> Mapping[str, Renderer]:
    """A renderer for each format; each imports what it needs when it is called."""

    def text(width: int, colour: bool) -> str:
        from deliverability.reports.gate import render  # noqa: PLC0415 - only when a person reads

        report = render(gate, width=width, color=colour, quiet=quiet, verbose=verbose)
        return report if quiet else report + proposed(gate.published, gate.audits, width, colour)

    def html(_width: int, _colour: bool) -> str:
        from deliverability.reports import html  # noqa: PLC0415 - jinja2 costs 80 ms

        [audit] = gate.audits
        earlier = (*gate.published, *reversed(gate.baseline))
        previous = next((one for one in earlier if one.subject.domain == audit.subject.domain), None)
        return html.render_html(audit, previous=previous)

    def json(_width: int, _colour: bool) -> str:
        from deliverability.gate.document import to_json  # noqa: PLC0415 - not before the first packet

        return to_json(gate)

    return {"text": text, "html": html, "json": json, **ci_renderers(lambda: gate)}
